"""`pdbench eval` as a Python call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pdbench.api.run import Report, score
from pdbench.errors import InputError

if TYPE_CHECKING:
    from pdbench.data.datasets import Dataset
    from pdbench.harness.external_images import GivenImages
    from pdbench.harness.method import Method

__all__ = ["check_name", "evaluate"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


def evaluate(
    sr: str | Path,
    *,
    name: str,
    hr: str | Path | None = None,
    lr: str | Path | None = None,
    dataset: str | None = None,
    title: str | None = None,
    data_root: str | Path | None = None,
    metrics: Sequence[str] = (),
    protocol: str = "paper",
    device: str = "cpu",
    jobs: int | None = None,
    output: str | Path | None = None,
    export: str | Path | None = None,
    weights_dir: str | Path | None = None,
    offline: bool = False,
    progress: bool = False,
) -> Report:
    """Score a folder of super-resolved images; what is stored of the same files is kept.

    Args:
        sr: Folder of outputs, each named like its HR image with any ending ("0801x4_mynet.png");
            several outputs of an image end in sample numbers ("0801_sample00003.png").
        name: Id the outputs get in tables and files.
        hr: Folder of HR images; either this or `dataset`.
        lr: Folder of LR images; those beside `hr`, or made from it, when None.
        dataset: Dataset id.
        title: Row title; the name when None.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        metrics: Metric ids; all of the protocol's when empty.
        protocol: Protocol id.
        device: "cpu", "cuda", "cuda:1" or "auto".
        jobs: Processes; one per core, or one per GPU, when None.
        output: Run folder; runs/<dataset> when None.
        export: Folder below which the scores are exported as well, as in results/.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        offline: Download nothing.
        progress: Show progress bars on stderr.

    Returns:
        The scores and where they are.

    Raises:
        InputError: The name is taken or malformed, images have no partner, or a file cannot be
            scored; it is named.
    """
    from pdbench import baselines
    from pdbench.api.environment import settings
    from pdbench.harness import plan
    from pdbench.harness.external_images import open_images
    from pdbench.harness.reader import read_outputs

    check_name(name)
    opened = _dataset(hr, lr, dataset, data_root)
    folder = Path(output) if output else Path("runs") / opened.id
    given = open_images(
        Path(sr).expanduser(),
        opened,
        name=name,
        title=title or name,
        checked=read_outputs(folder, opened.id, name),
        progress=progress,
    )
    with settings(weights_dir=weights_dir, offline=offline):
        return score(
            plan.Plan(
                dataset=opened,
                methods=(name,),
                resolve=partial(_only, given),
                open_baseline=baselines.open_baseline,
                fingerprint=baselines.fingerprint,
                protocol=protocol,
                metrics=tuple(metrics) or None,
                device=device,
                jobs=jobs,
            ),
            folder,
            export=export,
            progress=progress,
        )


def _only(given: GivenImages, name: str) -> Method:
    """Resolve the one method of the plan, here and in worker processes."""
    del name
    return given.method()


def _dataset(
    hr: str | Path | None, lr: str | Path | None, dataset: str | None, root: str | Path | None
) -> Dataset:
    from pdbench.data.datasets import open_dataset, open_folders

    if (hr is None) == (dataset is None):
        raise InputError("say what the images are compared with: either --hr or --dataset")
    if hr is not None:
        return open_folders(hr, lr)
    if lr is not None:
        raise InputError("--lr goes with --hr; a dataset brings its own LR images")
    return open_dataset(str(dataset), root)


def check_name(name: str) -> None:
    """Refuse a name that cannot be a method's id.

    Raises:
        InputError: It is malformed, or pdbench or an installed package has a method or network of
            that name.
    """
    from pdbench import baselines, methods

    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' is no id for a method; take up to 64 lowercase letters, digits, '.', '_' "
            "and '-', beginning and ending with a letter or digit"
        )
    taken = name in methods.METHODS or name in methods.SUITES or name in baselines.BASELINES
    if taken or any(family.claims(name) for family in methods.FAMILIES):
        raise InputError(f"'{name}' is the name of a method of pdbench; choose another --name")
