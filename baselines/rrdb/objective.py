"""Training RRDB: L1 on crops, PSNR on held-out photographs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdbench.baselines.rrdb.net import RRDB
from pdbench.data.patches import Photo
from pdbench.errors import InputError
from pdbench.images import luma_bt601, quantize
from pdbench.training.recipe import Recipe

__all__ = ["RRDBObjective", "center_pair", "psnr_loss", "psnr_y"]

CENTER = 64
BORDER = 4
LUMA = (0.256788, 0.504129, 0.097906)  # BT.601, studio range
FLAT_CROP = 1e-4  # crops better than 40 dB pull no harder: most are flat


def center_pair(photo: Photo, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cut the central 64x64 LR window (smaller if the photo is) and its HR, both (1, 3, ., .)."""
    height, width = photo.lr.shape[:2]
    rows, columns = min(CENTER, height), min(CENTER, width)
    top, left = (height - rows) // 2, (width - columns) // 2
    lr = photo.lr[top : top + rows, left : left + columns]
    hr = photo.hr[4 * top : 4 * (top + rows), 4 * left : 4 * (left + columns)]
    to_tensor = [torch.from_numpy(x.copy()).permute(2, 0, 1)[None].float() / 255 for x in (lr, hr)]
    return to_tensor[0].to(device), to_tensor[1].to(device)


def psnr_y(restored: Tensor, reference: Tensor) -> float:
    """PSNR in dB on BT.601 luma after 8-bit rounding, border 4; inputs (1, 3, H, W) in [0, 1]."""
    error = luma_bt601(quantize(restored), rounded=False) - luma_bt601(reference, rounded=False)
    inner = error[..., BORDER:-BORDER, BORDER:-BORDER].double()
    return float(20 * torch.log10(255 / inner.square().mean().sqrt()))


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


class RRDBObjective:
    """L1 between restored and true crops; see pdbench.training.loop.Objective.

    The recipe's `objective` may hold `psnr_from`: the fraction of the steps after which
    `psnr_loss` takes the place of L1.
    """

    def __init__(self) -> None:
        self.psnr_from_step = math.inf

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network of the recipe with ESRGAN's initialization."""
        options = dict(recipe.objective)
        self.psnr_from_step = options.pop("psnr_from", math.inf) * recipe.optimization.steps
        if options:
            raise InputError(f"recipe objective of rrdb: unknown key '{min(options)}'")
        return RRDB(**recipe.network)

    def begin(self, network: nn.Module, lr: Tensor, hr: Tensor) -> None:
        """RRDB needs no data-dependent initialization."""

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, step: int) -> Tensor:
        """Mean absolute error over the batch, later perhaps minus its mean PSNR."""
        error = psnr_loss if step >= self.psnr_from_step else F.l1_loss
        return error(network(lr), hr)

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Mean luma PSNR (dB) over the centers of the held-out photographs."""
        device = next(network.parameters()).device
        scores = [psnr_y(network(lr), hr) for lr, hr in (center_pair(p, device) for p in photos)]
        return {"val_psnr_y": sum(scores) / len(scores)}
