"""Metrics, methods, samples and networks on tensors: for a notebook or a training script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Literal, Unpack

import torch
from torch import Tensor, nn

from pdbench.baselines import BASELINES
from pdbench.errors import InputError, MetricUndefined, WeightsUnavailable
from pdbench.harness.bank import SampleBank
from pdbench.harness.config import resolve_device
from pdbench.harness.method import Method, Sampled
from pdbench.harness.options import EvalOptions, OptionFields
from pdbench.harness.restore import make_bank, open_networks, restore
from pdbench.images import quantize
from pdbench.methods.catalog import MethodCatalog
from pdbench.methods.family import number, whole_number
from pdbench.methods.srflow_da import HIGHEST_TAU
from pdbench.metrics import METRICS
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.metric import Choices
from pdbench.metrics.protocol import PROTOCOLS, protocol_hash
from pdbench.weights import settings

__all__ = ["MethodFunction", "MetricFunction", "method", "metric", "network", "sample"]

_UNROUNDED = {"rgb": "rgb-unrounded", "bt601-rounded": "bt601", "yiq-rounded": "yiq"}
_PROBE = 192
"""Side of the image that shows whether a metric has a gradient; NIQE needs 104 pixels."""
_SLACK = 0.01
"""How far an image may leave [0, 1]: by rounding, not by another scale."""
_SLACK_OF_LOSS = 0.5
"""The same of what a loss compares with, which may be a network's output."""


