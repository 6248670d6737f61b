"""`pdbench list`."""

import pytest

import pdbench as api
from pdbench.data.datasets import DATASETS
from pdbench.metrics import METRICS


def first_words(text):
    return [line.split()[0] for line in text.splitlines()]


def test_methods_are_listed_with_the_suites(pdbench):
    outcome = pdbench("list", "methods")
    assert outcome.code == 0
    assert {"bicubic", "rrdb", "median-5", "suite"} <= set(first_words(outcome.out))


def test_every_metric_is_listed_in_table_order(pdbench):
    assert first_words(pdbench("list", "metrics").out) == METRICS.ids()


def test_a_missing_weight_file_says_how_to_get_it(pdbench, monkeypatch, tmp_path):
    for name in ("TORCH_HOME", "XDG_CACHE_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    lines = pdbench("list", "weights").out.splitlines()
    (line,) = [line for line in lines if line.startswith("NRQM_model.mat")]
    assert "for ma: not here yet: " in line
    assert "--weights-dir" in line
    doctor = dict(api.doctor()["weights"])
    assert "/PieAPPv0.1-0937b014.pth, sha256 0937b014..." in doctor["PieAPPv0.1-0937b014.pth"]
    assert "/NRQM_model.mat, sha256 not published" in doctor["NRQM_model.mat"]
    vgg = "https://download.pytorch.org/models/vgg16-397923af.pth (sha256 397923af...)"
    assert vgg in doctor["vgg16_features.safetensors"]
    (metric,) = [
        row for row in pdbench("list", "metrics").out.splitlines() if row.startswith("pi ")
    ]
    assert "needs NRQM_model.mat" in metric


def test_datasets_say_whether_they_are_found(pdbench):
    lines = dict(line.split(maxsplit=1) for line in pdbench("list", "datasets").out.splitlines())
    assert set(DATASETS) <= set(lines)
    assert "found, 12 images" in lines["builtin"]
    assert "--data-root" in lines["set5"]


def test_a_missing_set_says_how_to_download_it(tmp_path):
    for data_root in (None, tmp_path):
        rows = dict(api.doctor(data_root=data_root)["data"])
        for name in set(DATASETS) - {"builtin"}:
            assert f"'pdbench data get {name}' downloads it" in rows[name]


def test_an_unknown_kind_is_one_line(refused):
    assert "'methods'" in refused("list", "colors")


def test_the_call_is_the_command():
    assert api.list_all("metrics")[0][0] == METRICS.ids()[0]


def test_a_missing_weights_folder_is_one_line(refused):
    assert "no weights folder" in refused("list", "weights", "--weights-dir", "nowhere")


def test_settings_last_for_one_call(tmp_path, monkeypatch):
    monkeypatch.setenv("PDBENCH_WEIGHTS", "/before")
    api.list_all("weights", weights_dir=tmp_path)
    import os

    assert os.environ["PDBENCH_WEIGHTS"] == "/before"


@pytest.mark.parametrize("section", ["versions", "devices", "weights", "data", "folders"])
def test_doctor_reports_every_section(section, pdbench):
    outcome = pdbench("doctor")
    assert outcome.code == 0
    assert section in outcome.out.splitlines()
