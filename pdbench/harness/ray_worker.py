"""Ray workers: processes on the nodes of a Ray cluster that score tasks for one run.

A worker needs no file of the machine that asked. Paths in what it is sent are moved below a folder
of its own; the files it reads, and no others, are sent along and written there.
"""

from __future__ import annotations

import io
import os
import pickle
import platform
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch

from pdbench.atomic_write import replace_file
from pdbench.errors import InputError, PdbenchError
from pdbench.harness.config import Progress, RunConfig, resolve_device
from pdbench.harness.method_records import method_records, missing_weights
from pdbench.harness.restore import Figure, FigureTask, restore_image
from pdbench.harness.run_info import MethodRecord, installed_versions
from pdbench.harness.scorer import ImageScorer
from pdbench.weights import cache_folder

__all__ = ["Arrival", "RayWorker", "pack"]

FETCHED = "fetched"
"""Folder, in a worker's own, of the weights that metrics look for by name."""

_PREFIX = "pdbench-ray-"

_Result: TypeAlias = Progress | Figure | Exception
"""What comes of one method of a task; an exception is one that ends the run."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What a worker says of itself before it is given anything.

    Attributes:
        node: Id of its node.
        name: Name of its machine.
        versions: Package -> version, as `installed_versions`.
        lacking: Of the digests it was asked for, those that its machine does not hold.
    """

    node: str
    name: str
    versions: Mapping[str, str]
    lacking: tuple[str, ...]


def pack(message: object) -> bytes:
    """Serialize a message for a worker, which may read its paths elsewhere."""
    buffer = io.BytesIO()
    _Packer(buffer).dump(message)
    return buffer.getvalue()


class _Packer(pickle.Pickler):
    def persistent_id(self, value: object) -> str | None:
        return str(value.absolute()) if isinstance(value, Path) else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, content: bytes, locate: Callable[[str], Path]) -> None:
        super().__init__(io.BytesIO(content))
        self._locate = locate

    def persistent_load(self, name: str) -> Path:
        return self._locate(name)


class RayWorker:
    """Scores one task after the other; made by Ray, its methods run in the order of the calls."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._root: Path | None = None
        self._progress: Iterator[_Result] = iter(())

    def arrive(self, digests: Sequence[str]) -> Arrival:
        """Say where this is and what is there."""
        import ray

        lacking = tuple(digest for digest in digests if not _kept(digest).is_file())
        return Arrival(
            node=ray.get_runtime_context().get_node_id(),
            name=platform.node(),
            versions=installed_versions(),
            lacking=lacking,
        )

    def join(
        self,
        config: bytes,
        expected: Mapping[str, MethodRecord],
        metrics: Sequence[str],
        weights: Mapping[str, str],
        shared: bool,
        digests: Sequence[str],
        *contents: bytes,
    ) -> str:
        """Get ready to score.

        Args:
            config: The run, packed.
            expected: What the run's methods are where it was asked for.
            metrics: Metrics it will compute.
            weights: Path, or bare name, of each file of weights -> its sha256.
            shared: Whether paths mean here what they mean there.
            digests: Digests of the files that come along.
            contents: These files.

        Returns:
            Why this machine would not give the same scores, "" if it would.
        """
        try:
            for digest, content in zip(digests, contents, strict=True):
                _keep(digest, content)
            if not shared:
                self._root = _make_folder()
                self._lay_out(weights)
            run: RunConfig = self._unpack(config)
            resolve_device(run.options.device)
            found = method_records(run)
            models = {name for record in found.values() for name in record.models}
            if unavailable := missing_weights(metrics, models):
                return next(iter(unavailable.values()))
            self._run, self._scorer = run, ImageScorer(run)
        except PdbenchError as error:
            return str(error)
        return next(filter(None, (_difference(expected[name], found[name]) for name in found)), "")

    def begin(self, task: bytes, paths: Sequence[str], *contents: bytes) -> None:
        """Take on a task, with the files it reads; `step` then does one method after the other."""
        self._progress = self._score(task, dict(zip(paths, contents, strict=True)))

    def step(self) -> tuple[_Result, dict[str, bytes]]:
        """Do one method of the task; return it and its images, by name below their folder."""
        return next(self._progress), self._take_images()

    def _take_images(self) -> dict[str, bytes]:
        folder, images = self._run.save_images, {}
        if folder is not None and self._root is not None:
            for path in folder.rglob("*.png"):
                images[path.relative_to(folder).as_posix()] = path.read_bytes()
                path.unlink()
        return images

    def _score(self, task: bytes, files: Mapping[str, bytes]) -> Iterator[_Result]:
        places = {self._place(path): content for path, content in files.items()}
        try:
            for place, content in places.items():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            work = self._unpack(task)
            if isinstance(work, FigureTask):
                yield self._figure(work)
            else:
                yield from self._scorer.score(work)
        except PdbenchError as error:
            yield error
        except Exception:
            yield RuntimeError(f"a worker process failed\n{traceback.format_exc()}")
        finally:
            for place in places:
                place.unlink(missing_ok=True)

    def _figure(self, task: FigureTask) -> Figure:
        run = self._run
        methods = [run.catalog.method(name) for name in run.methods]
        return restore_image(task.pair, methods, run.catalog, run.options)

    def _unpack(self, content: bytes) -> Any:  # noqa: ANN401
        return _Unpacker(content, self._place).load()

    def _place(self, path: str) -> Path:
        """Return where a path of the asking machine lies here."""
        if self._root is None:
            return Path(path)
        return self._root / Path(path).relative_to(Path(path).anchor)

    def _lay_out(self, weights: Mapping[str, str]) -> None:
        """Put kept files of weights where they are looked for, and look there first."""
        root = self._root or Path()
        for path, digest in weights.items():
            place = self._place(path) if os.sep in path else root / FETCHED / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(_kept(digest))
        named = os.environ.get("PDBENCH_WEIGHTS", "").split(os.pathsep)
        folders = [str(root / FETCHED), *(str(self._place(path)) for path in named if path)]
        os.environ["PDBENCH_WEIGHTS"] = os.pathsep.join(folders)


def _difference(expected: MethodRecord, found: MethodRecord) -> str:
    """Say why a method would not give the same scores on another machine, "" if it would."""
    if found.weights != expected.weights:
        return f"'{found.id}' has weights {found.weights} there and {expected.weights} here"
    if found.hashes != expected.hashes or found.code != expected.code:
        return f"the code behind '{found.id}' is not the same there"
    return ""


def _kept(digest: str) -> Path:
    """Return where a machine keeps a file it was sent."""
    return cache_folder() / "received" / digest


def _keep(digest: str, content: bytes) -> None:
    """Keep a file for all workers of this machine, and for later runs."""
    target = _kept(digest)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, content)
    except OSError as error:
        raise InputError(f"cannot write '{target}' ({error.strerror})") from None


def _make_folder() -> Path:
    """Make a folder for this process; those of processes that are gone are removed."""
    for earlier in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        process = earlier.name.removeprefix(_PREFIX).partition("-")[0]
        if not (process.isdecimal() and _is_alive(int(process))):
            shutil.rmtree(earlier, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
