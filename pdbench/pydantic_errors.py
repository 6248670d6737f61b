"""Pydantic models that refuse what they do not know, and their errors as one sentence."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from pdbench.errors import InputError

__all__ = ["first_problem", "parse", "words_of"]

PLAIN = {"too_short": "give at least {min_length}", "too_long": "give at most {max_length}"}
"""Kind of error -> plain words for it, where pydantic's own are not."""
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
T = TypeVar("T")


def parse(
    model: type[T], content: object, source: str, *, fault: str = "is damaged", advice: str = ""
) -> T:
    """Make a model of what a file or a user says.

    Args:
        model: A pydantic model or dataclass; it decides what is refused.
        content: JSON text or bytes, or values as JSON and YAML give them.
        source: Where they come from, for the error.
        fault: What is said of the source of wrong ones.
        advice: What to do about a wrong one ("export it again").

    Raises:
        InputError: The model refuses them; one line that names the first problem.
    """
    adapter = TypeAdapter(model)
    try:
        if isinstance(content, str | bytes):
            return adapter.validate_json(content)
        return adapter.validate_python(content)
    except ValidationError as error:
        problem = first_problem(error)
    except InputError as error:  # a check of the model's own
        problem = str(error)
    raise InputError(f"'{source}' {fault} ({problem})" + (f"; {advice}" if advice else ""))


def first_problem(error: ValidationError) -> str:
    """Return what pydantic found first, in one line that begins with the key's path."""
    problems = error.errors(include_url=False)
    first = next((problem for problem in problems if problem["type"] in UNKNOWN), problems[0])
    *above, last = first["loc"] or ("it",)
    last = _printed(last)
    place = ".".join(str(_printed(part)) for part in above)
    if first["type"] in UNKNOWN:
        return f"{place}: unknown key {last!r:.60}".removeprefix(": ")
    if first["type"].startswith("missing"):
        what = f"value {last + 1}" if isinstance(last, int) else f"key '{last}'"
        return f"{place}: {what} is missing".removeprefix(": ")
    hint = " (YAML wants 1.0e-3, not 1e-3)" if first["type"] == "float_type" else ""
    said = words_of(first).removeprefix("Input ")
    if first["type"] == "value_error" and isinstance(first["input"], dict):  # a check of several
        return f"{place}.{last}: {said}".removeprefix(".")
    return f"{place}.{last} is {_shown(first['input'])}: {said}{hint}".removeprefix(".")


def words_of(problem: ErrorDetails) -> str:
    """Return what is wrong with a value, without the value."""
    if plain := PLAIN.get(problem["type"]):
        return plain.format(**problem["ctx"])
    return problem["msg"].removeprefix("Value error, ")


def _printed(part: str | int) -> str | int:
    """Keep what a terminal would act upon out of a key's path."""
    return part if isinstance(part, int) or part.isprintable() else ascii(part)[1:-1]


def _shown(value: object) -> str:
    try:
        return f"{value!r:.60}"
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "a huge number"
