"""Weight files: find, verify, fetch, and say what is missing and how to get it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import logging
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_cache_path
from tqdm import tqdm

from pdbench.atomic_write import replace_file
from pdbench.errors import InputError, WeightsUnavailable

try:
    import fcntl
except ImportError:  # Windows: two processes may fetch the same file, the last one wins
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "BundledFile", "WeightFile", "alone", "announce_download", "bundled_bytes", "cache_folder",
    "download", "fetch", "find", "is_offline", "matches", "searched_first", "settings",
    "sha256_of", "weights_folders",
]  # fmt: skip

_log = logging.getLogger(__name__)

_FOLDER = "PDBENCH_WEIGHTS"
_OFFLINE = "PDBENCH_OFFLINE"
_CONNECT_SECONDS = 4.0
_CHUNK = 2**20


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """Declaration of one file of weights that pdbench does not carry itself.

    Attributes:
        name: File name as the origin spells it ("PieAPPv0.1-0937b014.pth").
        sha256: Hex digest, or its published prefix (8 digits or more), or "" where none is
            published: any file of that name is then taken.
        url: Official download address, or "" where there is none.
        folders: Cache folders that may already hold it, relative to the torch hub folder.
        how: One clause: how a user gets the file by hand.
        purpose: What needs it ("PieAPP"), said when it is downloaded.
        build: Makes the file's content from another source where no copy is found; raises
            WeightsUnavailable. None for files that are downloaded.
    """

    name: str
    sha256: str
    url: str
    folders: tuple[str, ...] = ()
    how: str
    purpose: str = ""
    build: Callable[[], bytes] | None = field(default=None, compare=False)


_unreachable: dict[str, str] = {}
"""Host -> why it could not be reached; not asked again by this process."""
_failed: dict[WeightFile, str] = {}
"""File -> why it could not be had; not tried again by this process, though looked for again."""


@dataclass(frozen=True, kw_only=True)
class BundledFile:
    """Declaration of one file of weights inside this package.

    Attributes:
        name: File name.
        sha256: Hex digest of the file.
        package: Import name of the package whose folder holds it ("pdbench.metrics").
    """

    name: str
    sha256: str
    package: str


def bundled_bytes(file: BundledFile) -> bytes:
    """Read a carried file; raises WeightsUnavailable if it is missing or was altered."""
    try:
        content = (resources.files(file.package) / file.name).read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise WeightsUnavailable(f"{file.name} of pdbench is damaged; install pdbench again")
    return content


@contextlib.contextmanager
def settings(*, weights_dir: str | Path | None = None, offline: bool = False) -> Iterator[None]:
    """Hold settings of this process and those it starts, and put back what was before.

    Args:
        weights_dir: Folder searched for weights first; what PDBENCH_WEIGHTS says when None.
        offline: Download nothing; what PDBENCH_OFFLINE says when False.

    Raises:
        InputError: There is no such folder.
    """
    if weights_dir is not None and not Path(weights_dir).is_dir():
        raise InputError(f"there is no weights folder '{weights_dir}'; check the path")
    before = {name: os.environ.get(name) for name in (_FOLDER, _OFFLINE)}
    try:
        if weights_dir is not None:
            os.environ[_FOLDER] = str(Path(weights_dir).resolve())
        if offline:
            os.environ[_OFFLINE] = "1"
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def weights_folders() -> list[Path]:
    """Return the folders PDBENCH_WEIGHTS names, joined as in PATH, in the order of search."""
    named = os.environ.get(_FOLDER, "").split(os.pathsep)
    return [Path(folder).expanduser() for folder in named if folder]


@contextlib.contextmanager
def searched_first(folder: Path) -> Iterator[None]:
    """Search a folder, which need not exist yet, before all others PDBENCH_WEIGHTS names."""
    before = os.environ.get(_FOLDER, "")
    os.environ[_FOLDER] = os.pathsep.join(filter(None, [str(folder.resolve()), before]))
    try:
        yield
    finally:
        os.environ[_FOLDER] = before


def is_offline() -> bool:
    """Tell whether PDBENCH_OFFLINE forbids any use of the network."""
    return os.environ.get(_OFFLINE, "") not in ("", "0")


def cache_folder() -> Path:
    """Return the folder fetched weights are kept in; it need not exist."""
    return user_cache_path("pdbench", appauthor=False) / "weights"


def _hub_folder() -> Path:
    """Return torch's hub folder by torch's own rule, without importing torch."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    return Path(os.environ.get("TORCH_HOME", cache_home / "torch")).expanduser() / "hub"


