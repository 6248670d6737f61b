"""Ordered, typed collections of declarations, looked up by id; plug-ins of packages among them.

A package declares its own in its pyproject.toml, as entry points whose names are the ids:

    [project.entry-points."pdbench.methods"]
    lanczos = "my_package.lanczos:METHOD"

No entry point is looked up before an id is asked for that pdbench does not have itself, or a list.
A plug-in that cannot be used is left out of lists with one warning, and harms nothing else.
"""

from __future__ import annotations

import contextlib
import difflib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, Protocol, TypeVar

from pdbench.errors import InputError, first_line

__all__ = ["Registry", "close_matches", "unknown_id"]

_log = logging.getLogger(__name__)
_warned: set[str] = set()


class HasId(Protocol):
    """Anything declared under an id."""

    @property
    def id(self) -> str:
        """Lowercase id, the same in code, on the command line and in file names."""
        ...


T = TypeVar("T", bound=HasId)


def close_matches(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that resemble `name`, best first."""
    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)


def unknown_id(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Build the error for an unknown id: it names the close matches, or else everything known."""
    known = sorted(known)
    near = close_matches(name, known)
    if near:
        return InputError(f"unknown {kind} '{name}'; did you mean {' or '.join(near)}?")
    return InputError(f"unknown {kind} '{name}'; known: {', '.join(known) or 'none'}")


class Registry(Generic[T]):
    """Declarations of one kind, in the order given, each id once; plug-ins come after them.

    Args:
        kind: What the entries are, for error messages ("metric").
        entries: The declarations.
        places: Id -> "module:NAME" of more of them, each imported when it is asked for.
        group: Entry-point group of plug-ins ("pdbench.metrics"), "" for none. Each is loaded when
            it is asked for, or when all are listed.
        accepts: Class of plug-ins: a frozen dataclass with the fields `id` and `source`; the
            latter becomes the package and its version.
        reserved: Tells whether an id that is no entry is pdbench's all the same.
        make: Builds the entry of an id that follows a rule ("pyiqa:musiq"), or returns None.

    Raises:
        ValueError: Two entries share an id.
    """

    def __init__(
        self,
        kind: str,
        entries: Iterable[T] = (),
        *,
        places: Mapping[str, str] | None = None,
        group: str = "",
        accepts: type[Any] = object,
        reserved: Callable[[str], bool] | None = None,
        make: Callable[[str], T | None] | None = None,
    ) -> None:
        self.kind = kind
        self._entries: dict[str, T | str] = dict(places or {})
        self._group = group
        self._accepts = accepts
        self._reserved = reserved
        self._make = make
        for entry in entries:
            self.add(entry)

    def add(self, entry: T) -> None:
        """Add one declaration; raises ValueError if its id is taken."""
        if entry.id in self._entries:
            raise ValueError(f"duplicate {self.kind} id '{entry.id}'")
        self._entries[entry.id] = entry

    @contextlib.contextmanager
    def holding(self, entries: Iterable[T]) -> Iterator[None]:
        """Have declarations of the caller's own besides, for the length of a `with` block."""
        before = dict(self._entries)
        try:
            for entry in entries:
                self.add(entry)
            yield
        finally:
            self._entries = before

    def get(self, name: str) -> T:
        """Return the entry with this id.

        Raises:
            InputError: There is none (names the close matches), or the plug-in is broken.
        """
        if name in self._entries:
            return self._entry(name)
        made = self._make(name) if self._make else None
        if made is not None:
            return made
        if name not in self._offers():
            raise unknown_id(self.kind, name, self.names())
        return self._load(name)

    def _entry(self, name: str) -> T:
        entry = self._entries[name]
        if isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            entry = self._entries[name] = getattr(import_module(module), attribute)
        return entry

    def ids(self) -> list[str]:
        """Return all ids in order, those of plug-ins that can be used last."""
        return [entry.id for entry in self]

    def names(self) -> list[str]:
        """Return all ids in order, those of plug-ins last; imports none."""
        return [*self._entries, *self._offers()]

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._offers()

    def __iter__(self) -> Iterator[T]:
        yield from map(self._entry, list(self._entries))
        for name in self._offers():
            try:
                yield self._load(name)
            except InputError as error:
                if str(error) not in _warned:
                    _warned.add(str(error))
                    _log.warning("%s", error)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _offers(self) -> dict[str, Sequence[EntryPoint]]:
        """Return id -> its entry points, usable or not, sorted by id."""
        return _offers_on(self._group, tuple(sys.path)) if self._group else {}

    def _load(self, name: str) -> T:
        """Load one plug-in; raises InputError, which names the package, if it cannot be used."""
        points = self._offers()[name]
        if len(points) > 1:
            packages = " and ".join(f"'{_package(point)}'" for point in points)
            raise InputError(f"{self.kind} '{name}' is in {packages}; uninstall one of them")
        value: Any = None
        why = "pdbench has that id itself"
        if name not in self._entries and not (self._reserved and self._reserved(name)):
            try:
                value = points[0].load()
                why = self._fault(name, value)
            except (Exception, SystemExit) as error:  # whatever foreign code does when imported
                why = first_line(error)
        if why:
            raise InputError(
                f"{self.kind} '{name}' of package '{_package(points[0])}' cannot be used: {why}; "
                "fix the package or uninstall it"
            )
        loaded: T = replace(value, source=_package(points[0]))
        return loaded

    def _fault(self, name: str, value: Any) -> str:  # noqa: ANN401  (whatever was declared)
        if not isinstance(value, self._accepts):
            return f"it is not a {self._accepts.__name__}"
        return "" if value.id == name else f"it declares the id '{value.id}'"


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


@cache
def _offers_on(group: str, _path: tuple[str, ...]) -> dict[str, Sequence[EntryPoint]]:
    """Return id -> its entry points; a package met twice on the path counts once."""
    offers: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=group):
        offers.setdefault(point.name, {}).setdefault(_package(point), point)
    return {name: sorted(offers[name].values(), key=_package) for name in sorted(offers)}
