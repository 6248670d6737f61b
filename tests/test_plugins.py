"""Entry points: third-party declarations come in, broken ones harm nothing."""

import logging
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pdbench as api
from pdbench import methods, registry
from pdbench.cli import main
from pdbench.data.datasets import open_dataset
from pdbench.errors import InputError
from pdbench.harness.config import weights_of
from pdbench.harness.executors import SerialExecutor
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PAPER, protocol_choices, protocol_hash

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "pdbench-example"


@pytest.fixture
def example(package, monkeypatch):
    """The example package, installed."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    monkeypatch.syspath_prepend(EXAMPLE)
    package(project["name"], project["entry-points"], version=project["version"])


def warnings_of(caplog):
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_the_example_is_listed_with_its_package(example):
    listed = {kind: dict(api.list_all(kind)) for kind in ("methods", "metrics", "datasets")}
    for kind, name in (("methods", "nearest"), ("metrics", "mae"), ("datasets", "waves")):
        assert "of package pdbench-example 1.0" in listed[kind][name]


def test_the_example_runs_and_its_metric_is_marked(example, monkeypatch, tmp_path):
    monkeypatch.setattr("pdbench.harness.runner.LocalExecutor", lambda _jobs: SerialExecutor())
    report = api.run(
        ["nearest", "bicubic"], dataset="waves", metrics=["mae", "psnr"], output=tmp_path / "run"
    )
    table = api.table(report.folder)
    assert "MAE†" in table
    assert "[†] outside the protocol's presets: MAE of pdbench-example 1.0" in table
    values = {(s.method, s.metric): s.value for s in report.record.scores if s.image == "rings"}
    assert values["bicubic", "mae"] < values["nearest", "mae"]
    (record,) = [each for each in report.record.methods if each.id == "nearest"]
    assert record.weights


def test_a_run_in_worker_processes_finds_the_example(example, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["run", "--method", "nearest", "--dataset", "waves", "--metrics", "mae", "-j", "1"]
    assert main(words) == 0
    assert "Nearest neighbor" in capsys.readouterr().out


def test_another_version_of_a_package_has_other_fingerprints(package):
    def prints():
        metric, method = METRICS.get("error"), methods.resolve("copy")
        return protocol_hash(PAPER, metric), weights_of(method, None, "compact")

    code = (
        "from dataclasses import replace\n"
        "from pdbench.methods import METHODS\n"
        "from pdbench.metrics import METRICS\n"
        "METHOD = replace(METHODS.get('bicubic'), id='copy')\n"
        "METRIC = replace(METRICS.get('psnr'), id='error', choices={'colour': 'rgb', 'border': 0})"
    )
    groups = {
        "pdbench.methods": {"copy": "moving_code:METHOD"},
        "pdbench.metrics": {"error": "moving_code:METRIC"},
    }
    package("moving", groups, code=code)
    first = prints()
    assert protocol_choices(PAPER, METRICS.get("error"))["package"] == "moving 1.0"
    package_info = next(Path(sys.path[0]).glob("*.dist-info"))
    (package_info / "METADATA").write_text("Metadata-Version: 2.1\nName: moving\nVersion: 1.1\n")
    registry._offers_on.cache_clear()
    assert all(one != two for one, two in zip(first, prints(), strict=True))


BROKEN = {
    "absent": ("nowhere_at_all:METHOD", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    "raises": ("bad_code:FAILS", "AttributeError"),
    "number": ("bad_code:NUMBER", "it is not a Method"),
    "misnamed": ("bad_code:METHOD", "it declares the id 'bicubic'"),
    "rrdb": ("bad_code:METHOD", "pdbench has that id itself"),
    "median-7": ("bad_code:METHOD", "pdbench has that id itself"),
    "table1": ("bad_code:METHOD", "pdbench has that id itself"),
}


@pytest.fixture
def broken(package):
    code = "from pdbench.methods.bicubic import METHOD\nNUMBER = 3"
    package("bad", {"pdbench.methods": {name: at for name, (at, _) in BROKEN.items()}}, code=code)


def test_each_broken_plug_in_is_one_warning_and_lists_go_on(broken, caplog):
    assert "bicubic" in methods.METHODS.ids()
    lines = warnings_of(caplog)
    assert len(lines) == len(BROKEN)
    for name, (_, why) in BROKEN.items():
        (line,) = [line for line in lines if f"'{name}'" in line]
        assert "of package 'bad 1.0' cannot be used" in line
        assert why in line
        assert "\n" not in line
    methods.METHODS.ids()
    assert len(warnings_of(caplog)) == len(BROKEN)


def test_what_pdbench_has_is_its_own_and_warns_of_nothing(broken, caplog):
    assert methods.resolve("rrdb").title == "RRDB"
    assert methods.resolve("median-7").kind == "fused"
    assert not warnings_of(caplog)


@pytest.mark.parametrize("name", ["absent", "number", "misnamed"])
def test_asking_for_a_broken_one_is_an_error_that_names_the_package(name, broken):
    with pytest.raises(InputError, match=r"package 'bad 1\.0' cannot be used"):
        methods.resolve(name)


def test_an_unknown_id_is_answered_without_loading_anything(broken, caplog):
    with pytest.raises(InputError, match="did you mean absent"):
        methods.resolve("absnt")
    assert not warnings_of(caplog)


def test_a_package_that_ends_the_process_when_imported_does_not(package, caplog):
    package("exits", {"pdbench.metrics": {"m": "exits_code:M"}}, code="raise SystemExit(3)")
    assert "psnr" in METRICS.ids()
    assert "SystemExit: 3" in warnings_of(caplog)[0]


def test_an_id_of_two_packages_is_nobodys(package, caplog):
    for name in ("one", "two"):
        package(name, {"pdbench.methods": {"same": f"{name}_code:METHOD"}})
    methods.METHODS.ids()
    assert warnings_of(caplog) == [
        "method 'same' is in 'one 1.0' and 'two 1.0'; uninstall one of them"
    ]


def test_a_dataset_that_opens_another_is_refused(package):
    code = (
        "from pdbench.data.datasets import DatasetSource, open_dataset\n"
        "SET = DatasetSource(id='mine', title='', open=lambda: open_dataset('builtin'))"
    )
    package("sets", {"pdbench.datasets": {"mine": "sets_code:SET"}}, code=code)
    with pytest.raises(InputError, match="opens something else"):
        open_dataset("mine")


def test_help_looks_up_no_entry_point():
    code = (
        "import importlib.metadata, sys\n"
        "importlib.metadata.entry_points = None\n"
        "import pdbench.cli\n"
        "sys.exit(pdbench.cli.main(['run', '--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_example_is_a_package_pip_can_install(tmp_path, monkeypatch, caplog):
    copy, target = tmp_path / "copy", tmp_path / "target"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    words = ["--no-deps", "--no-build-isolation", "--no-index", "--target", target, copy]
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *words], check=True)
    monkeypatch.syspath_prepend(target)
    caplog.set_level(logging.WARNING)
    assert open_dataset("waves").pairs[0].hr.is_file()
    assert methods.resolve("nearest").source == "pdbench-example 1.0"
    assert METRICS.get("mae").source == "pdbench-example 1.0"
