"""Local code in a call: what of its methods and metrics are ids, and what is the caller's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pdbench import methods
from pdbench.api.names import check_name
from pdbench.api.tensors import MethodFunction
from pdbench.errors import InputError
from pdbench.harness.implementation import implementation_digest
from pdbench.harness.local import as_method, as_metric, load_code
from pdbench.harness.method import Method
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Metric

__all__ = ["Methods", "Metrics", "open_methods", "open_metrics"]

_Code: TypeAlias = Mapping[str, Callable[..., Any] | Method | Metric]

Methods: TypeAlias = str | _Code | Sequence[str | Method | MethodFunction | _Code]
"""Method ids, "FILE.py:NAME", `Method` objects, and name -> callable from LR image to x4 image."""

Metrics: TypeAlias = str | _Code | Sequence[str | Metric | _Code]
"""Metric ids, `Metric` objects, and name -> callable from (sr, hr) to a number."""


def open_methods(given: Methods) -> tuple[list[str], dict[str, Method]]:
    """Return the ids of methods in row order, and those that are code of the caller's own by id.

    Raises:
        InputError: Code has the id of a method of pdbench, or a malformed one, or cannot be used.
    """
    names, local = [], {}
    for name, code in _named(given):
        if code is None:
            names.append(name)
        elif isinstance(code, Method) and _is_listed(code):
            names.append(code.id)
        else:
            local[check_name(name)] = as_method(name, code)
            names.append(name)
    return names, local


def open_metrics(given: Metrics) -> tuple[tuple[str, ...], tuple[Metric, ...]]:
    """Return the ids of metrics in column order, and those that are code of the caller's own.

    Raises:
        InputError: Code has the id of a metric of pdbench, or a malformed one, or cannot be used.
    """
    names, local = [], []
    for name, code in _named(given):
        names.append(name)
        if code is None or (name in METRICS and METRICS.get(name) == code):
            continue
        if name in METRICS:
            raise InputError(f"'{name}' is the name of a metric of pdbench; choose another")
        local.append(as_metric(check_name(name), code))
    return tuple(names), tuple(local)


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
