"""SRFlow-DA as the sample bank calls it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pdbench.baselines.srflow_da.decoder import Conditioned, Decoder
from pdbench.baselines.srflow_da.layers import Coupling
from pdbench.baselines.srflow_da.net import SRFlowDA

__all__ = ["SRFlowDASampler"]


def working_memory(network: SRFlowDA) -> int:
    """Bytes per LR pixel: all prepared couplings, and the widest step of preparing one."""
    flow = network.flowUpsamplerNet
    couplings = [m for m in flow.modules() if isinstance(m, Coupling)]
    hidden, condition = couplings[0].hidden, couplings[0].condition
    # level 1, with 12 channels, has four positions for each LR pixel
    kept = sum((4 if c.kept == 6 else 1) * (4 * c.kept + hidden) for c in couplings)
    return 5 * (kept + 4 * (2 * condition + 3 * hidden))  # 4 bytes a value, measured + 20 %


class SRFlowDASampler:
    """A sampler: the LR image prepared once, any number of latents decoded against it.

    Args:
        network: The flow; its weights must not change any more.

    Attributes:
        scale: Magnification.
        overlap: LR pixels a tile needs around it so that seams stay below 1e-3.
        latents: (channels, magnification) of each latent, in the order `decode` takes them.
        bytes_per_pixel: Peak working memory per LR pixel, for choosing the tile size.
    """

    scale = 4
    overlap = 32
    latents = ((6, 2), (24, 1))

    def __init__(self, network: SRFlowDA) -> None:
        self.network = network
        self.decoder = Decoder(network.flowUpsamplerNet)
        self.bytes_per_pixel = working_memory(network)

    @torch.inference_mode()
    def prepare(self, lr: Tensor) -> Sequence[Conditioned | None]:
        """Do all work that depends on lr (1, 3, h, w) in [0, 1] only."""
        lr = lr.contiguous(memory_format=torch.channels_last)
        return self.decoder.prepare(self.network.conditions(lr))

    @torch.inference_mode()
    def decode(self, latents: Sequence[Tensor], prepared: Sequence[Conditioned | None]) -> Tensor:
        """Decode latents (S, channels, ., .), already scaled by tau, to (S, 3, 4h, 4w)."""
        return self.decoder.decode(latents, prepared)
