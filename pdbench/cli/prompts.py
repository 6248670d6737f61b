"""Prompts for what a submission still lacks, each repeated until its answer is valid."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from pdbench.errors import InputError

__all__ = ["complete", "is_interactive"]


class _Prompt(NamedTuple):
    text: str
    default: str | None = None
    several: bool = False


_WAYS = ("sr", "checkpoint", "method")
_PROMPTS: Mapping[str, _Prompt] = {
    "sr": _Prompt("Folder (or zip file) of your output images"),
    "datasets": _Prompt("Datasets, separated by commas", "builtin", several=True),
    "id": _Prompt("Id of the row, like mynet-v2"),
    "name": _Prompt("Title of the row"),
    "authors": _Prompt("Authors, separated by commas", several=True),
    "paper": _Prompt("Paper: title, venue, year", "unpublished"),
    "license": _Prompt("License of method or weights", "Apache-2.0"),
    "training_data": _Prompt("Training data (DIV2K, ... or none), by commas", several=True),
    "losses": _Prompt("Losses (l1, gan, lpips-vgg, ... or none), by commas", several=True),
    "kind": _Prompt("Kind: single, stochastic (several samples), fused (of samples)", "single"),
    "hardware": _Prompt("Hardware it ran on"),
}


def is_interactive() -> bool:
    """Tell whether someone sits at the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def complete(given: Mapping[str, Any], check: Callable[[str, object], None]) -> dict[str, Any]:
    """Ask for what is missing.

    Args:
        given: What the options said: "sr" (or another way in), "datasets", "id" and fields of
            the card.
        check: (what, answer) raises InputError for an answer that will not do.

    Returns:
        What was given, and the answers.
    """
    known = {"sr", *given} if any(way in given for way in _WAYS) else set(given)
    answers = {
        what: _answer(what, prompt, check)
        for what, prompt in _PROMPTS.items()
        if what not in known
    }
    return {**given, **answers}


def _answer(what: str, prompt: _Prompt, check: Callable[[str, object], None]) -> object:
    while True:
        text = click.prompt(prompt.text, default=prompt.default, err=True).strip()
        words = [word.strip() for word in text.split(",") if word.strip()]
        value: object = words if prompt.several else Path(text) if what == "sr" else text
        try:
            check(what, value)
        except InputError as error:
            click.echo(f"{error}.", err=True)
        else:
            return value
