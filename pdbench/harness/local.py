"""Local code: functions, modules and declarations of the caller's own, as methods and metrics."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pdbench.errors import InputError
from pdbench.harness.bank import SampleBank
from pdbench.harness.executors import Executor, SerialExecutor
from pdbench.harness.fingerprint import fingerprint
from pdbench.harness.method import Method
from pdbench.harness.options import EvalOptions
from pdbench.metrics.metric import Choices, Metric

__all__ = ["LOCAL", "as_method", "as_metric", "executor_for", "is_importable", "load_code"]

LOCAL = "local"
"""What marks a row or a column whose code belongs to nobody but the caller."""

SCALE = 4


def as_method(name: str, given: object) -> Method:
    """Return code of the caller's own as a method, fingerprinted by its source and its weights.

    Args:
        name: Id of its row.
        given: A `Method`, or a callable that maps an LR image in [0, 1] to a x4 image. It gets
            (1, 3, h, w), or (3, h, w) where it fails on that; an `nn.Module` runs in eval mode,
            where its weights are.

    Raises:
        InputError: It is neither.
    """
    if isinstance(given, Method):
        source = f"{LOCAL} {fingerprint(given.run)}"
        return replace(given, id=name, title=_marked(given.title), source=source)
    if not callable(given):
        raise InputError(f"method '{name}' is a {type(given).__name__}; give a callable")
    return Method(
        id=name,
        title=_marked(name),
        kind="single",
        needs=(),
        reference="code of the caller's own",
        run=_Restorer(name, given),
        source=f"{LOCAL} {fingerprint(given)}",
        size=LOCAL,
    )


def as_metric(name: str, given: object) -> Metric:
    """Return code of the caller's own as a metric, fingerprinted by its source.

    Args:
        name: Id of its column.
        given: A `Metric`, or a callable that maps two images, (1, 3, H, W) in [0, 1], the restored
            one first, to a number. Lower is better unless its attribute `better` is "higher".

    Raises:
        InputError: It is neither.
    """
    if isinstance(given, Metric):
        code = given.open or given.combine
        return replace(given, id=name, source=f"{LOCAL} {fingerprint(code)}")
    if not callable(given):
        raise InputError(f"metric '{name}' is a {type(given).__name__}; give a callable")
    return Metric(
        id=name,
        title=name,
        better=getattr(given, "better", "lower"),
        kind="distortion",
        needs_reference=True,
        reference="code of the caller's own",
        open=_Opener(name, given),
        source=f"{LOCAL} {fingerprint(given)}",
    )


def _marked(title: str) -> str:
    return f"{title} ({LOCAL})"


@dataclass(frozen=True)
class _Restorer:
    """A callable as the `run` of a method."""

    name: str
    function: Callable[[Tensor], Any]

    def __call__(self, lr: Tensor, bank: SampleBank) -> Tensor:
        """Map (3, h, w) to (3, 4h, 4w)."""
        expected = (3, SCALE * lr.shape[-2], SCALE * lr.shape[-1])
        failures: list[Exception] = []
        for given in (lr[None], lr):
            try:
                made = torch.as_tensor(_call(self.function, given.to(bank.device, copy=True)))
            except (Exception, SystemExit) as error:  # whatever the caller's code raises
                failures.append(InputError("it exits") if isinstance(error, SystemExit) else error)
                continue
            if not made.is_floating_point():
                failures.append(InputError(f"it returned {made.dtype}; return floats in [0, 1]"))
                continue
            if tuple(made.shape) in (expected, (1, *expected)):
                return made.reshape(expected).float().cpu()
            what = f"method '{self.name}' returned shape {tuple(made.shape)}"
            failures.append(InputError(f"{what}, expected {(1, *expected)}; fix the method"))
        raise failures[0]


def _call(function: Callable[[Tensor], Any], lr: Tensor) -> Any:  # noqa: ANN401
    if not isinstance(function, nn.Module):
        return function(lr)
    first = next(function.parameters(), lr)
    training = [part for part in function.modules() if part.training]
    try:
        return function.eval()(lr.to(first))
    finally:
        for part in training:
            part.training = True


@dataclass(frozen=True)
class _Opener:
    """A callable as the `open` of a metric; it is its own scorer."""

    name: str
    function: Callable[[Tensor, Tensor], Any]

    def __call__(self, choices: Choices, device: str) -> _Opener:
        """Open nothing."""
        del choices, device
        return self

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> Tensor | None:
        """Keep the reference."""
        del lr
        return reference

    def score(self, restored: Tensor, prepared: Any) -> Tensor:  # noqa: ANN401
        """Return (B,) float64."""
        values = [np.ravel(self._value(image[None], prepared)) for image in restored]
        if any(value.size != 1 for value in values):
            raise InputError(f"metric '{self.name}' returned several numbers; return one")
        return torch.from_numpy(np.concatenate(values).astype(np.float64))

    def _value(self, restored: Tensor, reference: Tensor) -> Any:  # noqa: ANN401
        value = self.function(restored, reference.clone())  # it may compute in place
        return value.detach().cpu().numpy() if isinstance(value, Tensor) else value


def executor_for(options: EvalOptions, *given: object) -> Executor | None:
    """Return what runs local code: this process, or None (the usual) if others can import it.

    Raises:
        InputError: The code would have to run on other machines.
    """
    if options.engine != "local":
        raise InputError("code of your own runs on this machine only; leave --engine out")
    return None if is_importable(*given) else SerialExecutor()


def is_importable(*given: object) -> bool:
    """Tell whether another process can have these objects: by pickle, and from files it finds."""
    pickler = _Pickler(io.BytesIO())
    try:
        pickler.dump(given)
    except Exception:  # lambdas, open files, whatever it holds
        return False
    return all(map(_is_found_again, pickler.modules))


class _Pickler(pickle.Pickler):
    """Collects the names of the modules that unpickling imports."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def persistent_id(self, value: object) -> None:
        """Look at an object and leave it to pickle."""
        if isinstance(value, FunctionType | type):
            self.modules.add(value.__module__)


