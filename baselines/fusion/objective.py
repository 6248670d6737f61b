"""Objective of the fusion networks, on samples that the frozen flow draws for every crop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, cast

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from pdbench.baselines import srflow_da
from pdbench.baselines.arguments import build
from pdbench.baselines.fusion.net import Fusion
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.objective import draw_latents
from pdbench.data.patches import Photo
from pdbench.errors import InputError
from pdbench.training.loop import Objective
from pdbench.training.losses import lpips_distance
from pdbench.training.precision import bf16_autocast
from pdbench.training.recipe import STRICT, Recipe, read_options
from pdbench.training.validation import PerceptualScores, column_means, psnr_y, score_centers

__all__ = ["SAMPLES", "FusionObjective", "draw_samples"]

SAMPLES = 10
"""Samples that the methods fuse; a network for another number could be trained, but not run."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Options:
    """The recipe's `objective`.

    Attributes:
        flow: Size of the SRFlow-DA that draws the samples.
        tau: Temperature of the samples.
    """

    flow: Literal["compact", "paper"] = "compact"
    tau: Annotated[float, Field(ge=0, le=2)] = 0.9


@torch.no_grad()
def draw_samples(
    flow: SRFlowDA,
    lr: Tensor,
    count: int,
    tau: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw samples of every image of lr (B, 3, h, w); returns (B, count, 3, 4h, 4w)."""
    prepared = flow.condition(lr)
    # one by one: faster on a CPU than one large batch
    drawn = [flow.decode(draw_latents(lr, 1, tau, generator), prepared) for _ in range(count)]
    return torch.stack(drawn, 1).float()


class FusionObjective(Objective):
    """L1 or LPIPS-VGG of the fused image.

    Samples come in no order, so that the network sees every permutation alike.

    Args:
        kind: The loss.
    """

    def __init__(self, kind: Literal["l1", "lpips-vgg"]) -> None:
        self.losses = (kind,)
        self.options = Options()
        self.count = 0
        self.flow: SRFlowDA | None = None

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network, and load the flow whose samples it is trained on.

        Raises:
            InputError: The recipe's network or objective cannot be used.
        """
        self.options = read_options(
            Options, recipe.objective, f"recipe objective of {recipe.baseline}"
        )
        network = build(Fusion, recipe.network, f"recipe network of {recipe.baseline}")
        if network.samples != SAMPLES:
            raise InputError(
                f"recipe network of {recipe.baseline}: samples is {network.samples}, but "
                f"{recipe.baseline} fuses {SAMPLES}; change it"
            )
        self.flow = cast(SRFlowDA, srflow_da.BASELINE.load(self.options.flow, "cpu"))
        self.count = network.samples
        return network

    def _samples(self, lr: Tensor, generator: torch.Generator | None = None) -> Tensor:
        if self.flow is None:
            raise ValueError("expected build() before samples are drawn")
        self.flow.to(lr.device)
        with bf16_autocast(lr.device.type):
            return draw_samples(self.flow, lr, self.count, self.options.tau, generator)

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, progress: float) -> Tensor:
        """Mean loss of the images fused from freshly drawn samples."""
        del progress
        fused = network(self._samples(lr)).float()
        if self.losses == ("l1",):
            return F.l1_loss(fused, hr)
        with bf16_autocast(fused.device.type):
            return lpips_distance(fused, hr)

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Luma PSNR (dB) of the fused image and of the samples' mean; LPIPS-VGG and NIQE.

        `val_order` is the root mean square change, in 8-bit levels, when the samples come in
        reverse order.
        """

        def score(lr: Tensor, hr: Tensor, perceptual: PerceptualScores) -> dict[str, float]:
            samples = self._samples(lr, torch.Generator(lr.device).manual_seed(0))
            fused, turned = network(samples).float(), network(samples.flip(1)).float()
            return {
                "psnr_y": psnr_y(fused, hr),
                "psnr_y_average": psnr_y(samples.mean(1), hr),
                **perceptual(fused),
                "order": 255 * float((fused - turned).square().mean().sqrt()),
            }

        return column_means(score_centers(network, photos, score))
