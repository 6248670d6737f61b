"""Methods and metrics as calls take them: ids, code of the caller's own, a checkpoint."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from pdbench import baselines, methods
from pdbench.api.tensors import MethodFunction
from pdbench.baselines.spandrel_adapter import Checkpoint, open_checkpoint
from pdbench.errors import InputError
from pdbench.harness.implementation import implementation_digest
from pdbench.harness.local import as_method, as_metric, load_code
from pdbench.harness.method import Method
from pdbench.methods.catalog import MethodCatalog
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Metric

__all__ = ["Methods", "Metrics", "check_name", "open_catalog", "open_metrics"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")

_log = logging.getLogger(__name__)

_Code: TypeAlias = Mapping[str, Callable[..., Any] | Method | Metric]

Methods: TypeAlias = str | _Code | Sequence[str | Method | MethodFunction | _Code]
"""Method ids, "FILE.py:NAME", `Method` objects, and name -> callable from LR image to x4 image."""

Metrics: TypeAlias = str | _Code | Sequence[str | Metric | _Code]
"""Metric ids, `Metric` objects, and name -> callable from (sr, hr) to a number."""


def open_catalog(
    given: Methods, checkpoint: str | Path | None, name: str | None
) -> tuple[list[str], MethodCatalog]:
    """Return the ids of methods in row order, a checkpoint's last, and the catalog they are in.

    Args:
        given: Methods of a call.
        checkpoint: File of a x4 RGB network that spandrel knows; None for none.
        name: Id of the checkpoint; made from the file's name when None.

    Raises:
        InputError: Code or checkpoint has the id of a method of pdbench, or a malformed one, or
            cannot be used.
    """
    names: list[str] = []
    local: dict[str, Method] = {}
    for own, code in _named(given):
        if isinstance(code, Method) and _is_listed(code):
            names.append(code.id)
            continue
        names.append(own)
        if code is not None:
            _refuse_twice(own, local)
            local[check_name(own)] = as_method(own, code)
    catalog = MethodCatalog(local=local)
    if checkpoint is not None:
        file = _open_checkpoint(Path(checkpoint).expanduser(), name)
        _refuse_twice(file.id, local)
        names.append(file.id)
        catalog = replace(catalog, checkpoint=file)
    return names, catalog


def open_metrics(given: Metrics) -> tuple[tuple[str, ...], tuple[Metric, ...]]:
    """Return the ids of metrics in column order, and those that are code of the caller's own.

    Raises:
        InputError: Code has the id of a metric of pdbench, or a malformed one, or cannot be used.
    """
    names: list[str] = []
    local: list[Metric] = []
    for name, code in _named(given):
        names.append(name)
        if code is None or (name in METRICS and METRICS.get(name) == code):
            continue
        if name in METRICS:
            raise InputError(f"'{name}' is the name of a metric of pdbench; choose another")
        _refuse_twice(name, [metric.id for metric in local])
        local.append(as_metric(check_name(name), code))
    return tuple(names), tuple(local)


def _refuse_twice(name: str, known: Collection[str]) -> None:
    if name in known:
        raise InputError(f"two pieces of code are called '{name}'; give one another name")


def _named(given: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401  (Methods or Metrics)
    """Yield each id with the code it stands for, None for an id of pdbench's."""
    for one in [given] if isinstance(given, str | Mapping) else given:
        if isinstance(one, Mapping):
            yield from one.items()
        elif isinstance(one, MethodFunction):
            yield one.declaration.id, one.declaration
        elif isinstance(one, Method | Metric):
            yield one.id, one
        elif not isinstance(one, str):
            kind = type(one).__name__
            raise InputError(f"expected an id or {{name: callable}}, got a {kind}; name it")
        elif re.search(r"\.py:", one):
            yield _of_file(one)
        else:
            yield one, None


def _of_file(place: str) -> tuple[str, object]:
    """Return the code at FILE.py:NAME; its own id, or its name in lowercase."""
    code = load_code(place)
    name = re.sub(r"[^a-z0-9]+", "-", place.rpartition(":")[2].lower()).strip("-")
    return (code.id if isinstance(code, Method | Metric) else name), code


def _is_listed(method: Method) -> bool:
    """Tell whether a declaration is the one that pdbench has under its id."""
    try:
        listed = methods.resolve(method.id)
    except InputError:
        return False
    same = implementation_digest(listed.run) == implementation_digest(method.run)
    return same and listed == method


def check_name(name: str) -> str:
    """Return a name that can be a method's id.

    Raises:
        InputError: It is malformed, or pdbench or an installed package has a method or network of
            that name.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' is not an id for a method; take up to 64 lowercase letters, digits, '.', "
            "'_' and '-', beginning and ending with a letter or digit"
        )
    taken = name in methods.METHODS or name in methods.SUITES or name in baselines.BASELINES
    if taken or any(family.claims(name) for family in methods.FAMILIES):
        raise InputError(f"'{name}' is the name of a method of pdbench; choose another --name")
    return name


def _open_checkpoint(path: Path, name: str | None) -> Checkpoint:
    """Return the network in a file; what is wrong with it is said before anything is written."""
    own = name or re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "checkpoint"
    given = Checkpoint(id=check_name(own), path=path)
    if wrapping := open_checkpoint(given).wrapping:
        _log.warning("took the weights of '%s' out of %s", path.name, wrapping)
    return given
