"""MATLAB's bicubic resize: equal to its formula and to published LR files, bit for bit."""

import math

import numpy as np
import pytest
import torch

from pdbench.bicubic import bicubic_downsample, bicubic_upsample
from pdbench.images import crop_to_multiple, load_image

from .pixels import noise, tensor

SIZES = {"Set5": 5, "Set14": 14, "BSD100": 100}


def keys(x):
    """Keys' cubic with a = -1/2, straight from the paper."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def slow_imresize(pixels, factor):
    """MATLAB's imresize of uint8 pixels, one output pixel at a time: rows first, then columns."""
    shrink = min(factor, 1.0)
    for axis in (0, 1):
        source = np.moveaxis(pixels, axis, 0).astype(np.float64)
        size = round(source.shape[0] * factor)
        target = np.empty((size, *source.shape[1:]))
        for i in range(size):
            center = (i + 0.5) / factor - 0.5
            reach = math.ceil(2 / shrink)
            taps = range(math.floor(center) - reach, math.floor(center) + reach + 2)
            weights = np.array([shrink * keys(shrink * (center - tap)) for tap in taps])
            rows = source[[min(max(tap, 0), source.shape[0] - 1) for tap in taps]]
            target[i] = np.tensordot(weights / weights.sum(), rows, axes=1)
        rounded = np.floor(np.clip(target, 0, 255) + 0.5).astype(np.uint8)
        pixels = np.moveaxis(rounded, 0, axis)
    return pixels


@pytest.mark.parametrize("shape", [(4, 4), (8, 36), (44, 20)])
@pytest.mark.parametrize("scale", [2, 4])
def test_downsample_equals_the_direct_formula(shape, scale):
    pixels = noise(*shape, seed=5)
    expected = tensor(slow_imresize(pixels, 1 / scale))
    assert torch.equal(bicubic_downsample(tensor(pixels), scale), expected)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (12, 5)])
@pytest.mark.parametrize("scale", [2, 4])
def test_upsample_equals_the_direct_formula(shape, scale):
    pixels = noise(*shape, seed=6)
    expected = tensor(slow_imresize(pixels, scale))
    assert torch.equal(bicubic_upsample(tensor(pixels), scale), expected)


@pytest.mark.parametrize("resize", [bicubic_downsample, bicubic_upsample])
def test_resizing_a_batch_equals_resizing_each(resize):
    batch = torch.stack([tensor(noise(16, 12, seed)) for seed in range(3)])
    assert torch.equal(resize(batch), torch.stack([resize(image) for image in batch]))


def test_downsample_refuses_sides_that_do_not_divide():
    with pytest.raises(ValueError, match="divide by 4"):
        bicubic_downsample(torch.zeros(3, 8, 10))


@pytest.mark.parametrize("name", sorted(SIZES))
def test_published_lr_files_are_reproduced_bit_for_bit(name, test_data):
    folder = test_data / "data" / "test" / name
    files = sorted((folder / "HR").iterdir())
    assert len(files) == SIZES[name]
    for file in files:
        hr = crop_to_multiple(load_image(file))
        lr = load_image(folder / "LR_bicubic_x4" / file.name)
        assert torch.equal(bicubic_downsample(hr), lr), file.name
