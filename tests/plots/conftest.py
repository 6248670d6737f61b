import random

import pytest

from pdbench.analysis import summarize
from pdbench.plots.plane import plot as draw_plane
from pdbench.plots.scene import Plane
from pdbench.scores import MetricFacts

MEANS = {  # psnr, ssim, lpips-vgg
    "bicubic": (26.7, 0.766, 0.409),
    "rrdb": (29.1, 0.836, 0.272),
    "srflow-da[tau=0.1]": (29.0, 0.830, 0.260),
    "srflow-da[tau=0.9]": (27.4, 0.770, 0.225),
    "average-5": (28.8, 0.825, 0.234),
    "average-25": (29.3, 0.836, 0.262),
}


def plot(
    scores, facts, *, out, titles=None, size="", certainty="ellipses", theory=False, **options
):
    """Draw scores into a file."""
    summary = summarize(scores, facts, titles=titles, size=size)
    plane = Plane(summary=summary, methods=summary.methods, certainty=certainty, theory=theory)
    return draw_plane(plane, out, **options)


@pytest.fixture(scope="session")
def facts():
    return [
        MetricFacts(
            id="psnr", title="PSNR", better="higher", kind="distortion", unit="dB", decimals=2
        ),
        MetricFacts(id="ssim", title="SSIM", better="higher", kind="distortion"),
        MetricFacts(id="lpips-vgg", title="LPIPS-VGG", better="lower", kind="perception"),
        MetricFacts(id="pieapp", title="PieAPP", better="lower", kind="perception"),
    ]


@pytest.fixture(scope="session")
def scores(make_score):
    """Six methods on five images, two of them with three samples each; PieAPP has no weights."""
    rng = random.Random(0)
    rows = []
    for method, means in MEANS.items():
        for image in ("baby", "bird", "butterfly", "head", "woman"):
            for sample in range(3 if method.startswith("srflow") else 1):
                for metric, mean in zip(("psnr", "ssim", "lpips-vgg"), means, strict=True):
                    value = mean * (1 + rng.gauss(0, 0.01))
                    rows.append(make_score(method, image, value, sample=sample, metric=metric))
                reason = "weights not found; give --weights-dir"
                rows.append(
                    make_score(method, image, None, sample=sample, metric="pieapp", reason=reason)
                )
    return rows


@pytest.fixture
def plane_of(facts):
    """Make a plane of scores; without certainty unless asked for."""

    def make(rows, titles=None, **options):
        summary = summarize(rows, facts, titles=titles)
        options = {"certainty": "none", **options}
        return Plane(summary=summary, methods=summary.methods, **options)

    return make
