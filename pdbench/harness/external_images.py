"""External images as a method of a run: read from files, never computed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pdbench.data.datasets import Dataset
from pdbench.data.pairs import name_some
from pdbench.data.sr_checks import check_outputs
from pdbench.data.sr_folders import Outputs, digest_of
from pdbench.errors import InputError
from pdbench.harness.bank import SampleBank
from pdbench.harness.database import FILE, open_read_only
from pdbench.harness.method import Given, Method
from pdbench.harness.progress import progress_over
from pdbench.harness.run_info import MethodRecord
from pdbench.harness.store import is_run_folder, read_fingerprints
from pdbench.images import load_image
from pdbench.pydantic_errors import parse

__all__ = ["given_method", "open_images", "read_outputs"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Reader:
    """The `run` of images made elsewhere."""

    files: Mapping[str, tuple[Path, ...]]
    digests: Mapping[str, str]

    def __call__(self, lr: Tensor, bank: SampleBank) -> Tensor:
        """Return the outputs of the bank's image, (S, 3, 4h, 4w), cut to the size of lr."""
        files = self.files[bank.image]
        height, width = (4 * side for side in lr.shape[-2:])
        outputs = [load_image(file)[:, :height, :width] for file in files]
        if digest_of(files) != self.digests[bank.image]:
            raise InputError(f"output '{files[0]}' changed during the run; start the run again")
        return torch.stack(outputs)


def given_method(
    name: str, title: str, files: Mapping[str, tuple[Path, ...]], digests: Mapping[str, str]
) -> Method:
    """Declare the method that returns images made elsewhere.

    Args:
        name: Method id.
        title: Row title.
        files: Image name -> its outputs, in sample order, as many for every image.
        digests: Image name -> digest of these files.
    """
    count = len(next(iter(files.values())))
    return Method(
        id=name,
        title=title,
        kind="single" if count == 1 else "stochastic",
        needs=(Given(count),),
        reference="images made elsewhere",
        run=_Reader(files, digests),
        outputs=digests,
        files=files,
    )


def open_images(
    files: Outputs,
    dataset: Dataset,
    *,
    name: str,
    title: str,
    checked: Mapping[str, str],
    progress: bool = False,
) -> Method:
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
        The method that returns them.

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
    return given_method(name, title, files, digests)


def read_outputs(folder: Path, dataset: Dataset, method: str) -> dict[str, str]:
    """Return image name -> digest of the files that a run of a method accepted for this image.

    Raises:
        InputError: The folder's store is damaged or of another version.
    """
    if not is_run_folder(folder):
        return {}
    # Images seen are those of the folder's last run: a record of others says nothing of them.
    query = (
        "SELECT method.record FROM method JOIN dataset ON dataset.id = method.dataset "
        "WHERE method.dataset = ? AND method.id = ? AND "
        "json_extract(method.record, '$.dataset_sha256') = "
        "json_extract(dataset.record, '$.sha256')"
    )
    with open_read_only(folder) as db:
        row = db.execute(query, (dataset.id, method)).fetchone()
    outputs = parse(MethodRecord, row[0], FILE).outputs if row else {}
    seen = read_fingerprints(folder, dataset.id)
    return {
        pair.name: outputs[pair.name]
        for pair in dataset.pairs
        if pair.name in outputs.keys() & seen and seen[pair.name].content == pair.content()
    }
