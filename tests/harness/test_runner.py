"""A run: what is scored, reused and refused, and what happens when things go wrong."""

import math
import os

import pytest
import torch
from PIL import Image
from run_folders import ALL, METRICS, make_config, write_images

from pdbench.bicubic import bicubic_downsample, bicubic_upsample
from pdbench.errors import InputError, WeightsUnavailable
from pdbench.harness import method_records, runner, scorer
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.results import export_results, read_results
from pdbench.harness.runner import run
from pdbench.harness.store import read_run
from pdbench.images import load_image

pytestmark = pytest.mark.usefixtures("log")


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images")


def serial(config, folder):
    return run(config, folder, executor=SerialExecutor())


def calls(log):
    lines = log.read_text().splitlines()
    log.write_text("")
    return lines


def test_every_output_of_every_image_is_scored(images, tmp_path):
    report = serial(make_config(images), tmp_path / "run")
    counts = {name: sum(score.method == name for score in report.record.scores) for name in ALL}
    assert counts == {"up": 9, "network": 9, "samples": 27, "mean": 9}
    assert all(score.value is not None for score in report.record.scores)
    assert (report.computed, report.kept, report.failed) == (54, 0, ())
    assert [method.id for method in report.record.methods] == sorted(ALL)
    assert [facts.id for facts in report.record.metrics] == list(METRICS)


def test_psnr_is_that_of_the_rounded_output(images, tmp_path):
    report = serial(make_config(images, ["up"]), tmp_path / "run")
    hr = load_image(images / "image-1.png")
    restored = bicubic_upsample(bicubic_downsample(hr))
    expected = -10 * math.log10((restored.double() - hr.double()).square().mean().item())
    (score,) = [s for s in report.record.scores if (s.image, s.metric) == ("image-1", "psnr")]
    assert score.value == pytest.approx(expected, abs=1e-5)


def test_second_run_scores_nothing_and_gives_the_same(images, tmp_path, log):
    first = serial(make_config(images), tmp_path / "run")
    calls(log)
    second = serial(make_config(images), tmp_path / "run")
    assert calls(log) == []
    assert second.record == first.record
    assert (second.computed, second.kept) == (0, 54)


def test_a_run_that_computes_nothing_leaves_the_versions_that_did(images, tmp_path, monkeypatch):
    for version, metrics, named in (("1", "psnr", "1"), ("2", "psnr", "1"), ("2", "ssim", "2")):
        versions = {"torch": version}
        monkeypatch.setattr(method_records, "installed_versions", lambda found=versions: found)
        report = serial(make_config(images, ["up"], metrics=(metrics,)), tmp_path / "run")
        assert report.record.methods[0].versions == {"torch": named}


def test_same_run_in_another_folder_gives_the_same(images, tmp_path):
    first = serial(make_config(images), tmp_path / "one")
    assert serial(make_config(images), tmp_path / "two").record == first.record


def test_largest_image_comes_first(images, tmp_path, log):
    serial(make_config(images, ["up"]), tmp_path / "run")
    assert calls(log) == ["up 5x9", "up 6x5", "up 4x4"]


def test_only_new_methods_are_run(images, tmp_path, log):
    serial(make_config(images, ["up", "samples"]), tmp_path / "run")
    calls(log)
    report = serial(make_config(images, ["up", "mean", "samples"]), tmp_path / "run")
    assert {line.split()[0] for line in calls(log)} == {"mean"}
    assert (report.computed, report.kept) == (9, 36)


def test_only_new_metrics_are_computed(images, tmp_path, monkeypatch):
    whole = serial(make_config(images), tmp_path / "whole")
    serial(make_config(images, metrics=("psnr",)), tmp_path / "run")
    asked = []
    original = scorer.MetricCollection

    def spy(protocol, metrics, **options):
        asked.append(tuple(metrics))
        return original(protocol, metrics, **options)

    monkeypatch.setattr(scorer, "MetricCollection", spy)
    report = serial(make_config(images), tmp_path / "run")
    assert asked == [("ssim", "lr-psnr")]
    assert set(report.record.scores) == set(whole.record.scores)


