"""Training SRFlow-DA: likelihood of noisy HR crops; optionally losses on the samples it draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdbench.baselines import rrdb
from pdbench.baselines.baseline import read_weights
from pdbench.baselines.rrdb.task import centre_pair, psnr_y
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.data.patches import Photo
from pdbench.errors import InputError
from pdbench.images import bicubic_downsample, quantise
from pdbench.training.recipe import Recipe

__all__ = ["HR_NOISE", "SRFlowDAObjective", "draw_latents"]

HR_NOISE = 4 / math.sqrt(3) / 255
"""Standard deviation of the noise added to HR images in [0, 1]: what uniform dequantisation to 32
levels would add (SRFlow-DA, section 4)."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The recipe's `objective`.

    Attributes:
        encoder: Size of the RRDB whose weights the encoder starts from, or "" for none.
        frozen: Fraction of the steps during which the encoder is not trained.
        samples_from: Fraction of the steps after which samples are drawn for the terms below.
        tau: Temperature of these samples.
        crps: Weight of the continuous ranked probability score of two samples, over pixels and
            gradients at three scales: a proper score, smallest for the true posterior.
        consistency: Weight of the L1 distance between downscaled samples and the LR.
        in_range: Weight of the mean excursion of samples outside [0, 1].
    """

    encoder: str = ""
    frozen: float = 0.0
    samples_from: float = 0.0
    tau: float = 0.9
    crps: float = 0.0
    consistency: float = 0.0
    in_range: float = 0.0


def draw_latents(
    lr: Tensor,
    copies: int,
    tau: Tensor | float,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """Draw latents [eps, z] for `copies` samples of every image of lr (B, 3, h, w)."""
    batch, _, height, width = lr.shape
    shapes = [(6, 2 * height, 2 * width), (24, height, width)]
    return [
        tau * torch.randn(copies * batch, *shape, device=lr.device, generator=generator)
        for shape in shapes
    ]


def crps(first: Tensor, second: Tensor, truth: Tensor) -> Tensor:
    """Score two independent samples against the truth, all (B, 3, H, W); lower is better.

    The continuous ranked probability score E|s - t| - E|s - s'| / 2, averaged over pixel values
    and their horizontal and vertical differences at full, half and quarter size. Its expectation
    is smallest where these have the posterior's distribution, so unlike a pixel loss it rewards
    variety where the truth varies, and unlike the likelihood it punishes noise that does not.

    References:
        Gneiting, Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of
        the American Statistical Association 102, 2007.
    """
    total = truth.new_zeros(())
    for scale in (1, 2, 4):
        a, b, t = (F.avg_pool2d(x, scale) if scale > 1 else x for x in (first, second, truth))
        for dim in (None, -1, -2):
            x, y, z = (v if dim is None else v.diff(dim=dim) for v in (a, b, t))
            error = (x - z).abs().mean() + (y - z).abs().mean()
            total = total + 0.5 * (error - (x - y).abs().mean())
    return total / 9


class SRFlowDAObjective:
    """NLL in bits per pixel plus the sample terms; see pdbench.training.loop.Objective."""

    def __init__(self) -> None:
        self.weights = Weights()
        self.steps = 1

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network, its encoder filled from RRDB if the recipe says so."""
        try:
            self.weights = Weights(**recipe.objective)
        except TypeError as error:
            raise InputError(f"recipe objective of srflow-da: {error}") from error
        self.steps = recipe.optimisation.steps
        network = SRFlowDA(**recipe.network)
        if self.weights.encoder:
            path = rrdb.BASELINE.weights_path(self.weights.encoder)
            state = rrdb.BASELINE.translate(read_weights(path)[0])
            wanted = network.RRDB.state_dict()
            network.RRDB.load_state_dict({name: state[name].float() for name in wanted})
        return network

    def begin(self, network: nn.Module, lr: Tensor, hr: Tensor) -> None:
        """Initialise the actnorms on the first batch."""
        network.initialise(lr, hr + HR_NOISE * torch.randn_like(hr))  # type: ignore[operator]

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, step: int) -> Tensor:
        """NLL of the noisy HR crops plus the weighted sample terms."""
        weights = self.weights
        if weights.frozen:
            bare = getattr(network, "module", network)
            bare.RRDB.requires_grad_(step >= weights.frozen * self.steps)
        noisy = hr + HR_NOISE * torch.randn_like(hr)
        terms = weights.crps or weights.consistency or weights.in_range
        if not terms or step < weights.samples_from * self.steps:
            return network(lr, noisy)[0].mean()
        nll, samples = network(lr, noisy, draw_latents(lr, 2, weights.tau))
        return nll.mean() + self._sample_terms(samples.float(), lr, hr)

    def _sample_terms(self, samples: Tensor, lr: Tensor, hr: Tensor) -> Tensor:
        weights = self.weights
        small = F.interpolate(samples, lr.shape[-2:], mode="bicubic", antialias=True)
        first, second = samples.chunk(2)
        outside = F.relu(samples - 1) + F.relu(-samples)
        return (
            weights.crps * crps(first, second, hr)
            + weights.consistency * F.l1_loss(small, lr.repeat(2, 1, 1, 1))
            + weights.in_range * outside.mean()
        )

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """NLL (bits/pixel), luma PSNR at tau 0 and 0.9, LR-PSNR and range of tau-0.9 samples."""
        device = next(network.parameters()).device
        rows = [self._judge(network, *centre_pair(photo, device)) for photo in photos]  # type: ignore[arg-type]
        return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def _judge(self, network: SRFlowDA, lr: Tensor, hr: Tensor) -> dict[str, float]:
        generator = torch.Generator(lr.device).manual_seed(0)
        prepared = network.condition(lr)
        noise = HR_NOISE * torch.randn(hr.shape, device=hr.device, generator=generator)
        latents = draw_latents(lr, 5, 0.9, generator)
        samples = network.decode(latents, prepared)
        mode = network.decode([0 * x[:1] for x in latents], prepared)
        small = bicubic_downsample(quantise(samples[:1]))
        return {
            "val_nll": float(network.encode(hr + noise, prepared).nll),
            "val_psnr_y_tau0": psnr_y(mode, hr),
            "val_psnr_y_tau09": psnr_y(samples[:1], hr),
            "val_psnr_y_average5": psnr_y(samples.mean(0, keepdim=True), hr),
            "val_lr_psnr": float(-10 * torch.log10((small - lr).double().square().mean() + 1e-10)),
            "val_range": float((samples - 0.5).abs().max() + 0.5),
        }
