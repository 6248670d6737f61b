"""Values that options of the command line may take; loads nothing."""

__all__ = ["CERTAINTIES", "KINDS", "PROTOCOL_FORMATS", "REPORT_FORMATS", "TABLE_FORMATS"]

TABLE_FORMATS = ("text", "md", "csv", "json", "latex")
"""What `table` writes."""

REPORT_FORMATS = ("text", "md", "json", "csv")
"""What `diff` and `front` write."""

PROTOCOL_FORMATS = ("text", "json")
"""What `protocol show` writes."""

CERTAINTIES = ("ellipses", "bars", "none")
"""What `plot` shows of certainty."""

KINDS = ("methods", "metrics", "protocols", "datasets", "weights")
"""What `list` lists."""