def _is_found_again(module: str) -> bool:
    """Tell whether an interpreter with this one's path finds a module where this one has it."""
    spec, path, name = None, None, ""
    for part in module.split("."):
        name = f"{name}.{part}".removeprefix(".")
        found = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((one for one in found if one), None)
        if spec is None or name == "__main__":
            return False
        path = spec.submodule_search_locations
    known = getattr(sys.modules[module], "__file__", None)
    return spec is not None and known in (None, spec.origin)


def load_code(place: str) -> object:
    """Return an object out of a file of Python, which is executed.

    Args:
        place: "FILE.py:NAME", NAME being defined at the top of the file. Of a class of networks
            one is made, without arguments.

    Raises:
        InputError: There is no such file or name, or it fails when it is imported.
    """
    file, _, name = place.rpartition(":")
    path = Path(file).expanduser().resolve()
    if path.suffix != ".py" or not name.isidentifier():
        raise InputError(f"'{place}' does not name code; write it as FILE.py:NAME")
    if not path.is_file():
        raise InputError(f"there is no file '{file}'; check the path")
    try:
        module = _import(path)
    except Exception as error:  # whatever the caller's own code raises
        raise InputError(f"'{file}' fails: {_first_line(error)}; fix it") from error
    if not hasattr(module, name):
        raise InputError(f"'{file}' does not define '{name}'; check the name")
    code = getattr(module, name)
    if not (isinstance(code, type) and issubclass(code, nn.Module)):
        return code
    try:
        return code()
    except Exception as error:  # whatever its constructor raises
        raise InputError(
            f"'{place}' cannot be made without arguments ({_first_line(error)}); make one in the "
            "file and name that"
        ) from error


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _import(path: Path) -> object:
    """Import a file by its own name, so that workers can too, unless the name is taken."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    with contextlib.suppress(ImportError, ValueError):
        found = importlib.util.find_spec(path.stem)
        if found is not None and found.origin == str(path):
            known = sys.modules.get(path.stem)  # perhaps as it was before an edit
            return importlib.reload(known) if known else importlib.import_module(path.stem)
    name = f"pdbench_local_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it cannot be imported")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
