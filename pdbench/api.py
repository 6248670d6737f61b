"""The commands as Python calls: each does what `pdbench <command>` does with the same options.

Imports stand inside the functions: help must not wait for torch, and tables and plots must work
without it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pdbench.errors import InputError
from pdbench.registry import unknown_id

if TYPE_CHECKING:
    from pdbench.harness.record import RunRecord
    from pdbench.inventory import Rows

__all__ = [
    "KINDS",
    "TABLE_FORMATS",
    "Report",
    "doctor",
    "list_all",
    "plot",
    "run",
    "table",
    "train",
]

KINDS = ("methods", "metrics", "datasets", "weights")
"""What `list_all` lists."""

TABLE_FORMATS = ("text", "md", "csv", "json", "latex")
"""What `table` writes; the same as `pdbench.plots.tables.TableFormat`."""


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
    """

    folder: Path
    record: RunRecord
    scored: int
    reused: int
    failed: tuple[tuple[str, str, str], ...]
    exported: tuple[Path, ...]

    @property
    def table(self) -> str:
        """The scores as a text table."""
        return _render(self.record, form="text")


def run(
    methods: Sequence[str] = (),
    *,
    suite: str | None = None,
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
        suite: Name of a list of methods, put before `methods`.
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
    from pdbench.data.datasets import open_dataset
    from pdbench.harness import plan, results
    from pdbench.harness.run import run as work

    if suite is not None and suite not in room.SUITES:
        raise unknown_id("suite", suite, room.SUITES)
    names = tuple(dict.fromkeys([*room.SUITES.get(suite, ()), *methods]))
    with _settings(weights_dir=weights_dir, offline=offline):
        opened = open_dataset(dataset, data_root)
        folder = Path(output) if output else Path("runs") / opened.id
        done = work(
            plan.Plan(
                dataset=opened,
                methods=names,
                resolve=room.resolve,
                open_baseline=baselines.open_baseline,
                fingerprint=baselines.fingerprint,
                size=size,
                protocol=protocol,
                metrics=tuple(metrics) or None,
                seed=seed,
                device=device,
                jobs=jobs,
                max_memory=max_memory or plan.DEFAULT_MEMORY,
            ),
            folder,
            progress=progress,
        )
    record = _only(done.record, names)
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


def list_all(kind: str, *, data_root: Path | None = None, weights_dir: Path | None = None) -> Rows:
    """List what there is of one kind.

    Args:
        kind: "methods", "metrics", "datasets" or "weights".
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.

    Returns:
        (id, what it is), one a line.

    Raises:
        InputError: The kind is unknown or a folder does not exist.
    """
    if kind not in KINDS:
        raise unknown_id("kind of list", kind, KINDS)
    from pdbench import inventory

    with _settings(weights_dir=weights_dir):
        if kind == "datasets":
            return inventory.dataset_rows(data_root)
        listings = {
            "methods": inventory.method_rows,
            "metrics": inventory.metric_rows,
            "weights": inventory.weight_rows,
        }
        return listings[kind]()


def doctor(*, data_root: Path | None = None, weights_dir: Path | None = None) -> dict[str, Rows]:
    """Say what is installed, which weights and data are here, and how to get the rest.

    Args:
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.

    Returns:
        Section title -> (name, finding), one a line.
    """
    from pdbench import inventory

    with _settings(weights_dir=weights_dir):
        return inventory.report(data_root)


def table(
    folder: str | Path,
    *,
    form: str = "text",
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
    ci: bool = True,
    output: Path | None = None,
) -> str:
    """Make a table of stored scores. Needs no torch.

    Args:
        folder: A run folder, or a dataset's folder below results/.
        form: One of `TABLE_FORMATS`.
        methods: Method ids in row order; all when empty.
        metrics: Metric ids in column order; all when empty.
        ci: Whether to compute 95 % bootstrap intervals.
        output: File to write the table to as well.

    Returns:
        The table, without trailing newline.

    Raises:
        InputError: The folder holds no scores, an id or the format is unknown, the scores cannot
            share a table, or the file cannot be written.
    """
    text = _render(_read(Path(folder)), form=form, methods=methods, metrics=metrics, ci=ci)
    if output is not None:
        with _writing(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(f"{text}\n", encoding="utf-8")
    return text


def plot(
    folder: str | Path,
    *,
    x: str = "psnr",
    y: str = "lpips-vgg",
    methods: Sequence[str] = (),
    output: str | Path = "plane.html",
) -> Path:
    """Draw stored scores as a perception-distortion plane. Needs no torch.

    Args:
        folder: A run folder, or a dataset's folder below results/.
        x: Metric id on the horizontal axis; better is left.
        y: Metric id on the vertical axis; better is down.
        methods: Method ids to show; all when empty.
        output: File to write; its ending decides: .html (interactive), .png, .svg or .pdf.

    Returns:
        The file written.

    Raises:
        InputError: The folder holds no scores, an id or the ending is unknown, or the file cannot
            be written.
    """
    from pdbench.plots import plane

    record = _read(Path(folder))
    return plane.plot(
        record.scores,
        record.metrics,
        out=Path(output),
        x=x,
        y=y,
        methods=list(methods) or None,
        titles={method.id: method.title for method in record.methods},
        kinds={method.id: method.kind for method in record.methods},  # type: ignore[misc]
        images=len(record.dataset.images),
        size=record.sizes,
    )


def train(
    baseline: str,
    *,
    data: Sequence[str | Path],
    output: str | Path,
    config: str = "compact",
    resume: bool = False,
    device: str = "auto",
    threads: int | None = None,
    steps: int | None = None,
    progress: bool = True,
) -> Path:
    """Train a network from a recipe.

    Args:
        baseline: "rrdb" or "srflow-da".
        data: Folders of HR photographs, searched below.
        output: Folder for checkpoints, log and exported weights.
        config: "compact", "paper", or the path of a YAML recipe.
        resume: Continue from the newest checkpoint in `output`.
        device: "auto", "cpu" or "cuda".
        threads: CPU threads; torch's default when None.
        steps: Steps to train instead of the recipe's.
        progress: Whether to show a bar with ETA and loss.

    Returns:
        Path of the exported weights.

    Raises:
        InputError: The network, recipe, data, device or folder cannot be used.
        TrainingDiverged: The loss stopped being finite; names the last good checkpoint.
    """
    from pdbench import baselines

    weights: Path = baselines.train(
        baseline,
        [Path(folder) for folder in data],
        Path(output),
        config=config,
        resume=resume,
        device=None if device == "auto" else device,
        threads=threads,
        steps=steps,
        progress=progress,
    )
    return weights


def _read(folder: Path) -> RunRecord:
    from pdbench.harness import reader, results

    if not folder.is_dir():
        raise InputError(
            f"folder '{folder}' does not exist; give a run folder or one below results/, "
            "or make scores with 'pdbench run'"
        )
    if reader.is_run_folder(folder):
        return reader.read_run(folder)
    if results.is_results_folder(folder):
        return results.read_results(folder)
    raise InputError(
        f"'{folder}' holds no scores; give a run folder or one below results/, "
        "or make scores with 'pdbench run'"
    )


def _render(
    record: RunRecord,
    *,
    form: str,
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
    ci: bool = True,
) -> str:
    from pdbench.plots import tables

    facts = {fact.id: fact for fact in record.metrics}
    for name in metrics:
        if name not in facts:
            raise unknown_id("metric in these scores", name, facts)
    return tables.table(
        record.scores,
        [facts[name] for name in metrics] or list(facts.values()),
        format=form,  # type: ignore[arg-type]  (checked there)
        methods=list(methods) or None,
        titles={method.id: method.title for method in record.methods},
        images=len(record.dataset.images),
        size=record.sizes,
        interval="half-width" if ci else "none",
    )


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write '{path}' ({error.strerror}); choose a place that can be written"
        ) from error


@contextlib.contextmanager
def _settings(*, weights_dir: str | Path | None = None, offline: bool = False) -> Iterator[None]:
    """Hold settings that worker processes inherit through the environment, for one call."""
    from pdbench.weights import set_weights_folder

    names = ("PDBENCH_WEIGHTS", "PDBENCH_OFFLINE")
    before = {name: os.environ.get(name) for name in names}
    try:
        if weights_dir is not None:
            set_weights_folder(weights_dir)
        if offline:
            os.environ["PDBENCH_OFFLINE"] = "1"
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
