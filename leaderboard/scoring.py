"""Scores, digests and crops of the output images of a submission."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from pdbench.data.datasets import Dataset
from pdbench.data.pairs import pixel_sha256
from pdbench.data.sr_folders import match_outputs
from pdbench.errors import InputError
from pdbench.harness.config import RunConfig
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.external_images import open_images, read_outputs
from pdbench.harness.method import Method
from pdbench.harness.options import EvalOptions
from pdbench.harness.progress import progress_over
from pdbench.harness.run_info import RunRecord
from pdbench.harness.runner import run
from pdbench.images import load_image, to_uint8
from pdbench.leaderboard.crops import Box, choose_box, choose_images, write_crop
from pdbench.leaderboard.plausibility import detail, grain
from pdbench.leaderboard.provenance import Output
from pdbench.methods.catalog import MethodCatalog
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS

__all__ = ["Scored", "rgb_levels", "score_folder", "serial_executor"]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The outputs of one method on one dataset, with all a submission says of them.

    Attributes:
        record: Their scores.
        outputs: What identifies each of them, sorted by image and sample.
        boxes: Image name -> where its crop lies.
        crops: Image name -> PNG of the crop of its first output.
    """

    record: RunRecord
    outputs: tuple[Output, ...]
    boxes: dict[str, Box]
    crops: dict[str, bytes]


def score_folder(
    folder: Path,
    dataset: Dataset,
    name: str,
    title: str,
    *,
    work: Path,
    options: EvalOptions,
    progress: bool = False,
) -> Scored:
    """Score a folder of output images and take their fingerprints.

    Args:
        folder: Output images, named after the dataset's images.
        dataset: What they were made from.
        name: Id of the method.
        title: Title of the method.
        work: Run folder; scores of the same files that it holds are not computed again.
        options: How.
        progress: Whether to show progress bars.

    Raises:
        InputError: An image is missing, corrupt, of a wrong size, strange or the HR image itself;
            it is named.
    """
    given = open_images(
        match_outputs(folder, dataset.pairs),
        dataset,
        name=name,
        title=title,
        checked=read_outputs(work, dataset, name),
        progress=progress,
    )
    catalog = MethodCatalog(local={name: given})
    config = RunConfig(dataset=dataset, methods=(name,), catalog=catalog, options=options)
    done = run(config, work, executor=serial_executor(options), progress=progress)
    if done.failed:
        image, _, reason = done.failed[0]
        raise InputError(f"the output of image '{image}' cannot be scored ({reason}); fix it")
    return _fingerprints(given, dataset, _of(done.record, name, options), progress=progress)


def serial_executor(options: EvalOptions) -> SerialExecutor | None:
    """Return an executor in this process where one process is asked for, else None.

    One process needs no other: starting one takes longer than scoring a small set.
    """
    return SerialExecutor() if options.engine == "local" and options.jobs == 1 else None


def _of(record: RunRecord, name: str, options: EvalOptions) -> RunRecord:
    """Leave in a record what was asked for; the run folder may hold more."""
    protocol = PROTOCOLS.get(options.protocol)
    wanted = set(options.metrics) or set(protocol.metric_ids)
    metrics = [metric for metric in protocol.covered_ids if metric in wanted]
    return RunRecord(
        dataset=record.dataset,
        metrics=tuple(METRICS.get(metric).facts for metric in metrics),
        methods=tuple(method for method in record.methods if method.id == name),
        scores=tuple(s for s in record.scores if s.method == name and s.metric in wanted),
    )


def _fingerprints(given: Method, dataset: Dataset, record: RunRecord, *, progress: bool) -> Scored:
    """Decode every output once more, for what only its pixels tell."""
    outputs: list[Output] = []
    boxes: dict[str, Box] = {}
    crops: dict[str, bytes] = {}
    shown = choose_images([pair.name for pair in dataset.pairs])
    for pair in progress_over(dataset.pairs, "fingerprints", show=progress):
        hr = rgb_levels(pair.load()[1])
        height, width = hr.shape[:2]
        for sample, file in enumerate(given.files[pair.name]):
            image = load_image(file)[:, :height, :width]
            levels = rgb_levels(image)
            if np.array_equal(levels, hr):
                raise InputError(
                    f"the output of '{pair.name}' equals its HR image; submit your method's"
                )
            outputs.append(
                Output(
                    image=pair.name,
                    seed=record.methods[0].seed,
                    sample=sample,
                    width=width,
                    height=height,
                    sha256=pixel_sha256((image,)),
                    detail=detail(levels, hr),
                    grain=grain(levels, hr),
                )
            )
            if sample == 0 and pair.name in shown:
                boxes[pair.name] = box = choose_box(hr)
                crops[pair.name] = write_crop(levels, box)
    return Scored(record=record, outputs=tuple(outputs), boxes=boxes, crops=crops)


def rgb_levels(image: Tensor) -> npt.NDArray[np.uint8]:
    """Return (3, H, W) in [0, 1] as (H, W, 3) levels."""
    levels: npt.NDArray[np.uint8] = to_uint8(image).permute(1, 2, 0).contiguous().numpy()
    return levels
