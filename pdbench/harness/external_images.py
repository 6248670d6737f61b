"""Images made elsewhere as a method of a run: read from files, never computed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from pdbench.data.datasets import Dataset
from pdbench.data.pairs import name_some
from pdbench.data.sr_checks import check_outputs
from pdbench.data.sr_folders import Outputs, digest_of, match_outputs
from pdbench.errors import InputError
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Given, Method
from pdbench.images import load_image

__all__ = ["GivenImages", "open_images"]

_log = logging.getLogger(__name__)

_DELAY = 2.0
"""Seconds before a progress bar appears."""


@dataclass(frozen=True, kw_only=True)
class GivenImages:
    """The outputs of one method for all images of a dataset; holds names, no pixels.

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

    def method(self) -> Method:
        """Declare the method that returns these images."""
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


def _read(given: GivenImages, lr: Tensor, bank: SampleBank) -> Tensor:
    """Return the outputs of the bank's image, (S, 3, 4h, 4w), cut to the size of lr (3, h, w)."""
    files = given.files[bank.image]
    height, width = (4 * side for side in lr.shape[-2:])
    outputs = [load_image(file)[:, :height, :width] for file in files]
    if digest_of(files) != given.digests[bank.image]:
        raise InputError(f"output '{files[0]}' changed during the run; start the run again")
    return torch.stack(outputs)


def open_images(
    folder: Path,
    dataset: Dataset,
    *,
    name: str,
    title: str,
    checked: Mapping[str, str],
    files: Outputs | None = None,
    progress: bool = False,
) -> GivenImages:
    """Match a folder of outputs with a dataset, hash every file, and decode what is new.

    Outputs that can be scored but hardly are meant so (colors swapped, shifted, equal to the HR)
    are logged as warnings, one line for each likely cause.

    Args:
        folder: Holds the outputs.
        dataset: What they were made from.
        name: Method id they get.
        title: Row title they get.
        checked: Image name -> digest of files that an earlier call has accepted.
        files: The outputs where they are matched already.
        progress: Show a progress bar on stderr for what takes over two seconds.

    Returns:
        The outputs.

    Raises:
        InputError: Files and images do not match up, or a file cannot be scored; it is named.
    """
    files = match_outputs(folder, dataset.pairs) if files is None else files
    digests = {}
    odd: dict[str, list[str]] = {}
    bar = tqdm(
        dataset.pairs,
        desc="checking outputs",
        delay=_DELAY,
        disable=None if progress else True,
        leave=False,
    )
    for pair in bar:
        digests[pair.name] = digest_of(files[pair.name])
        if checked.get(pair.name) != digests[pair.name]:
            for cause in check_outputs(pair, files[pair.name]):
                odd.setdefault(cause, []).append(pair.name)
    for cause, images in odd.items():
        _log.warning("outputs of '%s' look %s: %s", name, cause, name_some(images))
    return GivenImages(id=name, title=title, files=files, digests=digests)
