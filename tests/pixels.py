"""Pixels that tests of images share."""

import numpy as np
import torch


def noise(height, width, seed=0):
    """Random (height, width, 3) uint8 pixels, with black and white areas at the borders."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    pixels[:3, : width // 2] = 0
    pixels[:, -3:] = 255
    return pixels


def tensor(pixels):
    """Turn (H, W, 3) uint8 pixels into an image by the convention."""
    return torch.from_numpy(pixels.astype(np.float32) / np.float32(255)).permute(2, 0, 1)
