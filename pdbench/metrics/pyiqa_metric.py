"""Any metric of pyiqa by its name: "pyiqa:musiq". Outside the presets, and as pyiqa computes it.

pyiqa is the optional extra `pdbench[pyiqa]`; it is called, never copied, and fetches its own
weights. Its metrics see the image as all others do, after the protocol's rounding.

References:
    Chen, Mo, "IQA-PyTorch: PyTorch Toolbox for Image Quality Assessment", 2022,
    https://github.com/chaofengc/IQA-PyTorch (PolyForm Noncommercial)
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from typing import Any, NoReturn

import torch
from torch import Tensor

from pdbench.errors import InputError, MetricUndefined, WeightsUnavailable, first_line
from pdbench.metrics.color import check_batch
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.registry import unknown_id
from pdbench.torchvision_guard import import_torchvision
from pdbench.weights import is_offline

__all__ = ["PREFIX", "PyiqaScorer", "make"]

PREFIX = "pyiqa:"

_SECONDS = 10.0
_SEED = 0
_DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class PyiqaScorer:
    """One of pyiqa's metrics, opened.

    Attributes:
        metric: What `pyiqa.create_metric` returned.
        compares: Whether it wants the reference.
    """

    metric: Any
    compares: bool

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> Tensor | None:
        """Keep the reference where the metric wants it; `lr` is not used."""
        return required(reference) if self.compares else None

    def score(self, restored: Tensor, prepared: Tensor | None) -> Tensor:
        """Return (B,) float64, in pyiqa's own unit and direction."""
        check_batch(restored, prepared)
        return torch.stack([self._score(one[None], prepared) for one in restored])

    def _score(self, one: Tensor, reference: Tensor | None) -> Tensor:
        given = (one,) if reference is None else (one, reference)
        try:
            # Some of pyiqa's metrics look at random crops: always at the same ones here.
            with torch.random.fork_rng(), _quiet():
                torch.manual_seed(_SEED)
                value = torch.as_tensor(self.metric(*given)).double().flatten().cpu()
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # foreign code, a failure of its own for every kind of image
            if "memory" in str(error).lower():
                raise
            raise MetricUndefined(f"pyiqa failed on this image ({first_line(error)})") from error
        if value.numel() != 1:
            raise MetricUndefined(f"pyiqa gave {value.numel()} numbers for one image")
        return value[0]


def make(name: str) -> Metric | None:
    """Declare the metric called "pyiqa:NAME", or return None for any other id.

    Args:
        name: Metric id.

    Raises:
        InputError: pyiqa is not installed or has no metric of that name.
    """
    return _declare(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None


@cache
def _declare(name: str) -> Metric:
    configurations = _import_pyiqa().default_model_configs.DEFAULT_CONFIGS
    if name not in configurations:
        raise unknown_id("metric of pyiqa", name, configurations)
    configuration = configurations[name]
    compares = configuration["metric_mode"] == "FR"
    return Metric(
        id=f"{PREFIX}{name}",
        title=f"{name} (pyiqa)",
        better="lower" if configuration.get("lower_better") else "higher",
        kind="distortion" if compares else "perception",
        decimals=_DECIMALS,
        needs_reference=compares,
        reference=f"'{name}' of Chen, Mo, 'IQA-PyTorch: PyTorch Toolbox for Image Quality "
        "Assessment', 2022, https://github.com/chaofengc/IQA-PyTorch",
        source=f"pyiqa {version('pyiqa')}",
        open=partial(_open, name, compares),
    )


def _open(name: str, compares: bool, choices: Choices, device: str) -> PyiqaScorer:
    return PyiqaScorer(metric=_create(name, device), compares=compares)


def _create(name: str, device: str) -> Any:  # noqa: ANN401  (pyiqa has no stubs)
    pyiqa = _import_pyiqa()
    try:
        with _quiet(), _network(), torch.random.fork_rng():
            torch.manual_seed(_SEED)  # for what no file of weights fills
            return pyiqa.create_metric(name, device=torch.device(device))
    except Exception as error:  # a download fails in as many ways as there are hosts
        raise WeightsUnavailable(
            f"pyiqa cannot open '{name}' ({first_line(error)}); run it once where its weights "
            "can be downloaded and copy pyiqa's cache"
        ) from error


@contextlib.contextmanager
def _network() -> Iterator[None]:
    """Let no host be silent for long; let none be asked where PDBENCH_OFFLINE forbids it."""
    timeout, lookup = socket.getdefaulttimeout(), socket.getaddrinfo
    try:
        socket.setdefaulttimeout(_SECONDS)
        if is_offline():
            socket.getaddrinfo = _refuse
        yield
    finally:
        socket.setdefaulttimeout(timeout)
        socket.getaddrinfo = lookup


def _refuse(*_address: object, **_options: object) -> NoReturn:
    raise OSError("PDBENCH_OFFLINE forbids to download its weights")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what pyiqa prints, logs and warns of away from the user's tables."""
    level = logging.root.manager.disable
    try:
        logging.disable(logging.INFO)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _import_pyiqa() -> Any:  # noqa: ANN401
    try:
        import_torchvision()
        with _quiet():
            import pyiqa
            import pyiqa.default_model_configs
    except ImportError as error:
        raise InputError(
            f"metrics '{PREFIX}...' need pyiqa ({error}); run: pip install 'pdbench[pyiqa]'"
        ) from error
    return pyiqa
