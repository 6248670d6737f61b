"""Restoring one image by several methods: the loop that runs, figures and submissions share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pdbench.data.pairs import Pair, pixel_sha256
from pdbench.errors import (
    InputError,
    MetricUndefined,
    NonFiniteImage,
    PdbenchError,
    first_line,
)
from pdbench.harness.bank import SampleBank
from pdbench.harness.config import Catalog, Task, output_count, resolve_device
from pdbench.harness.method import Method
from pdbench.harness.options import EvalOptions
from pdbench.images import quantize, save_image, to_uint8
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PROTOCOLS, Protocol

__all__ = [
    "Figure",
    "FigureTask",
    "Shown",
    "make_bank",
    "open_networks",
    "restore",
    "restore_image",
    "save_outputs",
    "show_lr",
]

Levels = npt.NDArray[np.uint8]


def open_networks(catalog: Catalog, options: EvalOptions) -> Callable[[str], Any]:
    """Return baseline id -> loaded network, each loaded when first asked for, and once."""
    return cache(
        partial(catalog.network, size=options.size, device=resolve_device(options.device))
    )


def make_bank(
    image: str,
    lr: Tensor,
    methods: Iterable[Method],
    networks: Callable[[str], Any],
    options: EvalOptions,
) -> SampleBank:
    """Return the bank that all methods share; samples depend on seed and LR pixels alone.

    Args:
        image: Name of the image within its dataset.
        lr: (3, h, w) float32 RGB in [0, 1].
        methods: What will be restored.
        networks: Baseline id -> loaded network.
        options: Seed, device and memory.
    """
    return SampleBank(
        lr,
        pixel_sha256((lr,)),
        options.seed,
        [need for method in methods for need in method.needs],
        networks,
        device=resolve_device(options.device),
        max_memory=options.max_memory,
        image=image,
    )


def restore(method: Method, bank: SampleBank) -> Tensor:
    """Restore the bank's image.

    Returns:
        (S, 3, 4h, 4w) float, not clipped; S > 1 for a stochastic method only.

    Raises:
        InputError: The method returns something of another shape.
        NonFiniteImage: A network's output contains NaN or infinite values.
    """
    if method.source:  # code of others may compute in place
        bank = bank.copying()
    lr = bank.lr[0]
    with torch.inference_mode():
        made = method.run(lr, bank)
    outputs = made[None] if made.ndim == 3 else made
    expected = (output_count(method), 3, 4 * lr.shape[-2], 4 * lr.shape[-1])
    if tuple(outputs.shape) != expected:
        raise InputError(
            f"method '{method.id}' returned shape {tuple(outputs.shape)} for image "
            f"'{bank.image}', expected {expected}; fix the method"
        )
    return outputs


def save_outputs(
    method: Method, image: str, outputs: Tensor, protocol: Protocol, folder: Path
) -> None:
    """Write outputs as PNG files, rounded as the protocol's metrics see them.

    Args:
        method: What made them.
        image: Name of the image.
        outputs: (S, 3, H, W).
        protocol: Says how they are rounded.
        folder: Where `<image>.png` goes, or `<image>_sample00000.png` and so on of a stochastic
            method; made if need be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for sample, output in enumerate(outputs):
        ending = f"_sample{sample:05d}" if method.kind == "stochastic" else ""
        save_image(quantize(output, protocol.quantization), folder / f"{image}{ending}.png")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One method's output for one image.

    Attributes:
        method: Method id.
        title: Title of its row.
        levels: (H, W, 3) levels of the output; the first sample of a stochastic method.
        values: Metric id -> score of this very output, None where there is none.
    """

    method: str
    title: str
    levels: Levels
    values: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a figure shows of one image.

    Attributes:
        hr: (H, W, 3) levels of the HR image.
        lr: (H/4, W/4, 3) levels of the LR image.
        shown: What every method made.
    """

    hr: Levels
    lr: Levels
    shown: tuple[Shown, ...]

    @property
    def method(self) -> str:
        """Id of the first method, which stands for all where an executor restores them."""
        return self.shown[0].method


@dataclass(frozen=True, kw_only=True)
class FigureTask(Task):
    """A task that asks for a `Figure` by all methods of the run; `work` names the first."""


def restore_image(
    pair: Pair, methods: Sequence[Method], catalog: Catalog, options: EvalOptions
) -> Figure:
    """Restore an image with each method and score what a figure shows of it.

    Args:
        pair: The image.
        methods: What to run.
        catalog: Where networks come from.
        options: How; a sample is that of a run with the same seed.

    Returns:
        Both images, and what every method made.

    Raises:
        InputError: A method fails on this image or returns another size; a metric is unknown.
        WeightsUnavailable: A network has no weights of this size here.
    """
    protocol = PROTOCOLS.get(options.protocol)
    lr, hr = pair.load()
    bank = make_bank(pair.name, lr, methods, open_networks(catalog, options), options)
    device = resolve_device(options.device)
    collection = MetricCollection(protocol, options.metrics or None, device=device)
    collection.prepare(hr, lr)
    shown = []
    for method in methods:
        try:
            image = quantize(restore(method, bank)[0], protocol.quantization)
        except (MetricUndefined, NonFiniteImage) as error:
            raise InputError(
                f"method '{method.id}' cannot restore '{pair.name}': {error}; leave it out"
            ) from error
        except PdbenchError:
            raise
        except Exception as error:  # whatever the caller's code raises
            raise InputError(
                f"method '{method.id}' fails on image '{pair.name}': {first_line(error)}"
            ) from error
        try:
            values = {name: found[0] for name, found in collection.score(image).items()}
        except PdbenchError:
            raise
        except Exception as error:  # the same of a metric
            raise InputError(
                f"a metric fails on image '{pair.name}' by '{method.id}': {first_line(error)}"
            ) from error
        shown.append(
            Shown(method=method.id, title=method.title, levels=_levels(image), values=values)
        )
    return Figure(hr=_levels(hr), lr=_levels(lr), shown=tuple(shown))


def show_lr(lr: Levels, scale: int) -> Levels:
    """Enlarge an LR image so that every pixel is a square of `scale` by `scale`: (H, W, 3)."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def _levels(image: Tensor) -> Levels:
    return to_uint8(image).permute(1, 2, 0).cpu().numpy()
