"""Every file that a score depends on is part of its key and of the record, whoever loads it."""

import hashlib
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load
from scipy.io import savemat
from synthetic_weights import random_ma_model

import pdbench as api
from pdbench.api.local_code import open_metrics
from pdbench.data.datasets import open_dataset
from pdbench.errors import InputError
from pdbench.harness.config import RunConfig, weights_of
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.local import as_method
from pdbench.harness.method_records import method_records
from pdbench.harness.options import EvalOptions
from pdbench.images import save_image
from pdbench.methods import resolve
from pdbench.methods.catalog import MethodCatalog
from pdbench.metrics import METRICS, pieapp, pyiqa_metric
from pdbench.metrics.niqe import PRIOR
from pdbench.metrics.rules import metric_files, unpublished_models
from pdbench.weights import bundled_bytes

PLUG_IN = """
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from pdbench.methods import METHODS
from pdbench.metrics import METRICS

HERE = Path(__file__).parent


class Opened:
    def __init__(self, *_):
        self.gain = np.load(HERE / "gain.npy")

    def prepare(self, reference, lr):
        return reference

    def score(self, restored, prepared):
        return self.gain * restored.double().mean((1, 2, 3))


class Late(Opened):
    def __init__(self, *_):
        pass

    def score(self, restored, prepared):
        return np.load(HERE / "gain.npy") * restored.double().mean((1, 2, 3))


@cache
def gain():
    return float(np.load(HERE / "gain.npy"))


def run(lr, bank):
    return gain() * lr.repeat_interleave(4, -1).repeat_interleave(4, -2)


EARLY = replace(METRICS.get("psnr"), id="early", choices={}, open=Opened)
LATE = replace(METRICS.get("psnr"), id="late", choices={}, open=Late)
METHOD = replace(METHODS.get("bicubic"), id="gained", run=run)
"""


@pytest.fixture
def ma_file(tmp_path, monkeypatch):
    """Write version N of Ma's model file into the folder of weights."""
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path))
    made = {}  # savemat writes the time into a file

    def write(version):
        path = tmp_path / "NRQM_model.mat"
        if version not in made:
            savemat(path, random_ma_model(trees=2 + version))
            made[version] = path.read_bytes()
        path.write_bytes(made[version])
        return {path.name: hashlib.sha256(made[version]).hexdigest()}

    return write


@pytest.fixture
def pieapp_file(tmp_path, monkeypatch):
    """Write version N of a file under the name of PieAPP's weights, any sha256 being accepted."""
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path))
    published = pieapp.TRAINED.sha256
    object.__setattr__(pieapp.TRAINED, "sha256", "")

    def write(version):
        content = bytes([version])
        (tmp_path / pieapp.TRAINED.name).write_bytes(content)
        return {pieapp.TRAINED.name: hashlib.sha256(content).hexdigest()}

    yield write
    object.__setattr__(pieapp.TRAINED, "sha256", published)


@pytest.fixture
def pyiqa_file(tmp_path, monkeypatch):
    """Write version N of the file that pyiqa's NIQE loads by itself."""
    pytest.importorskip("pandas")
    try:
        configurations = pyiqa_metric._import_pyiqa().default_model_configs.DEFAULT_CONFIGS
    except InputError as error:
        pytest.skip(str(error))
    path = tmp_path / "niqe.mat"
    options = {**configurations["niqe"]["metric_opts"], "pretrained_model_path": str(path)}
    monkeypatch.setitem(configurations["niqe"], "metric_opts", options)
    prior = {name: value.numpy() for name, value in load(bundled_bytes(PRIOR)).items()}

    def write(version):
        mean, covariance = prior["mean"][None], version * prior["covariance"]
        savemat(path, {"mu_prisparam": mean, "cov_prisparam": covariance})
        return {}

    return write


