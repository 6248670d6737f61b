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
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.bicubic import bicubic_downsample
from pdbench.data.patches import Photo
from pdbench.errors import InputError
from pdbench.images import quantise
from pdbench.training.losses import (
    lpips_distance,
    lpips_energy,
    random_window,
    spread_of_opposites,
)
from pdbench.training.recipe import Recipe
from pdbench.training.validation import center_pair, psnr_y

__all__ = ["HR_NOISE", "SRFlowDAObjective", "draw_latents", "grid_pattern", "pixel_crps"]

HR_NOISE = 4 / math.sqrt(3) / 255
"""Standard deviation of the noise added to HR images in [0, 1]: what uniform dequantisation to 32
levels would add (SRFlow-DA, section 4)."""

CELL = 4
ENERGY_WINDOW = 64


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The recipe's `objective`.

    Attributes:
        encoder: Size of the RRDB whose weights the encoder starts from, or "" for none.
        frozen: Fraction of the steps during which the encoder is not trained.
        samples_from: Fraction of the steps after which samples are drawn for the terms below.
        tau: Highest temperature of these samples; each step draws its own, high ones more often.
        lpips: Weight of LPIPS-VGG of the mean of two samples. Their latents are z and -z, so that
            what differs between samples cancels: the term sharpens what all samples share. Alone
            it lets their spread shrink; `crps` and `energy` hold against that.
        pixel: Weight of the L1 distance of that mean to the HR.
        crps: Weight of `pixel_crps`, which makes the samples as wide as their error.
        energy: Weight of `lpips_energy` in a random window, the same for what VGG16 sees.
        consistency: Weight of the L1 distance between downscaled samples and the LR.
        in_range: Weight of the mean excursion of samples outside [0, 1].
        grid: Weight of the pattern of four pixels in that mean, see `grid_pattern`.
    """

    encoder: str = ""
    frozen: float = 0.0
    samples_from: float = 0.0
    tau: float = 0.9
    lpips: float = 0.0
    pixel: float = 0.0
    crps: float = 0.0
    energy: float = 0.0
    consistency: float = 0.0
    in_range: float = 0.0
    grid: float = 0.0

    @property
    def look_at_samples(self) -> bool:
        """Whether any term needs samples."""
        terms = (self.lpips, self.pixel, self.crps, self.energy)
        return any((*terms, self.consistency, self.in_range, self.grid))


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


def grid_pattern(restored: Tensor, reference: Tensor) -> Tensor:
    """Mean magnitude of what the error repeats every four pixels.

    The squeezes let a flow treat each of the 16 positions in a 4x4 cell by itself, and VGG16 takes
    a faint grid for texture. Averaged over many cells the error must not depend on the position.

    Args:
        restored: (B, 3, 4h, 4w) in [0, 1].
        reference: The same shape.

    Returns:
        Scalar in the unit of the images, 0 without a pattern.
    """
    cells = F.pixel_unshuffle(restored - reference, CELL)
    pattern = cells.mean((0, 2, 3)).reshape(3, CELL * CELL)
    return (pattern - pattern.mean(1, keepdim=True)).abs().mean()


def pixel_crps(sample: Tensor, opposite: Tensor, reference: Tensor) -> Tensor:
    """Continuous ranked probability score of the samples' distribution, averaged over values.

    A proper score: least, in expectation, for the true distribution. It rewards samples that are
    near the HR image and, at that, far from each other; terms on their mean alone let the spread
    collapse. It is E|X - y| - E|X - X'| / 2 for independent samples X and X'.

    Args:
        sample: (B, 3, H, W), of latents z.
        opposite: The same shape, of latents -z.
        reference: The same shape, the HR image.

    Returns:
        Scalar in the unit of the images; lower is better.

    References:
        Gneiting, Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of
        the American Statistical Association 2007, section 4.2
    """
    error = (F.l1_loss(sample, reference) + F.l1_loss(opposite, reference)) / 2
    return error - spread_of_opposites(F.l1_loss(sample, opposite))


class SRFlowDAObjective:
    """NLL in bits per pixel plus the sample terms; see pdbench.training.loop.Objective."""

    leaves_unused = True  # the published tensors of no use, and an encoder while it is frozen

    def __init__(self) -> None:
        self.weights = Weights()
        self.steps = 1

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network, its encoder filled from RRDB if the recipe says so."""
        try:
            self.weights = Weights(**recipe.objective)
        except TypeError as error:
            raise InputError(f"recipe objective of srflow-da: {error}") from error
        self.steps = recipe.optimization.steps
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
        if not weights.look_at_samples or step < weights.samples_from * self.steps:
            return network(lr, noisy)[0].mean()
        tau = weights.tau * torch.rand((), device=lr.device).sqrt()
        latents = [torch.cat([x, -x]) for x in draw_latents(lr, 1, tau)]
        nll, drawn = network(lr, noisy, latents)
        return nll.mean() + self._sample_terms(drawn.float(), lr, hr)

    def _sample_terms(self, drawn: Tensor, lr: Tensor, hr: Tensor) -> Tensor:
        weights = self.weights
        sample, opposite = drawn.chunk(2)
        mean = (sample + opposite) / 2
        small = F.interpolate(sample, lr.shape[-2:], mode="bicubic", antialias=True)
        outside = F.relu(sample - 1) + F.relu(-sample)
        total = weights.consistency * F.l1_loss(small, lr) + weights.in_range * outside.mean()
        if weights.grid:
            total = total + weights.grid * grid_pattern(mean, hr)
        if weights.pixel:
            total = total + weights.pixel * F.l1_loss(mean, hr)
        if weights.crps:
            total = total + weights.crps * pixel_crps(sample, opposite, hr)
        with torch.autocast(mean.device.type, torch.bfloat16):
            if weights.energy:
                cut = random_window(ENERGY_WINDOW, sample, opposite, hr)
                total = total + weights.energy * lpips_energy(*cut)
            if weights.lpips:
                total = total + weights.lpips * lpips_distance(mean, hr)
        return total

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """NLL (bits/pixel), luma PSNR at tau 0 and 0.9, LR-PSNR and range of tau-0.9 samples."""
        device = next(network.parameters()).device
        rows = [self._judge(network, *center_pair(photo, device)) for photo in photos]  # type: ignore[arg-type]
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
