"""Pydantic's errors as one sentence."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["first_problem"]

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def first_problem(error: ValidationError) -> str:
    """Return what pydantic found first, in one line that begins with the key's path."""
    problems = error.errors(include_url=False)
    first = next((problem for problem in problems if problem["type"] in UNKNOWN), problems[0])
    *above, last = first["loc"] or ("",)
    place = "".join(f"{part}." for part in above).removesuffix(".")
    if first["type"] in UNKNOWN:
        return f"{place}: unknown key {last!r:.60}".removeprefix(": ")
    if first["type"].startswith("missing"):
        what = f"value {last + 1}" if isinstance(last, int) else f"key '{last}'"
        return f"{place}: {what} is missing".removeprefix(": ")
    hint = " (YAML wants 1.0e-3, not 1e-3)" if first["type"] == "float_type" else ""
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{place}.{last} is {first['input']!r:.60}: {said}{hint}".removeprefix(".")
