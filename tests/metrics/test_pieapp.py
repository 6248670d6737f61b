import subprocess
import sys
from pathlib import Path

import pytest
import torch
from synthetic_weights import random_pieapp

from pdbench.errors import MetricUndefined, WeightsUnavailable
from pdbench.metrics import pieapp
from pdbench.metrics.pieapp import Pieapp, read_weights


@pytest.fixture(scope="module")
def state():
    return random_pieapp()


def score(scorer, restored, reference):
    with torch.inference_mode():
        return scorer.score(restored, scorer.prepare(reference, None))


def test_pieapp_equals_pyiqa_on_the_same_parameters(state, pair, pyiqa_module, tmp_path, capsys):
    path = tmp_path / "random.pth"
    torch.save(state, path)
    original = pyiqa_module("pieapp_arch").PieAPP(pretrained_model_path=str(path)).eval()
    reference, restored = pair(97, 118)
    with torch.inference_mode():
        expected = original(restored, reference.expand_as(restored)).flatten().tolist()
    assert len(set(expected)) == 2
    got = score(Pieapp(read_weights(path)), restored, reference)
    assert got.tolist() == pytest.approx(expected, abs=1e-5, rel=1e-5)


@pytest.mark.parametrize(("chunk", "band"), [(1, 4), (32, 1), (5, 2)])
def test_the_patches_taken_at_a_time_do_not_matter(state, pair, monkeypatch, chunk, band):
    reference, restored = pair(146, 118)
    whole = score(Pieapp(state), restored[:1], reference).item()
    monkeypatch.setattr(pieapp, "_CHUNK", chunk)
    monkeypatch.setattr(pieapp, "_BAND", band)
    assert score(Pieapp(state), restored[:1], reference).item() == pytest.approx(whole, rel=1e-5)


def test_the_order_of_channels_matters(state, pair):
    reference, restored = pair(64, 64)
    flipped = score(Pieapp(state), restored.flip(1), reference.flip(1))
    assert flipped.tolist() == score(Pieapp(state, channels="rgb"), restored, reference).tolist()
    assert flipped.tolist() != score(Pieapp(state), restored, reference).tolist()


def test_what_no_patch_covers_does_not_count(state, pair):
    reference, restored = pair(64, 90)
    spoilt = restored.clone()
    spoilt[..., 64:] = 0
    scores = [score(Pieapp(state), image, reference[..., :90]) for image in (restored, spoilt)]
    assert scores[0].tolist() == scores[1].tolist()


def test_an_image_below_one_patch_cannot_be_judged(state, pair):
    reference, restored = pair(63, 90)
    with pytest.raises(MetricUndefined, match="at least 64 pixels"):
        score(Pieapp(state), restored, reference)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"conv1.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(WeightsUnavailable, match="does not hold PieAPP's parameters"):
        read_weights(path)


def test_a_truncated_checkpoint_is_refused(tmp_path):
    path = tmp_path / "short.pth"
    torch.save({"conv1.weight": torch.zeros(64, 3, 3, 3)}, path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(WeightsUnavailable, match="cannot read"):
        read_weights(path)


@pytest.mark.slow
def test_a_2k_image_needs_less_than_2_gib():
    script = (
        "import resource, sys, torch\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2] / 'benchmarks')!r})\n"
        "from synthetic_weights import random_pieapp\n"
        "from pdbench.metrics.pieapp import Pieapp\n"
        "with torch.inference_mode():\n"
        "    Pieapp(random_pieapp()).prepare(torch.rand(1, 3, 1356, 2040), None)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=900
    )
    assert int(done.stdout) < 2 * 2**20  # kilobytes