def test_other_seed_gives_other_samples_and_is_kept_apart(images, tmp_path, log):
    first = serial(make_config(images, ["samples"]), tmp_path / "run")
    other = serial(make_config(images, ["samples"], seed=1), tmp_path / "run")
    assert {s.value for s in first.record.scores}.isdisjoint(
        {s.value for s in other.record.scores}
    )
    calls(log)
    again = serial(make_config(images, ["samples"], seed=0), tmp_path / "run")
    assert calls(log) == []
    assert again.record == first.record


def test_other_weights_are_scored_again(images, tmp_path, log, monkeypatch):
    serial(make_config(images, ["up", "network"]), tmp_path / "run")
    calls(log)
    monkeypatch.setenv("FAKE_WEIGHTS", "ffffffffffff")
    serial(make_config(images, ["up", "network"]), tmp_path / "run")
    assert {line.split()[0] for line in calls(log)} == {"network"}


def test_changed_image_is_scored_again(images, tmp_path, log):
    serial(make_config(images, ["up"]), tmp_path / "run")
    calls(log)
    content = (images / "image-1.png").read_bytes()
    (images / "image-1.png").write_bytes((images / "image-2.png").read_bytes())
    report = serial(make_config(images, ["up"]), tmp_path / "run")
    assert calls(log) == ["up 5x9"]
    values = {s.image: s.value for s in report.record.scores if s.metric == "psnr"}
    assert values["image-1"] == values["image-2"]
    (images / "image-1.png").write_bytes(content)
    serial(make_config(images, ["up"]), tmp_path / "run")
    assert calls(log) == []


def test_image_changed_within_its_size_and_time_stamp_is_scored_again(tmp_path, log):
    images = tmp_path / "images"
    images.mkdir()
    file = images / "a.bmp"
    for side, level in ((16, 10), (16, 200)):
        Image.new("RGB", (side, side), (level, 0, 0)).save(file)
        os.utime(file, ns=(10**18, 10**18))
        assert serial(make_config(images, ["up"]), tmp_path / "run").computed == 3


def test_forced_methods_are_computed_again(images, tmp_path, log):
    config = make_config(images, ["up", "mean"])
    first = serial(config, tmp_path / "run")
    calls(log)
    again = runner.run(config, tmp_path / "run", force=["up"], executor=SerialExecutor())
    assert {line.split()[0] for line in calls(log)} == {"up"}
    assert (again.record, again.computed) == (first.record, 9)
    with pytest.raises(InputError, match="'network', which this run does not score"):
        runner.run(config, tmp_path / "run", force=["network"], executor=SerialExecutor())


def test_renamed_image_keeps_its_samples(images, tmp_path):
    first = serial(make_config(images, ["samples"]), tmp_path / "one")
    (images / "image-2.png").rename(images / "renamed.png")
    second = serial(make_config(images, ["samples"]), tmp_path / "two")
    assert sorted(s.value for s in first.record.scores) == sorted(
        s.value for s in second.record.scores
    )


def test_non_finite_output_is_marked_and_the_run_goes_on(images, tmp_path, log):
    report = serial(make_config(images, ["nan", "up"]), tmp_path / "run")
    assert report.failed == (("image-0", "nan", "the output holds NaN or infinite values"),)
    values = {s.image: s.value for s in report.record.scores if s.method == "nan"}
    assert values["image-0"] is None
    assert values["image-1"] is not None
    calls(log)
    serial(make_config(images, ["nan", "up"]), tmp_path / "run")
    assert calls(log) == []


def test_one_bad_sample_does_not_spoil_the_others(images, tmp_path):
    report = serial(make_config(images, ["bad-sample"], metrics=("psnr",)), tmp_path / "run")
    bad = {s.sample for s in report.record.scores if s.value is None}
    good = {s.sample for s in report.record.scores if s.value is not None}
    assert (bad, good) == ({1}, {0, 2})


def test_outputs_far_outside_the_range_are_named_and_kept(images, tmp_path):
    report = serial(make_config(images, ["exploded", "up"], metrics=("psnr",)), tmp_path / "run")
    assert report.failed == ()
    assert report.record.methods[0].outside == {"image-0": pytest.approx(0.25, abs=0.02)}
    (remark,) = read_run(tmp_path / "run").remarks
    assert remark[:2] == ("exploded", "!")
    assert remark[2].startswith("Exploded: outputs of 1 image leave [0, 1] by more than 0.25 (im")
    exported = export_results(report.record, tmp_path / "results")[-1].parent
    assert read_results(exported).remarks == (remark,)


