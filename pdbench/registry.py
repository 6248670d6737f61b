"""An ordered, typed collection of declarations, looked up by id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from pdbench.errors import InputError

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
    """Declarations of one kind, in the order given, each id once.

    Args:
        kind: What the entries are, for error messages ("metric").
        entries: The declarations.

    Raises:
        ValueError: Two entries share an id.
    """

    def __init__(self, kind: str, entries: Iterable[T] = ()) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: T) -> None:
        """Add one declaration; raises ValueError if its id is taken."""
        if entry.id in self._entries:
            raise ValueError(f"duplicate {self.kind} id '{entry.id}'")
        self._entries[entry.id] = entry

    def get(self, name: str) -> T:
        """Return the entry with this id; raises InputError naming the close matches."""
        try:
            return self._entries[name]
        except KeyError:
            raise unknown_id(self.kind, name, self._entries) from None

    def ids(self) -> list[str]:
        """Return all ids in order."""
        return list(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
