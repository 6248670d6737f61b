"""Questions in a terminal, for what a submission's card still lacks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

import click

from pdbench.api import submit as api
from pdbench.errors import InputError

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
    "training_data": _Question(
        "Training data, separated by commas, or none (DIV2K, Flickr2K, ...)", several=True
    ),
    "losses": _Question(
        "Losses, separated by commas, or none (l1, gan, lpips-vgg, ...)", several=True
    ),
    "kind": _Question(
        "Kind: single (one output), stochastic (several samples), fused (one made of samples)",
        "single",
    ),
    "seeds": _Question("Seeds, separated by commas", "0", several=True),
    "hardware": _Question("Hardware it ran on"),
    "runtime": _Question("Seconds per megapixel of output, empty if unknown", ""),
}
_IMAGES = _Question("Folder (or zip file) of your output images")
_DATASETS = _Question(
    "Datasets, separated by commas; several need a folder each", "builtin", several=True
)
_ID = _Question("Id of the row, like mynet-v2")


def is_interactive() -> bool:
    """Tell whether someone sits at the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_card(
    name: str | None, given: Mapping[str, object], options: MutableMapping[str, object]
) -> tuple[str, dict[str, object]]:
    """Ask for what is missing, each question until its answer will do.

    Args:
        name: Id of the submission, asked for when None.
        given: Fields of the card that the options said.
        options: The other options; where no way in was named, images are asked for and put here.

    Returns:
        The id and all fields of the card, as `pdbench.api.submit` takes them.

    Raises:
        InputError: There is no board to submit to; nothing is asked.
    """
    api.check_answer("board", options["board"])
    if not any(options.get(way) for way in ("sr", "checkpoint", "method")):
        options["sr"] = Path(str(_answer("sr", _IMAGES)))
    if not options.get("datasets"):
        options["datasets"] = _answer("datasets", _DATASETS)
    name = name or str(_answer("id", _ID))
    answers = {
        field: given[field] if field in given else _answer(field, question)
        for field, question in _QUESTIONS.items()
    }
    return name, answers


def _answer(field: str, question: _Question) -> object:
    while True:
        text = click.prompt(question.text, default=question.default, err=True).strip()
        try:
            value = _value(field, question, text)
            api.check_answer(field, value)
        except ValueError:
            click.echo("That is no number.", err=True)
        except InputError as error:
            click.echo(f"{error}.", err=True)
        else:
            return value


def _value(field: str, question: _Question, text: str) -> object:
    if field == "seeds":
        return [int(word) for word in _split(text)]
    if field == "runtime":
        return float(text) if text else None
    return _split(text) if question.several else text


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
