"""Fingerprints of code that is not in a package: its source, and the values it draws on."""

from __future__ import annotations

import copyreg
import functools
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from pdbench.harness.implementation import source_digest
from pdbench.weights import sha256_of

__all__ = ["fingerprint", "sha256_of_value"]


def fingerprint(value: object) -> str:
    """Return 12 hex digits over what a callable computes by, see `sha256_of_value`."""
    return sha256_of_value(value)[:12]


def sha256_of_value(value: object) -> str:
    """Return the sha256 over what a callable, or an opened metric, computes by.

    That is the source of its functions and classes with the modules beside them, and the values
    they hold, captured, or read from their modules: numbers, arrays, tensors, networks with their
    weights. A file that they name, from here or from beside their code, counts by its content.
    Other installed libraries count by name.
    """
    return _sha256(value, _home(value))


def _sha256(value: object, home: str) -> str:
    """Hash a value as a tree: what each part is, how many parts it has, then these."""
    digest = hashlib.sha256()
    seen: dict[int, tuple[int, object]] = {}  # keeps what is made on the way: no id comes twice
    waiting = [value]
    while waiting:
        one = waiting.pop()
        plain = _plain(one, home)
        if plain is None and id(one) in seen:
            plain = f"again {seen[id(one)][0]}".encode()
        parts = list(_parts(one, home)) if plain is None else []
        if not isinstance(one, tuple):  # equal constants may or may not be one object
            seen[id(one)] = len(seen), one
        token = plain or f"{type(one).__qualname__} {len(parts)}".encode()
        digest.update(b"%d %s" % (len(token), token))
        waiting += reversed(parts)
    return digest.hexdigest()


def _plain(value: object, home: str) -> bytes | None:
    """Return a text, bytes or a number with its type; None for what has parts."""
    if isinstance(value, str):
        return f"str {_content(value, home)}".encode(errors="backslashreplace")
    if isinstance(value, bytes | bytearray):
        return b"bytes " + value
    if isinstance(value, bool | int | float | complex | type(None)):
        return f"{type(value).__qualname__} {value!r}".encode()
    return None


def _home(value: object) -> str:
    """Return the module that a value, or the class of it, is defined in."""
    while isinstance(value, functools.partial):
        value = value.func
    return getattr(value, "__module__", None) or ""


def _content(text: str, home: str) -> str:
    """Return the sha256 of the file that a text names; the text itself where it names none."""
    beside = getattr(sys.modules.get(home), "__file__", None) or ""
    for path in (text, os.path.join(os.path.dirname(beside), text)):  # noqa: PTH118, PTH120
        if os.path.isfile(path):  # noqa: PTH113  (False for whatever is no path)
            return sha256_of(Path(path))
    return repr(text)


def _parts(value: object, home: str) -> Iterator[object]:
    """Yield what makes up a value, in an order of its own."""
    if isinstance(value, FunctionType):
        yield from _parts_of_function(value, home)
    elif isinstance(value, type):
        yield from _source(value, home)
        yield from () if _is_installed(value.__module__, home) else value.__bases__
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif hasattr(value, "__wrapped__"):  # by functools.cache and its like
        yield value.__wrapped__
    elif isinstance(value, os.PathLike):
        yield os.fspath(value)
    elif isinstance(value, Tensor):
        flat = value.detach().cpu().contiguous().reshape(-1)
        yield from (str(value.dtype), tuple(value.shape), flat.view(torch.uint8).numpy())
    elif isinstance(value, np.ndarray):
        yield from (str(value.dtype), value.shape)
        yield value.tolist() if value.dtype.hasobject else value.tobytes()
    elif isinstance(value, np.generic):
        yield np.asarray(value)
    elif isinstance(value, Mapping):
        yield from (part for item in value.items() for part in item)
    elif isinstance(value, Set):
        yield from sorted(_sha256(part, home) for part in value)
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, torch.jit.ScriptModule):
        yield from (repr(value), value.code, value.state_dict())
    elif isinstance(value, nn.Module):
        yield type(value)
        for key, one in vars(value).items():  # the keys of hooks are numbers of this process
            yield from (key, list(one.values()) if "hooks" in key and one else one)
    elif isinstance(value, ModuleType):
        yield value.__name__
        if not _is_installed(value.__name__, home) and getattr(value, "__file__", None):
            yield source_digest([value.__name__])
    elif isinstance(value, property):
        yield from (value.fget, value.fset)
    elif name := getattr(value, "__qualname__", None):
        yield from (type(value), name)
    else:
        yield from (type(value), _state(value))


def _state(value: object) -> object:
    """Return what pickle would keep of an object; its attributes where it cannot be pickled."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        made = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception:  # whatever an object's own code raises
        return dict(getattr(value, "__dict__", {}))
    parts = (made,) if isinstance(made, str) else made
    return [list(part) if isinstance(part, Iterator) else part for part in parts]


def _parts_of_function(function: FunctionType, home: str) -> Iterator[object]:
    yield from _source(function, home)
    if _is_installed(function.__module__, home):
        return
    yield from (function.__defaults__, function.__kwdefaults__)
    yield from (cell.cell_contents for cell in function.__closure__ or ())
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield from (name, function.__globals__[name])


def _source(value: FunctionType | type, home: str) -> Iterator[object]:
    yield f"{value.__module__}.{value.__qualname__}"
    if _is_installed(value.__module__, home):
        return
    if getattr(sys.modules.get(value.__module__), "__file__", None):
        yield source_digest([value.__module__])
    if isinstance(value, FunctionType):
        yield from _instructions(value.__code__)
    else:
        yield {
            name: one
            for name, one in vars(value).items()
            if isinstance(one, FunctionType) or not name.startswith(("__", "_abc_"))
        }


def _is_installed(module: str | None, home: str) -> bool:
    """Tell whether a module is a library: in a package other than that of the code at hand."""
    module = module or ""  # of a function made by exec
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    name = module.partition(".")[0]
    if name == "pdbench" or name in sys.stdlib_module_names:
        return True
    return "-packages" in file and name != home.partition(".")[0]


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
