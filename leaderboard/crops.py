"""Small comparison crops: the same places of the same images for every submission."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from pdbench.errors import InputError

__all__ = ["MOST_CROPS", "SIDE", "choose_box", "choose_images", "read_crop", "write_crop"]

MOST_CROPS = 3
"""Crops per dataset."""

SIDE = 128
"""Pixels of a crop's side; less where the image is smaller."""

_STEP = 16

Box = tuple[int, int, int, int]


def choose_images(names: Sequence[str]) -> list[str]:
    """Return the images a dataset is shown by: the first, the middle and the last by name."""
    ordered = sorted(names)
    last = len(ordered) - 1
    return sorted({ordered[last * i // (MOST_CROPS - 1)] for i in range(MOST_CROPS)})


def choose_box(reference: npt.NDArray[np.uint8]) -> Box:
    """Return where an HR image is cut: the square with most detail.

    Args:
        reference: (H, W, 3) levels of the HR image.

    Returns:
        (left, top, width, height); depends on the HR image alone, so all methods share it.
    """
    height, width = reference.shape[:2]
    wide, high = min(SIDE, width), min(SIDE, height)
    brightness = reference.sum(axis=2, dtype=np.int64)
    detail = np.zeros_like(brightness)
    detail[:, 1:] += np.abs(np.diff(brightness, axis=1))
    detail[1:, :] += np.abs(np.diff(brightness, axis=0))
    sums = np.pad(detail.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    boxes = [
        (left, top, wide, high)
        for top in range(0, height - high + 1, _STEP)
        for left in range(0, width - wide + 1, _STEP)
    ]
    return max(boxes, key=lambda box: _total(sums, box))


def _total(sums: npt.NDArray[np.int64], box: Box) -> int:
    left, top, width, height = box
    right, bottom = left + width, top + height
    return int(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


def write_crop(levels: npt.NDArray[np.uint8], box: Box) -> bytes:
    """Cut an image and return the crop as a PNG file of some 40 KiB at most.

    Args:
        levels: (H, W, 3) levels of the output image.
        box: (left, top, width, height).
    """
    left, top, width, height = box
    stream = io.BytesIO()
    crop = Image.fromarray(np.ascontiguousarray(levels[top : top + height, left : left + width]))
    crop.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def read_crop(content: bytes, source: str, box: Box) -> npt.NDArray[np.uint8]:
    """Read a crop.

    Args:
        content: The file's bytes.
        source: Name of the file, for errors.
        box: What its submission says it shows.

    Returns:
        (height, width, 3) levels.

    Raises:
        InputError: It is no intact 8-bit RGB PNG of that size, `SIDE` pixels at most.
    """
    size = box[2:]
    error = InputError(f"'{source}' is no PNG crop of {size[0]}x{size[1]} pixels; submit again")
    if not (0 < size[0] <= SIDE and 0 < size[1] <= SIDE):
        raise error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Only this one decoder: others of Pillow start foreign programs.
            with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
                # The size is known before a pixel is unpacked.
                if image.size != size or image.mode != "RGB" or getattr(image, "n_frames", 1) > 1:
                    raise error
                return np.array(image)
    except InputError:
        raise
    except Exception as cause:  # decoders raise OSError, SyntaxError, zlib.error, ...
        raise error from cause