class MetricFunction:
    """A metric under one protocol, callable on tensors; it computes where the tensors are.

    Attributes:
        id: Metric id ("lpips-vgg").
        protocol: Protocol id ("paper").
        better: Which direction is better, "higher" or "lower".
        choices: Everything the protocol decides for it: color space, border, resize, ...
        hash: Fingerprint of all that; equal hashes, comparable numbers.
        as_loss: Whether it keeps gradients and rounds nothing.
    """

    def __init__(self, name: str, protocol: str, *, as_loss: bool) -> None:
        self._rules = PROTOCOLS.get(protocol)
        self._metric = METRICS.get(name)
        self.id, self.protocol, self.as_loss = self._metric.id, self._rules.id, as_loss
        self.better: Literal["higher", "lower"] = self._metric.better
        self.choices: Choices = self._rules.rule(name).choices
        self.hash = protocol_hash(self._rules, self._metric)
        self._lock = threading.Lock()
        self._collection = cache(self._open)
        self._scorer = cache(self._open_loss)

    def __reduce__(self) -> tuple[Callable[..., MetricFunction], tuple[str, str]]:
        """Copy and pickle by ids; a copy opens its weights itself."""
        return partial(MetricFunction, as_loss=self.as_loss), (self.id, self.protocol)

    def __repr__(self) -> str:
        """Say what it is, in the words of the call that made it."""
        loss = ", as_loss=True" if self.as_loss else ""
        return f"metric('{self.id}', protocol='{self.protocol}'{loss})  # {self.better} is better"

    def __call__(
        self, sr: Tensor, hr: Tensor | None = None, *, lr: Tensor | None = None
    ) -> Tensor:
        """Score images.

        Args:
            sr: (B, 3, H, W) or (3, H, W) floats, RGB in [0, 1]; brought to 8 bit as the protocol
                says.
            hr: The same, or one image for all of `sr`; None for a metric without reference.
            lr: (B, 3, H/4, W/4), for the metrics that compare with the LR image.

        Returns:
            (B,) float64. A metric of sets, like `diversity`, gives one value for all of `sr`,
            which are compared with one image.

        Raises:
            InputError: Something is not a tensor of floats, or its values are of another scale.
            MetricUndefined: An image cannot be judged: no reference, or too small.
            ValueError: The sizes differ.
        """
        images = _batch(sr, "sr")
        if not self.as_loss:
            _refuse_levels(images)
        slack = _SLACK_OF_LOSS if self.as_loss else _SLACK
        others = [
            None if one is None else _in_range(_batch(one, name), name, slack)
            for name, one in (("hr", hr), ("lr", lr))
        ]
        if self._metric.per_set and any(one is not None and len(one) > 1 for one in others):
            raise InputError(f"{self.id} judges samples of one image; call it once for each image")
        score = self._differentiable if self.as_loss else self._score
        if all(one is None or len(one) == 1 for one in others):
            return score(images, *others)
        rows = zip(images[:, None], *(_spread(one, len(images)) for one in others), strict=True)
        return torch.cat([score(*row) for row in rows])

    def _score(self, images: Tensor, hr: Tensor | None, lr: Tensor | None) -> Tensor:
        collection = self._collection(str(images.device))
        how = self._rules.quantization
        known = [None if one is None else quantize(one, how) for one in (hr, lr)]
        levels = quantize(images, how)
        with self._lock:  # the collection keeps what it prepared
            collection.prepare(*known)
            if self._metric.per_set:
                pairs = [collection.score_set(self.id, levels)]
            else:
                pairs = collection.judge(levels)[self.id]
        for value, reason in pairs:
            if value is None:
                raise MetricUndefined(f"{self.id} has no value: {reason}")
        return torch.tensor([value for value, _ in pairs], dtype=torch.float64)

    def _open(self, device: str) -> MetricCollection:
        opened = MetricCollection(self._rules, [self.id], device=device)
        for reason in opened.unavailable.values():
            raise WeightsUnavailable(f"{self.id} is unavailable: {reason}")
        return opened

    def _differentiable(self, images: Tensor, hr: Tensor | None, lr: Tensor | None) -> Tensor:
        scorer = self._scorer(str(images.device))
        value: Tensor = scorer.score(images, scorer.prepare(hr, lr))
        if images.requires_grad and not value.requires_grad:
            raise self._flat()
        return value

    def _open_loss(self, device: str) -> Any:  # noqa: ANN401  (a Scorer)
        """Open the metric without rounding, and see that it has a gradient."""
        if self._metric.open is None or self._metric.per_set:
            raise self._flat()
        color = self.choices.get("colour")
        smooth = {"colour": _UNROUNDED.get(color, color)} if color else {}
        scorer: Any = self._metric.open({**self.choices, **smooth}, device)
        probe, other = torch.rand(2, 1, 3, _PROBE, _PROBE, device=device)
        probe.requires_grad_()
        small = torch.rand(1, 3, _PROBE // 4, _PROBE // 4, device=device)
        try:
            with torch.enable_grad():
                value = scorer.score(probe, scorer.prepare(other, small)).sum()
                (slope,) = torch.autograd.grad(value, probe)
        except RuntimeError as error:
            raise self._flat() from error
        if not slope.any():
            raise self._flat()
        return scorer

    def _flat(self) -> InputError:
        return InputError(
            f"{self.id} under protocol {self.protocol} has no gradient; take another metric, or "
            "leave as_loss out"
        )


def metric(name: str, protocol: str = "paper", *, as_loss: bool = False) -> MetricFunction:
    """Return a metric as a function of two tensors.

    Args:
        name: Metric id; see `list_all("metrics")`.
        protocol: Protocol id; see `list_all("protocols")`.
        as_loss: Keep gradients and round nothing. The value is the metric's own: minimize it where
            lower is better, its negative where higher is.

    Returns:
        `(sr, hr, lr=None) -> (B,)` float64, with `.better` and `.choices`.

    Raises:
        InputError: The metric or the protocol is unknown, the protocol does not cover the metric,
            or it was asked for as a loss and has no gradient.
        WeightsUnavailable: Its weights cannot be had (when it is first called, for a loss at
            once).

    >>> import torch, pdbench
    >>> psnr = pdbench.metric("psnr")
    >>> hr = torch.full((1, 3, 16, 16), 0.5)
    >>> print(round(psnr(hr + 0.1, hr).item(), 2), psnr.better)
    20.17 higher
    """
    made = MetricFunction(name, protocol, as_loss=as_loss)
    if as_loss:
        made._scorer("cpu")
    return made


class MethodFunction:
    """A method as a function of an LR image.

    Attributes:
        declaration: The method: id, title, kind, reference.
    """

    def __init__(self, declaration: Method, options: EvalOptions) -> None:
        self.declaration = declaration
        self._options = options
        with settings(weights_dir=options.weights_dir, offline=options.offline):
            self._networks = open_networks(MethodCatalog(), options)
            for baseline in declaration.baselines:
                self._networks(baseline)

    def __repr__(self) -> str:
        """Say what it is, in the words of the call that made it."""
        return f"method('{self.declaration.id}')  # {self.declaration.title}"

    def __call__(self, lr: Tensor) -> Tensor:
        """Restore an image as a run with the same seed does.

        Args:
            lr: (3, h, w) or (1, 3, h, w) floats, RGB in [0, 1].

        Returns:
            (3, 4h, 4w) or (1, 3, 4h, 4w) float32 in [0, 1], on the CPU; (S, 3, 4h, 4w) for a
            stochastic method.

        Raises:
            InputError: It is not a tensor of floats, or its values are of another scale.
            ValueError: It is not one image.
        """
        made = restore(self.declaration, self._bank(lr)).clamp(0, 1)
        return made[0] if lr.ndim == 3 and self.declaration.kind != "stochastic" else made

    def _bank(self, lr: Tensor) -> SampleBank:
        image = _in_range(_batch(lr, "lr"), "lr", _SLACK)
        if len(image) != 1:
            raise ValueError(f"expected one image, got {len(image)}; restore them one by one")
        return make_bank("", image[0], [self.declaration], self._networks, self._options)


def method(name: str, **fields: Unpack[OptionFields]) -> MethodFunction:
    """Return a method as a function of an LR image.

    Args:
        name: Method id; see `list_all("methods")`.
        fields: `size`, `seed`, `device` and so on, as in `EvalOptions`.

    Returns:
        `(lr) -> image`.

    Raises:
        InputError: The method is unknown.
        WeightsUnavailable: A network has no weights of the size asked for.

    >>> import torch, pdbench
    >>> pdbench.method("bicubic")(torch.rand(3, 12, 16)).shape
    torch.Size([3, 48, 64])
    """
    return MethodFunction(MethodCatalog().method(name), EvalOptions.of(**fields))


def sample(
    lr: Tensor,
    *,
    tau: float = 0.9,
    count: int = 5,
    network: str = "srflow-da",
    **fields: Unpack[OptionFields],
) -> Tensor:
    """Draw samples of the flow, the very ones a run with this seed averages.

    Args:
        lr: (3, h, w) or (1, 3, h, w) floats, RGB in [0, 1].
        tau: Standard deviation of the latents, 0 to 2.
        count: How many samples, 1 to 1000.
        network: Id of a generative network.
        fields: `seed`, `size`, `device` and so on, as in `EvalOptions`. Sample i of an image and
            a seed is the same whatever `count` is.

    Returns:
        (count, 3, 4h, 4w) float32, not clipped: their mean and median are those of the methods.

    Raises:
        InputError: The network is unknown or does not sample, or a number is out of range.
        WeightsUnavailable: It has no weights of the size asked for.

    >>> import torch, pdbench
    >>> samples = pdbench.sample(torch.rand(3, 12, 16), tau=0.5, count=2)
    >>> samples.shape
    torch.Size([2, 3, 48, 64])
    """
    tau = number(str(tau), "sample(tau=t)", HIGHEST_TAU)
    count = whole_number(str(count), "sample(count=k)")
    needs = (Sampled(network, tau, count),)
    draw = Method(
        id="samples", title="", kind="stochastic", needs=needs, reference="",
        run=lambda _, bank: bank.samples(network, tau=tau, count=count),
    )  # fmt: skip
    if not hasattr(BASELINES.get(network).wrap, "decode"):
        raise InputError(f"network '{network}' does not sample; take srflow-da")
    function = MethodFunction(draw, EvalOptions.of(**fields))
    return restore(draw, function._bank(lr))


def network(
    name: str,
    size: str = "compact",
    *,
    device: str = "cpu",
    weights_dir: str | None = None,
    offline: bool = False,
) -> nn.Module:
    """Load a trained network.

    Args:
        name: Network id: rrdb, esrgan-plus, srflow-da, fusion-l1 or fusion-lpips.
        size: "compact" or "paper".
        device: Torch device.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        offline: Download nothing.

    Returns:
        The network in eval mode, its parameters frozen.

    Raises:
        InputError: The name or the size is unknown, or there is no such device.
        WeightsUnavailable: There are no weights of this size here.

    >>> import torch, pdbench
    >>> rrdb = pdbench.network("rrdb", size="compact")
    >>> rrdb(torch.rand(1, 3, 12, 16)).shape
    torch.Size([1, 3, 48, 64])
    """
    with settings(weights_dir=weights_dir, offline=offline):
        return BASELINES.get(name).load(size, resolve_device(device))


def _batch(image: Tensor, name: str) -> Tensor:
    if not isinstance(image, Tensor):
        raise InputError(
            f"{name} is a {type(image).__name__}; make it a tensor, torch.from_numpy takes arrays"
        )
    if not image.is_floating_point():
        kind = str(image.dtype).removeprefix("torch.")
        raise InputError(f"{name} is {kind}; give floats in [0, 1], levels divided by 255")
    batch = image[None] if image.ndim == 3 else image
    if batch.ndim != 4 or batch.shape[1] != 3:
        raise ValueError(f"expected (B, 3, H, W) or (3, H, W), got {tuple(image.shape)}")
    return batch.float()


def _in_range(image: Tensor, name: str, slack: float) -> Tensor:
    """Return the image; raises InputError if its values leave [0, 1] by more than `slack`."""
    if ((image < -slack) | (image > 1 + slack)).any():
        raise _scaled(image, name)
    return image


def _refuse_levels(sr: Tensor) -> None:
    """Refuse outputs on the scale 0 to 255; a flow's sample may leave [0, 1], in few pixels."""
    if (sr > 10).any() and sr.median() > 2:
        raise _scaled(sr, "sr")


def _scaled(image: Tensor, name: str) -> InputError:
    low, high = (value.item() for value in image.aminmax())
    return InputError(
        f"{name} has values from {low:.3g} to {high:.3g}; scale it to [0, 1], or clamp what "
        "leaves it"
    )


def _spread(images: Tensor | None, count: int) -> Sequence[Tensor | None]:
    """Return one image of (1, 3, H, W) for each of `count`."""
    if images is None or len(images) == 1:
        return [images] * count
    if len(images) != count:
        raise ValueError(f"expected 1 or {count} images to compare with, got {len(images)}")
    return list(images[:, None])
