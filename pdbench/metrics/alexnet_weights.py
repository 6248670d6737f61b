"""AlexNet's convolutions, as torchvision trained them on ImageNet."""

from __future__ import annotations

from pdbench.metrics.backbone_weights import Backbone, weight_file
from pdbench.weights import WeightFile

__all__ = ["ALEXNET", "BACKBONE"]

BACKBONE = Backbone(
    title="AlexNet",
    layers=(0, 3, 6, 8, 10),
    torchvision=WeightFile(
        name="alexnet-owt-7be5be79.pth",
        sha256="7be5be79",
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        folders=("checkpoints",),
        how="download it and pass its folder with --weights-dir",
    ),
    member="alexnet.ckpt",
    key="AlexNet_0",
)

ALEXNET = weight_file(
    BACKBONE,
    name="alexnet_features.safetensors",
    sha256="9f97fd313f4da83dbe6bbfbe6effca1241de9edfcd7c53386261ed9697286dd9",
)
