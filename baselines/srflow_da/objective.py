"""Objective of SRFlow-DA: the likelihood of noisy HR crops, and nothing beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, cast

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from pdbench.baselines import rrdb
from pdbench.baselines.arguments import build
from pdbench.baselines.baseline import check_fit, read_weights
from pdbench.baselines.srflow_da.decoder import Decoder
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.bicubic import bicubic_downsample
from pdbench.data.patches import Photo
from pdbench.images import quantize
from pdbench.training.loop import Objective
from pdbench.training.recipe import STRICT, Recipe, Share, read_options
from pdbench.training.validation import PerceptualScores, column_means, psnr_y, score_centers

__all__ = ["HR_NOISE", "SRFlowDAObjective", "draw_latents"]

HR_NOISE = 4 / math.sqrt(3) / 255
"""Standard deviation of the noise added to HR images in [0, 1]: what uniform dequantization to 32
levels would add (SRFlow-DA, section 4)."""

SAMPLES = 25
"""Samples at TAU that validation draws of each photograph."""
TAU = 0.9
OTHER_TAUS = (0.1, 0.5)
PATCH = 8
HUGE = 1e6
EXPLODED = 0.25
"""Mean excursion of an 8x8 patch outside [0, 1] above which it counts as exploded."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Options:
    """The recipe's `objective`.

    Attributes:
        encoder: Size of the RRDB whose weights the encoder starts from, or "" for none.
        frozen: Fraction of the run during which the encoder is not trained.
    """

    encoder: Literal["", "compact", "paper"] = ""
    frozen: Share = 0.0


def draw_latents(
    lr: Tensor, copies: int, tau: float, generator: torch.Generator | None = None
) -> list[Tensor]:
    """Draw latents [eps, z] for `copies` samples of every image of lr (B, 3, h, w)."""
    batch, _, height, width = lr.shape
    shapes = [(6, 2 * height, 2 * width), (24, height, width)]
    return [
        tau * torch.randn(copies * batch, *shape, device=lr.device, generator=generator)
        for shape in shapes
    ]


class SRFlowDAObjective(Objective):
    """Negative log-likelihood in bits per pixel."""

    losses = ("nll",)

    def __init__(self) -> None:
        self.options = Options()
        self.rrdb: nn.Module | None = None

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network, its encoder filled from RRDB if the recipe says so."""
        self.options = read_options(Options, recipe.objective, "recipe objective of srflow-da")
        network = build(SRFlowDA, recipe.network, "recipe network of srflow-da")
        published = hasattr(network.flowUpsamplerNet, "f")  # with tensors that no x4 flow uses
        self.leaves_unused = published or self.options.frozen > 0
        if self.options.encoder:
            path = rrdb.BASELINE.weights_path(self.options.encoder)
            state = rrdb.BASELINE.convert_state_dict(read_weights(path)[0])
            wanted = network.RRDB.state_dict().keys() & state.keys()
            encoder = {name: state[name].float() for name in wanted}
            check_fit(network.RRDB, encoder, f"RRDB {self.options.encoder}, the recipe's encoder,")
            network.RRDB.load_state_dict(encoder)
            self.rrdb = rrdb.BASELINE.load(self.options.encoder, "cpu")
        return network

    def begin(self, network: nn.Module, lr: Tensor, hr: Tensor) -> None:
        """Initialize the actnorms on the first batch."""
        network.initialize(lr, hr + HR_NOISE * torch.randn_like(hr))  # type: ignore[operator]

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, progress: float) -> Tensor:
        """Mean negative log-likelihood of the noisy HR crops."""
        if self.options.frozen:
            bare = getattr(network, "module", network)
            bare.RRDB.requires_grad_(progress >= self.options.frozen)
        nll: Tensor = network(lr, hr + HR_NOISE * torch.randn_like(hr))
        return nll.mean()

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Score likelihood and samples on the centers of the held-out photographs.

        Returns:
            `val_` and: `nll` (bits/pixel); luma PSNR (dB) of tau = 0, one sample at 0.9, and the
            averages of 5 and 25; `mse_ratio`, MSE(1)/MSE(inf) at 0.9 pooled over photographs (a
            perfect sampler has 1 + 0.9^2 there); LPIPS-VGG and NIQE of tau = 0.1, 0.5, 0.9,
            Average-5 and the RRDB that the encoder started from; `lr_psnr` of a sample (dB);
            `excursion`, the worst mean excursion of an 8x8 patch outside [0, 1]; and `exploded`,
            the share of patches where it is above 0.25.
        """
        flow = cast(SRFlowDA, network)
        decoder = Decoder(flow.flowUpsamplerNet)

        def score(lr: Tensor, hr: Tensor, perceptual: PerceptualScores) -> dict[str, float]:
            scores = _judge(flow, decoder, perceptual, lr, hr)
            if self.rrdb:
                others = perceptual(self.rrdb.to(lr.device)(lr))
                scores |= {f"{metric}_rrdb": value for metric, value in others.items()}
            return scores

        rows = score_centers(network, photos, score)
        means = column_means(rows)
        means["val_mse_ratio"] = means.pop("val_mse_1") / (means.pop("val_mse_inf") or math.nan)
        means["val_excursion"] = max(row["excursion"] for row in rows)
        return means


def _judge(
    network: SRFlowDA, decoder: Decoder, perceptual: PerceptualScores, lr: Tensor, hr: Tensor
) -> dict[str, float]:
    """Return the scores of one photograph, lr (1, 3, h, w), with `mse_1` and `mse_inf` apart."""
    generator = torch.Generator(lr.device).manual_seed(0)
    conditions = network.conditions(lr)
    prepared = decoder.prepare(conditions)

    def draw(tau: float, copies: int) -> Tensor:
        drawn = [
            decoder.decode(draw_latents(lr, 1, tau, generator), prepared) for _ in range(copies)
        ]  # one by one: faster on a CPU than one large batch
        return torch.cat(drawn).float().nan_to_num(HUGE, HUGE, -HUGE)

    samples = draw(TAU, SAMPLES)
    shown = {f"tau{tau:g}": draw(tau, 1) for tau in OTHER_TAUS}
    shown |= {f"tau{TAU:g}": samples[:1], "average5": samples[:5].mean(0, keepdim=True)}
    scores = {
        f"{metric}_{name}": value
        for name, image in shown.items()
        for metric, value in perceptual(image).items()
    }
    noise = HR_NOISE * torch.randn(hr.shape, device=hr.device, generator=generator)
    encoded = network.encode(hr + noise, network.flowUpsamplerNet.prepare(conditions))
    outside = (F.relu(samples - 1) + F.relu(-samples)).mean(1, keepdim=True)
    patches = F.avg_pool2d(outside, PATCH)
    small = bicubic_downsample(quantize(samples[:1]))
    error = (samples - hr).square().mean()
    return {
        "nll": float(encoded.nll),
        "psnr_y_tau0": psnr_y(draw(0.0, 1), hr),
        "psnr_y_tau0.9": psnr_y(samples[:1], hr),
        "psnr_y_average5": psnr_y(shown["average5"], hr),
        "psnr_y_average25": psnr_y(samples.mean(0, keepdim=True), hr),
        "mse_1": float(error),
        "mse_inf": float(error - samples.var(0).mean()),
        **scores,
        "lr_psnr": float(-10 * torch.log10((small - lr).double().square().mean() + 1e-10)),
        "excursion": float(patches.max()),
        "exploded": float((patches > EXPLODED).float().mean()),
    }
