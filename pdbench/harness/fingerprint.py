"""Fingerprints of code that is not in a package: its source, and the values it draws on."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterator, Mapping, Set
from types import CodeType, FunctionType, MethodType, ModuleType

import numpy as np
from torch import Tensor, nn

from pdbench.harness.implementation import source_digest

__all__ = ["fingerprint"]


def fingerprint(value: object) -> str:
    """Return 12 hex digits over what a callable computes by.

    That is the source of its functions and classes with the modules beside them, and the values
    they captured or read from their modules: numbers, arrays, tensors, networks with their
    weights. Installed libraries count by name.
    """
    digest = hashlib.sha256()
    seen: dict[int, object] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, bytes | bool | int | float | complex | str | type(None)):
            digest.update(repr(one).encode())
        elif id(one) not in seen:
            seen[id(one)] = one
            digest.update(type(one).__qualname__.encode())
            waiting += _parts(one)
    return digest.hexdigest()[:12]


def _parts(value: object) -> Iterator[object]:
    """Yield what makes up a value, in an order of its own."""
    if isinstance(value, FunctionType):
        yield from _parts_of_function(value)
    elif isinstance(value, type):
        yield from _source(value)
        yield from () if _is_installed(value.__module__) else value.__bases__
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, Tensor):
        yield from _parts(value.detach().cpu().numpy())
    elif isinstance(value, np.ndarray):
        yield from (str(value.dtype), value.shape, value.tobytes())
    elif isinstance(value, Mapping):
        yield from (part for item in value.items() for part in item)
    elif isinstance(value, Set):
        yield from sorted(value, key=repr)
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, nn.Module):
        yield from (type(value), repr(value), value.state_dict())
        yield {name: one for name, one in vars(value).items() if name[0] != "_"}
    elif isinstance(value, ModuleType):
        yield value.__name__
    else:
        yield type(value)
        yield getattr(value, "__qualname__", None) or dict(getattr(value, "__dict__", {}))


def _parts_of_function(function: FunctionType) -> Iterator[object]:
    yield from _source(function)
    if _is_installed(function.__module__):
        return
    yield from (function.__defaults__, function.__kwdefaults__)
    yield from (cell.cell_contents for cell in function.__closure__ or ())
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield from (name, function.__globals__[name])


def _source(value: FunctionType | type) -> Iterator[object]:
    yield f"{value.__module__}.{value.__qualname__}"
    if _is_installed(value.__module__):
        return
    if getattr(sys.modules.get(value.__module__), "__file__", None):
        yield source_digest([value.__module__])
    if isinstance(value, FunctionType):
        yield from _instructions(value.__code__)
    else:
        yield {name: one for name, one in vars(value).items() if isinstance(one, FunctionType)}


def _is_installed(module: str | None) -> bool:
    module = module or ""  # of a function made by exec
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    name = module.partition(".")[0]
    return name == "pdbench" or name in sys.stdlib_module_names or "-packages" in file


def _names(code: CodeType) -> set[str]:
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*inner)


def _instructions(code: CodeType) -> Iterator[object]:
    yield from (code.co_code, code.co_names)
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _instructions(one)
        else:
            yield one
