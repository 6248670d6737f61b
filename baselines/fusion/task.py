"""Training the fusion network on samples the frozen flow draws for every crop."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdbench.baselines import srflow_da
from pdbench.baselines.fusion.net import Fusion
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.task import draw_latents
from pdbench.data.patches import Photo
from pdbench.images import quantise
from pdbench.metrics.panel import MetricPanel
from pdbench.metrics.protocol import PAPER
from pdbench.training.losses import lpips_distance, random_window
from pdbench.training.recipe import Recipe, read_options
from pdbench.training.validation import center_pair, psnr_y

__all__ = ["FusionObjective", "draw_samples"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The recipe's `objective`.

    Attributes:
        flow: Size of the SRFlow-DA that draws the samples.
        tau: Temperature of the samples.
        pixel: Weight of L1 beside LPIPS; Fusion-L1 has nothing but L1.
        window: Side of the random window LPIPS looks at, in HR pixels.
    """

    flow: str = "compact"
    tau: float = 0.9
    pixel: float = 0.0
    window: int = 160


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


class FusionObjective:
    """L1 or LPIPS-VGG of the fused image; see pdbench.training.loop.Objective.

    Samples come in no order, so that the network sees every permutation alike.

    Args:
        kind: The loss.
    """

    def __init__(self, kind: Literal["l1", "lpips"]) -> None:
        self.kind = kind
        self.options = Options()
        self.count = 0
        self.flow: SRFlowDA | None = None

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the network, and load the flow whose samples it is trained on."""
        self.options = read_options(Options, recipe.objective, f"objective of {recipe.baseline}")
        self.flow = cast(SRFlowDA, srflow_da.BASELINE.load(self.options.flow, "cpu"))
        network = Fusion(**recipe.network)
        self.count = network.samples
        return network

    def begin(self, network: nn.Module, lr: Tensor, hr: Tensor) -> None:
        """The fusion network needs no data-dependent initialisation."""

    def _samples(self, lr: Tensor, generator: torch.Generator | None = None) -> Tensor:
        if self.flow is None:
            raise ValueError("expected build() before samples are drawn")
        self.flow.to(lr.device)
        with torch.autocast(lr.device.type, torch.bfloat16):
            return draw_samples(self.flow, lr, self.count, self.options.tau, generator)

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, step: int) -> Tensor:
        """Mean loss of the images fused from freshly drawn samples."""
        del step
        fused = network(self._samples(lr)).float()
        distance = F.l1_loss(fused, hr)
        if self.kind == "l1":
            return distance
        with torch.autocast(fused.device.type, torch.bfloat16):
            seen = lpips_distance(*random_window(self.options.window, fused, hr))
        return seen + self.options.pixel * distance

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Luma PSNR (dB) of the fused image and of the samples' mean, and LPIPS-VGG of the former.

        `val_order` is the root mean square change, in 8-bit levels, when the samples come in
        reverse order.
        """
        device = next(network.parameters()).device
        panel = MetricPanel(PAPER, ["lpips-vgg"], device=str(device))
        rows = [self._score(network, panel, *center_pair(p, device)) for p in photos]
        return {name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def _score(
        self, network: nn.Module, panel: MetricPanel, lr: Tensor, hr: Tensor
    ) -> dict[str, float]:
        samples = self._samples(lr, torch.Generator(lr.device).manual_seed(0))
        fused, turned = network(samples).float(), network(samples.flip(1)).float()
        panel.prepare(hr, lr)
        lpips = panel.score(quantise(fused))["lpips-vgg"][0]
        return {
            "val_psnr_y": psnr_y(fused, hr),
            "val_psnr_y_average": psnr_y(samples.mean(1), hr),
            "val_lpips-vgg": math.nan if lpips is None else lpips,
            "val_order": 255 * float((fused - turned).square().mean().sqrt()),
        }