def test_out_of_memory_says_what_to_do_and_smaller_tiles_are_another_score(tmp_path, monkeypatch):
    images = write_images(tmp_path / "images", [(256, 256)])
    whole = serial(make_config(images, ["network", "up"]), tmp_path / "run")
    monkeypatch.setenv("FAKE_MEMORY", str(64 * 63 * 1000))
    large = make_config(images, ["network", "up"], max_memory=9_000_000)
    assert serial(large, tmp_path / "run").failed[0][2].endswith("--max-memory 4MiB")
    small = make_config(images, ["network", "up"], max_memory=7_000_000)
    tiled = serial(small, tmp_path / "run")
    assert tiled.failed == ()
    assert (tiled.computed, tiled.kept) == (3, 3)  # bicubic needs no network: it is never tiled
    assert [method.max_memory for method in tiled.record.methods] == [7_000_000, None]
    assert [s.value for s in tiled.record.scores] == pytest.approx(
        [s.value for s in whole.record.scores], abs=1e-3
    )
    again = serial(make_config(images, ["network", "up"]), tmp_path / "run")
    assert (again.record, again.computed) == (whole.record, 0)


def test_memory_that_never_suffices_fails_the_image_until_the_next_run(
    images, tmp_path, log, monkeypatch
):
    monkeypatch.setenv("FAKE_MEMORY", "1")
    report = serial(make_config(images, ["network", "up"]), tmp_path / "run")
    advice = "out of memory; run again with --max-memory 2048MiB"
    assert {entry[1:] for entry in report.failed} == {("network", advice)}
    assert all(s.value is not None for s in report.record.scores if s.method == "up")
    calls(log)
    monkeypatch.delenv("FAKE_MEMORY")
    report = serial(make_config(images, ["network", "up"]), tmp_path / "run")
    assert {line.split()[0] for line in calls(log)} == {"network"}
    assert report.failed == ()


def test_unavailable_metric_is_noted_and_retried_when_its_weights_come(
    images, tmp_path, log, monkeypatch
):
    plan = make_config(images, ["up"], metrics=("psnr", "pieapp"))

    def refuse(file):
        raise WeightsUnavailable(f"{file.name} is not here")

    monkeypatch.setattr(method_records, "fetch", refuse)
    report = serial(plan, tmp_path / "run")
    assert list(report.unavailable) == ["pieapp"]
    assert {s.reason for s in report.record.scores if s.metric == "pieapp"} == {
        f"unavailable: {report.unavailable['pieapp']}"
    }
    assert len(calls(log)) == 3
    assert serial(plan, tmp_path / "run").computed == 0
    assert calls(log) == []
    monkeypatch.setattr(method_records, "fetch", lambda file: None)
    serial(plan, tmp_path / "run")
    assert len(calls(log)) == 3


