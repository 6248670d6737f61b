import pytest

from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.pi import METRIC
from pdbench.metrics.protocol import PAPER

# NIQE, Ma and PI of the paper's table 1; for ESRGAN+ with NIQE and Ma put right.
PRINTED = {
    "Fusion-LPIPS": (3.270, 6.416, 3.427),
    "ESRGAN+": (2.862, 6.581, 3.141),
    "SRFlow-DA, tau 0.9": (4.071, 5.079, 4.496),
}


@pytest.mark.parametrize("row", PRINTED)
def test_pi_of_the_papers_rows(row):
    niqe, ma, pi = PRINTED[row]
    assert METRIC.combine({"niqe": niqe, "ma": ma}) == pytest.approx(pi, abs=1e-3)


def test_pi_is_made_of_the_ma_and_niqe_of_the_same_protocol(pair, ma_model_file, monkeypatch):
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(ma_model_file.parent))
    panel = MetricCollection(PAPER, ["pi", "ma", "niqe"])
    panel.prepare(None, None)
    scores = panel.score(pair(208, 210)[1])
    for pi, ma, niqe in zip(scores["pi"], scores["ma"], scores["niqe"], strict=True):
        assert pi == pytest.approx(((10 - ma) + niqe) / 2, abs=1e-12)


def test_pi_says_which_part_cannot_judge(pair, ma_model_file, monkeypatch):
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(ma_model_file.parent))
    panel = MetricCollection(PAPER, ["pi"])
    panel.prepare(None, None)
    assert panel.score(pair(100, 96)[0]) == {"pi": [None]}
    assert panel.reasons["pi"][0].startswith("niqe: ")


def test_without_mas_model_pi_is_unavailable_for_the_same_reason(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    panel = MetricCollection(PAPER, ["pi"])
    assert "NRQM_model.mat" in panel.unavailable["pi"]
    assert panel.unavailable["pi"] == panel.unavailable["ma"]
