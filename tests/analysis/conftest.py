import pytest

from pdbench.scores import MetricFacts


@pytest.fixture
def psnr():
    return MetricFacts(
        id="psnr", title="PSNR", better="higher", kind="distortion", unit="dB", decimals=2
    )


@pytest.fixture
def lpips():
    return MetricFacts(id="lpips-vgg", title="LPIPS-VGG", better="lower", kind="perception")
