"""A Ray worker by itself, in this process: it reads what it was sent and keeps nothing."""

import re
import shutil
from dataclasses import replace

import pytest
from run_folders import make_config, write_images

from pdbench.baselines import BASELINES
from pdbench.data.datasets import open_dataset
from pdbench.data.sr_folders import match_outputs
from pdbench.errors import InputError
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.external_images import open_images
from pdbench.harness.method_records import method_records, weight_paths
from pdbench.harness.ray_worker import RayWorker, pack
from pdbench.harness.runner import run
from pdbench.methods.catalog import MethodCatalog
from pdbench.weights import sha256_of


class Recorder(SerialExecutor):
    """Keeps what a run asks for and what comes of it."""

    def run(self, config, tasks):
        self.config, self.tasks, self.done = config, tasks, []
        for progress in super().run(config, tasks):
            self.done.append(progress)
            yield progress


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Everything that lies on the asking machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    (tmp_path / "asking").mkdir()
    write_images(tmp_path / "asking" / "images")
    return tmp_path / "asking"


def fakes(folder, monkeypatch):
    return replace(make_config(folder / "images"), save_images=folder / "saved")


def outputs(folder, monkeypatch):
    shutil.copytree(folder / "images", folder / "outputs")
    config = make_config(folder / "images")
    files = match_outputs(folder / "outputs", config.dataset.pairs)
    given = open_images(files, config.dataset, name="mine", title="Mine", checked={})
    return replace(config, methods=("mine",), catalog=MethodCatalog(local={"mine": given}))


def weights(folder, monkeypatch):
    (folder / "weights").mkdir()
    ships = BASELINES.get("rrdb").weights_path("compact")
    shutil.copyfile(ships, folder / "weights" / "rrdb-compact.safetensors")
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(folder / "weights"))
    config = make_config(folder / "images")
    return replace(config, methods=("rrdb", "bicubic"), catalog=MethodCatalog())


@pytest.mark.parametrize("made", [fakes, outputs, weights])
def test_a_worker_reads_only_what_it_was_sent(made, folder, tmp_path, monkeypatch):
    recorder = Recorder()
    run(made(folder, monkeypatch), tmp_path / "run", executor=recorder)
    config, tasks = recorder.config, recorder.tasks
    packed, records = pack(config), method_records(config)
    files = weight_paths(config)
    digests = {name: sha256_of(path) for name, path in files.items()}
    assert [path.parent for path in files.values()] == [folder / "weights"] * len(files)
    messages = [(pack(task), reads(config, task)) for task in tasks]
    sent = [path.read_bytes() for path in files.values()]
    saved = {
        path.relative_to(folder / "saved").as_posix(): path.read_bytes()
        for path in (folder / "saved").rglob("*.png")
    }
    assert bool(saved) is (made is fakes)
    shutil.rmtree(folder)

    worker = RayWorker()
    names = list(config.options.metrics)
    assert worker.join(packed, records, names, digests, False, [*digests.values()], *sent) == ""
    done, images = [], {}
    for task, (message, contents) in zip(tasks, messages, strict=True):
        worker.begin(message, list(contents), *contents.values())
        for _ in task.work:
            progress, new = worker.step()
            done.append(progress)
            images |= new
    assert (done, images) == (recorder.done, saved)
    assert not folder.exists()


def reads(config, task):
    method = config.catalog.method(config.methods[0])
    paths = [task.pair.hr, *method.files.get(task.pair.name, ())]
    return {str(path): path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": "other"}, "'up' has weights  there and other here"),
        ({"code": {"psnr": "other"}}, "the code behind 'up' is not the same there"),
    ],
)
def test_a_worker_with_other_weights_or_code_says_so(change, message, folder):
    config = make_config(folder / "images", ["up"])
    records = {name: replace(one, **change) for name, one in method_records(config).items()}
    assert RayWorker().join(pack(config), records, [], {}, True, []) == message


def test_an_image_that_changed_ends_the_run(folder, tmp_path):
    recorder = Recorder()
    config = make_config(folder / "images", ["up"])
    run(config, tmp_path / "run", executor=recorder)
    worker = RayWorker()
    worker.join(pack(config), method_records(config), [], {}, False, [])
    other = open_dataset(str(folder / "images")).pairs[-1].hr.read_bytes()
    task = recorder.tasks[-1]
    worker.begin(pack(task), [str(task.pair.hr)], other)
    assert "changed during the run" in str(worker.step()[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "cuda:1"}, "say --device cuda, not cuda:1"),
        ({"gpus_per_worker": 0.0}, "--gpus-per-worker must be positive"),
        ({"jobs": 0}, "0 processes cannot work"),
        ({"engine": "spark"}, "unknown engine 'spark'"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_starts(
    options, message, folder, tmp_path
):
    pytest.importorskip("ray")
    config = make_config(folder / "images", **{"engine": "ray", **options})
    with pytest.raises(InputError, match=message):
        run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_without_ray_the_engine_says_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=re.escape("pip install 'pdbench[ray]'")):
        run(make_config(folder / "images", engine="ray"), tmp_path / "run")