@pytest.fixture
def plug_in_file(package, monkeypatch):
    """Write version N of the file that the metrics and the method of a package load."""
    groups = {
        "pdbench.metrics": {"early": "gains_code:EARLY", "late": "gains_code:LATE"},
        "pdbench.methods": {"gained": "gains_code:METHOD"},
    }
    place = package("gains", groups, code=PLUG_IN)
    yield lambda version: np.save(place / "gain.npy", float(version)) or {}
    sys.modules.pop("gains_code", None)


@pytest.fixture
def own_file(tmp_path, monkeypatch):
    """Write version N of the file that local code loads, in the working folder."""
    monkeypatch.chdir(tmp_path)
    return lambda version: np.save("gain.npy", float(version)) or {}


def gained(sr, hr=None):
    return float(np.load("gain.npy")) * sr.mean()


def key(metric):
    """Return the code digest and the models of a metric's scores."""
    names, local = open_metrics([metric])
    config = RunConfig(
        dataset=open_dataset("builtin"), methods=("bicubic",), catalog=MethodCatalog(),
        options=EvalOptions(metrics=names), local_metrics=local,
    )  # fmt: skip
    with METRICS.holding(local):
        (record,) = method_records(config).values()
    return record.hashes[names[0]], record.code[names[0]], dict(record.models)


@pytest.mark.parametrize(
    ("metric", "file"),
    [
        ("ma", "ma_file"),
        ("pi", "ma_file"),
        ("pieapp", "pieapp_file"),
        ("pyiqa:niqe", "pyiqa_file"),
        ("early", "plug_in_file"),
        ("late", "plug_in_file"),
        ({"own": gained}, "own_file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "own",
)
def test_another_file_of_a_metric_is_another_key_and_said_in_the_record(metric, file, request):
    write = request.getfixturevalue(file)
    keys = []
    for version in (1, 1, 2):
        written = write(version)
        keys.append(key(metric))
        models = keys[-1][-1]
        assert written.items() <= models.items()
        assert models
        assert all(len(digest) == 64 for digest in models.values())
    assert keys[0] == keys[1]
    assert keys[1][:-1] != keys[2][:-1]
    assert keys[1][-1] != keys[2][-1]


@pytest.mark.parametrize(
    ("method", "file"),
    [(lambda: resolve("gained"), "plug_in_file"), (lambda: as_method("own", gained), "own_file")],
    ids=["plug-in", "own"],
)
def test_another_file_of_a_method_is_another_fingerprint(method, file, request):
    write = request.getfixturevalue(file)
    found = []
    for version in (1, 1, 2):
        write(version)
        found.append(weights_of(method(), None, "compact"))
    assert found[0] == found[1] != found[2]


def test_a_rerun_with_another_file_scores_again_and_no_table_mixes_both(
    ma_file, tmp_path, monkeypatch
):
    monkeypatch.setattr("pdbench.harness.runner.LocalExecutor", lambda _jobs: SerialExecutor())
    photo = torch.rand(3, 128, 128, generator=torch.Generator().manual_seed(0))
    (tmp_path / "photos").mkdir()
    save_image(photo, tmp_path / "photos" / "one.png")

    def run(method):
        return api.run(
            [method], metrics=["ma"], dataset=str(tmp_path / "photos"), output=tmp_path / "run"
        )

    ma_file(1)
    first = run("bicubic")
    assert run("bicubic").computed == 0
    ma_file(2)
    again = run("bicubic")
    assert again.computed == first.computed == 1
    assert list(again.scores.value) != list(first.scores.value)
    ma_file(1)
    run({"flat": lambda lr: lr.repeat_interleave(4, -1).repeat_interleave(4, -2)})
    with pytest.raises(InputError, match=r"NRQM_model\.mat: sha256 .* against"):
        api.table(tmp_path / "run")


def test_files_of_parts_count_and_published_ones_are_in_the_hash_already():
    assert [file.name for file in metric_files("pi")] == ["NRQM_model.mat"]
    assert all(len(file.sha256) == 64 for file in metric_files("lpips-vgg"))
    assert unpublished_models(["lpips-vgg", "psnr"]) == {}
