"""Tiny runs shared by the tests of the run engine."""

import numpy as np
from fakes import FakeCatalog
from PIL import Image

from pdbench.data.datasets import open_dataset
from pdbench.harness.config import RunConfig
from pdbench.harness.options import EvalOptions

ALL = ("up", "network", "samples", "mean")
METRICS = ("psnr", "ssim", "lr-psnr")


def write_images(folder, sizes=((16, 16), (24, 20), (20, 36))):
    """Write smooth random images; the first is dark."""
    folder.mkdir()
    for seed, (height, width) in enumerate(sizes):
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 60 if seed == 0 else 256, (5, 5, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        image.save(folder / f"image-{seed}.png")
    return folder


def make_config(images, methods=ALL, **options):
    return RunConfig(
        dataset=open_dataset(str(images)),
        methods=tuple(methods),
        catalog=FakeCatalog(),
        options=EvalOptions(**{"metrics": METRICS, **options}),
    )
