"""Photographs to train on, a few tiny ones."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def five_photos(tmp_path_factory):
    """Folder of five coarse 48x56 images."""
    folder = tmp_path_factory.mktemp("five_photos")
    rng = np.random.default_rng(0)
    for index in range(5):
        pixels = np.kron(rng.integers(0, 256, (6, 7, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"photo{index}.png")
    return folder
