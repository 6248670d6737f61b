"""VGG16's convolutions, as torchvision trained them on ImageNet."""

from __future__ import annotations

from pdbench.metrics.backbone_weights import Backbone, weight_file
from pdbench.weights import WeightFile

__all__ = ["BACKBONE", "VGG16"]

BACKBONE = Backbone(
    title="VGG16",
    layers=(0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    torchvision=WeightFile(
        name="vgg16-397923af.pth",
        sha256="397923af",
        url="https://download.pytorch.org/models/vgg16-397923af.pth",
        folders=("checkpoints",),
        how="download it and pass its folder with --weights-dir",
    ),
    member="vgg16.ckpt",
    key="VGG16_0",
)

VGG16 = weight_file(
    BACKBONE,
    name="vgg16_features.safetensors",
    sha256="cabd922aeb0dd6d56f2bed33221aee74b7f1e760ddd105c0e0891606cbab6d0d",
)
