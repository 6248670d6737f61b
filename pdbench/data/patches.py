"""Training crops of photographs, in memory or prepared, and of drawn graphics, by number.

Crop number i is a pure function of (seed, i), whatever the batch, worker or process that asks:
that is what lets a resumed or distributed run see exactly the crops an undisturbed one sees.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from pdbench.bicubic import bicubic_downsample
from pdbench.data.prepared import PreparedPhoto, is_prepared, open_prepared
from pdbench.data.synthetic_crops import draw_graphics
from pdbench.errors import InputError
from pdbench.images import IMAGE_SUFFIXES, SCALE, load_image, to_uint8

__all__ = [
    "LoadedPhoto",
    "PatchSettings",
    "Patches",
    "Photo",
    "find_photos",
    "load_photos",
    "make_photo",
    "read_photo",
    "split_photos",
]

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LoadedPhoto:
    """A training photograph and its LR, held in memory.

    Attributes:
        name: What to call it in messages.
        hr: HR pixels (4h, 4w, 3), uint8 RGB.
        lr: LR pixels (h, w, 3), uint8 RGB.
    """

    name: str
    hr: np.ndarray
    lr: np.ndarray


Photo: TypeAlias = LoadedPhoto | PreparedPhoto


@dataclass(frozen=True, kw_only=True)
class PatchSettings:
    """How crops are taken.

    Attributes:
        lr_side: Side of the LR crop in pixels; the HR crop is four times that.
        graphics: Fraction of crops drawn (text, flat shapes) instead of cut from a photograph.
        saturate: Fraction of crops whose colors are pushed towards saturation.
        seed: Seed of the crop sequence.
    """

    lr_side: int
    graphics: float = 0.0
    saturate: float = 0.0
    seed: int = 0


def find_photos(
    folders: Sequence[Path], *, exclude: Collection[str] = ()
) -> list[Path | PreparedPhoto]:
    """List the photographs in the folders, each once, however often it is named.

    A photograph is the file it comes from: one that is both here as a file and in a prepared
    folder made from that file is one.

    Args:
        folders: Folders of image files, searched below, or folders made by `pdbench data prepare`.
        exclude: Names without suffix of photographs to leave out.

    Returns:
        Image files, sorted, then prepared photographs in their order: that of the files they
        were made from, so that a prepared folder stands for its originals.

    Raises:
        InputError: A folder does not exist or is damaged, or there are no images.
    """
    files: list[Path] = []
    prepared: list[PreparedPhoto] = []
    for folder in map(Path, folders):
        if folder.is_file():
            raise InputError(f"training data '{folder}' is a file; give --data its folder")
        if not folder.is_dir():
            raise InputError(
                f"training folder '{folder}' does not exist; give --data an existing one"
            )
        if is_prepared(folder):
            prepared += open_prepared(folder)
        else:
            files += (
                path
                for path in folder.rglob("*")
                if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
            )
    if not files and not prepared:
        raise InputError(
            f"no images below {', '.join(map(str, folders))}; --data wants photographs"
        )
    found = list(_once([*sorted(files), *prepared]))
    for name in sorted({*exclude} - {Path(photo.name).stem for photo in found}):
        _log.warning("no photograph is named '%s': crops.exclude leaves nothing out by it", name)
    return [photo for photo in found if Path(photo.name).stem not in exclude]


def _once(photos: Sequence[Path | PreparedPhoto]) -> Iterator[Path | PreparedPhoto]:
    """Yield each photograph once: a second one would be trained on while the first is held out."""
    seen: set[str] = set()
    for photo in photos:
        origin = photo.source.name if isinstance(photo, PreparedPhoto) else str(photo.resolve())
        if origin not in seen:
            seen.add(origin)
            yield photo


def split_photos(files: Sequence[T], validation: int) -> tuple[list[T], list[T]]:
    """Hold `validation` files out, spread evenly over the sorted list; never trained on.

    Returns:
        (training files, validation files), disjoint.

    Raises:
        InputError: Nothing would be left to train on.
    """
    if validation >= len(files):
        raise InputError(
            f"{len(files)} images are too few: {validation} are held out to validate, "
            f"so --data needs at least {validation + 1}"
        )
    held = {int((i + 0.5) * len(files) / validation) for i in range(validation)}
    return (
        [path for i, path in enumerate(files) if i not in held],
        [path for i, path in enumerate(files) if i in held],
    )


def make_photo(name: str, pixels: np.ndarray) -> LoadedPhoto:
    """Crop (H, W, 3) uint8 pixels to a multiple of 4 and make the LR by MATLAB bicubic."""
    height, width = (side // SCALE * SCALE for side in pixels.shape[:2])
    hr = np.ascontiguousarray(pixels[:height, :width])
    image = torch.from_numpy(hr).permute(2, 0, 1).float() / 255
    lr = bicubic_downsample(image).mul(255).round().byte().permute(1, 2, 0).contiguous().numpy()
    return LoadedPhoto(name=name, hr=hr, lr=lr)


def read_photo(path: Path) -> np.ndarray:
    """Read an image file as (H, W, 3) uint8 RGB, by the rules of `load_image`; it may refuse."""
    return to_uint8(load_image(path)).permute(1, 2, 0).contiguous().numpy()


def load_photos(files: Sequence[Path | PreparedPhoto], lr_side: int) -> list[Photo]:
    """Read photographs into memory with their LR; what is smaller than a crop is left out.

    Prepared photographs stay where they are.

    Raises:
        InputError: A file cannot be read, or none is large enough.
    """
    photos: list[Photo] = []
    for file in files:
        if isinstance(file, PreparedPhoto):
            if min(file.source.height, file.source.width) >= lr_side * SCALE:
                photos.append(file)
            continue
        pixels = read_photo(file)
        if min(pixels.shape[:2]) >= lr_side * SCALE:
            photos.append(make_photo(str(file), pixels))
    if not photos:
        raise InputError(f"no training image is at least {lr_side * SCALE} pixels on both sides")
    return photos


class Patches(TorchDataset[tuple[Tensor, Tensor]]):
    """The endless sequence of crops, as a map from crop number to (LR, HR).

    Args:
        photos: Photographs with their LR.
        settings: How to crop.
    """

    def __init__(self, photos: Sequence[Photo], settings: PatchSettings) -> None:
        self.photos = photos
        self.settings = settings
        # sqrt: large photographs give more crops, yet do not drown the small ones
        size = np.sqrt([float(np.prod(photo.lr.shape[:2])) for photo in photos])
        self.odds = np.cumsum(size) / size.sum()

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return crop `index`: LR (3, s, s) and HR (3, 4s, 4s), float32 in [0, 1]."""
        rng = np.random.Generator(np.random.Philox(key=[self.settings.seed, index]))
        if rng.random() < self.settings.graphics:
            photo = make_photo("", draw_graphics(rng, self.settings.lr_side * SCALE))
            lr, hr = photo.lr, photo.hr
        else:
            lr, hr = self._cut(rng)
            if rng.random() < self.settings.saturate:
                photo = make_photo("", _saturated(hr, gain=1 + 2 * rng.random()))
                lr, hr = photo.lr, photo.hr
        flips = rng.random(3) < 0.5
        return _to_tensor(lr, flips), _to_tensor(hr, flips)

    def _cut(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        photo = self.photos[min(int(np.searchsorted(self.odds, rng.random())), len(self.odds) - 1)]
        side, whole = self.settings.lr_side, photo.lr
        top = int(rng.integers(whole.shape[0] - side + 1))
        left = int(rng.integers(whole.shape[1] - side + 1))
        lr = whole[top : top + side, left : left + side]
        top, left, side = top * SCALE, left * SCALE, side * SCALE
        return lr, photo.hr[top : top + side, left : left + side]


def _saturated(pixels: np.ndarray, *, gain: float) -> np.ndarray:
    gray = pixels.mean(axis=2, keepdims=True)
    return np.clip(gray + gain * (pixels - gray), 0, 255).astype(np.uint8)


def _to_tensor(pixels: np.ndarray, flips: np.ndarray) -> Tensor:
    if flips[0]:
        pixels = pixels[::-1]
    if flips[1]:
        pixels = pixels[:, ::-1]
    if flips[2]:
        pixels = pixels.transpose(1, 0, 2)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float() / 255
