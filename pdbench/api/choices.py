"""Values that options of the command line may take; loads nothing."""

__all__ = [
    "CERTAINTIES", "KINDS", "PROTOCOL_FORMATS", "REPORT_FORMATS", "TABLE_FORMATS", "TEXT_FORMATS",
]  # fmt: skip

TABLE_FORMATS = ("text", "md", "csv", "json", "latex")
"""What `table` writes."""

REPORT_FORMATS = ("text", "md", "json", "csv")
"""What `diff` and `front` write."""

TEXT_FORMATS = ("text", "md", "json")
"""What `claims` and `audit` write."""

PROTOCOL_FORMATS = ("text", "json")
"""What `protocol show` writes."""

CERTAINTIES = ("ellipses", "bars", "none")
"""What `plot` shows of certainty."""

KINDS = ("methods", "suites", "metrics", "protocols", "datasets", "weights")
"""What `list` lists."""
