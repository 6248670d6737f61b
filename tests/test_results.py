"""The committed results are those of this code, these weights and these protocols."""

from pathlib import Path

import pytest
import torch

from pdbench.baselines import fingerprint
from pdbench.bicubic import bicubic_upsample
from pdbench.data.datasets import open_dataset
from pdbench.harness.config import weights_of
from pdbench.harness.results import read_results
from pdbench.images import quantize
from pdbench.methods import SUITES, resolve
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PAPER, protocol_hashes

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
FOLDERS = {
    **dict.fromkeys(("builtin_x4", "set5_x4", "set14_x4", "bsd100_x4"), ("table1",)),
    "sweeps/set14_x4": ("tau-sweep", "k-sweep"),
}
CHEAP = ("psnr", "ssim", "niqe", "lr-psnr")


@pytest.fixture(scope="module", params=FOLDERS)
def folder(request):
    return request.param


@pytest.fixture(scope="module")
def record(folder):
    return read_results(RESULTS / folder)


def test_every_row_of_the_suites_is_there(folder, record):
    rows = {row for suite in FOLDERS[folder] for row in SUITES[suite]}
    assert {method.id for method in record.methods} >= rows
    images = set(record.dataset.images)
    for method in record.methods:
        assert {score.image for score in record.scores if score.method == method.id} == images


def test_rows_were_made_with_the_weights_that_ship(record):
    for method in record.methods:
        assert method.weights == weights_of(resolve(method.id), fingerprint, "compact"), method.id


def test_protocol_hashes_are_todays(record):
    today = protocol_hashes(PAPER)
    for method in record.methods:
        assert {m: today[m] for m in method.hashes} == dict(method.hashes)


def test_scores_lie_in_their_ranges(record):
    ranges = {"psnr": (5, 60), "ssim": (0, 1), "lpips-vgg": (0, 1), "dists": (0, 1)}
    for score in record.scores:
        low, high = ranges.get(score.metric, (0, 1000))
        assert score.value is None or low <= score.value <= high


@pytest.mark.parametrize(
    ("metrics", "images"),
    [(CHEAP, ("astronaut", "brick", "camera", "chelsea")), (("lpips-vgg", "dists"), ("coins",))],
)
def test_a_committed_row_can_be_recomputed(metrics, images):
    record = read_results(RESULTS / "builtin_x4")
    committed = {
        (score.image, score.metric): score.value
        for score in record.scores
        if score.method == "bicubic" and score.metric in metrics
    }
    panel = MetricCollection(PAPER, metrics)
    if panel.unavailable:
        pytest.skip("; ".join(panel.unavailable.values()))
    for pair in (pair for pair in open_dataset("builtin").pairs if pair.name in images):
        lr, hr = pair.load()
        panel.prepare(hr[None], lr[None])
        with torch.inference_mode():
            scores = panel.score(quantize(bicubic_upsample(lr))[None])
        for metric in metrics:
            assert scores[metric][0] == pytest.approx(committed[pair.name, metric], abs=2e-6)
