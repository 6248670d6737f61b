"""One image restored by several methods, with the scores of each: what a figure shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pdbench.data.pairs import Pair, pixel_sha256
from pdbench.errors import InputError, MetricUndefined, NonFiniteImage
from pdbench.harness.bank import DEFAULT_MEMORY, SampleBank
from pdbench.harness.method import Method
from pdbench.harness.plan import resolve_device
from pdbench.images import to_uint8
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PROTOCOLS

__all__ = ["Shown", "restore_image", "show_lr"]

Levels = npt.NDArray[np.uint8]


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


def restore_image(
    pair: Pair,
    methods: Sequence[Method],
    open_baseline: Callable[[str, str, str], Any],
    *,
    metrics: Sequence[str] | None = None,
    protocol: str = "paper",
    size: str = "compact",
    seed: int = 0,
    device: str = "cpu",
) -> tuple[Levels, Levels, tuple[Shown, ...]]:
    """Restore an image with each method; networks, samples and the metrics' HR side are shared.

    Args:
        pair: The image.
        methods: What to run.
        open_baseline: (baseline id, size, device) -> loaded network.
        metrics: Metric ids; all of the protocol's when None.
        protocol: Id of the protocol.
        size: Size of the networks.
        seed: Seed of all samples; a sample here is that of a run with this seed.
        device: "cpu", "cuda", "cuda:1" or "auto".

    Returns:
        The HR image and the LR image, each (H, W, 3) levels, and what every method made.

    Raises:
        InputError: A method fails on this image or returns another size; a metric is unknown.
        WeightsUnavailable: A network has no weights of this size here.
    """
    device = resolve_device(device)
    rules = PROTOCOLS.get(protocol)
    lr, hr = pair.load()
    network = cache(partial(_open, open_baseline, size, device))
    needs = [need for method in methods for need in method.needs]
    bank = SampleBank(
        lr, pixel_sha256((lr,)), seed, needs, network,
        device=device, max_memory=DEFAULT_MEMORY, image=pair.name,
    )  # fmt: skip
    panel = MetricCollection(rules, metrics, device=device)
    panel.prepare(hr, lr)
    shown = []
    for method in methods:
        output = _first(method, lr, hr, bank, pair.name)
        image = rules.quantize(output)
        values = panel.score(image)
        single = {name: found[0] for name, found in values.items()}
        shown.append(
            Shown(method=method.id, title=method.title, levels=_levels(image), values=single)
        )
    return _levels(hr), _levels(lr), tuple(shown)


def show_lr(lr: Levels, scale: int) -> Levels:
    """Enlarge an LR image so that every pixel is a square of `scale` by `scale`: (H, W, 3)."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def _open(
    open_baseline: Callable[[str, str, str], Any], size: str, device: str, baseline: str
) -> Any:  # noqa: ANN401  (a restorer or a sampler)
    return open_baseline(baseline, size, device)


def _first(method: Method, lr: Tensor, hr: Tensor, bank: SampleBank, image: str) -> Tensor:
    try:
        with torch.inference_mode():
            made = method.run(lr, bank)
    except (MetricUndefined, NonFiniteImage) as error:
        raise InputError(
            f"method '{method.id}' cannot restore '{image}': {error}; leave it out"
        ) from error
    first = made[0] if made.ndim == 4 else made
    if first.shape != hr.shape:
        raise InputError(
            f"method '{method.id}' returned shape {tuple(made.shape)} for image '{image}', "
            f"expected {tuple(hr.shape)}; mend the method"
        )
    return first


def _levels(image: Tensor) -> Levels:
    return to_uint8(image).permute(1, 2, 0).cpu().numpy()
