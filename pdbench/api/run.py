"""`pdbench run` as a Python call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdbench.api.tables import render
from pdbench.errors import InputError
from pdbench.registry import unknown_id

if TYPE_CHECKING:
    from pdbench.harness.plan import Plan
    from pdbench.harness.run_info import RunRecord

__all__ = ["Report", "run", "score", "without_weights"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run leaves.

    Attributes:
        folder: The run folder, to be given to `table` and `plot`.
        record: The scores of the methods asked for, and what they mean.
        scored: Outputs computed by this run.
        reused: Outputs that were stored already.
        failed: (image, method, reason) of every output without scores.
        exported: Files written below the folder for exports.
        unavailable: (method, reason) of the suite's rows that were left out.
    """

    folder: Path
    record: RunRecord
    scored: int
    reused: int
    failed: tuple[tuple[str, str, str], ...]
    exported: tuple[Path, ...]
    unavailable: tuple[tuple[str, str], ...] = ()

    @property
    def table(self) -> str:
        """The scores as a text table."""
        return render(self.record, form="text")


def run(
    methods: Sequence[str] = (),
    *,
    suite: str | None = None,
    checkpoint: str | Path | None = None,
    name: str | None = None,
    dataset: str = "builtin",
    data_root: str | Path | None = None,
    seed: int = 0,
    metrics: Sequence[str] = (),
    protocol: str = "paper",
    device: str = "cpu",
    size: str = "compact",
    jobs: int | None = None,
    output: str | Path | None = None,
    export: str | Path | None = None,
    weights_dir: str | Path | None = None,
    max_memory: int | None = None,
    offline: bool = False,
    progress: bool = False,
) -> Report:
    """Score methods on a dataset; scores in the run folder are kept and not computed again.

    Args:
        methods: Method ids, in row order.
        suite: Name of a list of methods, put before `methods`; those whose networks have no
            weights here are left out and reported.
        checkpoint: File of a x4 RGB network that spandrel knows, scored after `methods`.
        name: Id of the checkpoint's row; made from the file's name when None.
        dataset: Dataset id, or a folder of images.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        seed: Seed of all samples.
        metrics: Metric ids; all of the protocol's when empty.
        protocol: Protocol id.
        device: "cpu", "cuda", "cuda:1" or "auto".
        size: Size of the networks, "compact" or "paper".
        jobs: Processes; one per core, or one per GPU, when None.
        output: Run folder; runs/<dataset> when None.
        export: Folder below which the scores are exported as well, as in results/.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        max_memory: Bytes of working memory of the networks, per process.
        offline: Download nothing.
        progress: Show progress bars on stderr.

    Returns:
        The scores and where they are.

    Raises:
        InputError: Something asked for is unknown or cannot be used.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    from pdbench import baselines
    from pdbench import methods as room
    from pdbench.api.environment import settings
    from pdbench.data.datasets import open_dataset
    from pdbench.harness import plan

    if suite is not None and suite not in room.SUITES:
        raise unknown_id("suite", suite, room.SUITES)
    networks: dict[str, Any] = {
        "resolve": room.resolve,
        "open_baseline": baselines.open_baseline,
        "fingerprint": baselines.fingerprint,
    }
    with settings(weights_dir=weights_dir, offline=offline):
        rows = room.SUITES[suite] if suite else ()
        unavailable = without_weights([name for name in rows if name not in methods], size)
        names = [*(name for name in rows if name not in unavailable), *methods]
        if checkpoint is not None:
            own, networks = _with_checkpoint(Path(checkpoint).expanduser(), name)
            names.append(own)
        elif name is not None:
            raise InputError("--name is for the row of a --checkpoint; leave it out")
        opened = open_dataset(dataset, data_root)
        report = score(
            plan.Plan(
                dataset=opened,
                methods=tuple(dict.fromkeys(names)),
                **networks,
                size=size,
                protocol=protocol,
                metrics=tuple(metrics) or None,
                seed=seed,
                device=device,
                jobs=jobs,
                max_memory=max_memory or plan.DEFAULT_MEMORY,
            ),
            Path(output) if output else Path("runs") / opened.id,
            export=export,
            progress=progress,
        )
    return replace(report, unavailable=tuple(unavailable.items()))


def without_weights(names: Sequence[str], size: str) -> dict[str, str]:
    """Return the methods that cannot be run because a network has no weights, and why."""
    from pdbench import baselines
    from pdbench import methods as room
    from pdbench.errors import WeightsUnavailable

    reasons: dict[str, str] = {}
    for name in names:
        try:
            for baseline in room.resolve(name).baselines:
                baselines.fingerprint(baseline, size)
        except WeightsUnavailable as error:
            reasons[name] = str(error)
    return reasons


def _with_checkpoint(path: Path, name: str | None) -> tuple[str, dict[str, Any]]:
    """Return a checkpoint's id, and the functions of a plan that know it beside all others."""
    from pdbench.api.evaluate import check_name
    from pdbench.baselines.spandrel_adapter import Checkpoint, open_checkpoint
    from pdbench.methods import checkpoint as room

    own = name or re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "checkpoint"
    check_name(own)
    given = Checkpoint(id=own, path=path)
    open_checkpoint(given)  # what is wrong with it is said before anything is written
    return own, {
        "resolve": partial(room.resolve, given),
        "open_baseline": partial(room.open_network, given),
        "fingerprint": partial(room.fingerprint, given),
    }


def score(plan: Plan, folder: Path, *, export: str | Path | None, progress: bool) -> Report:
    """Carry a plan out and report on its methods.

    Args:
        plan: What to score.
        folder: Run folder.
        export: Folder below which the scores are exported as well, or None.
        progress: Show progress bars on stderr.

    Returns:
        The scores of the plan's methods, and where they are.

    Raises:
        PdbenchError: As `pdbench.harness.run.run`.
    """
    from pdbench.harness import results
    from pdbench.harness.run import run as work

    done = work(plan, folder, progress=progress)
    record = _only(done.record, done.methods)
    return Report(
        folder=folder,
        record=record,
        scored=done.scored,
        reused=done.reused,
        failed=done.failed,
        exported=tuple(results.export_results(record, Path(export))) if export else (),
    )


def _only(record: RunRecord, methods: Sequence[str]) -> RunRecord:
    """Leave in a record what belongs to the methods, in their order."""
    known = {method.id: method for method in record.methods}
    return replace(
        record,
        methods=tuple(known[name] for name in methods),
        scores=tuple(score for score in record.scores if score.method in methods),
    )
