"""Options and fixtures shared by all tests. Tests that need no torch never import it."""

import contextlib
import os
from pathlib import Path

import pytest

from pdbench import registry
from pdbench.scores import Score

if "PYTEST_XDIST_WORKER" in os.environ:  # a worker has one core; set before a test imports torch
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--device", default="cpu", help="device the tests of networks run on")


@pytest.fixture(autouse=True)
def no_user_settings(monkeypatch):
    """No test sees the user's data folder, and none leaves a setting to the next test.

    Set, not deleted: what was not set before is then removed even if the code under test set it.
    """
    monkeypatch.setenv("PDBENCH_DATA", "")
    for name in ("PDBENCH_OFFLINE", "PDBENCH_WEIGHTS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.fixture
def tmp_path(tmp_path):
    """An empty folder with nothing beside it: what lies beside a set may be its LR."""
    folder = tmp_path / "alone"
    folder.mkdir()
    return folder


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Put a package on the path as if it were installed: its name, version and entry points."""
    monkeypatch.setattr(registry, "_warned", set())

    def install(name, groups, *, version="1.0", code=""):
        place = tmp_path / name / "site-packages"
        folder = place / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        facts = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (folder / "METADATA").write_text(facts)
        lines = []
        for group, entries in groups.items():
            lines += [f"[{group}]", *(f"{id_} = {where}" for id_, where in entries.items())]
        (folder / "entry_points.txt").write_text("\n".join(lines))
        (place / f"{name}_code.py").write_text(code)
        monkeypatch.syspath_prepend(place)
        return place

    return install


@pytest.fixture(scope="session")
def scoring_here():
    """Context in which runs score in this process: starting a worker takes seconds.

    The tests of executors, and one of each way to hand work over, start real workers.
    """
    from pdbench.harness.executors import SerialExecutor

    @contextlib.contextmanager
    def context():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pdbench.harness.runner.LocalExecutor", lambda _jobs: SerialExecutor())
            yield

    return context


@pytest.fixture(scope="module")
def no_workers(scoring_here):
    """See `scoring_here`."""
    with scoring_here():
        yield


@pytest.fixture(scope="session")
def make_score():
    """Build a score from the few fields a test cares about."""

    def make(method="m", image="a", value=1.0, **fields):
        defaults = {
            "dataset": "set5",
            "seed": 0,
            "sample": 0,
            "metric": "psnr",
            "protocol": "paper",
            "protocol_hash": "0123456789abcdef",
            "weights": "",
        }
        return Score(method=method, image=image, value=value, **{**defaults, **fields})

    return make


@pytest.fixture
def device(request):
    """Device named by --device."""
    return request.config.getoption("--device")


@pytest.fixture(scope="session")
def test_data():
    """Folder with data/ and golden/, named by PDBENCH_TEST_DATA; skips the test without it."""
    folder = os.environ.get("PDBENCH_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set PDBENCH_TEST_DATA to the folder that holds data/ and golden/")
    return Path(folder)
