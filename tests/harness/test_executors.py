"""Worker processes: the same numbers as here, and nothing lost whoever is killed."""

import random
import signal
import sys
import time
from pathlib import Path

import pytest
from processes import alive, descendants, start, stored, wait_for
from run_folders import make_config, write_images

from pdbench.errors import InputError
from pdbench.harness import executors, runner
from pdbench.harness.executors import LocalExecutor, SerialExecutor
from pdbench.harness.runner import run
from pdbench.harness.store import read_run

pytestmark = pytest.mark.usefixtures("log")
needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", [(16, 16), (24, 20), (20, 36), (32, 32), (20, 16)])


@pytest.fixture
def expected(images, tmp_path, monkeypatch):
    """What an undisturbed run in this process gives."""
    monkeypatch.delenv("FAKE_LOG")
    record = run(make_config(images), tmp_path / "expected", executor=SerialExecutor()).record
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log.txt"))
    return record


def test_two_processes_give_the_same_scores_as_one(images, tmp_path, expected, capfd, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, Path("ignored")])  # by Python, and by us
    report = run(make_config(images, jobs=2), tmp_path / "run")
    assert report.record == expected
    assert report.computed == 90
    assert capfd.readouterr() == ("", "")


@needs_proc
def test_killed_run_loses_only_what_was_in_flight(images, tmp_path, expected, log, monkeypatch):
    monkeypatch.setenv("FAKE_DELAY", "0.1")
    monkeypatch.setenv("FAKE_STALL", str(tmp_path / "stall"))
    folder = tmp_path / "run"
    process = start(make_config(images, jobs=2), folder, tmp_path)
    wait_for(lambda: stored(folder) >= 20)
    workers = descendants(process.pid)
    assert len(workers) == 2
    (tmp_path / "stall").touch()  # from here on each worker hangs in the method it comes to
    time.sleep(0.5)
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(worker) for worker in workers), seconds=20)
    kept = set(read_run(folder).scores)
    assert len(kept) < len(expected.scores)
    (tmp_path / "stall").unlink()
    report = run(make_config(images), folder, executor=SerialExecutor())
    assert report.record == expected
    assert kept <= set(report.record.scores)
    # Twenty outputs in all; each worker may have had one in hand, and one on its way to the store.
    assert report.kept == 90 - report.computed
    assert len(log.read_text().splitlines()) <= 20 + 4


def test_worker_that_is_killed_is_replaced(images, tmp_path, expected, monkeypatch):
    trap = tmp_path / "trap"
    trap.touch()
    monkeypatch.setenv("FAKE_KILL", str(trap))
    report = run(make_config(images, jobs=1), tmp_path / "run")
    assert not trap.exists()
    assert report.failed == ()
    assert report.record == expected


@pytest.mark.slow
def test_image_that_kills_every_worker_is_given_up(tmp_path, monkeypatch):
    images = write_images(tmp_path / "images", [(16, 16)])
    monkeypatch.setattr("pdbench.harness.executors.ATTEMPTS", 1)
    report = run(make_config(images, ["up", "deadly"], jobs=1), tmp_path / "run")
    reason = "its process was killed, most likely for lack of memory"
    assert report.failed == (("image-0", "deadly", reason),)
    assert all(s.value is not None for s in report.record.scores if s.method == "up")


def test_an_image_that_changes_ends_the_run(images, tmp_path, monkeypatch):
    original = runner.RunStore.begin

    def change(store, *arguments):
        (images / "image-2.png").write_bytes((images / "image-1.png").read_bytes())
        return original(store, *arguments)

    monkeypatch.setattr(runner.RunStore, "begin", change)
    with pytest.raises(InputError, match="changed during the run"):
        run(make_config(images, ["up"], jobs=1), tmp_path / "run")


@pytest.mark.parametrize("deaths", [2, 3])
def test_a_worker_that_dies_while_it_starts_is_replaced(deaths, images, tmp_path, monkeypatch):
    left = tmp_path / "left"
    left.write_text("x" * deaths)
    fragile = (
        f"import os; left = {str(left)!r}; count = len(open(left).read()); "
        "open(left, 'w').write('x' * (count - 1)); count and os._exit(9); "
    )
    program = executors._PROGRAM.replace("from pdbench", f"{fragile}from pdbench")
    monkeypatch.setattr(executors, "_PROGRAM", program)
    if deaths < executors.ATTEMPTS:
        assert run(make_config(images, ["up"], jobs=1), tmp_path / "run").computed == 15
    else:
        with pytest.raises(RuntimeError, match="die while they start"):
            run(make_config(images, ["up"], jobs=1), tmp_path / "run")


def test_a_failing_method_in_a_worker_leaves_the_others(images, tmp_path):
    report = run(make_config(images, ["crash", "up"], jobs=1), tmp_path / "run")
    assert {reason for _, _, reason in report.failed} == {"ZeroDivisionError: a bug"}
    assert "in crash" in report.tracebacks["image-0", "crash"]
    assert report.computed == 15


def test_no_executor_works_with_no_process():
    with pytest.raises(ValueError, match="jobs >= 1"):
        LocalExecutor(0)


@needs_proc
@pytest.mark.slow
def test_interrupt_ends_the_workers(images, tmp_path, log, monkeypatch):
    monkeypatch.setenv("FAKE_DELAY", "300")
    process = start(make_config(images, jobs=2), tmp_path / "run", tmp_path)
    wait_for(log.read_text)
    workers = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    assert process.returncode != 0
    assert not any(alive(worker) for worker in workers)


@pytest.mark.slow
def test_ten_kills_at_random_moments_change_nothing(images, tmp_path, expected, log, monkeypatch):
    monkeypatch.setenv("FAKE_DELAY", "0.1")
    folder = tmp_path / "run"
    rng = random.Random(0)
    kept = 0
    for _ in range(10):
        process = start(make_config(images, jobs=2), folder, tmp_path)
        time.sleep(rng.uniform(0, 6))
        process.kill()
        process.wait()
        assert stored(folder) >= kept
        kept = stored(folder)
    report = run(make_config(images, jobs=2), folder)
    assert report.record == expected
    assert len(log.read_text().splitlines()) <= 20 + 10 * 4
