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
from pdbench.images import luma_bt601, quantise
from pdbench.training.recipe import Recipe

__all__ = ["RRDBObjective", "centre_pair", "psnr_y"]

CENTRE = 64
BORDER = 4


def centre_pair(photo: Photo, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cut the central 64x64 LR window (smaller if the photo is) and its HR, both (1, 3, ., .)."""
    height, width = photo.lr.shape[:2]
    rows, columns = min(CENTRE, height), min(CENTRE, width)
    top, left = (height - rows) // 2, (width - columns) // 2
    lr = photo.lr[top : top + rows, left : left + columns]
    hr = photo.hr[4 * top : 4 * (top + rows), 4 * left : 4 * (left + columns)]
    to_tensor = [torch.from_numpy(x.copy()).permute(2, 0, 1)[None].float() / 255 for x in (lr, hr)]
    return to_tensor[0].to(device), to_tensor[1].to(device)


def psnr_y(restored: Tensor, reference: Tensor) -> float:
    """PSNR in dB on BT.601 luma after 8-bit rounding, border 4; inputs (1, 3, H, W) in [0, 1]."""
    error = luma_bt601(quantise(restored), rounded=False) - luma_bt601(reference, rounded=False)
    inner = error[..., BORDER:-BORDER, BORDER:-BORDER].double()
    return float(20 * torch.log10(255 / inner.square().mean().sqrt()))


class RRDBObjective:
    """L1 between restored and true crops; see pdbench.training.loop.Objective.

    The recipe's `objective` may hold `squared_from`: the fraction of the steps after which the
    squared error, which PSNR measures, takes the place of L1.
    """

    def __init__(self) -> None:
        self.squared_from_step = math.inf

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network of the recipe with ESRGAN's initialisation."""
        options = dict(recipe.objective)
        self.squared_from_step = options.pop("squared_from", math.inf) * recipe.optimisation.steps
        if options:
            raise InputError(f"recipe objective of rrdb: unknown key '{min(options)}'")
        return RRDB(**recipe.network)

    def begin(self, network: nn.Module, lr: Tensor, hr: Tensor) -> None:
        """RRDB needs no data-dependent initialisation."""

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, step: int) -> Tensor:
        """Mean absolute, later perhaps squared, error over the batch."""
        error = F.mse_loss if step >= self.squared_from_step else F.l1_loss
        return error(network(lr), hr)

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Mean luma PSNR (dB) over the centres of the held-out photographs."""
        device = next(network.parameters()).device
        scores = [psnr_y(network(lr), hr) for lr, hr in (centre_pair(p, device) for p in photos)]
        return {"val_psnr_y": sum(scores) / len(scores)}
