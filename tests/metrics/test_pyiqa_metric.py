"""pyiqa's metrics by name: the numbers pyiqa gives, outside every preset."""

import math
import socket
import sys
from dataclasses import replace

import pytest
import torch

from pdbench.errors import InputError, MetricUndefined, WeightsUnavailable
from pdbench.metrics import METRICS, pyiqa_metric
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PAPER, protocol_hash

pytest.importorskip("pandas")


@pytest.fixture(scope="module", autouse=True)
def pyiqa():
    try:
        return pyiqa_metric._import_pyiqa()
    except InputError as error:
        pytest.skip(str(error))


def test_psnr_and_ssim_are_pyiqas(pair, pyiqa):
    hr, restored = pair()
    panel = MetricCollection(PAPER, ["pyiqa:psnr", "pyiqa:ssim", "psnr"])
    panel.prepare(hr, None)
    scores = panel.score(restored)
    for name in ("psnr", "ssim"):
        with torch.inference_mode():
            expected = pyiqa.create_metric(name, device="cpu")(restored, hr.expand_as(restored))
        assert scores[f"pyiqa:{name}"] == pytest.approx(expected.tolist(), abs=1e-5)
    assert scores["pyiqa:psnr"] == pytest.approx(scores["psnr"], abs=1e-3)


def test_a_declaration_is_read_from_pyiqas_table():
    psnr, musiq, lpips = (METRICS.get(f"pyiqa:{name}") for name in ("psnr", "musiq", "lpips"))
    assert (psnr.better, psnr.kind, psnr.needs_reference) == ("higher", "distortion", True)
    assert (musiq.better, musiq.kind, musiq.needs_reference) == ("higher", "perception", False)
    assert lpips.better == "lower"
    assert psnr.facts.source.startswith("pyiqa 0.")


def test_the_hash_is_of_name_and_version():
    psnr, ssim = METRICS.get("pyiqa:psnr"), METRICS.get("pyiqa:ssim")
    newer = replace(psnr, source="pyiqa 9.9")
    assert len({protocol_hash(PAPER, metric) for metric in (psnr, ssim, newer)}) == 3


def test_no_preset_computes_them_unasked():
    assert not [name for name in METRICS.ids() if name.startswith("pyiqa:")]
    assert not [name for name in PAPER.covered_ids if name.startswith("pyiqa:")]


def test_an_unknown_name_is_answered_with_close_matches():
    with pytest.raises(InputError, match="unknown metric of pyiqa 'musik'; did you mean musiq"):
        METRICS.get("pyiqa:musik")


def test_without_pyiqa_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    pyiqa_metric._declare.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'pdbench\[pyiqa\]'"):
        METRICS.get("pyiqa:psnr")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Forbid downloads, and let pyiqa find nothing on this machine."""
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    monkeypatch.setattr("pyiqa.utils.download_util.DEFAULT_CACHE_DIR", str(tmp_path))


def test_weights_that_cannot_be_had_make_it_unavailable(offline, pair):
    lookup = socket.getaddrinfo
    with pytest.raises(WeightsUnavailable, match="PDBENCH_OFFLINE forbids"):
        METRICS.get("pyiqa:musiq").open({}, "cpu")
    assert socket.getaddrinfo is lookup
    panel = MetricCollection(PAPER, ["pyiqa:musiq"])
    panel.prepare(None, None)
    assert panel.score(pair()[1]) == {"pyiqa:musiq": [None, None]}
    assert "pyiqa cannot open 'musiq'" in panel.reasons["pyiqa:musiq"][0]


def answering(answer):
    return pyiqa_metric.PyiqaScorer(metric=answer, compares=False)


def test_a_failure_on_an_image_is_a_reason_not_a_crash(pair):
    def fail(image):
        raise ValueError("the image is too small\nand more")

    with pytest.raises(MetricUndefined, match=r"\(ValueError: the image is too small\)$"):
        answering(fail).score(pair()[1], None)


def test_lack_of_memory_is_left_to_the_run(pair):
    def fail(image):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(RuntimeError, match="allocate memory"):
        answering(fail).score(pair()[1], None)


def test_more_than_one_number_is_declined(pair):
    with pytest.raises(MetricUndefined, match="3 numbers for one image"):
        answering(lambda image: torch.zeros(3)).score(pair()[1], None)


def test_random_crops_are_the_same_for_every_image_and_leave_no_trace(pair):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    scores = answering(lambda image: torch.rand(1)).score(pair()[1], None)
    assert scores[0] == scores[1]
    assert torch.equal(torch.get_rng_state(), before)


def test_an_infinite_score_stays_one(pair):
    hr, _ = pair()
    scorer = answering(lambda image: math.inf)
    assert scorer.score(hr, None).tolist() == [math.inf]
