"""Scores of held-out photographs, shared by the validations of all objectives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from pdbench.data.patches import Photo
from pdbench.images import luma_bt601, quantize
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PAPER
from pdbench.training.distributed import map_over_processes

__all__ = ["PerceptualScores", "center_pair", "column_means", "psnr_y", "score_centers"]

CENTER = 64
BORDER = 4


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


class PerceptualScores:
    """LPIPS-VGG and NIQE under the protocol `paper`; nan where one is undefined.

    Args:
        device: Where the metrics compute.
    """

    def __init__(self, device: torch.device) -> None:
        self._panel = MetricCollection(PAPER, ["lpips-vgg", "niqe"], device=str(device))

    def prepare(self, hr: Tensor, lr: Tensor) -> None:
        """Take the HR image (1, 3, 4h, 4w) and LR image (1, 3, h, w) that what follows is of."""
        self._panel.prepare(hr, lr)

    def __call__(self, restored: Tensor) -> dict[str, float]:
        """Return the scores of (1, 3, 4h, 4w), "lpips_vgg" and "niqe"; lower is better."""
        scores = self._panel.score(quantize(restored.float()))
        return {
            name.replace("-", "_"): math.nan if values[0] is None else float(values[0])
            for name, values in scores.items()
        }


def score_centers(
    network: nn.Module,
    photos: Sequence[Photo],
    score: Callable[[Tensor, Tensor, PerceptualScores], dict[str, float]],
) -> list[dict[str, float]]:
    """Score the centers of held-out photographs, shared by the processes of a run.

    Args:
        network: What is validated; its device computes.
        photos: The photographs.
        score: Maps LR (1, 3, h, w), HR (1, 3, 4h, 4w) and their metrics to scores by name.

    Returns:
        The scores of each photograph.
    """
    device = next(network.parameters()).device
    perceptual = PerceptualScores(device)

    def score_photo(photo: Photo) -> dict[str, float]:
        lr, hr = center_pair(photo, device)
        perceptual.prepare(hr, lr)
        return score(lr, hr, perceptual)

    return map_over_processes(score_photo, photos)


def column_means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return "val_" + name -> its mean over the rows in which it is finite; nan for none."""
    means = {}
    for name in rows[0]:
        values = [row[name] for row in rows if math.isfinite(row[name])]
        means[f"val_{name}"] = math.fsum(values) / len(values) if values else math.nan
    return means
