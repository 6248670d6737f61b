"""Training ESRGAN+: pixels, VGG16 features, and a relativistic average discriminator."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdbench.baselines import rrdb
from pdbench.baselines.baseline import read_weights
from pdbench.baselines.esrgan_plus.discriminator import Discriminator
from pdbench.baselines.esrgan_plus.keys import from_rrdb
from pdbench.baselines.esrgan_plus.net import ESRGANPlus
from pdbench.data.patches import Photo
from pdbench.images import quantise
from pdbench.metrics.panel import MetricPanel
from pdbench.metrics.protocol import PAPER
from pdbench.training.losses import (
    deep_feature_distance,
    lpips_distance,
    perceptual_distance,
    random_window,
)
from pdbench.training.processes import mean_over_processes
from pdbench.training.recipe import Recipe, read_options
from pdbench.training.validation import center_pair, psnr_y

__all__ = ["ESRGANPlusObjective", "relativistic_loss"]

STAGES = 5
TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The recipe's `objective.discriminator`; see `Discriminator`."""

    features: int = 64
    levels: int = 5
    norm: Literal["batch", "spectral"] = "batch"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The recipe's `objective`.

    Attributes:
        start: Size of the RRDB the generator starts from, or "" for none.
        pixel: Weight of L1 on pixels.
        perceptual: Weight of the VGG16 feature distance.
        features: "deep" compares relu5_3 (ESRGAN's loss), "all" the five stages at unit length,
            "lpips" these with LPIPS-VGG's heads.
        window: Side of the random window whose features are compared, in HR pixels.
        adversarial: Weight of the relativistic average GAN loss.
        balanced: Take `adversarial` as the ratio of gradients instead: at the restored image, that
            of the GAN loss is kept at this many times that of all other terms.
        delay: Steps before the GAN begins, generator's loss and discriminator both.
        ramp: Steps over which the GAN loss then fades in.
        consistency: Weight of the L1 distance between the downscaled output and the LR.
        discriminator: Arguments of the discriminator.
    """

    start: str = ""
    pixel: float = 0.01
    perceptual: float = 1.0
    features: Literal["deep", "all", "lpips"] = "deep"
    window: int = 128
    adversarial: float = 0.005
    balanced: bool = False
    delay: int = 0
    ramp: int = 0
    consistency: float = 0.0
    discriminator: Judge = Judge()


def relativistic_loss(winners: Tensor, losers: Tensor) -> Tensor:
    """Return how far `winners` are from looking truer than the mean loser, and vice versa.

    The discriminator minimises it with true images as winners, the generator with its own. Means
    are those of the whole batch where several processes share it.

    Args:
        winners: Logits, any shape.
        losers: Logits, the same shape.

    Returns:
        Scalar, ln 2 where nothing tells them apart.

    References:
        Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from standard
        GAN", ICLR 2019, https://arxiv.org/abs/1807.00734
    """
    winner, loser = mean_over_processes(torch.stack((winners.mean(), losers.mean())))
    above = F.softplus(loser - winners).mean()
    below = F.softplus(losers - winner).mean()
    return (above + below) / 2


def balance(restored: Tensor, first: Tensor, second: Tensor, ratio: float) -> Tensor:
    """Add two losses of an image so that their gradients at it have a given ratio of norms.

    A discriminator's gradient changes a hundredfold while it learns; no fixed weight suits it.

    Args:
        restored: The image, (B, 3, H, W), with gradient.
        first: Scalar loss of it, taken as it is.
        second: Scalar loss of it, weighted so that its gradient is `ratio` times as long.
        ratio: At least 0.

    Returns:
        Scalar whose gradient is the weighted sum's; its value is first + ratio * second.
    """
    slope, other = (torch.autograd.grad(loss, restored)[0] for loss in (first, second))
    long, short = mean_over_processes(
        torch.stack((slope.square().sum(), other.square().sum()))
    ).sqrt()
    weight = ratio * long / (short + TINY)
    along = (restored * (slope + weight * other)).sum()
    return (first + ratio * second).detach() + along - along.detach()


class ESRGANPlusObjective:
    """Generator and discriminator losses; see pdbench.training.adversary.AdversarialObjective."""

    def __init__(self) -> None:
        self.weights = Weights()
        self.discriminator: nn.Module = nn.Identity()
        self.restored = torch.empty(0)
        self.judging = False

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the generator, filled from RRDB if the recipe says so."""
        self.weights = read_options(Weights, recipe.objective, "recipe objective of esrgan-plus")
        network = ESRGANPlus(**recipe.network)
        if self.weights.start:
            path = rrdb.BASELINE.weights_path(self.weights.start)
            network.load_state_dict(from_rrdb(read_weights(path)[0]).state)
        return network

    def build_adversary(self, recipe: Recipe) -> nn.Module:
        """Return the discriminator."""
        del recipe
        self.discriminator = Discriminator(**asdict(self.weights.discriminator))
        return self.discriminator

    def begin(self, network: nn.Module, lr: Tensor, hr: Tensor) -> None:
        """ESRGAN+ needs no data-dependent initialisation."""

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, step: int) -> Tensor:
        """Weighted sum of pixel, feature, consistency and adversarial terms."""
        weights = self.weights
        restored = network(lr).float()
        self.restored = restored.detach()
        total = weights.pixel * F.l1_loss(restored, hr)
        if weights.perceptual:
            total = total + weights.perceptual * self._distance(restored, hr)
        if weights.consistency:
            small = F.interpolate(restored, lr.shape[-2:], mode="bicubic", antialias=True)
            total = total + weights.consistency * F.l1_loss(small, lr)
        since = step - weights.delay
        self.judging = bool(weights.adversarial) and since >= 0
        if not self.judging:
            return total
        self.discriminator.requires_grad_(False)
        true, made = self._judge(self.discriminator, hr, restored)
        weight = weights.adversarial * (min(1.0, since / weights.ramp) if weights.ramp else 1.0)
        seen = relativistic_loss(made, true)
        if weights.balanced:
            return balance(restored, total, seen, weight)
        return total + weight * seen

    def _distance(self, restored: Tensor, hr: Tensor) -> Tensor:
        pair = random_window(self.weights.window, restored, hr)
        with torch.autocast(restored.device.type, torch.bfloat16):
            if self.weights.features == "deep":
                return deep_feature_distance(*pair)
            if self.weights.features == "lpips":
                return lpips_distance(*pair)
            return perceptual_distance(*pair, stages=STAGES)

    @staticmethod
    def _judge(discriminator: nn.Module, hr: Tensor, restored: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of true and restored images, from one pass over both."""
        true, made = discriminator(torch.cat((hr, restored))).float().chunk(2)
        return true, made

    def adversary_loss(self, adversary: nn.Module, hr: Tensor) -> Tensor:
        """Relativistic average loss with the true crops as winners; 0 before the GAN begins."""
        if not self.judging:
            return hr.new_zeros((), requires_grad=True)
        self.discriminator.requires_grad_(True)
        return relativistic_loss(*self._judge(adversary, hr, self.restored))

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Luma PSNR (dB), VGG16 distance, and the metrics LPIPS-VGG and NIQE, on centres."""
        device = next(network.parameters()).device
        panel = MetricPanel(PAPER, ["lpips-vgg", "niqe"], device=str(device))
        rows = [self._score(network, panel, *center_pair(p, device)) for p in photos]
        return {name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[0]}

    @staticmethod
    def _score(network: nn.Module, panel: MetricPanel, lr: Tensor, hr: Tensor) -> dict[str, float]:
        restored = quantise(network(lr).float())
        with torch.autocast(restored.device.type, torch.bfloat16):
            distance = perceptual_distance(restored, hr, stages=STAGES)
        panel.prepare(hr, lr)
        scores = {name: values[0] for name, values in panel.score(restored).items()}
        return {
            "val_psnr_y": psnr_y(restored, hr),
            "val_vgg": float(distance),
            **{f"val_{n}": math.nan if v is None else v for n, v in scores.items()},
        }
