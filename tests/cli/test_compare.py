"""`pdbench compare`: crops of one image, restored by several methods, scores under each."""

import math
import re

import numpy as np
import pytest
from PIL import Image

from pdbench.api.compare import compare
from pdbench.bicubic import bicubic_downsample, bicubic_upsample
from pdbench.errors import InputError
from pdbench.images import load_image, quantize
from pdbench.metrics import METRICS

WORDS = ("--dataset", "photos", "--image", "a", "--crop", "8,4,32,24", "--methods", "bicubic",
         "--metrics", "psnr,ssim")  # fmt: skip


@pytest.fixture
def photos(tmp_path):
    """A folder of two small HR images in the working folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate("ab"):
        noise = np.random.default_rng(seed).integers(0, 255, size=(8, 10, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((80, 64), Image.Resampling.BICUBIC).save(
            folder / f"{name}.png"
        )
    return folder


@pytest.fixture
def call(photos, pdbench, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return pdbench


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg", "html"])
def test_a_figure_is_written_in_every_format(call, tmp_path, suffix):
    outcome = call("compare", *WORDS, "-o", f"out/figure.{suffix}")
    assert (outcome.code, outcome.out.strip()) == (0, f"Figure: out/figure.{suffix}")
    content = (tmp_path / "out" / f"figure.{suffix}").read_bytes()
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml", "html": b"<!DOCTYPE html>"}
    assert content.startswith(starts[suffix])


def test_the_page_shows_lr_the_method_with_its_scores_and_hr(call, tmp_path):
    assert call("compare", *WORDS, "-o", "figure.html").code == 0
    page = (tmp_path / "figure.html").read_text("utf-8")
    titles = re.findall(r"<h2>(?:<svg.*?</svg>)?(.*?)</h2>", page)
    assert titles == ["HR, whole image", "LR", "Bicubic", "HR"]
    assert re.search(r"<li>PSNR ↑ \d+\.\d\d</li><li>SSIM ↑ 0\.\d{4}</li>", page)
    assert "photos, a, crop 32×24 at 8, 4" in page
    assert not re.search(r"src=\"(?!data:)|href=\"(?!#)", page)


def test_scores_are_those_of_the_whole_image(call, tmp_path):
    call("compare", *WORDS, "-o", "figure.html")
    page = (tmp_path / "figure.html").read_text("utf-8")
    shown = re.search(r"PSNR ↑ (\d+\.\d\d)", page)[1]
    hr = load_image(tmp_path / "photos" / "a.png")
    error = quantize(bicubic_upsample(bicubic_downsample(hr, 4), 4)) - hr
    assert shown == f"{-10 * math.log10(float(error.double().square().mean())):.2f}"


def test_the_same_call_gives_the_same_bytes(call, tmp_path):
    for name in ("one.png", "two.png"):
        assert call("compare", *WORDS, "-o", name).code == 0
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("--image", "c"), "unknown image of photos 'c'"),
        (("--crop", "8,4,32"), "'8,4,32' is no crop"),
        (("--crop", "60,4,32,24"), "leaves 'a', which is 80x64 pixels"),
        (("--crop", "0,0,4,4"), "shows nothing"),
        (("--crop=-8,0,32,32",), "is no crop"),
        (("--methods", "nonsense"), "unknown method 'nonsense'"),
        (("--metrics", "nonsense"), "unknown metric 'nonsense'"),
        (("--dataset", "nowhere"), "nowhere"),
        (("-o", "figure.gif"), "cannot draw into 'figure.gif'"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(call, tmp_path, change, complaint):
    words = list(WORDS)
    if change[0] in ("--methods", "--metrics"):
        place = words.index(change[0])
        del words[place : place + 2]
    outcome = call("compare", *words, *change)
    assert outcome.code == 2
    assert complaint in outcome.line
    assert not list(tmp_path.glob("*.png"))


def test_images_made_elsewhere_stand_beside_methods(call, photos, tmp_path):
    words = (*WORDS, "--sr", f"{photos}:truth", "--columns", "2")
    assert call("compare", *words, "-o", "figure.png").code == 0
    assert call("compare", *words, "-o", "figure.html").code == 0
    page = (tmp_path / "figure.html").read_text("utf-8")
    assert "</svg>truth</h2>" in page
    assert "PSNR ↑ ∞" in page
    assert page.count('<option value="panel-') == 2 * page.count('id="panel-')
    assert call("compare", *words, "-o", "figure.svg").code == 0
    text = (tmp_path / "figure.svg").read_text("utf-8")
    colors = re.findall(r"fill: (#\w{6})[^>]*>(?:truth|Bicubic)<", text)
    assert len(set(colors)) == 2  # each title in the color of its method
    outcome = call("compare", *WORDS, "--sr", "truth")
    assert (outcome.code, "DIR:NAME" in outcome.line) == (2, True)


GIVEN = {"image": "a", "crop": (8, 4, 32, 24), "metrics": "psnr"}


def broken(*images):
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"crop": (-8, 0, 32, 32)}, "'-8,0,32,32' is no crop"),
        ({"crop": (0, -4, 32, 32)}, "is no crop"),
        ({"crop": (8, 4, 32)}, "'8,4,32' is no crop"),
        ({"crop": (8.5, 4, 32, 24)}, "is no crop"),
        ({"methods": {"own": broken}}, "method 'own' fails on image 'a': ZeroDivisionError: div"),
        ({"metrics": {"own": broken}}, "a metric fails on image 'a' by 'bicubic': ZeroDivision"),
        ({"sr": "truth"}, "DIR:NAME"),
        ({"metric": "psnr"}, "did you mean metrics"),
    ],
)
def test_what_python_cannot_draw_is_one_line_too(photos, change, complaint):
    words = {"methods": "bicubic", "dataset": photos, **GIVEN, **change}
    with pytest.raises(InputError, match=complaint) as caught:
        compare(**words)
    assert "\n" not in str(caught.value)


def test_metrics_of_ones_own_and_a_single_folder_are_shown(photos, tmp_path):
    def far(sr, hr):
        return (sr - hr).abs().max()

    path = tmp_path / "metric_of_mine.py"
    path.write_text("def near(sr, hr):\n    return 7\n")
    words = {**GIVEN, "metrics": ["psnr", {"far": far}, f"{path}:near"]}
    out = tmp_path / "figure.html"
    compare("bicubic", dataset=photos, sr=f"{photos}:truth", output=out, **words)
    page = out.read_text("utf-8")
    assert page.count("near ↓ 7.000<") == 2
    assert "far ↓ 0.000<" in page
    assert "</svg>truth</h2>" in page
    assert "far" not in METRICS
