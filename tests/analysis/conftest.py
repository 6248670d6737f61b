import pytest

from pdbench.scores import MetricFacts, Score


@pytest.fixture
def make_score():
    """Build a score from the few fields a test cares about."""

    def make(method="m", image="a", value=1.0, **fields):
        defaults = {
            "dataset": "set5",
            "seed": 0,
            "sample": 0,
            "metric": "psnr",
            "protocol": "paper",
            "protocol_hash": "0123456789abcdef",
            "weights": "",
        }
        return Score(method=method, image=image, value=value, **{**defaults, **fields})

    return make


@pytest.fixture
def psnr():
    return MetricFacts(
        id="psnr", title="PSNR", better="higher", kind="distortion", unit="dB", decimals=2
    )


@pytest.fixture
def lpips():
    return MetricFacts(id="lpips-vgg", title="LPIPS-VGG", better="lower", kind="perception")
