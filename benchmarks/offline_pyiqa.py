"""pyiqa's metrics without a network: its names for ours, and the files it would download."""

import contextlib
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load, load_file
from scipy.io import savemat
from synthetic_weights import PUBLISHED, random_ma_model, random_pieapp

from pdbench.metrics import ma, niqe, pieapp
from pdbench.metrics.backbone_weights import VGG16
from pdbench.torchvision_guard import import_torchvision
from pdbench.weights import bundled_bytes, fetch

NAMES = {
    "psnr": "psnr",
    "ssim": "ssim",
    "lpips-vgg": "lpips-vgg",
    "pieapp": "pieapp",
    "dists": "dists",
    "niqe": "niqe",
    "ma": "nrqm",
    "pi": "pi",
}
"""Our id -> pyiqa's name."""


@contextlib.contextmanager
def offline_pyiqa(names):
    """Hold a torch hub that has what pyiqa's metrics of these names of ours need.

    Ma's forests and PieAPP's network are random, and pdbench finds them there as well.
    """
    with tempfile.TemporaryDirectory() as folder:
        fill_hub(Path(folder) / "hub", names)
        os.environ["TORCH_HOME"] = folder
        # The random network has not the sha256 of the published one.
        object.__setattr__(pieapp.TRAINED, "sha256", "")
        yield


def fill_hub(hub, names):
    """Lay out the files where pyiqa looks for them, so that it downloads nothing."""
    (hub / "checkpoints").mkdir(parents=True)
    (hub / "pyiqa").mkdir()
    convolutions = load_file(fetch(VGG16.convolutions))
    torchvision = import_torchvision()
    with torch.device("meta"):
        shapes = torchvision.models.vgg16().state_dict()
    # The classifier is loaded and thrown away: a zero that looks as large will do.
    dense = {name: torch.zeros(()).expand(value.shape) for name, value in shapes.items()}
    torch.save({**dense, **convolutions}, hub / "checkpoints" / "vgg16-397923af.pth")
    wheel = Path(find_spec("lpips").origin).parent / "weights" / "v0.1"
    for name, source in (
        ("LPIPS_v0.1_vgg-a78928a0.pth", wheel / "vgg.pth"),
        ("DISTS_weights-f5e65c96.pth", Path(sys.prefix) / "weights.pt"),
    ):
        torch.save(torch.load(source, map_location="cpu"), hub / "pyiqa" / name)
    prior = load(bundled_bytes(niqe.PRIOR))
    published = {"mu_prisparam": prior["mean"][None].numpy()}
    published["cov_prisparam"] = prior["covariance"].numpy()
    savemat(hub / "pyiqa" / "niqe_modelparameters.mat", published)
    if {"ma", "pi"} & set(names):  # half a gigabyte
        savemat(hub / "pyiqa" / ma.MODEL.name, random_ma_model(**PUBLISHED))
    torch.save(random_pieapp(), hub / "pyiqa" / pieapp.TRAINED.name)
