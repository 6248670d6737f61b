"""External images as a method of a run: read from files, never computed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pdbench.data.datasets import Dataset
from pdbench.data.pairs import name_some
from pdbench.data.sr_checks import check_outputs
from pdbench.data.sr_folders import Outputs, digest_of
from pdbench.errors import InputError
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Given, Method
from pdbench.harness.progress import progress_over
from pdbench.images import load_image

__all__ = ["GivenImages", "GivenRows", "open_images"]

_log = logging.getLogger(__name__)


class _NoNetworks:
    """The part of a `Catalog` that images from files need nothing of."""

    def network(self, name: str, size: str, device: str) -> Any:  # noqa: ANN401
        """Refuse: images that are made need no network."""
        raise InputError(f"there is no network '{name}' ({size}, {device}) for images from files")

    def fingerprint(self, name: str, size: str) -> str:
        """Refuse: images that are made need no network."""
        raise InputError(f"there is no network '{name}' ({size}) for images from files")

    def implementation(self, name: str) -> tuple[Callable[..., Any], ...]:
        """Return nothing: images that are made need no network."""
        del name
        return ()

    def weight_files(self, method: str, size: str) -> tuple[Path, ...]:
        """Return nothing: images that are made need no network."""
        del method, size
        return ()


@dataclass(frozen=True, kw_only=True)
class GivenImages(_NoNetworks):
    """The outputs of one method for all images of a dataset: names, no pixels. A `Catalog`.

    Attributes:
        id: Method id.
        title: Row title.
        files: Image name -> its outputs, in sample order, as many for every image.
        digests: Image name -> digest of these files.
    """

    id: str
    title: str
    files: Mapping[str, tuple[Path, ...]]
    digests: Mapping[str, str]

    def method(self, name: str) -> Method:
        """Declare the method that returns these images, the only one of this catalog."""
        del name
        count = len(next(iter(self.files.values())))
        return Method(
            id=self.id,
            title=self.title,
            kind="single" if count == 1 else "stochastic",
            needs=(Given(count),),
            reference="images made elsewhere",
            run=partial(_read, self),
            outputs=self.digests,
        )

    def output_files(self, method: str, image: str) -> tuple[Path, ...]:
        """Return the outputs for one image, in sample order."""
        del method
        return self.files[image]


@dataclass(frozen=True, kw_only=True)
class GivenRows(_NoNetworks):
    """Several settings of a method, each with its outputs. A `Catalog`.

    Attributes:
        rows: Method id -> its outputs.
    """

    rows: Mapping[str, GivenImages]

    def method(self, name: str) -> Method:
        """Declare the method that returns the images of one setting."""
        return self.rows[name].method(name)

    def output_files(self, method: str, image: str) -> tuple[Path, ...]:
        """Return the outputs of one setting for one image, in sample order."""
        return self.rows[method].files[image]


def _read(given: GivenImages, lr: Tensor, bank: SampleBank) -> Tensor:
    """Return the outputs of the bank's image, (S, 3, 4h, 4w), cut to the size of lr (3, h, w)."""
    files = given.files[bank.image]
    height, width = (4 * side for side in lr.shape[-2:])
    outputs = [load_image(file)[:, :height, :width] for file in files]
    if digest_of(files) != given.digests[bank.image]:
        raise InputError(f"output '{files[0]}' changed during the run; start the run again")
    return torch.stack(outputs)


def open_images(
    files: Outputs,
    dataset: Dataset,
    *,
    name: str,
    title: str,
    checked: Mapping[str, str],
    progress: bool = False,
) -> GivenImages:
    """Hash the outputs of a dataset's images, and decode what is new.

    Outputs that can be scored but hardly are meant so (colors swapped, shifted, equal to the HR)
    are logged as warnings, one line for each likely cause.

    Args:
        files: The outputs of each image, see `match_outputs`.
        dataset: What they were made from.
        name: Method id they get.
        title: Row title they get.
        checked: Image name -> digest of files that an earlier call has accepted.
        progress: Show a progress bar on stderr for what takes over two seconds.

    Returns:
        The outputs.

    Raises:
        InputError: A file cannot be scored; it is named.
    """
    digests = {}
    odd: dict[str, list[str]] = {}
    for pair in progress_over(dataset.pairs, "checking outputs", show=progress):
        digests[pair.name] = digest_of(files[pair.name])
        if checked.get(pair.name) != digests[pair.name]:
            for cause in check_outputs(pair, files[pair.name]):
                odd.setdefault(cause, []).append(pair.name)
    for cause, images in odd.items():
        _log.warning("outputs of '%s' look %s: %s", name, cause, name_some(images))
    return GivenImages(id=name, title=title, files=files, digests=digests)
