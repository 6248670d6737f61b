"""The image convention, and everything that loads, rounds or crops an image.

An image is RGB, float32, (3, H, W) or (B, 3, H, W), in [0, 1]. It is "on the 8-bit grid" when
every value is k / 255 for an integer k; files are, and so is everything a metric sees.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from torch import Tensor

from pdbench.errors import InputError, MetricUndefined, NonFiniteImage

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "SCALE",
    "Quantization",
    "crop_to_multiple",
    "image_size",
    "load_image",
    "luma_bt601",
    "luma_yiq",
    "quantize",
    "save_image",
    "shave",
    "to_levels",
    "to_uint8",
]

SCALE = 4
"""Magnification from LR to HR, in each direction."""

IMAGE_SUFFIXES = frozenset({".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})
"""Suffixes, lowercase, of the files that count as images in a folder."""

MAX_PIXELS = 2**26
"""Largest image that is opened (67 megapixels); above is a decompression bomb."""

Quantization = Literal["round", "truncate", "none"]
"""What becomes of a float image before metrics: the nearest level, the one below, or itself."""

_LUMA_ROWS = 32

# Pillow goes by a file's content, not its name, and for some kinds (PostScript) starts programs.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")

_GRAY_OR_COLOR = ("1", "L", "P", "RGB", "LA", "PA", "La", "RGBA", "RGBa")


def load_image(path: str | Path) -> Tensor:
    """Load an image file by the project's rule.

    Gray and palette images become RGB. An alpha channel is dropped if it is opaque everywhere and
    refused otherwise, since what lies behind it is unknown. More than 8 bits per channel, CMYK and
    other color spaces, animations and images above `MAX_PIXELS` are refused. Of a camera's JPEG
    with a preview in it (MPF), the first picture is taken. Pixels are taken as stored: orientation
    tags and color profiles are ignored.

    Args:
        path: Any file Pillow can read.

    Returns:
        (3, H, W) float32 RGB in [0, 1], on the 8-bit grid.

    Raises:
        InputError: The file is missing, corrupt, truncated, or refused by the rule above.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns and refuses by its own limits; ours is checked before any pixel is read.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                _refuse_unread(image, path)
                with _silent_libtiff() if image.format == "TIFF" else contextlib.nullcontext():
                    image.load()
                pixels = _rgb_pixels(image, path)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"there is no image file '{path}'; check the path") from None
    except Image.DecompressionBombError:
        raise _too_large(path) from None
    except UnidentifiedImageError:
        raise InputError(
            f"cannot read image '{path}' ({_unread_kind(path)}); save it as an 8-bit RGB PNG"
        ) from None
    except Exception as error:  # OSError, SyntaxError, struct.error, zlib.error, ...
        raise InputError(
            f"cannot read image '{path}' ({_first_line(error)}); replace the file by an intact one"
        ) from error
    return torch.from_numpy(pixels).permute(2, 0, 1).to(torch.float32).div_(255).contiguous()


def image_size(path: Path) -> tuple[int, int] | None:
    """Return (width, height) by a file's header, None for a file that `load_image` refuses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                return image.size
    except Exception:  # as in `load_image`
        return None


def _unread_kind(path: Path) -> str:
    """Say what a file is that no decoder takes, for a TIFF of another number format at least."""
    with path.open("rb") as file, contextlib.suppress(Exception):
        tags = ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
        bits, kinds = tags.get(258, ()), tags.get(339, ())
        number = "float" if 3 in kinds else "integer"
        if bits:
            return f"it is a TIFF of {max(bits)}-bit {number} numbers"
    return "cannot identify it as PNG, JPEG, WebP, TIFF, BMP, GIF or PPM"


@contextlib.contextmanager
def _silent_libtiff() -> Iterator[None]:
    """Keep what libtiff itself writes to the process's stderr away; our error says enough."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _too_large(path: Path) -> InputError:
    return InputError(
        f"image '{path}' has more than {MAX_PIXELS:,} pixels; cut it into smaller images"
    )


def _refuse_unread(image: Image.Image, path: Path) -> None:
    """Refuse what the header already rules out, before any pixel is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(path)
    # Pillow cuts 16-bit color to 8 bits in silence; only the decoder's raw mode tells.
    deep = any(";16" in str(tile) for tile in getattr(image, "tile", ()))
    if deep or image.mode.startswith(("I", "F")):
        raise InputError(f"image '{path}' has more than 8 bits per channel; convert it to 8 bits")
    if image.mode not in _GRAY_OR_COLOR:
        raise InputError(f"image '{path}' is {image.mode}, not RGB; convert it to 8-bit RGB")
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise InputError(f"image '{path}' has several frames; give one file per image")


def _rgb_pixels(image: Image.Image, path: Path) -> np.ndarray:
    """Return the pixels as (H, W, 3) uint8, refusing any that can be seen through."""
    if "transparency" in image.info or image.mode in ("LA", "PA", "La", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise InputError(f"image '{path}' is transparent in places; save it without alpha")
    return np.array(image.convert("RGB"))


def save_image(image: Tensor, path: str | Path) -> None:
    """Write an image as a lossless 8-bit RGB PNG.

    Args:
        image: (3, H, W) float RGB; quantized first.
        path: Where to write; the suffix must be `.png`.

    Raises:
        ValueError: The path does not end in `.png`, or the shape is not (3, H, W).
        NonFiniteImage: The image holds NaN or infinity.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"expected a path ending in .png, got '{path}'")
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"expected shape (3, H, W), got {tuple(image.shape)}")
    pixels = to_uint8(image).permute(1, 2, 0).contiguous().cpu().numpy()
    Image.fromarray(pixels).save(path, format="PNG")


