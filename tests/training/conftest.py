"""Photographs to train on, a few tiny ones, and runs that draw no curves."""

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


@pytest.fixture(scope="module", autouse=True)
def no_curves():
    """Draw no curves at each validation: a picture takes longer than all steps of these runs.

    test_curves.py draws some, and the runs in processes of their own draw all.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pdbench.training.loop.draw_curves", lambda _log, _out: None)
        yield
