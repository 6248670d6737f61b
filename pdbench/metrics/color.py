"""Planes a metric compares, out of an image on the 8-bit grid: color, border, levels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

import torch
from torch import Tensor

from pdbench.errors import MetricUndefined
from pdbench.images import luma_bt601, luma_yiq, shave

__all__ = ["Colour", "check_batch", "extract_planes", "shared_planes"]

Colour = Literal["rgb", "rgb-unrounded", "bt601", "bt601-rounded", "yiq", "yiq-rounded"]
"""RGB; Y of BT.601 over 16-235; Y of YIQ over 0-255; each as it is or rounded to levels."""


_Extracted = dict[tuple[int, str, int], tuple[Tensor, Tensor]]
"""(identity of an image, colour, border) -> the image, kept so that no other takes its identity,
and its planes."""

_extracted: ContextVar[_Extracted | None] = ContextVar("_extracted", default=None)


@contextmanager
def shared_planes() -> Iterator[None]:
    """Extract the same planes of the same image once while inside.

    Neither images nor planes may be changed in place meanwhile.
    """
    token = _extracted.set({})
    try:
        yield
    finally:
        _extracted.reset(token)


def extract_planes(image: Tensor, *, colour: Colour = "rgb", border: int = 0) -> Tensor:
    """Return what a metric compares, on the 0-255 scale.

    Args:
        image: (B, 3, H, W) float32 RGB in [0, 1], on the 8-bit grid.
        colour: Which planes.
        border: Pixels to drop on each side, >= 0.

    Returns:
        (B, C, H - 2 border, W - 2 border), C = 3 for RGB, else 1. RGB levels are float32, whole
        numbers unless "rgb-unrounded"; Y planes are float64.

    Raises:
        MetricUndefined: Nothing is left inside the border.
        ValueError: The colour is unknown, or the shape is not (B, 3, H, W).
    """
    kept = _extracted.get()
    if kept is None:
        return _extract(image, colour, border)
    key = (id(image), colour, border)
    if key not in kept:
        kept[key] = image, _extract(image, colour, border)
    return kept[key][1]


def _extract(image: Tensor, colour: Colour, border: int) -> Tensor:
    check_batch(image)
    if colour not in get_args(Colour):
        raise ValueError(f"expected a colour of {get_args(Colour)}, got '{colour}'")
    image = shave(image, border) if border else image
    if colour.startswith("rgb"):
        levels = image.to(torch.float32) * 255
        return levels.round_() if colour == "rgb" else levels
    convert = luma_bt601 if colour.startswith("bt601") else luma_yiq
    return convert(image, rounded=colour.endswith("rounded"))


def check_batch(restored: Tensor, reference: Tensor | None = None, *, smallest: int = 1) -> None:
    """Check that a batch can be judged, and judged against its reference.

    Args:
        restored: Meant to be (B, 3, H, W).
        reference: Meant to be (1, 3, H, W), or None.
        smallest: Shortest side the metric can judge, in pixels.

    Raises:
        ValueError: A shape is wrong, or the two sizes differ.
        MetricUndefined: A side is shorter than `smallest`.
    """
    if restored.ndim != 4 or restored.shape[1] != 3:
        raise ValueError(f"expected restored of shape (B, 3, H, W), got {tuple(restored.shape)}")
    if reference is not None and reference.shape[1:] != restored.shape[1:]:
        raise ValueError(
            f"expected restored of the reference's size {tuple(reference.shape[1:])}, "
            f"got {tuple(restored.shape[1:])}"
        )
    height, width = restored.shape[-2:]
    if min(height, width) < smallest:
        raise MetricUndefined(
            f"needs at least {smallest} pixels a side, the image has {width}x{height}"
        )
