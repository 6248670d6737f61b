"""The VGG-style discriminator ESRGAN+ is trained against.

References:
    Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
    Network", CVPR 2017, https://arxiv.org/abs/1609.04802; Miyato, Kataoka, Koyama, Yoshida,
    "Spectral Normalization for Generative Adversarial Networks", ICLR 2018,
    https://arxiv.org/abs/1802.05957
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from pdbench.baselines.rrdb.net import SLOPE

__all__ = ["Discriminator"]

HEAD = 100
WIDEST = 8


class Discriminator(nn.Module):
    """Convolutions in pairs, the second of each with stride 2, then a dense head.

    With 64 features and 5 levels on 128x128 pixels this is ESRGAN's: its last map is 4x4, and the
    head sees all of it. On larger images, or with fewer levels, the head slides and gives one
    verdict per position.

    Args:
        features: Width of the first level; doubled at each level, up to eightfold.
        levels: Number of halvings.
        norm: "batch" as published, or "spectral", which does not depend on the batch.
    """

    def __init__(
        self, features: int = 64, levels: int = 5, norm: Literal["batch", "spectral"] = "batch"
    ) -> None:
        super().__init__()
        self.norm = norm
        layers: list[nn.Module] = []
        width = 3
        for level in range(levels):
            wider = features * min(2**level, WIDEST)
            layers += self._stage(width, wider, 3, plain=level == 0)
            layers += self._stage(wider, wider, 4)
            width = wider
        layers += [*self._stage(width, HEAD, 0, plain=True), nn.Conv2d(HEAD, 1, 1)]
        self.layers = nn.Sequential(*layers)

    def _stage(
        self, width: int, wider: int, kernel: int, *, plain: bool = False
    ) -> list[nn.Module]:
        """Build a 3x3 convolution, a 4x4 one with stride 2, or (0) the 4x4 one of the head."""
        conv = {
            3: nn.Conv2d(width, wider, 3, padding=1),
            4: nn.Conv2d(width, wider, 4, stride=2, padding=1),
            0: nn.Conv2d(width, wider, 4),
        }[kernel]
        if self.norm == "spectral":
            return [spectral_norm(conv), nn.LeakyReLU(SLOPE)]
        return [conv, *([] if plain else [nn.BatchNorm2d(wider)]), nn.LeakyReLU(SLOPE)]

    def forward(self, images: Tensor) -> Tensor:
        """Judge images (B, 3, H, W) in [0, 1]; returns logits (B, 1, h, w), high for true ones."""
        return self.layers(2 * images - 1)