def test_combined_metric_is_unavailable_with_its_parts(images, tmp_path, monkeypatch):
    def refuse(file):
        raise WeightsUnavailable(f"{file.name} is not here")

    monkeypatch.setattr(method_records, "fetch", refuse)
    report = serial(make_config(images, ["up"], metrics=("psnr", "pi")), tmp_path / "run")
    assert list(report.unavailable) == ["pi"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ["upp"]}, "unknown method 'upp'; did you mean up"),
        ({"methods": []}, "no method to run"),
        ({"metrics": ("psnrr",)}, "unknown metric 'psnrr'; did you mean psnr"),
        ({"protocol": "papper"}, "unknown protocol 'papper'; did you mean paper"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"device": "cuda:x"}, "unknown device 'cuda:x'"),
        ({"jobs": 0}, "0 processes cannot work"),
        ({"size": "paper"}, "no paper weights here"),
    ],
)
def test_bad_run_is_refused_before_anything_is_written(images, tmp_path, changes, message):
    with pytest.raises((InputError, WeightsUnavailable), match=message):
        serial(make_config(images, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_corrupt_image_is_refused_before_anything_is_written(images, tmp_path):
    content = (images / "image-1.png").read_bytes()
    (images / "image-1.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"cannot read image '.*image-1\.png'"):
        serial(make_config(images), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_two_runs_in_one_folder_are_refused(images, tmp_path):
    folder = tmp_path / "run"
    serial(make_config(images, ["up"]), folder)
    with (
        runner.RunStore(folder),
        pytest.raises(InputError, match="another run is writing"),
    ):
        serial(make_config(images, ["up"]), folder)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("small", "method 'small' returned shape (1, 3, 5, 9) for image 'image-2'"),
        ("crash", "ZeroDivisionError: a bug"),
    ],
)
def test_a_failing_method_is_marked_and_the_others_are_kept(name, reason, images, tmp_path):
    report = serial(make_config(images, ["up", name]), tmp_path / "run")
    assert {(method, image) for image, method, _ in report.failed} == {
        (name, f"image-{number}") for number in range(3)
    }
    assert report.failed[-1][2].startswith(reason)
    assert reason in report.tracebacks["image-2", name]
    assert (report.computed, report.kept) == (9, 0)
    assert serial(make_config(images, ["up", name]), tmp_path / "run").kept == 9


def test_a_failing_metric_harms_no_other(images, tmp_path, monkeypatch):
    def crash(*_arguments):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("pdbench.metrics.ssim.Ssim.score", crash)
    report = serial(make_config(images, ["up"]), tmp_path / "run")
    assert {reason for _, _, reason in report.failed} == {"ZeroDivisionError: a bug"}
    assert {s.metric for s in report.record.scores if s.value is None} == {"ssim"}
    assert report.computed == 6


def test_threads_are_given_back(images, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        serial(make_config(images, ["up"]), tmp_path / "run")
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_scores_do_not_depend_on_which_other_methods_run(images, tmp_path):
    together = serial(make_config(images), tmp_path / "together")
    for name in ALL:
        alone = serial(make_config(images, [name]), tmp_path / name)
        assert set(alone.record.scores) <= set(together.record.scores)


def test_an_output_is_truncated_where_the_protocol_says_so(images, tmp_path):
    rounded = serial(make_config(images, ["network"]), tmp_path / "run")
    truncated = serial(make_config(images, ["network"], protocol="srflow"), tmp_path / "run")
    pairs = list(zip(rounded.record.scores, truncated.record.scores, strict=True))
    assert all(one.metric == other.metric for one, other in pairs)
    assert any(one.value != other.value for one, other in pairs if one.metric == "psnr")
    assert {score.protocol for score in truncated.record.scores} == {"srflow"}


def test_protocols_live_side_by_side_in_one_folder(images, tmp_path, log):
    folder = tmp_path / "run"
    first = serial(make_config(images, ["up"]), folder).record
    calls(log)
    serial(make_config(images, ["up"], protocol="basicsr-rgb", metrics=("psnr",)), folder)
    assert read_run(folder, protocol="paper", metrics=METRICS) == first
    assert [method.protocol for method in read_run(folder).methods] == ["basicsr-rgb"]
    assert [facts.id for facts in read_run(folder).metrics] == ["psnr"]
    with pytest.raises(InputError, match="some under basicsr-rgb, paper"):
        read_run(folder, protocol="pirm")


def test_what_two_protocols_define_alike_is_computed_once(tmp_path, log):
    images = write_images(tmp_path / "images", [(104, 200)])
    folder = tmp_path / "run"
    (one,) = serial(make_config(images, ["up"], metrics=("niqe",)), folder).record.scores
    calls(log)
    report = serial(make_config(images, ["up"], metrics=("niqe",), protocol="pirm"), folder)
    assert (report.computed, report.kept) == (0, 1)
    assert [(score.value, score.protocol) for score in report.record.scores] == [
        (one.value, "pirm")
    ]


def test_every_choice_is_kept_with_the_scores(images, tmp_path):
    (method,) = serial(make_config(images, ["up"]), tmp_path / "run").record.methods
    assert set(method.choices) == set(METRICS) == set(method.hashes)
    assert method.choices["psnr"]["colour"] == "rgb"
