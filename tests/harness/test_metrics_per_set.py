"""Metrics of all samples of an image together: scored once, stored at sample 0."""

import pytest
from run_folders import make_config, write_images

from pdbench.analysis.means import summarize
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.results import export_results, read_results
from pdbench.harness.runner import run
from pdbench.harness.scorer import FUSED, NON_FINITE
from pdbench.metrics.backbone_weights import ALEXNET
from pdbench.weights import find


@pytest.fixture
def diversity(tmp_path, monkeypatch):
    """Run methods on two images; returns the report, with `again` to run them once more."""
    if find(ALEXNET.convolutions) is None:
        pytest.skip(f"{ALEXNET.convolutions.name} is not on this machine")
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    images = write_images(tmp_path / "images", sizes=((96, 112), (128, 100)))

    def judge(*methods, metrics=("psnr", "diversity")):
        plan = make_config(images, methods, metrics=metrics)
        return run(plan, tmp_path / "run", executor=SerialExecutor())

    return judge


def of(report, method, metric="diversity"):
    return [s for s in report.record.scores if (s.method, s.metric) == (method, metric)]


def test_samples_get_one_score_per_image_beside_those_of_each_sample(diversity):
    report = diversity("samples")
    assert [(s.image, s.sample) for s in of(report, "samples")] == [("image-0", 0), ("image-1", 0)]
    assert all(0 < s.value < 100 for s in of(report, "samples"))
    assert len(of(report, "samples", "psnr")) == 6


def test_a_single_image_has_no_diversity_and_a_fused_one_is_out_of_the_rules(diversity):
    report = diversity("up", "mean")
    assert [s.value for s in of(report, "up")] == [0, 0]
    assert [(s.value, s.reason) for s in of(report, "mean")] == [(None, FUSED)] * 2
    assert all(s.value is not None for s in of(report, "mean", "psnr"))
    assert report.failed == ()


def test_what_is_stored_is_not_scored_again(diversity):
    assert diversity("samples", "mean", "up").computed > 0
    assert diversity("samples", "mean", "up").computed == 0
    assert diversity("samples", metrics=("psnr",)).computed == 0


def test_a_sample_that_is_not_finite_leaves_the_cell_empty(diversity):
    report = diversity("bad-sample")
    assert [(s.value, s.reason) for s in of(report, "bad-sample")] == [(None, NON_FINITE)] * 2


def test_exported_scores_and_reasons_are_read_back_once_per_image(diversity, tmp_path):
    record = diversity("samples", "mean", "bad-sample").record
    export_results(record, tmp_path / "results")
    again = read_results(tmp_path / "results" / f"{record.dataset.id}_x4")
    assert {(s.method, s.image, s.sample, s.metric, s.reason) for s in again.scores} == {
        (s.method, s.image, s.sample, s.metric, s.reason) for s in record.scores
    }


def test_the_row_is_the_mean_over_images(diversity):
    report = diversity("samples")
    mean = summarize(report.record.scores).mean("samples", "diversity")
    values = [s.value for s in of(report, "samples")]
    assert mean.n == 2
    assert mean.value == pytest.approx(sum(values) / 2)
