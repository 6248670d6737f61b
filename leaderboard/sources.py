"""The ways in that run something: a checkpoint, code of the submitter's own, a method of ours."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pdbench import baselines, methods
from pdbench.baselines.spandrel_adapter import Checkpoint
from pdbench.data.datasets import Dataset
from pdbench.errors import InputError, system_reason
from pdbench.harness.config import RunConfig, weights_of
from pdbench.harness.local import as_method, executor_for, load_code
from pdbench.harness.method import Method
from pdbench.harness.options import EvalOptions
from pdbench.harness.runner import restore_images
from pdbench.leaderboard.provenance import Origin
from pdbench.leaderboard.scoring import serial_executor
from pdbench.leaderboard.submission import Entry
from pdbench.methods.catalog import MethodCatalog

__all__ = [
    "Runnable",
    "from_checkpoint",
    "from_code",
    "from_repository",
    "reproduce",
    "write_images",
]


@dataclass(frozen=True, kw_only=True)
class Runnable:
    """A method that can be run here, and what a submission says of where it came from.

    Attributes:
        method: The method.
        catalog: Where its networks come from.
        origin: What was handed in.
    """

    method: Method
    catalog: MethodCatalog
    origin: Origin


def _sha256(path: Path, what: str) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"cannot read {what} '{path}' ({system_reason(error)}); check the path"
        ) from None


def from_repository(name: str, size: str) -> Runnable:
    """Take a method of this repository; raises InputError for an unknown one."""
    method = methods.resolve(name)
    fingerprint = weights_of(method, baselines.fingerprint, size)
    return Runnable(
        method=method,
        catalog=MethodCatalog(),
        origin=Origin(way="own", size=size if method.baselines else "", weights=fingerprint),
    )


def from_checkpoint(path: Path, name: str) -> Runnable:
    """Take a network out of a file, which is read without executing anything in it."""
    digest = _sha256(path, "checkpoint")
    given = Checkpoint(id=name, path=path)
    return Runnable(
        method=MethodCatalog(given).method(name),
        catalog=MethodCatalog(given),
        origin=Origin(way="checkpoint", source=digest, weights=given.fingerprint()),
    )


def from_code(place: str, name: str) -> Runnable:
    """Take a method out of a file of Python, which is executed: the submitter's own, never other.

    Args:
        place: "FILE.py:NAME", NAME being a `Method`, a callable or a network; see `load_code`.
        name: Id of a callable or a network.

    Raises:
        InputError: There is no such file or name, it cannot be imported, or it is no `Method`.
    """
    code = load_code(place)
    method = code if isinstance(code, Method) else as_method(name, code)
    digest = _sha256(Path(place.rpartition(":")[0]), "method file")
    fingerprint = weights_of(method, baselines.fingerprint, "compact")
    return Runnable(
        method=method,
        catalog=MethodCatalog(local={method.id: method}),
        origin=Origin(
            way="method",
            source=digest,
            size="compact" if method.baselines else "",
            weights=fingerprint,
        ),
    )


def reproduce(
    entry: Entry,
    dataset: Dataset,
    folder: Path,
    checkpoint: Path | None,
    options: EvalOptions,
    *,
    progress: bool = False,
) -> None:
    """Run what a submission declares, to see whether its scores come out again.

    Args:
        entry: The submission.
        dataset: What to run on.
        folder: Where the images go.
        checkpoint: The file that was submitted, where one was.
        options: How to run it.
        progress: Whether to show a progress bar.

    Raises:
        InputError: It was submitted as images or code, which the board does not run, or the
            weights are not those that were submitted.
    """
    way, source = entry.provenance.way, entry.provenance.source
    if way == "own":
        runnable = from_repository(entry.id, options.size)
    elif way == "checkpoint" and checkpoint is not None:
        if _sha256(checkpoint, "checkpoint") != source:
            raise InputError(f"'{checkpoint}' is not the checkpoint that was submitted; give that")
        runnable = from_checkpoint(checkpoint, entry.id)
    elif way == "checkpoint":
        raise InputError("it was submitted with a checkpoint; give the file with --checkpoint")
    else:
        raise InputError(
            f"it was submitted as {'code' if way == 'method' else way}, which the board does not "
            "run; verify it with --sr"
        )
    write_images(folder, runnable, dataset, options, progress=progress)


def write_images(
    folder: Path,
    runnable: Runnable,
    dataset: Dataset,
    options: EvalOptions,
    *,
    progress: bool = False,
) -> None:
    """Run a method on a dataset and write what it makes.

    Args:
        folder: Where `<image>.png` goes, or `<image>_sample00000.png` and so on of a stochastic
            method; replaced.
        runnable: The method.
        dataset: Its LR images.
        options: How it runs; the protocol says how outputs are rounded.
        progress: Whether to show a progress bar.

    Raises:
        InputError: The method fails, or is code of the caller's own, which no other machine runs.
        WeightsUnavailable: A network has no weights of this size here.
    """
    method = runnable.method.id
    local = runnable.catalog.local.values()
    executor = executor_for(options, *local) if local else serial_executor(options)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".made-", dir=folder.parent) as made:
        config = RunConfig(
            dataset=dataset,
            methods=(method,),
            catalog=runnable.catalog,
            options=options,
            save_images=Path(made).resolve(),
        )
        restore_images(config, executor=executor, progress=progress)
        shutil.rmtree(folder, ignore_errors=True)
        Path(made, method).replace(folder)
