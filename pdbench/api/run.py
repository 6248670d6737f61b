"""`pdbench run` as a Python call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from pdbench.api.local_code import Methods, open_catalog, open_metrics
from pdbench.api.results import Results
from pdbench.data.datasets import Dataset, open_dataset
from pdbench.errors import InputError
from pdbench.harness import runner
from pdbench.harness.config import RunConfig
from pdbench.harness.local import executor_for
from pdbench.harness.options import EvalOptions, OptionFields, split_ids
from pdbench.harness.plan import Plan, plan_run
from pdbench.harness.results import export_results
from pdbench.harness.run_info import DatasetRecord, RunRecord
from pdbench.methods import SUITES
from pdbench.metrics import METRICS
from pdbench.registry import unknown_id
from pdbench.weights import settings

__all__ = ["run"]


def run(
    methods: Methods = (),
    *,
    suite: str | None = None,
    checkpoint: str | Path | None = None,
    name: str | None = None,
    dataset: str | Path = "builtin",
    output: str | Path | None = None,
    export: str | Path | None = None,
    save_images: str | Path | None = None,
    force: str | Sequence[str] | None = None,
    dry_run: bool = False,
    progress: bool = False,
    **fields: Unpack[OptionFields],
) -> Results:
    """Score methods on a dataset; scores in the run folder are kept and not computed again.

    Args:
        methods: Method ids; code of your own as {name: callable}, as a `Method`, or as
            "FILE.py:NAME". A callable maps an LR image, (1, 3, h, w) or (3, h, w) in [0, 1], to a
            x4 image; it runs in this process unless workers can import it. Rows come in the
            paper's order whatever the order here; other methods follow, sorted by id.
        suite: Name of a list of methods, put before `methods`; those whose networks have no
            weights here are left out and reported.
        checkpoint: File of a x4 RGB network that spandrel knows, scored after `methods`.
        name: Id of the checkpoint's row; made from the file's name when None.
        dataset: Dataset id, or a folder of images.
        output: Run folder; runs/<dataset> when None.
        export: Folder below which the scores are exported as well, as in results/.
        save_images: Folder for all outputs: `<method>/<image>.png`, rounded as the protocol says.
        force: Methods whose stored scores are computed again; all of them when empty, none when
            None.
        dry_run: Compute, download and write nothing: `plan` of what is returned says what a run
            would compute, how long that took before, and which weights are missing.
        progress: Show progress bars on stderr.
        fields: How images are restored and scored, as in `EvalOptions`. `metrics` may be, or
            hold, code of your own: {name: callable} of (sr, hr), or a `Metric`.

    Returns:
        The scores and where they are.

    Raises:
        InputError: Something asked for is unknown or cannot be used.
        WeightsUnavailable: A network has no weights of the size asked for.

    >>> import pdbench
    >>> methods = {"nearest": lambda lr: lr.repeat_interleave(4, -1).repeat_interleave(4, -2)}
    >>> metrics = ["psnr", {"mae": lambda sr, hr: (sr - hr).abs().mean()}]
    >>> results = pdbench.run(methods, metrics=metrics)
    >>> print(results.summary()["mae", "mean"].round(3))
    method
    nearest    0.041
    Name: (mae, mean), dtype: float64
    """
    options = EvalOptions.of(**fields)
    metrics, local_metrics = open_metrics(split_ids(fields.get("metrics") or ()))
    options = replace(options, metrics=metrics)
    if suite is not None and suite not in SUITES:
        raise unknown_id("suite", suite, SUITES)
    if name is not None and checkpoint is None:
        raise InputError("--name is for the row of a --checkpoint; leave it out")
    with settings(weights_dir=options.weights_dir, offline=options.offline or dry_run):
        names, catalog = open_catalog(split_ids(methods), checkpoint, name)
        left_out = {}
        if suite:
            rows = [row for row in SUITES[suite] if row not in names]
            left_out = catalog.without_weights(rows, options.size)
            names = [*(row for row in rows if row not in left_out), *names]
        opened = open_dataset(dataset, options.data_root)
        config = RunConfig(
            dataset=opened,
            methods=tuple(names),
            catalog=catalog,
            options=options,
            local_metrics=local_metrics,
            save_images=Path(save_images).resolve() if save_images else None,
        )
        folder = Path(output) if output else Path("runs") / opened.id
        again = () if force is None else split_ids(force) or names
        code = (catalog.local, local_metrics)
        with METRICS.holding(local_metrics):
            if dry_run:
                plan = plan_run(runner.prepare(config, again), folder, again)
                return _planned(opened, folder, plan, left_out)
            result = runner.run(
                config,
                folder,
                force=again,
                executor=executor_for(options, *code) if any(code) else None,
                progress=progress,
            )
    exported = tuple(export_results(result.record, Path(export))) if export else ()
    return Results(**vars(result) | {"left_out": left_out, "exported": exported})


def _planned(dataset: Dataset, folder: Path, plan: Plan, left_out: Mapping[str, str]) -> Results:
    """Return a dry run's result: a plan and no scores."""
    facts = DatasetRecord(
        id=dataset.id, title=dataset.title, scale=dataset.scale, images={}, sha256=""
    )
    record = RunRecord(dataset=facts, metrics=(), methods=(), scores=())
    return Results(folder=folder, record=record, computed=0, kept=0, left_out=left_out, plan=plan)
