"""One LR-HR pair of a test set: loading, hashing, and whether the LR belongs to the HR."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from pdbench.bicubic import bicubic_downsample
from pdbench.errors import InputError
from pdbench.images import SCALE, crop_to_multiple, load_image, to_uint8

__all__ = [
    "REFUSED_BELOW",
    "WARNED_BELOW",
    "Pair",
    "PairFacts",
    "degradation_psnr",
    "name_some",
    "pixel_psnr",
    "pixel_sha256",
]

REFUSED_BELOW = 30.0
"""dB between a given LR and the bicubic LR of its HR below which the pair is refused.

Measured on Set5, Set14 and BSD100 (119 images): LR of another photograph 6-15 dB, mirrored 7-26,
shifted by one LR pixel median 22, bicubic without antialiasing (OpenCV) median 26 and nearest
neighbor median 25. Pillow's bicubic (47-57), Lanczos (37-50), area (34-48) and bilinear (32-46)
stay above in every image; JPEG at quality 95 in all but one (30-44).
"""

WARNED_BELOW = 45.0
"""dB below which a given LR is used with a warning: it is not a bicubic kernel, or compressed."""


@dataclass(frozen=True, kw_only=True)
class PairFacts:
    """What checking a pair found.

    Attributes:
        sha256: Hex digest over the pixels of both images.
        pixels: Pixels of the HR.
        lr_psnr: PSNR between the LR and the bicubic LR of the HR in dB; infinite where equal.
    """

    sha256: str
    pixels: int
    lr_psnr: float


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One image of a test set; nothing is read before `load`.

    Attributes:
        name: Image name within the set, unique there.
        hr: HR image file.
        lr: LR image file, or None to make it from the HR by MATLAB's bicubic.
        largest: Longest side kept, a multiple of 4; a larger HR is cut to its center. None keeps
            all of it. Only for pairs without an LR file.
    """

    name: str
    hr: Path
    lr: Path | None = None
    largest: int | None = None

    def load(self) -> tuple[Tensor, Tensor]:
        """Load both images; the HR is cut at the bottom and right to a multiple of 4.

        Returns:
            LR (3, h, w) and HR (3, 4h, 4w), float32 RGB in [0, 1] on the 8-bit grid.

        Raises:
            InputError: A file cannot be read, the HR is smaller than 4 pixels, or the sizes do
                not fit.
        """
        hr = crop_to_multiple(load_image(self.hr), SCALE)
        if hr.numel() == 0:
            raise InputError(f"image '{self.hr}' is smaller than 4x4 pixels; leave it out")
        if self.largest is not None:
            hr = _center(hr, self.largest)
        if self.lr is None:
            return bicubic_downsample(hr, SCALE), hr.contiguous()
        return self._cut_lr(load_image(self.lr), hr), hr.contiguous()

    def _cut_lr(self, lr: Tensor, hr: Tensor) -> Tensor:
        """Cut an LR made before the HR was cropped, which is up to one pixel larger per side."""
        height, width = hr.shape[-2] // SCALE, hr.shape[-1] // SCALE
        if lr.shape[-2] - height not in (0, 1) or lr.shape[-1] - width not in (0, 1):
            raise InputError(
                f"'{self.lr}' has {lr.shape[-1]}x{lr.shape[-2]} pixels but its HR '{self.hr}' "
                f"asks for {width}x{height}; give the x4 LR of that image"
            )
        return lr[:, :height, :width].contiguous()

    def content(self) -> str:
        """Return a digest over the bytes of the files: while it is the same, so are the pixels.

        Raises:
            InputError: A file is gone.
        """
        digest = hashlib.sha256(repr(self.largest).encode())
        try:
            for file in (self.hr, self.lr):
                digest.update(hashlib.sha256(file.read_bytes() if file else b"").digest())
        except OSError as error:
            raise InputError(f"cannot read '{error.filename}' ({error.strerror})") from None
        return digest.hexdigest()

    def check(self) -> PairFacts:
        """Load the pair and compare its LR with the bicubic LR of its HR.

        Raises:
            InputError: As `load`.
        """
        lr, hr = self.load()
        psnr = math.inf if self.lr is None else degradation_psnr(lr, hr)
        return PairFacts(sha256=pixel_sha256((lr, hr)), pixels=hr[0].numel(), lr_psnr=psnr)


def degradation_psnr(lr: Tensor, hr: Tensor) -> float:
    """Return how close an LR is to the MATLAB bicubic LR of an HR.

    Args:
        lr: (3, h, w) float32 RGB in [0, 1] on the 8-bit grid.
        hr: (3, 4h, 4w), same convention.

    Returns:
        PSNR over RGB in dB, infinite where equal.
    """
    return pixel_psnr(bicubic_downsample(hr, SCALE), lr)


def pixel_psnr(one: Tensor, other: Tensor) -> float:
    """Return the PSNR in dB of images of one size, any shape, in [0, 1]; infinite where equal."""
    error = (one.double() - other.double()).square().mean().item()
    return -10 * math.log10(error) if error else math.inf


def pixel_sha256(images: Iterable[Tensor]) -> str:
    """Return the hex digest over shapes and 8-bit pixels; the file format does not matter."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(repr(tuple(image.shape)).encode())
        digest.update(to_uint8(image).contiguous().numpy().tobytes())
    return digest.hexdigest()


def name_some(names: Iterable[object], limit: int = 5) -> str:
    """List names in quotes, at most `limit` of them, and count the rest."""
    quoted = [f"'{name}'" for name in names]
    rest = len(quoted) - limit
    return ", ".join(quoted[:limit]) + (f" and {rest} more" if rest > 0 else "")


def _center(image: Tensor, largest: int) -> Tensor:
    height, width = (min(side, largest) for side in image.shape[-2:])
    top, left = (image.shape[-2] - height) // 2, (image.shape[-1] - width) // 2
    return image[:, top : top + height, left : left + width]
