"""Objective of RRDB: a pixel loss of crops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from pdbench.baselines.arguments import build
from pdbench.baselines.rrdb.net import RRDB
from pdbench.data.patches import Photo
from pdbench.training.loop import Objective
from pdbench.training.recipe import STRICT, Recipe, read_options
from pdbench.training.validation import PerceptualScores, column_means, psnr_y, score_centers

__all__ = ["RRDBObjective", "psnr_loss"]

LUMA = (0.256788, 0.504129, 0.097906)  # BT.601, studio range
FLAT_CROP = 1e-4  # crops better than 40 dB pull no harder: most are flat


def psnr_loss(restored: Tensor, reference: Tensor) -> Tensor:
    """Mean over the crops of the logarithm of their squared error: what a mean of PSNRs rewards.

    The squared error alone spends itself on texture nobody can restore; its logarithm asks of
    every crop, easy or hard, the same relative gain. Luma counts as much as the three colors.

    Args:
        restored: (B, 3, H, W) in [0, 1].
        reference: The same shape.

    Returns:
        Scalar in nepers; 0.23 lower is 1 dB better.

    References:
        Chen, Chu, Zhang, Sun, "Simple Baselines for Image Restoration", ECCV 2022 (its PSNR loss).
    """
    error = restored.float() - reference
    luma = torch.einsum("bchw,c->bhw", error, error.new_tensor(LUMA))
    colors = error.square().flatten(1).mean(1)
    energy = (colors + luma.square().flatten(1).mean(1)) / 2
    return (energy + FLAT_CROP).log().mean()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Options:
    """The recipe's `objective`.

    Attributes:
        loss: "l1", as published, or "psnr", see `psnr_loss`.
    """

    loss: Literal["l1", "psnr"] = "l1"


class RRDBObjective(Objective):
    """Pixel loss of restored crops."""

    losses: tuple[str, ...] = ("l1",)

    def __init__(self) -> None:
        self.error: Callable[[Tensor, Tensor], Tensor] = F.l1_loss

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network of the recipe with ESRGAN's initialization."""
        options = read_options(Options, recipe.objective, "recipe objective of rrdb")
        if options.loss == "psnr":
            self.error, self.losses = psnr_loss, ("l2",)
        return build(RRDB, recipe.network, "recipe network of rrdb")

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, progress: float) -> Tensor:
        """Mean error of the batch."""
        del progress
        return self.error(network(lr), hr)

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Luma PSNR (dB), LPIPS-VGG and NIQE on the centers of the held-out photographs."""

        def score(lr: Tensor, hr: Tensor, perceptual: PerceptualScores) -> dict[str, float]:
            restored = network(lr)
            return {"psnr_y": psnr_y(restored, hr), **perceptual(restored)}

        return column_means(score_centers(network, photos, score))