def _hugging_face_folder() -> Path:
    cache_home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"))
    home = Path(os.environ.get("HF_HOME", cache_home / "huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()


def _candidates(file: WeightFile) -> Iterator[Path]:
    """Yield every place the file may lie in, in the order they are believed."""
    for folder in weights_folders():
        yield folder / file.name
    yield cache_folder() / file.name
    for name in file.folders:
        yield _hub_folder() / name / file.name
    yield from sorted(_hugging_face_folder().glob(f"models--*/snapshots/*/{file.name}"))


@cache
def _digest(path: Path, size: int, modified: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Return a file's sha256, computed once per process unless the file changes."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns)


def matches(path: Path, file: WeightFile) -> bool:
    """Tell whether a path holds the declared file, by its sha256."""
    try:
        return path.is_file() and sha256_of(path).startswith(file.sha256)
    except OSError as error:
        _log.warning("cannot read %s: %s", path, error)
        return False


def find(file: WeightFile) -> Path | None:
    """Return a verified copy on this machine, or None.

    Searched are PDBENCH_WEIGHTS, our cache, torch's hub folder and Hugging Face's, in this order.
    A file of that name with another sha256 is passed over with a warning.
    """
    for path in _candidates(file):
        if matches(path, file):
            return path
        if path.is_file():
            _log.warning("%s is not the file wanted (sha256 %s...)", path, file.sha256[:8])
    return None


def fetch(file: WeightFile) -> Path:
    """Return a verified copy, made or downloaded into our cache if there is none yet.

    Args:
        file: What is wanted.

    Returns:
        Path of a file with the declared sha256.

    Raises:
        WeightsUnavailable: No copy can be had; one sentence says why and how to get it.
    """
    if path := find(file):
        return path
    if is_offline() and file.build is None:
        raise _unavailable(file, f"{_OFFLINE} forbids to download it")
    target = cache_folder() / file.name
    try:
        if file in _failed and not is_offline():
            raise WeightsUnavailable(_failed[file])
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone(target):
            if not matches(target, file):  # else another process was faster
                _obtain(file, target)
    except (OSError, http.client.HTTPException, WeightsUnavailable) as error:
        if not is_offline():
            _failed[file] = str(error)
        raise _unavailable(file, str(error)) from error
    return target


def _obtain(file: WeightFile, target: Path) -> None:
    if file.build is None:
        _download(file, target)
        return
    replace_file(target, file.build())
    if not matches(target, file):
        target.unlink()
        raise WeightsUnavailable("what was made has another sha256")


def _unavailable(file: WeightFile, why: str) -> WeightsUnavailable:
    digest = f"{file.sha256[:8]}..." if file.sha256 else "not published"
    others = ", ".join(f"{found[:8]}..." for found in sorted(_found_instead(file)))
    here = f"here with sha256 {others} only" if others else "not on this machine"
    return WeightsUnavailable(f"{file.name} (sha256 {digest}) is {here} and {why}; {file.how}")


def _found_instead(file: WeightFile) -> set[str]:
    """Return the sha256 of all files of that name that were passed over."""
    found = set()
    for path in _candidates(file):
        with contextlib.suppress(OSError):
            found.add(sha256_of(path))
    return found


@contextlib.contextmanager
def alone(target: Path) -> Iterator[Path]:
    """Hold a lock beside the target; it goes when the process does, however it ends.

    Waiters reuse the failure of the lock holder: ten workers on a machine without network ask
    once.

    Yields:
        The file that is locked. It stays; who has done what nobody does again may remove it.
    """
    started = time.time_ns()
    path = target.with_name(f".{target.name}.lock")
    with path.open("a+", encoding="utf-8") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        failure = lock.read()
        if failure and os.fstat(lock.fileno()).st_mtime_ns > started:
            raise WeightsUnavailable(failure)
        lock.truncate(0)
        try:
            yield path
        except (OSError, http.client.HTTPException, WeightsUnavailable) as error:
            lock.write(str(error))
            raise


def _download(file: WeightFile, target: Path) -> None:
    if not file.url:
        raise WeightsUnavailable("it has no download address")
    download(file.url, target, accept=lambda path: matches(path, file), purpose=file.purpose)


def announce_download(name: str, size: int, purpose: str = "") -> None:
    """Say that a download begins: what, how many bytes (0 where not known), and what for."""
    amount = f" ({size / 1e6:.1f} MB)" if size else ""
    _log.warning("downloading %s%s%s", name, amount, f" for {purpose}" if purpose else "")


def download(url: str, target: Path, *, accept: Callable[[Path], bool], purpose: str = "") -> None:
    """Download to a .part file that a later call continues, then rename.

    Args:
        url: Where from.
        target: Where to; its folder exists.
        accept: Tells whether a file is what was wanted.
        purpose: What needs it, said when the download begins.

    Raises:
        WeightsUnavailable: The host cannot be reached or sent something else; half a sentence.
    """
    part = target.with_name(f"{target.name}.part")
    resumed = part.is_file() and part.stat().st_size > 0
    if not (resumed and accept(part)):  # else all is there but the new name
        _receive(url, part, purpose)
    if not accept(part) and resumed:
        part.unlink()
        _receive(url, part, purpose)
    if not accept(part):
        part.unlink()
        raise WeightsUnavailable(f"what {urlsplit(url).hostname} sent has another sha256")
    part.replace(target)


def _receive(url: str, part: Path, purpose: str) -> None:
    """Append to the .part file what it still lacks."""
    have = part.stat().st_size if part.is_file() else 0
    with _connect(url, have) as response:
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0
        total = int(response.headers.get("Content-Length") or 0) + have
        announce_download(part.stem, total, purpose)
        bar = tqdm(
            total=total or None, initial=have, desc=part.stem, unit="B", unit_scale=True,
            disable=None, leave=False,
        )  # fmt: skip
        with bar, part.open("ab" if have else "wb") as stream:
            while block := response.read(_CHUNK):
                stream.write(block)
                bar.update(len(block))
    if total and part.stat().st_size < total:
        raise WeightsUnavailable(f"the download from {urlsplit(url).hostname} broke off")


def _connect(url: str, start: int) -> http.client.HTTPResponse:
    """Open a URL from a byte on, giving up on a host that stays silent for some seconds.

    Looking a name up cannot be given a timeout, so all of it happens in a thread that is left
    behind if need be. A host that failed once is not asked again.
    """
    host = urlsplit(url).hostname or url
    if is_offline():
        raise WeightsUnavailable(f"{_OFFLINE} forbids to download it")
    if host in _unreachable:
        raise WeightsUnavailable(_unreachable[host])
    answers: list[http.client.HTTPResponse] = []
    errors: list[Exception] = []

    def ask() -> None:
        request = urllib.request.Request(url, headers={"User-Agent": "pdbench"})
        if start:
            request.add_header("Range", f"bytes={start}-")
        try:
            answers.append(urllib.request.urlopen(request, timeout=_CONNECT_SECONDS))
        except (OSError, http.client.HTTPException) as error:
            errors.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS + 0.5)
    if answers:
        return answers[0]
    if errors and isinstance(errors[0], urllib.error.HTTPError):
        errors[0].close()
        if start and errors[0].code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _connect(url, 0)  # no part of this file is that long
        raise WeightsUnavailable(f"{host} answers {errors[0].code} {errors[0].reason}")
    why = str(getattr(errors[0], "reason", errors[0])) if errors else "no answer"
    _unreachable[host] = f"{host} cannot be reached ({why})"
    raise WeightsUnavailable(_unreachable[host])
