"""Questions in a terminal, for what a submission's card still lacks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

import click

__all__ = ["ask_card", "is_interactive"]


@dataclass(frozen=True)
class _Question:
    """One field of the card: what to ask, the answer offered, and whether it is a list."""

    text: str
    default: str | None = None
    several: bool = False


_QUESTIONS: Mapping[str, _Question] = {
    "name": _Question("Title of the row"),
    "authors": _Question("Authors, separated by commas", several=True),
    "paper": _Question("Paper: title, venue, year", "unpublished"),
    "link": _Question("Web address of paper or code, empty for none", ""),
    "licence": _Question("Licence of method or weights", "Apache-2.0"),
    "training_data": _Question("Training data, separated by commas", several=True),
    "losses": _Question("Losses, separated by commas (l1, gan, lpips-vgg, ...)", several=True),
    "kind": _Question("Kind: single, stochastic or fused", "single"),
    "seeds": _Question("Seeds, separated by commas", "0", several=True),
    "hardware": _Question("Hardware it ran on"),
    "runtime": _Question("Seconds per megapixel of output, empty if unknown", ""),
}


def is_interactive() -> bool:
    """Tell whether someone sits at the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_card(
    name: str | None, given: Mapping[str, object], options: MutableMapping[str, object]
) -> tuple[str, dict[str, object]]:
    """Ask for what is missing.

    Args:
        name: Id of the submission, asked for when None.
        given: Fields of the card that the options said.
        options: The other options; where no way in was named, images are asked for and put here.

    Returns:
        The id and all fields of the card, as `pdbench.api.submit` takes them.
    """
    if not any(options.get(way) for way in ("sr", "checkpoint", "method")):
        options["sr"] = Path(_ask(_Question("Folder of your output images")))
    if not options.get("datasets"):
        options["datasets"] = tuple(_split(_ask(_Question("Datasets", "builtin"))))
    name = name or _ask(_Question("Id of the row, like mynet-v2"))
    answers = {
        field: given[field] if field in given else _answer(field, question)
        for field, question in _QUESTIONS.items()
    }
    return name, answers


def _answer(field: str, question: _Question) -> object:
    while True:
        text = _ask(question)
        try:
            if field == "seeds":
                return [int(word) for word in _split(text)]
            if field == "runtime":
                return float(text) if text else None
            return _split(text) if question.several else text
        except ValueError:
            click.echo("That is no number.", err=True)


def _ask(question: _Question) -> str:
    answer: str = click.prompt(question.text, default=question.default, err=True)
    return answer.strip()


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
