"""Checks of images made elsewhere: what cannot be compared is refused, what is odd is named."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from pdbench.bicubic import bicubic_downsample
from pdbench.data.pairs import Pair, pixel_psnr
from pdbench.errors import InputError
from pdbench.images import SCALE, image_size, load_image

__all__ = ["check_outputs"]

_GRAY_SPREAD = 3 / 255
"""Largest difference between the channels of an image that is gray but for JPEG's rounding."""
_COLOR_SPREAD = 10 / 255
_COLOR_SHARE = 1e-3

_CONSISTENT = 45.0
"""dB between an output shrunk by four and the LR from which on nothing is looked for.

Measured with bicubic on Set5, Set14 and BSD100 (119 images): as it is 31-45 dB, with red and blue
swapped 10-37, shifted by one pixel 25-41, mirrored or turned below 26. All swaps in color, all
turns and 111 shifts are named, and none as it is.
"""
_BETTER = 3.0
"""dB nearer to its LR that an output must be with an error undone for that to be its cause."""
_SHIFT_BETTER = 0.2
"""The same for a shift, nearer to the HR."""
_FAR = 20.0
"""dB below which an output is not of this LR."""
_REACH = 8


def check_outputs(pair: Pair, files: Iterable[Path]) -> set[str]:
    """Decode an image's outputs, one at a time, and refuse what cannot be compared with its HR.

    An output has the HR's size, or that size cut down or rounded up to a multiple of 4, which is
    what LR images made before and after cutting lead to; it is compared where both have pixels.

    Args:
        pair: The image.
        files: Its outputs.

    Returns:
        Likely causes for outputs that can be scored but hardly are meant so, in half a sentence.

    Raises:
        InputError: A file is corrupt, refused by `load_image`, of another size, or gray although
            the HR is in color.
    """
    lr, hr = pair.load()
    sizes = _sizes(pair)
    causes = set()
    for file in files:
        output = load_image(file)
        height, width = output.shape[-2:]
        if (width, height) not in sizes:
            wanted = " or ".join(f"{w}x{h}" for w, h in sizes)
            turned = (height, width) in sizes
            raise InputError(
                f"output '{file}' has {width}x{height} pixels but its HR '{pair.hr}' asks for "
                f"{wanted}; give the x4 output of that image"
                + (", which may have been turned by an orientation tag (EXIF)" if turned else "")
            )
        output = output[:, : hr.shape[-2], : hr.shape[-1]]
        if _is_gray(output) and _is_color(hr):
            raise InputError(
                f"output '{file}' is gray but its HR '{pair.hr}' is in color; save it as RGB"
            )
        if cause := _likely_cause(output, lr, hr):
            causes.add(cause)
    return causes


def _sizes(pair: Pair) -> list[tuple[int, int]]:
    """Return the sizes (width, height) an output may have, the one that is scored first."""
    whole = image_size(pair.hr) or (0, 0)
    if pair.largest is not None:
        whole = (min(whole[0], pair.largest), min(whole[1], pair.largest))
    low = (whole[0] // SCALE * SCALE, whole[1] // SCALE * SCALE)
    high = (-(-whole[0] // SCALE) * SCALE, -(-whole[1] // SCALE) * SCALE)
    return list(dict.fromkeys([low, whole, high]))


def _spread(image: Tensor) -> Tensor:
    return image.amax(dim=0) - image.amin(dim=0)


def _is_gray(image: Tensor) -> bool:
    return bool(_spread(image).max() <= _GRAY_SPREAD + 1e-6)


def _is_color(image: Tensor) -> bool:
    return bool((_spread(image) > _COLOR_SPREAD).double().mean() > _COLOR_SHARE)


def _likely_cause(output: Tensor, lr: Tensor, hr: Tensor) -> str:
    """Name what an output would have to be freed of to be plausible, or return ""."""
    if torch.equal(output, hr):
        return "equal to the HR in every pixel"
    small = bicubic_downsample(output, SCALE)
    got = _psnr(small, lr)
    if got >= _CONSISTENT:
        return ""
    undone = {"like BGR, red and blue swapped": _psnr(small.flip(0), lr)}
    undone["squeezed into the video range 16-235"] = _psnr((small * 255 - 16) / 219, lr)
    undone |= {words: _psnr(turned, lr) for words, turned in _turned(small)}
    words, best = max(undone.items(), key=lambda item: item[1])
    if best >= got + _BETTER and best > _FAR:
        return words
    down, right = _shift(output, hr)
    if down or right:
        return f"shifted by {down} pixels down and {right} right against the HR"
    if got < _FAR:
        return "far from their LR (another image, value range or color space)"
    return ""


def _turned(image: Tensor) -> list[tuple[str, Tensor]]:
    """Return the image turned and mirrored in all ways that keep its size."""
    turns = [("turned by 180 degrees", image.flip(-1, -2)), ("mirrored", image.flip(-1)),
             ("upside down", image.flip(-2))]  # fmt: skip
    if image.shape[-1] == image.shape[-2]:
        sideways = image.transpose(-1, -2)
        turns += [("turned by 90 degrees (EXIF)", sideways.flip(-1)),
                  ("turned by 90 degrees (EXIF)", sideways.flip(-2)),
                  ("transposed", sideways), ("transposed", sideways.flip(-1, -2))]  # fmt: skip
    return turns


def _shift(output: Tensor, hr: Tensor) -> tuple[int, int]:
    """Return by how many pixels (down, right) an output lies off: the peak of the correlation."""
    planes = [image.double().mean(dim=0) for image in (output, hr)]
    one, other = (
        torch.fft.fft2(torch.complex(plane.diff(dim=-1)[:-1], plane.diff(dim=-2)[:, :-1]))
        for plane in planes
    )
    peaks = torch.fft.ifft2(one * other.conj()).real
    at = divmod(int(peaks.argmax()), peaks.shape[1])
    down, right = (
        place - side if place > side // 2 else place
        for place, side in zip(at, peaks.shape, strict=True)
    )
    if max(abs(down), abs(right)) > _REACH or min(output.shape[-2:]) <= 4 * _REACH:
        return 0, 0
    moved = torch.roll(output, (-down, -right), dims=(-2, -1))
    inside = (..., slice(_REACH, -_REACH), slice(_REACH, -_REACH))
    better = _psnr(moved[inside], hr[inside]) - _psnr(output[inside], hr[inside])
    return (down, right) if better > _SHIFT_BETTER else (0, 0)


def _psnr(one: Tensor, other: Tensor) -> float:
    return pixel_psnr(one, other) if one.shape == other.shape else -math.inf
