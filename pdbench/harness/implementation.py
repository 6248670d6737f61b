"""Digest of the source that defines a method or a metric: the part of a score's key that is code.

It covers the module that holds the implementation and every module this one imports, directly or
not, from the same package or the same folder. The harness, which runs all methods alike, is left
out: its changes are answered for by the version of pdbench.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType

__all__ = ["implementation_digest", "source_digest"]

_FRAMEWORK = (
    "pdbench.api", "pdbench.cli", "pdbench.data", "pdbench.errors", "pdbench.harness",
    "pdbench.leaderboard", "pdbench.plots", "pdbench.registry",
    "pdbench.scores", "pdbench.training", "pdbench.weights", "torch",
)  # fmt: skip
_PLAIN = (bool, int, float, str, bytes, tuple, list, dict, type(None))


def implementation_digest(*parts: object) -> str:
    """Return 16 hex digits over what defines a number: source, and the constants it captured.

    Args:
        parts: Functions and classes whose source counts, what they captured included; anything
            else counts by its `repr`.
    """
    digest = hashlib.sha256()
    modules: set[str] = set()
    for part in parts:
        for piece in _pieces(part):
            if isinstance(piece, FunctionType | type):
                modules.add(piece.__module__)
                digest.update(piece.__qualname__.encode())
            else:
                digest.update(repr(piece).encode())
    digest.update(source_digest(modules))
    return digest.hexdigest()[:16]


def source_digest(modules: Iterable[str]) -> bytes:
    """Return the digests of the files of these modules and of those near them that they import."""
    return b"".join(hashlib.sha256(path.read_bytes()).digest() for path in _sources(modules))


def _pieces(part: object) -> Iterator[object]:
    """Yield functions and classes behind a callable, and the plain values it captured."""
    if isinstance(part, functools.partial):
        captured: Iterable[object] = (part.func, *part.args, *part.keywords.values())
    elif isinstance(part, FunctionType):
        yield part
        captured = (
            *(cell.cell_contents for cell in part.__closure__ or ()),
            *(part.__defaults__ or ()),
        )
    elif inspect.ismethod(part):
        captured = (part.__func__, type(part.__self__))
    elif isinstance(part, type) or not callable(part):
        yield part
        return
    else:
        captured = (type(part),)
    for one in captured:
        if callable(one) or isinstance(one, _PLAIN):
            yield from _pieces(one)


def _sources(modules: Iterable[str]) -> list[Path]:
    """Return the files of these modules and of those they import from their own surroundings.

    In the order of the modules' names: a checkout and an installed package have other paths, but
    may be the same code.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name in found or path is None or name.startswith(_FRAMEWORK):
            continue
        found[name] = path
        waiting += [other for other in _imports(path, name) if _is_near(other, name, path)]
    return [found[name] for name in sorted(found)]


def _is_near(other: str, name: str, path: Path) -> bool:
    if other.partition(".")[0] == name.partition(".")[0]:
        return True
    if other.partition(".")[0] in (*sys.stdlib_module_names, "pdbench"):
        return False
    place = _file(other)
    installed = path.parent.name in ("site-packages", "dist-packages")
    return place is not None and not installed and path.parent in place.parents


@cache
def _file(name: str) -> Path | None:
    module = sys.modules.get(name)
    origin = getattr(module, "__file__", None)
    if module is None:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            return None
        origin = spec.origin if spec else None
    path = Path(origin) if origin else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _imports(path: Path, name: str) -> Iterator[str]:
    """Yield the dotted names that a file imports; of `from a import b` both a and a.b."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                base = ".".join([*above[: len(above) - node.level + 1], *filter(None, [base])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
