"""Killed or out of disk at every system call that changes a file: nothing stored is lost."""

import contextlib
import shutil

import pytest
import syscalls
from records import DATASET, FACTS, FILES, IMAGES, method, score

from pdbench.errors import InputError
from pdbench.harness.results import export_results, read_results
from pdbench.harness.run_info import RunRecord
from pdbench.harness.store import FILE, RunStore, is_run_folder, read_run

pytestmark = pytest.mark.skipif(not syscalls.works(), reason="no tracing of processes here")


def fill(folder):
    """Make a run folder, or go on with one, as a run does."""
    with RunStore(folder) as store:
        store.begin(DATASET, FILES, [method()], FACTS)
        for image in IMAGES:
            store.write(IMAGES[image], method(), [score(image), score(image, "pieapp", 0.5)])


def scores(folder):
    return {(s.image, s.metric): s.value for s in read_run(folder).scores}


COMPLETE = {(image, metric): value for image in IMAGES for metric, value in
            (("psnr", 1.5), ("pieapp", 0.5))}  # fmt: skip


def nothing(folder):
    """Start without a folder."""


def empty_file(folder):
    """Start with the file that a kill may have left."""
    folder.mkdir()
    (folder / FILE).touch()


@pytest.mark.parametrize("begin", [nothing, empty_file, fill])
@pytest.mark.parametrize("full", [False, True], ids=["killed", "disk full"])
@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_at_every_call_a_store_stays_whole(begin, full, step, tmp_path):
    folder = tmp_path / "run"
    begin(folder)
    before = COMPLETE if begin is fill else {}
    shutil.copytree(tmp_path, tmp_path / "start", ignore=lambda *_: ["start"])
    calls, code = syscalls.run(lambda: fill(folder))
    assert code == 0
    assert calls > 10
    for at in range(0, calls, step):
        shutil.rmtree(folder, ignore_errors=True)
        if (tmp_path / "start" / "run").exists():
            shutil.copytree(tmp_path / "start" / "run", folder)
        _, code = syscalls.run(lambda: fill(folder), at=at, full=full, refusal=InputError)
        assert code in ((0, syscalls.REFUSED) if full else (-9,)), (at, code)
        if is_run_folder(folder):
            with contextlib.nullcontext() if begin is fill else contextlib.suppress(InputError):
                found = scores(folder)
                assert before.items() <= found.items() <= COMPLETE.items(), at
        fill(folder)  # the same command again
        assert scores(folder) == COMPLETE, at


def test_at_every_call_an_export_stays_readable(tmp_path):
    def record(value):
        scores = [score(image, name, value) for image in IMAGES for name in ("psnr", "pieapp")]
        return RunRecord(
            dataset=DATASET, metrics=tuple(FACTS), methods=(method(),), scores=tuple(scores)
        )

    export_results(record(1.5), tmp_path)
    calls, _ = syscalls.run(lambda: export_results(record(2.5), tmp_path))
    for at in range(calls):
        for full in (False, True):
            export_results(record(1.5), tmp_path)
            syscalls.run(
                lambda: export_results(record(2.5), tmp_path),
                at=at, full=full, refusal=InputError,
            )  # fmt: skip
            found = {s.value for s in read_results(tmp_path / "set5_x4").scores}
            assert found in ({1.5}, {2.5}), at
