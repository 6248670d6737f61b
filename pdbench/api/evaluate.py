"""`pdbench eval` as a Python call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from pdbench.api.local_code import check_name, open_metrics
from pdbench.api.results import Results
from pdbench.data.datasets import Dataset, open_dataset, open_folders
from pdbench.data.sr_folders import Outputs, group_outputs, match_outputs
from pdbench.errors import InputError
from pdbench.harness import runner
from pdbench.harness.config import RunConfig
from pdbench.harness.external_images import open_images, read_outputs
from pdbench.harness.local import as_method, executor_for, load_code
from pdbench.harness.method import Method
from pdbench.harness.options import EvalOptions, OptionFields, split_ids
from pdbench.harness.results import export_results
from pdbench.methods.catalog import MethodCatalog
from pdbench.metrics import METRICS
from pdbench.weights import settings

__all__ = ["evaluate"]


def evaluate(
    sr: str | Path | None = None,
    *,
    name: str,
    method: object = None,
    hr: str | Path | None = None,
    lr: str | Path | None = None,
    dataset: str | Path | None = None,
    title: str | None = None,
    group_by: str | None = None,
    by_order: bool = False,
    output: str | Path | None = None,
    export: str | Path | None = None,
    progress: bool = False,
    **fields: Unpack[OptionFields],
) -> Results:
    """Score a folder of super-resolved images, or code of your own; what is stored is kept.

    Args:
        sr: Folder of outputs, each named like its HR image with any ending ("0801x4_mynet.png");
            several outputs of an image end in sample numbers ("0801_sample00003.png").
        group_by: Score what differs in the names otherwise ("0801_tau0.9.png") as rows of their
            own, called `name`-tau0.9; the word it begins with, or "" for any. None refuses it.
        by_order: Match outputs and HR images by the order of their names.
        name: Id the outputs get in tables and files.
        method: Instead of `sr`: a callable, a `Method` or "FILE.py:NAME", as for `run`.
        hr: Folder of HR images; either this or `dataset`.
        lr: Folder of LR images; those beside `hr`, or made from it, when None.
        dataset: Dataset id.
        title: Row title; the name when None.
        output: Run folder; runs/<dataset> when None.
        export: Folder below which the scores are exported as well, as in results/.
        progress: Show progress bars on stderr.
        fields: How images are scored, as in `EvalOptions`.

    Returns:
        The scores and where they are.

    Raises:
        InputError: The name is taken or malformed, images have no partner, or a file cannot be
            scored; it is named.

    >>> import pdbench
    >>> made = pdbench.run("bicubic", metrics="psnr", save_images="out")
    >>> again = pdbench.evaluate("out/bicubic", name="mynet", dataset="builtin", metrics="psnr")
    >>> list(again.summary().index)
    ['mynet']
    """
    options = EvalOptions.of(**fields)
    metrics, local_metrics = open_metrics(split_ids(fields.get("metrics") or ()))
    options = replace(options, metrics=metrics)
    check_name(name)
    opened = _dataset(hr, lr, dataset, options.data_root)
    folder = Path(output) if output else Path("runs") / opened.id
    if (sr is None) == (method is None):
        raise InputError("say what to score: either a folder, --sr, or code of your own, --method")
    if sr is None:
        row = as_method(name, load_code(method) if isinstance(method, str) else method)
        rows = {name: replace(row, title=title or row.title)}
    else:
        found = _settings(Path(sr).expanduser(), opened, group_by, by_order=by_order)
        rows = _open_rows(found, opened, name, title or name, folder, progress=progress)
    config = RunConfig(
        dataset=opened,
        methods=tuple(rows),
        catalog=MethodCatalog(local=rows),
        options=options,
        local_metrics=local_metrics,
    )
    with (
        settings(weights_dir=options.weights_dir, offline=options.offline),
        METRICS.holding(local_metrics),
    ):
        code = (method and rows, local_metrics)
        executor = executor_for(options, *code) if any(code) else None
        result = runner.run(config, folder, executor=executor, progress=progress)
    exported = tuple(export_results(result.record, Path(export))) if export else ()
    return Results(**vars(result) | {"exported": exported})


def _open_rows(
    found: Iterable[tuple[str, Outputs]],
    dataset: Dataset,
    name: str,
    title: str,
    folder: Path,
    *,
    progress: bool,
) -> dict[str, Method]:
    """Open the outputs of each setting as a row of its own."""
    rows = {}
    for label, files in found:
        own = check_name(f"{name}-{label}" if label else name)
        rows[own] = open_images(
            files,
            dataset,
            name=own,
            title=f"{title} {label}".strip(),
            checked=read_outputs(folder, dataset, own),
            progress=progress,
        )
    return rows


def _settings(
    sr: Path, dataset: Dataset, group_by: str | None, *, by_order: bool
) -> Iterator[tuple[str, Outputs]]:
    """Yield what tells settings apart, in lowercase, and their outputs; "" where there is one."""
    if group_by is None:
        yield "", match_outputs(sr, dataset.pairs, by_order=by_order)
        return
    found = group_outputs(sr, dataset.pairs, by_order=by_order, parameter=group_by)
    for label, files in found.items():
        yield re.sub(r"[^a-z0-9._-]+", "-", label.lower()).strip("-._"), files


def _dataset(
    hr: str | Path | None, lr: str | Path | None, dataset: str | Path | None, root: Path | None
) -> Dataset:
    if (hr is None) == (dataset is None):
        raise InputError("say what the images are compared with: either --hr or --dataset")
    if hr is not None:
        return open_folders(hr, lr)
    if lr is not None:
        raise InputError("--lr goes with --hr; a dataset brings its own LR images")
    return open_dataset(dataset or "", root)
