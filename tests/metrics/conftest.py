"""Images for the metrics, and the originals they are compared with."""

import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy.io import savemat
from torch.nn.functional import interpolate

from pdbench.errors import WeightsUnavailable
from pdbench.images import load_image, quantise
from pdbench.metrics.alex_weights import ALEXNET
from pdbench.metrics.vgg_weights import VGG16
from pdbench.torchvision_guard import import_torchvision
from pdbench.weights import fetch

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"


def texture(height, width, *, seed=0, count=1):
    """Coloured noise over several scales, (count, 3, H, W) on the 8-bit grid: no flat areas."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.full((count, 3, height, width), 0.5)
    for step in (1, 2, 4, 8, 16):
        grid = (count, 3, -(-height // step) + 1, -(-width // step) + 1)
        noise = torch.randn(grid, generator=generator)
        noise = interpolate(noise, scale_factor=step, mode="bicubic")[..., :height, :width]
        image = image + 0.02 * step**0.5 * noise
    return quantise(image)


@pytest.fixture
def pair():
    """Make a (1, 3, H, W) reference and two (2, 3, H, W) degraded versions of it."""

    def make(height=64, width=48):
        reference = texture(height, width)
        noise = 2 * texture(height, width, seed=1, count=2) - 1
        return reference, quantise(reference + 0.3 * noise)

    return make


@pytest.fixture(scope="session")
def golden():
    """Load a committed golden image as (1, 3, H, W)."""
    return lambda name: load_image(GOLDEN / f"{name}.png")[None]


@pytest.fixture(scope="session")
def vgg_file():
    """Path of VGG16's convolutions; skips where they cannot be had."""
    try:
        return fetch(VGG16)
    except WeightsUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def alex_file():
    """Path of AlexNet's convolutions; skips where they cannot be had."""
    try:
        return fetch(ALEXNET)
    except WeightsUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def torchvision_alex(alex_file, monkeypatch):
    """Let torchvision build its AlexNet from our file, without a classifier or a download."""
    torchvision = import_torchvision()
    state = load_file(alex_file)

    def build(**_):
        with torch.device("meta"):
            features = torchvision.models.AlexNet().features
        tensors = {key.removeprefix("features."): state[key] for key in state}
        features.load_state_dict(tensors, assign=True)
        return SimpleNamespace(features=features)

    monkeypatch.setattr(torchvision.models, "alexnet", build)


@pytest.fixture
def torchvision_vgg(vgg_file, monkeypatch):
    """Let torchvision build its VGG16 from our file, without a classifier or a download."""
    torchvision = import_torchvision()
    state = load_file(vgg_file)

    def build(**_):
        features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
        features.load_state_dict({key.removeprefix("features."): state[key] for key in state})
        return SimpleNamespace(features=features)

    monkeypatch.setattr(torchvision.models, "vgg16", build)


@pytest.fixture(scope="session")
def pyiqa_module():
    """Import a module of pyiqa by its name below `pyiqa.archs`; skips without pyiqa."""
    pytest.importorskip("pandas")
    import_torchvision()

    def load(name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pytest.importorskip(f"pyiqa.archs.{name}")

    return load


def _random_forest(rng, features, *, trees=7, rows=120, nodes=61):
    """Grow trees in the tables of Ma's model file: random leaves are split, unused rows stay 0."""
    shape = (rows, trees)
    left, right, asked = (np.zeros(shape, np.int32) for _ in range(3))
    threshold, value = np.zeros(shape), np.zeros(shape)
    value[:nodes] = rng.uniform(0, 10, (nodes, trees))
    for tree in range(trees):
        leaves = [0]
        for node in range(1, nodes - 1, 2):
            split = leaves.pop(rng.integers(len(leaves)))
            left[split, tree], right[split, tree] = node + 1, node + 2
            asked[split, tree] = rng.integers(1, features + 1)
            threshold[split, tree] = rng.uniform(0, 2)
            leaves += [node, node + 1]
    # In this order: pyiqa goes by position.
    return {
        "lDau": left,
        "rDau": right,
        "nodestatus": np.zeros(shape, np.int8),
        "nrnodes": float(rows),
        "upper": threshold,
        "avnode": value,
        "mbest": asked,
        "ndtree": np.full((trees, 1), nodes, np.int32),
        "ntree": float(trees),
    }


@pytest.fixture(scope="session")
def random_ma_model():
    """Make what Ma's model file holds, with random trees: {"model": struct} for savemat."""

    def make(**sizes):
        rng = np.random.default_rng(0)
        forests = np.empty((1, 3), dtype=object)
        for index, features in enumerate((18, 45, 75)):
            forests[0, index] = _random_forest(rng, features, **sizes)
        return {"model": {"rf": forests, "linear": np.array([[-0.6], [0.3], [0.3], [0.6]])}}

    return make


@pytest.fixture(scope="session")
def ma_model_file(random_ma_model, tmp_path_factory):
    """Path of a small random model under the name of the published one."""
    path = tmp_path_factory.mktemp("ma") / "NRQM_model.mat"
    savemat(path, random_ma_model(), do_compression=True)
    return path
