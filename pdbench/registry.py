"""An ordered, typed collection of declarations, looked up by id."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from pdbench.errors import InputError
from pdbench.plugins import PlugIns

__all__ = ["Registry", "close_matches", "unknown_id"]


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
        group: Entry-point group of third-party declarations ("pdbench.metrics"), "" for none. Each
            is loaded when it is asked for, or when all are listed.
        accepts: Class of third-party declarations; see `pdbench.plugins.PlugIns`.
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
        group: str = "",
        accepts: type[Any] = object,
        reserved: Callable[[str], bool] | None = None,
        make: Callable[[str], T | None] | None = None,
    ) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        self._make = make
        for entry in entries:
            self.add(entry)
        self._plugins = PlugIns(
            kind=kind,
            group=group,
            accepts=accepts,
            reserved=lambda name: name in self._entries or bool(reserved and reserved(name)),
        )

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
            return self._entries[name]
        made = self._make(name) if self._make else None
        if made is not None:
            return made
        if name not in self._offered():
            raise unknown_id(self.kind, name, self.names())
        entry: T = self._plugins.get(name)
        return entry

    def ids(self) -> list[str]:
        """Return all ids in order, those of plug-ins that can be used last."""
        return [entry.id for entry in self]

    def names(self) -> list[str]:
        """Return all ids in order, those of plug-ins last, without loading any plug-in."""
        return [*self._entries, *self._offered()]

    def _offered(self) -> list[str]:
        """Return the ids of plug-ins, usable or not."""
        return self._plugins.names() if self._plugins.group else []

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._offered()

    def __iter__(self) -> Iterator[T]:
        yield from self._entries.values()
        if self._plugins.group:
            yield from self._plugins.usable()

    def __len__(self) -> int:
        return sum(1 for _ in self)
