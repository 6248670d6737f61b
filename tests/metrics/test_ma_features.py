import math
import subprocess
import sys

import pytest
import torch
from torch.nn.functional import interpolate

from pdbench.errors import MetricUndefined
from pdbench.images import load_image, luma_bt601
from pdbench.metrics import ma_contrast, ma_dct, ma_gsm
from pdbench.metrics.ma_features import FEATURE_COUNTS, ma_features

y, x = torch.meshgrid(torch.arange(90.0).double(), torch.arange(97.0).double(), indexing="ij")


def noise(height, width, levels=256):
    generator = torch.Generator().manual_seed(height)
    return torch.randint(0, levels, (height, width), generator=generator).double()


def smooth(height, width):
    coarse = noise(math.ceil(height / 8), math.ceil(width / 8))[None, None]
    return interpolate(coarse, scale_factor=8, mode="bicubic")[0, 0, :height, :width].clamp(0, 255)


def dot(height, width):
    plane = torch.zeros(height, width, dtype=torch.float64)
    plane[height // 2, width // 2] = 255
    return plane


PLANES = {
    "smallest": smooth(84, 84).round(),
    "odd": smooth(89, 103).round(),
    "odd and even": smooth(91, 94).round(),
    "even and odd": smooth(98, 85).round(),
    "long": smooth(46, 282).round(),
    "not rounded": smooth(86, 88),
    "noise": noise(90, 84),
    "black and white noise": noise(87, 86, levels=2) * 255,
    "one dot on black": dot(92, 90),
    "half of it flat": torch.where(x < 48, 128, smooth(90, 97).round()),
    "one edge": torch.where(x + 0.3 * y < 60, 40.0, 200.0).double(),
    "checks of 8 pixels": (x // 8 + y // 8) % 2 * 255,
    "noisy stripes": (x % 8 < 4) * 200 + noise(90, 97, levels=2),
    "slanted ramp": (1.3 * x + 0.7 * y).round(),
}


@pytest.fixture(scope="module")
def original(pyiqa_module):
    """Compute the 138 features with pyiqa's functions, put together as its `nrqm` does."""
    module = pyiqa_module("nrqm_arch")

    def features(plane):
        image = plane[None, None]
        scales = module.get_gauss_pyramid(image / 255)
        patches = [module.im2col(scale, 5, "distinct") for scale in scales]
        groups = [module.block_dct(scale) for scale in scales]
        groups.append(module.global_gsm(image))
        groups += [torch.linalg.svdvals(columns) for columns in patches]
        return torch.cat(groups, dim=1)[0]

    return features


@pytest.mark.parametrize("name", PLANES)
def test_all_138_features_equal_pyiqa(original, name):
    features = torch.cat(ma_features(PLANES[name]))
    expected = original(PLANES[name])
    assert features.shape == expected.shape == (138,)
    assert (features - expected).abs().max().item() <= 1e-7


def test_the_groups_have_the_lengths_the_forests_expect():
    assert tuple(map(len, ma_features(PLANES["smallest"]))) == FEATURE_COUNTS


@pytest.mark.parametrize("size", [(83, 84), (84, 80), (44, 400)])
def test_a_smaller_plane_lacks_features_and_cannot_be_judged(original, size):
    plane = noise(*size)
    with pytest.raises(MetricUndefined, match=f"the image has {size[1]}x{size[0]}"):
        ma_features(plane)
    if min(size) >= ma_gsm.SMALLEST_SIDE:
        assert len(original(plane)) < 138
    else:
        with pytest.raises(RuntimeError, match="Kernel size"):
            original(plane)


@pytest.mark.parametrize(
    "plane",
    [
        torch.zeros_like(x),
        torch.full_like(x, 128),
        x,
        x + y,
        (y % 8 < 4).double(),
        ((x + y) % 2)[:, :96],
    ],
    ids=["black", "gray", "ramp", "slanted ramp", "stripes", "checks of 1 pixel"],
)
def test_a_plane_without_structure_cannot_be_judged(plane):
    with pytest.raises(MetricUndefined, match="so regular"):
        ma_features(plane)


def test_the_chunks_do_not_matter(monkeypatch):
    plane = PLANES["odd"]
    whole = torch.cat(ma_features(plane))
    monkeypatch.setattr(ma_dct, "_CHUNK", 100)
    monkeypatch.setattr(ma_gsm, "_CHUNK", 300)
    monkeypatch.setattr(ma_contrast, "_ROWS", 7)
    monkeypatch.setattr(ma_contrast, "_COLUMNS", 5)
    ma_contrast._banded.cache_clear()
    cut = torch.cat(ma_features(plane))
    ma_contrast._banded.cache_clear()
    assert (cut - whole).abs().max().item() <= 1e-10


@pytest.mark.slow
def test_features_of_30_photographs_equal_pyiqa(original, test_data):
    folder = test_data / "data" / "test"
    paths = [
        path for name in ("Set5", "Set14", "BSD100") for path in folder.glob(f"{name}/HR/*.png")
    ]
    assert len(paths) >= 30
    for path in sorted(paths)[-30:]:
        plane = luma_bt601(load_image(path), rounded=True)[0, :180, :180]
        difference = (torch.cat(ma_features(plane)) - original(plane)).abs().max().item()
        assert difference <= 1e-7, path.name


@pytest.mark.slow
def test_a_2k_image_needs_less_than_2_5_gib():
    script = (
        "import resource, torch\n"
        "from pdbench.metrics.ma_features import ma_features\n"
        "plane = torch.rand(1356, 2040, dtype=torch.float64) * 255\n"
        "ma_features(plane)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=900
    )
    assert int(done.stdout) < 2.5 * 2**20  # kilobytes
