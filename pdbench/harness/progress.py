"""Progress bars on stderr: shown for what takes long, gone before anything else is printed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from tqdm import tqdm

__all__ = ["progress_bar", "progress_over"]

T = TypeVar("T")

DELAY = 2.0
"""Seconds before a bar appears."""


def progress_bar(total: int, description: str, *, show: bool, **options: str) -> tqdm[Any]:
    """Return a bar to be used as a context manager, which takes it away whatever happens.

    Args:
        total: Steps.
        description: What is being done ("checking images").
        show: Show it, where stderr is a terminal and warnings are shown.
        options: More of tqdm's.
    """
    return tqdm(
        total=total,
        desc=description,
        delay=DELAY,
        disable=None if show and logging.getLogger().level < logging.ERROR else True,
        leave=False,
        **options,
    )


def progress_over(items: Collection[T], description: str, *, show: bool) -> Iterator[T]:
    """Yield the items under a bar; an error in the loop takes the bar away before it is seen."""
    with progress_bar(len(items), description, show=show) as bar:
        for item in items:
            yield item
            bar.update()
