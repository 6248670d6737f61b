"""Third-party declarations: entry points of installed packages, loaded one by one when asked for.

A package declares them in its own pyproject.toml, the name being the id:

    [project.entry-points."pdbench.methods"]
    lanczos = "my_package.lanczos:METHOD"

Nothing is looked up before a registry is asked for an id that pdbench does not have itself, or for
a list. What cannot be used is left out of lists with one warning, and harms nothing else.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pdbench.errors import InputError

__all__ = ["PlugIns"]

_log = logging.getLogger(__name__)
_warned: set[str] = set()


@dataclass(frozen=True, kw_only=True)
class PlugIns:
    """The plug-ins of one kind.

    Attributes:
        kind: What they are, for messages ("method").
        group: Entry-point group ("pdbench.methods").
        accepts: The declaration's class: a frozen dataclass with the fields `id` and `source`.
        reserved: Tells whether an id belongs to pdbench itself.
    """

    kind: str
    group: str
    accepts: type[Any]
    reserved: Callable[[str], bool]

    def names(self) -> list[str]:
        """Return the ids that packages offer, sorted, without loading any."""
        return sorted(_offers(self.group))

    def get(self, name: str) -> Any:  # noqa: ANN401  (an instance of `accepts`)
        """Load one plug-in.

        Args:
            name: An id out of `names`.

        Returns:
            The declaration, its `source` set to "package version".

        Raises:
            InputError: It cannot be used; the message names the package.
        """
        points = _offers(self.group)[name]
        if len(points) > 1:
            packages = " and ".join(f"'{_package(point)}'" for point in points)
            raise InputError(f"{self.kind} '{name}' is in {packages}; uninstall one of them")
        value: Any = None
        why = "pdbench has that id itself"
        if not self.reserved(name):
            value = _load(points[0])
            why = self._fault(name, value)
        if why:
            raise InputError(
                f"{self.kind} '{name}' of package '{_package(points[0])}' cannot be used: {why}; "
                "mend the package or uninstall it"
            )
        return replace(value, source=_package(points[0]))

    def _fault(self, name: str, value: Any) -> str:  # noqa: ANN401  (whatever was declared)
        if isinstance(value, _Failure):
            return value.reason
        if not isinstance(value, self.accepts):
            return f"it is no {self.accepts.__name__}"
        return "" if value.id == name else f"it declares the id '{value.id}'"

    def usable(self) -> Iterator[Any]:
        """Yield every plug-in that can be used; warn of each of the others, once a process."""
        for name in self.names():
            try:
                yield self.get(name)
            except InputError as error:
                if str(error) not in _warned:
                    _warned.add(str(error))
                    _log.warning("%s", error)


@dataclass(frozen=True)
class _Failure:
    """Why an entry point could not be loaded."""

    reason: str


def _load(point: EntryPoint) -> object:
    try:
        return point.load()
    except (Exception, SystemExit) as error:  # whatever foreign code does when it is imported
        lines = str(error).splitlines()
        return _Failure(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__)


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def _offers(group: str) -> dict[str, Sequence[EntryPoint]]:
    return _offers_on(group, tuple(sys.path))


@cache
def _offers_on(group: str, _path: tuple[str, ...]) -> dict[str, Sequence[EntryPoint]]:
    """Return id -> its entry points; a package met twice on the path counts once."""
    offers: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=group):
        offers.setdefault(point.name, {}).setdefault(_package(point), point)
    return {name: sorted(points.values(), key=_package) for name, points in offers.items()}
