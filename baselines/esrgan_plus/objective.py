"""Objective of ESRGAN+: pixels, VGG16 features, and a relativistic average discriminator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Literal

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from pdbench.baselines import rrdb
from pdbench.baselines.arguments import build
from pdbench.baselines.baseline import check_fit, read_weights
from pdbench.baselines.esrgan_plus.discriminator import Discriminator
from pdbench.baselines.esrgan_plus.net import ESRGANPlus
from pdbench.baselines.esrgan_plus.state_dict import from_rrdb
from pdbench.data.patches import Photo
from pdbench.training.distributed import mean_over_processes
from pdbench.training.loop import Objective
from pdbench.training.losses import vgg_distance
from pdbench.training.precision import bf16_autocast
from pdbench.training.recipe import STRICT, Recipe, Share, read_options
from pdbench.training.validation import PerceptualScores, column_means, psnr_y, score_centers

__all__ = ["ESRGANPlusObjective", "relativistic_loss"]

Weight = Annotated[float, Field(ge=0, le=1000)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Judge:
    """The recipe's `objective.discriminator`; see `Discriminator`."""

    features: Annotated[int, Field(ge=1, le=256)] = 64
    levels: Annotated[int, Field(ge=1, le=8)] = 5
    norm: Literal["batch", "spectral"] = "batch"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Options:
    """The recipe's `objective`.

    Attributes:
        start: Size of the RRDB the generator starts from, or "" for none.
        pixel: Weight of L1 on pixels.
        perceptual: Weight of `vgg_distance`.
        adversarial: Weight of the relativistic average GAN loss.
        delay: Fraction of the run before the GAN begins, generator's loss and discriminator both.
        discriminator: Arguments of the discriminator.
    """

    start: Literal["", "compact", "paper"] = ""
    pixel: Weight = 0.01
    perceptual: Weight = 1.0
    adversarial: Weight = 0.005
    delay: Share = 0.0
    discriminator: Judge = Judge()


def relativistic_loss(winners: Tensor, losers: Tensor) -> Tensor:
    """Return how far `winners` are from looking truer than the mean loser, and vice versa.

    The discriminator minimizes it with true images as winners, the generator with its own. Means
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


class ESRGANPlusObjective(Objective):
    """Generator and discriminator losses; see pdbench.training.adversary.AdversarialObjective."""

    losses = ("l1", "vgg16-features", "gan")

    def __init__(self) -> None:
        self.options = Options()
        self.discriminator: nn.Module = nn.Identity()
        self.restored = torch.empty(0)
        self.judging = False

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the generator, filled from RRDB if the recipe says so."""
        self.options = read_options(Options, recipe.objective, "recipe objective of esrgan-plus")
        network = build(ESRGANPlus, recipe.network, "recipe network of esrgan-plus")
        if self.options.start:
            path = rrdb.BASELINE.weights_path(self.options.start)
            state = from_rrdb(read_weights(path)[0])
            check_fit(network, state, f"RRDB {self.options.start}, the recipe's start,")
            network.load_state_dict(state)
        return network

    def build_adversary(self, recipe: Recipe) -> nn.Module:
        """Return the discriminator."""
        del recipe
        self.discriminator = Discriminator(**asdict(self.options.discriminator))
        return self.discriminator

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, progress: float) -> Tensor:
        """Weighted sum of pixel, feature and adversarial terms."""
        options = self.options
        restored = network(lr).float()
        self.restored = restored.detach()
        total = options.pixel * F.l1_loss(restored, hr)
        if options.perceptual:
            with bf16_autocast(restored.device.type):
                total = total + options.perceptual * vgg_distance(restored, hr)
        self.judging = bool(options.adversarial) and progress >= options.delay
        if self.judging:
            self.discriminator.requires_grad_(False)
            true, made = self._judge(self.discriminator, hr, restored)
            total = total + options.adversarial * relativistic_loss(made, true)
        return total

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
        """Luma PSNR (dB), VGG16 distance, LPIPS-VGG and NIQE, on centers."""

        def score(lr: Tensor, hr: Tensor, perceptual: PerceptualScores) -> dict[str, float]:
            restored = network(lr).float()
            return {
                "psnr_y": psnr_y(restored, hr),
                "vgg": float(vgg_distance(restored, hr)),
                **perceptual(restored),
            }

        return column_means(score_centers(network, photos, score))