def quantize(image: Tensor, how: Quantization = "round") -> Tensor:
    """Clip to [0, 1] and bring to the 8-bit grid: the one rounding before metrics.

    Args:
        image: Float image(s), any shape.
        how: "round" to the nearest level, halves up; "truncate" to the one below, as a cast to
            uint8 does; "none" only clips. An image on the grid stays as it is in any case.

    Returns:
        Same shape, float32, every value k / 255 unless `how` is "none".

    Raises:
        NonFiniteImage: The image holds NaN or infinity.
    """
    if how == "round":
        return to_levels(image).div_(255)
    clipped = _finite(image).to(torch.float32).clamp(0, 1)
    return clipped if how == "none" else clipped.mul_(255).floor_().div_(255)


def to_uint8(image: Tensor) -> Tensor:
    """Quantize and return the levels 0..255.

    Args:
        image: Float image(s), any shape, in [0, 1].

    Returns:
        Same shape, uint8.

    Raises:
        NonFiniteImage: The image holds NaN or infinity.
    """
    return to_levels(image).to(torch.uint8)


def _finite(image: Tensor) -> Tensor:
    # The sum is non-finite exactly when a value is, unless it overflows: then look at each value.
    if not torch.isfinite(image.sum()) and not torch.isfinite(image).all():
        raise NonFiniteImage("the image holds NaN or infinite values")
    return image


def to_levels(image: Tensor) -> Tensor:
    """Quantize and return the levels 0..255 in the type that arithmetic wants.

    Args:
        image: Float image(s), any shape, in [0, 1].

    Returns:
        Same shape, float32 whole numbers.

    Raises:
        NonFiniteImage: The image holds NaN or infinity.
    """
    return _finite(image).to(torch.float32).clamp(0, 1).mul(255).add_(0.5).floor_()


def luma_bt601(image: Tensor, *, rounded: bool) -> Tensor:
    """Y of ITU-R BT.601 in its studio range, as MATLAB's `rgb2ycbcr` has it.

    Args:
        image: (..., 3, H, W) RGB in [0, 1].
        rounded: Round to whole levels, halves up, as MATLAB does for uint8 images.

    Returns:
        (..., 1, H, W) float64, black at 16 and white at 235.
    """
    return _weighted_sum(image, (65.481, 128.553, 24.966), 16.0, rounded)


def luma_yiq(image: Tensor, *, rounded: bool) -> Tensor:
    """Y of YIQ over the full range.

    Args:
        image: (..., 3, H, W) RGB in [0, 1].
        rounded: Round to whole levels, halves up.

    Returns:
        (..., 1, H, W) float64 in [0, 255].
    """
    return _weighted_sum(image, (76.245, 149.685, 29.07), 0.0, rounded)


def _weighted_sum(
    image: Tensor, weights: tuple[float, float, float], offset: float, rounded: bool
) -> Tensor:
    luma = torch.empty_like(image[..., :1, :, :], dtype=torch.float64)
    # Some rows at a time: fresh memory for whole planes would cost more than the arithmetic.
    for top in range(0, image.shape[-2], _LUMA_ROWS):
        rows = slice(top, top + _LUMA_ROWS)
        # Starting from whole levels keeps float32's error in k / 255 out of the rounding below.
        levels = _whole_levels(image[..., rows, :]).div_(255)
        red, green, blue = (
            plane.mul_(weight) for plane, weight in zip(levels.unbind(-3), weights, strict=True)
        )
        total = red.add_(green).add_(blue).add_(offset)
        luma[..., 0, rows, :] = total.add_(0.5).floor_() if rounded else total
    return luma


def _whole_levels(image: Tensor) -> Tensor:
    """Return levels 0..255 as float64 that owns its memory, those close to a whole one rounded."""
    levels = image.to(torch.float32) * 255
    nearest = levels.round()
    if levels.sub_(nearest).abs_().max() < 1e-4:  # all of it lies on the 8-bit grid
        return nearest.to(torch.float64)
    exact = image.to(torch.float64) * 255
    nearest = exact.round()
    return torch.where((exact - nearest).abs() < 1e-4, nearest, exact)


def shave(image: Tensor, border: int) -> Tensor:
    """Cut `border` pixels off each side.

    Args:
        image: (..., H, W).
        border: Pixels to drop per side, >= 0.

    Returns:
        (..., H - 2 border, W - 2 border), a view.

    Raises:
        MetricUndefined: Nothing would be left.
    """
    height, width = image.shape[-2:]
    if min(height, width) <= 2 * border:
        raise MetricUndefined(
            f"an image of {width}x{height} has no pixel inside a {border}-pixel border"
        )
    return image[..., border : height - border, border : width - border]


def crop_to_multiple(image: Tensor, multiple: int = 4) -> Tensor:
    """Cut rows off the bottom and columns off the right until both sides divide by `multiple`.

    Args:
        image: (..., H, W).
        multiple: Divisor, >= 1.

    Returns:
        (..., H', W'), a view; H' and W' may be 0 for an image smaller than `multiple`.
    """
    height, width = (side - side % multiple for side in image.shape[-2:])
    return image[..., :height, :width]
