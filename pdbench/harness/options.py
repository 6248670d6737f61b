"""Options that every command and call that scores takes. Needs no torch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self, TypedDict, TypeVar, Unpack

from pdbench.errors import InputError
from pdbench.registry import unknown_id

__all__ = ["DEFAULT_MEMORY", "EvalOptions", "OptionFields", "read_memory", "split_ids"]

DEFAULT_MEMORY = 4 * 2**30

SMALLEST_MEMORY = 64 * 2**20

_OUTSIDE_BRACKETS = re.compile(r",(?![^\[]*\])")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:iB|B)?", re.IGNORECASE)
_TEXT = (str, "text")
_FLAG = (bool, "True or False")
_FOLDER = (str | os.PathLike, "a folder")
_KINDS: dict[str, tuple[Any, str]] = {
    "protocol": _TEXT,
    "metrics": (Iterable, "ids"),
    "device": _TEXT,
    "jobs": (Integral, "a whole number"),
    "seed": (Integral, "a whole number from 0 on"),
    "size": _TEXT,
    "max_memory": (Integral | str, "bytes, or text like 4GiB"),
    "data_root": _FOLDER,
    "weights_dir": _FOLDER,
    "offline": _FLAG,
    "engine": _TEXT,
    "address": _TEXT,
    "gpus_per_worker": (Real, "a number"),
    "shared_files": _FLAG,
}
"""Option -> what it is, as a class and in words."""

T = TypeVar("T")


class OptionFields(TypedDict, total=False):
    """Fields of `EvalOptions` as a call takes them: any of them, by keyword."""

    protocol: str
    metrics: str | Sequence[Any] | Mapping[str, Any]
    device: str
    jobs: int | None
    seed: int
    size: str
    max_memory: int | str | None
    data_root: str | Path | None
    weights_dir: str | Path | None
    offline: bool
    engine: str
    address: str
    gpus_per_worker: float
    shared_files: bool


@dataclass(frozen=True, kw_only=True)
class EvalOptions:
    """How images are restored and scored, and where weights and data are looked for.

    Attributes:
        protocol: Protocol id.
        metrics: Metric ids; all of the protocol's when empty.
        device: "cpu", "cuda", "cuda:1" or "auto" (a GPU if there is one).
        jobs: Processes; one per core, or one per GPU, when None.
        seed: Seed of all samples.
        size: Size of the networks, "compact" or "paper".
        max_memory: Bytes of working memory of the networks, per process; larger images are tiled.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        offline: Download nothing.
        engine: "local" (processes on this machine) or "ray" (the nodes of a Ray cluster).
        address: Ray cluster: "auto" (the one this machine is part of), "local" (started for this
            call), "ray://host:port" or "host:port".
        gpus_per_worker: GPUs, or the share of one, that each Ray worker on a GPU gets.
        shared_files: Whether Ray nodes see images and weights under the paths they have here.
    """

    protocol: str = "paper"
    metrics: tuple[str, ...] = ()
    device: str = "cpu"
    jobs: int | None = None
    seed: int = 0
    size: str = "compact"
    max_memory: int = DEFAULT_MEMORY
    data_root: Path | None = None
    weights_dir: Path | None = None
    offline: bool = False
    engine: str = "local"
    address: str = "auto"
    gpus_per_worker: float = 1.0
    shared_files: bool = False

    @classmethod
    def of(cls, **fields: Unpack[OptionFields]) -> Self:
        """Return options from what a call was given; what is None or left out has its default.

        Raises:
            InputError: There is no such option, or it is something else.
        """
        for name in fields:
            if name not in _KINDS:
                raise unknown_id("option", name, _KINDS)
        given: dict[str, Any] = {
            name: _checked(name, value) for name, value in fields.items() if value is not None
        }
        return cls(**given)


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401
    """Return an option's value as `EvalOptions` holds it."""
    kind, what = _KINDS[name]
    is_flag = isinstance(value, bool) and kind is not bool
    if is_flag or not isinstance(value, kind) or (name == "seed" and value < 0):
        raise InputError(f"{name} is {value!r:.60}; give {what}")
    if kind is Integral:
        return int(value)
    if kind is _FOLDER[0]:
        return Path(value)
    if name == "metrics":
        return tuple(split_ids(value))
    return read_memory(str(value)) if name == "max_memory" else value


def read_memory(text: str) -> int:
    """Return bytes: of "4GiB", "1.5G", "512M", or a bare number.

    Raises:
        InputError: It is not an amount, or too small to work with.
    """
    found = _AMOUNT.fullmatch(text.strip())
    amount = int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " ")) if found else 0
    if amount < SMALLEST_MEMORY:
        raise InputError(
            f"'{text}' is not an amount of memory from 64MiB on; say 4GiB, for example"
        )
    return amount


def split_ids(given: str | T) -> tuple[str, ...] | T:
    """Split a string of ids at the commas outside [...]; anything else is returned as it is."""
    if not isinstance(given, str):
        return given
    words = (word.strip() for word in _OUTSIDE_BRACKETS.split(given))
    return tuple(word for word in words if word)
