"""Images for the metrics, and the originals they are compared with."""

import contextlib
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from scipy.io import savemat
from synthetic_weights import random_ma_model, random_pieapp
from torch.nn.functional import interpolate

from pdbench.errors import WeightsUnavailable
from pdbench.images import load_image, quantize
from pdbench.metrics.backbone_weights import ALEXNET, VGG16
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
    return quantize(image)


@pytest.fixture(scope="session")
def make_pair():
    """Make a (1, 3, H, W) reference and two (2, 3, H, W) degraded versions of it."""

    def make(height=64, width=48):
        reference = texture(height, width)
        noise = 2 * texture(height, width, seed=1, count=2) - 1
        return reference, quantize(reference + 0.3 * noise)

    return make


@pytest.fixture
def pair(make_pair):
    """See `make_pair`."""
    return make_pair


@pytest.fixture(scope="session")
def golden():
    """Load a committed golden image as (1, 3, H, W)."""
    return lambda name: load_image(GOLDEN / f"{name}.png")[None]


@pytest.fixture(scope="session")
def vgg_file():
    """Path of VGG16's convolutions; skips where they cannot be had."""
    try:
        return fetch(VGG16.convolutions)
    except WeightsUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def alex_file():
    """Path of AlexNet's convolutions; skips where they cannot be had."""
    try:
        return fetch(ALEXNET.convolutions)
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


@pytest.fixture(scope="session")
def basicsr_folder(request):
    """The package folder of basicsr 1.4.2, installed or out of its sdist; skips without it."""
    installed = importlib.util.find_spec("basicsr")
    if installed is not None:
        return Path(installed.submodule_search_locations[0])
    kept = request.config.cache.mkdir("basicsr")
    whole = kept / "basicsr-1.4.2"
    if not whole.is_dir():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        command += ["--no-build-isolation", "--retries=0", "--timeout=5", "basicsr==1.4.2"]
        with tempfile.TemporaryDirectory(dir=kept) as new:
            done = subprocess.run([*command, "-d", new], capture_output=True, check=False)
            archive = next(Path(new).glob("basicsr-*.tar.gz"), None)
            if done.returncode or archive is None:
                pytest.skip("basicsr 1.4.2 cannot be fetched")
            with tarfile.open(archive) as tar:
                tar.extractall(new, filter="data")
            with contextlib.suppress(OSError):  # another process of these tests was faster
                (Path(new) / whole.name).rename(whole)
    return whole / "basicsr"


@pytest.fixture
def basicsr_module(basicsr_folder, monkeypatch):
    """Import a module of basicsr by its name below the package.

    The packages' own __init__ files import every network and need a torchvision of 2022; they are
    passed over.
    """
    pytest.importorskip("cv2")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    for name in ("basicsr", "basicsr.utils", "basicsr.metrics"):
        package = ModuleType(name)
        package.__path__ = [str(basicsr_folder.joinpath(*name.split(".")[1:]))]
        monkeypatch.setitem(sys.modules, name, package)
    color = importlib.import_module("basicsr.utils.color_util")
    sys.modules["basicsr.utils"].bgr2ycbcr = color.bgr2ycbcr
    yield lambda name: importlib.import_module(f"basicsr.{name}")
    for name in [name for name in sys.modules if name.startswith("basicsr.")]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def ma_model_file(tmp_path_factory):
    """Path of a small random model under the name of the published one."""
    path = tmp_path_factory.mktemp("ma") / "NRQM_model.mat"
    savemat(path, random_ma_model(trees=60), do_compression=True)
    return path


@pytest.fixture(scope="session")
def pieapp_state():
    """Random parameters of PieAPP's published structure."""
    return random_pieapp()


@pytest.fixture(scope="module")
def every_metric(ma_model_file, pieapp_state):
    """Give Ma and PieAPP random weights, so that no metric of this module's tests is missing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pdbench.metrics.ma.fetch", lambda _: ma_model_file)
        patch.setattr("pdbench.metrics.pieapp.fetch", lambda _: ma_model_file)
        patch.setattr("pdbench.metrics.pieapp._read_once", lambda *_: pieapp_state)
        yield
