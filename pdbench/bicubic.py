"""MATLAB's bicubic resize: how LR images are made, how results are shrunk, and the baseline.

All arithmetic is exact in float32, so results are equal bit for bit on any device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from pdbench.images import SCALE, to_levels

__all__ = ["bicubic_downsample", "bicubic_upsample"]


def bicubic_downsample(image: Tensor, scale: int = SCALE, *, mirrored: bool = False) -> Tensor:
    """Shrink as MATLAB's `imresize(uint8 image, 1/scale)` with its antialiased bicubic kernel.

    The vertical pass comes first, each pass is rounded to uint8 (halves away from zero), and the
    border is replicated. All weights are multiples of 1 / (4 scale^4) and all sums stay below
    2^24, so float32 holds every intermediate exactly: the result has no rounding error on any
    device. It reproduces the published x4 LR files of Set5, Set14 and BSD100 bit for bit.

    Args:
        image: (3, H, W) or (B, 3, H, W) in [0, 1]; quantized first. H and W divide by `scale`.
        scale: 2 or 4.
        mirrored: Mirror the border and round halves to even, as the Python port does by which
            SRFlow and NTIRE 2021 shrink results (imresize.py); it is not what MATLAB does.

    Returns:
        (..., H / scale, W / scale) float32, on the 8-bit grid.

    Raises:
        ValueError: A side does not divide by `scale`, or the scale is not supported.
        NonFiniteImage: The image holds NaN or infinity.

    References:
        Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 1981,
        https://doi.org/10.1109/TASSP.1981.1163711
    """
    _check_scale(scale)
    if image.shape[-1] % scale or image.shape[-2] % scale:
        raise ValueError(f"expected sides that divide by {scale}, got {tuple(image.shape)}")
    levels = to_levels(image)
    for axis in (-2, -1):
        levels = _shrink(levels, axis, scale, mirrored=mirrored)
    return levels.div_(255)


def bicubic_upsample(image: Tensor, scale: int = SCALE) -> Tensor:
    """Enlarge as MATLAB's `imresize(uint8 image, scale)` does.

    Same rules as `bicubic_downsample`: vertical pass first, uint8 after each pass, replicated
    border, exact arithmetic.

    Args:
        image: (3, h, w) or (B, 3, h, w) in [0, 1]; quantized first.
        scale: 2 or 4.

    Returns:
        (..., scale h, scale w) float32, on the 8-bit grid.

    Raises:
        ValueError: The scale is not supported.
        NonFiniteImage: The image holds NaN or infinity.
    """
    _check_scale(scale)
    levels = to_levels(image)
    for axis in (-2, -1):
        levels = _enlarge(levels, axis, scale)
    return levels.div_(255)


def _check_scale(scale: int) -> None:
    if scale not in (2, 4):
        raise ValueError(f"expected scale 2 or 4, got {scale}")


def _cubic(distance: int, unit: int) -> int:
    """Keys' cubic (a = -1/2) at distance / unit, times 2 unit^3: always a whole number."""
    d, u = abs(distance), unit
    if d <= u:
        return 3 * d**3 - 5 * d**2 * u + 2 * u**3
    if d <= 2 * u:
        return -(d**3) + 5 * d**2 * u - 8 * d * u**2 + 4 * u**3
    return 0


def _pad(levels: Tensor, axis: int, amount: int) -> Tensor:
    """Replicate the border by `amount` on both ends of one axis; keeps (B, C, H, W)."""
    batch = levels if levels.ndim == 4 else levels.unsqueeze(0)
    sides = (0, 0, amount, amount) if axis == -2 else (amount, amount, 0, 0)
    padded = pad(batch, sides, mode="replicate")
    return padded if levels.ndim == 4 else padded.squeeze(0)


def _mirror(levels: Tensor, axis: int, amount: int) -> Tensor:
    """Mirror the border by `amount` on both ends of one axis, edge pixels included."""
    size = levels.shape[axis]
    index = torch.arange(-amount, size + amount, device=levels.device) % (2 * size)
    return levels.index_select(axis, torch.where(index < size, index, 2 * size - 1 - index))


def _shrink(levels: Tensor, axis: int, scale: int, *, mirrored: bool) -> Tensor:
    # Output i lies at scale i + (scale - 1) / 2; the widened kernel reaches 2 scale either way.
    taps = 4 * scale
    before = 2 * scale - scale // 2
    size = levels.shape[axis] // scale
    padded = (_mirror if mirrored else _pad)(levels, axis, 2 * scale)
    weights = [_cubic(2 * (tap - before) - (scale - 1), 2 * scale) for tap in range(taps)]
    total = torch.zeros_like(padded.narrow(axis, 0, size))
    for tap, weight in enumerate(weights):
        start = 2 * scale - before + tap
        stop = start + scale * (size - 1) + 1
        rows = padded[..., start:stop:scale, :] if axis == -2 else padded[..., start:stop:scale]
        total.add_(rows, alpha=weight)
    if mirrored:
        return total.div_(sum(weights)).clamp_(0, 255).round_()
    return _round_levels(total, sum(weights))


def _enlarge(levels: Tensor, axis: int, scale: int) -> Tensor:
    # Output scale i + phase lies at i + (2 phase + 1 - scale) / (2 scale): four taps around it.
    size = levels.shape[axis]
    padded = _pad(levels, axis, 2)
    phases = []
    for phase in range(scale):
        weights = [
            _cubic(2 * scale * tap - (2 * phase + 1 - scale), 2 * scale) for tap in range(-2, 3)
        ]
        total = torch.zeros_like(levels)
        for tap, weight in enumerate(weights):
            total.add_(padded.narrow(axis, tap, size), alpha=weight)
        phases.append(_round_levels(total, sum(weights)))
    return torch.stack(phases, dim=axis if axis == -1 else -2).flatten(axis - 1, axis)


def _round_levels(total: Tensor, weight: int) -> Tensor:
    """Divide by the whole weight and round to uint8 levels, halves up; exact, see the caller."""
    return total.div_(weight).clamp_(0, 255).add_(0.5).floor_()
