"""The run store: whole transactions, one writer, plain words, and only current scores read."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
from records import DATASET, FACTS, FILES, IMAGES, method, score

from pdbench.errors import InputError
from pdbench.harness.store import (
    FILE,
    RunStore,
    is_run_folder,
    read_fingerprints,
    read_run,
)


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "run") as opened:
        opened.begin(DATASET, FILES, [method()], FACTS)
        yield opened


def values(folder):
    return {(s.image, s.metric, s.sample): s.value for s in read_run(folder).scores}


def test_scores_are_read_back_as_written(store):
    written = [score("a"), score("b", value=float("inf")), score("b", "pieapp", None)]
    for entry in written:
        store.write(IMAGES[entry.image], method(), [entry])
    record = read_run(store.folder)
    assert list(record.scores) == [written[0], written[2], written[1]]
    assert record.dataset == DATASET
    assert record.methods == (method(),)
    assert list(record.metrics) == FACTS
    assert record.sizes == "compact"


def test_metrics_nobody_scored_are_left_out(store):
    store.write("sha-a", method(), [score()])
    assert [facts.id for facts in read_run(store.folder).metrics] == ["psnr"]


def test_writing_again_replaces_all_samples(store):
    store.write("sha-a", method(), [score(sample=sample, value=1.0) for sample in range(3)])
    store.write("sha-a", method(), [score(sample=sample, value=2.0) for sample in range(2)])
    assert values(store.folder) == {("a", "psnr", 0): 2.0, ("a", "psnr", 1): 2.0}


def test_only_final_scores_count_as_done(store):
    missing = [score(metric="pieapp", value=None)]
    store.write("sha-a", method(), [score()])
    store.write("sha-a", method(), missing, final=False)
    assert {done.metric: count for done, count in store.done("set5", 0).items()} == {"psnr": 1}


def test_done_counts_the_samples(store):
    store.write("sha-a", method(), [score(sample=sample) for sample in range(5)])
    assert list(store.done("set5", 0).values()) == [5]
    assert store.done("set5", 1) == {}


@pytest.mark.parametrize(
    "change",
    [{"weights": "w1"}, {"code": {"psnr": "new"}}, {"hashes": {"psnr": "new"}}],
)
def test_scores_of_an_earlier_state_are_kept_but_not_shown(store, change):
    store.write("sha-a", method(), [score()])
    store.begin(DATASET, FILES, [method(**change)], FACTS)
    assert read_run(store.folder).scores == ()
    store.begin(DATASET, FILES, [method()], FACTS)
    assert len(read_run(store.folder).scores) == 1


@pytest.mark.parametrize(
    ("methods", "facts", "says"),
    [
        ([method(seed=1.5)], FACTS, "'m' cannot be recorded .seed is 1.5"),
        ([method()], [replace(FACTS[0], better="larger")], "'psnr' cannot be .* is 'larger'"),
    ],
)
def test_what_no_reader_takes_is_refused_and_nothing_written(store, methods, facts, says):
    store.write("sha-a", method(), [score()])
    with pytest.raises(InputError, match=says):
        store.begin(replace(DATASET, title="Other"), FILES, methods, facts)
    record = read_run(store.folder)
    assert (record.dataset, len(record.scores)) == (DATASET, 1)


@pytest.mark.parametrize("value", [float("nan"), -float("inf"), 1e13])
def test_a_value_that_is_no_score_is_refused_and_nothing_written(store, value):
    store.write("sha-a", method(), [score()])
    with pytest.raises(InputError, match=r"'psnr' gives .* for 'a', which is not a score"):
        store.write("sha-a", method(), [score(value=value)])
    assert values(store.folder) == {("a", "psnr", 0): 1.5}


def test_the_record_names_the_versions_that_computed(store):
    newer = method(versions={"python": "4"})
    for unchanged, version in ((["m"], "3"), ([], "4")):
        store.begin(DATASET, FILES, [newer], FACTS, unchanged)
        assert read_run(store.folder).methods[0].versions == {"python": version}


def test_scores_made_with_other_memory_stand_in_no_row_together(store):
    only = {"hashes": {"pieapp": "hash-pieapp"}, "code": {"pieapp": "code-pieapp"}}
    store.write("sha-a", method(), [score()])
    for memory, shown in ((2**26, {"pieapp"}), (None, {"psnr", "pieapp"})):
        store.begin(DATASET, FILES, [method(max_memory=memory, **only)], FACTS)
        store.write("sha-a", method(), [score(metric="pieapp")])
        if memory is None:
            store.begin(DATASET, FILES, [method()], FACTS)
        assert {s.metric for s in read_run(store.folder).scores} == shown


def test_seeds_are_read_together_or_each(store):
    store.begin(DATASET, FILES, [method(seed=1)], FACTS)
    store.write("sha-a", method(), [score()])
    store.write("sha-a", method(seed=1), [score(seed=1, value=2.5)])
    assert [method.seed for method in read_run(store.folder).methods] == [0, 1]
    assert {s.seed: s.value for s in read_run(store.folder).scores} == {0: 1.5, 1: 2.5}
    assert {s.seed for s in read_run(store.folder, seeds=[0]).scores} == {0}
    with pytest.raises(InputError, match="no scores of seed 2; there are some of 0, 1"):
        read_run(store.folder, seeds=[0, 2])


def test_scores_of_a_changed_image_are_not_shown(store):
    store.write("sha-of-old-a", method(), [score()])
    store.write("sha-b", method(), [score("b")])
    assert {image for image, _, _ in values(store.folder)} == {"b"}


def test_the_latest_runs_metrics_are_shown_unless_others_are_named(store):
    store.write("sha-a", method(), [score(), score(metric="pieapp")])
    store.begin(DATASET, FILES, [method(hashes={"psnr": "hash-psnr"})], FACTS[:1])
    read = {names: read_run(store.folder, metrics=names).metrics for names in (None, ())}
    assert [facts.id for facts in read[None]] == ["psnr"]
    assert [facts.id for facts in read[()]] == ["psnr", "pieapp"]
    backwards = read_run(store.folder, metrics=("pieapp", "psnr"))
    assert [facts.id for facts in backwards.metrics] == ["pieapp", "psnr"]


def test_methods_the_paper_does_not_have_stand_by_id(store):
    store.begin(DATASET, FILES, [method("z"), method("a")], FACTS)
    store.begin(DATASET, FILES, [method("a"), method("m")], FACTS)
    assert [entry.id for entry in read_run(store.folder).methods] == ["a", "m", "z"]


def test_files_seen_are_remembered(store):
    assert read_fingerprints(store.folder, "set5") == FILES
    assert read_fingerprints(store.folder, "set14") == {}
    assert read_fingerprints(store.folder / "nowhere", "set5") == {}


def test_second_writer_is_refused_while_the_first_lives(store):
    with pytest.raises(InputError, match="another run is writing"):
        RunStore(store.folder)
    store.close()
    RunStore(store.folder).close()


def test_lock_dies_with_its_process(tmp_path):
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from pdbench.harness.store import RunStore
        store = RunStore(Path({str(tmp_path)!r}))
        print("open", flush=True)
        input()
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(InputError, match="another run"):
            RunStore(tmp_path)
        process.send_signal(signal.SIGKILL)
    RunStore(tmp_path).close()


def test_reading_works_while_a_run_writes(store):
    store.write("sha-a", method(), [score()])
    assert len(read_run(store.folder).scores) == 1
    store.write("sha-b", method(), [score("b")])
    assert len(read_run(store.folder).scores) == 2


def test_a_reader_who_may_not_write_sees_what_a_run_has_written(store, monkeypatch):
    store.write("sha-a", method(), [score()])
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    assert values(store.folder) == {("a", "psnr", 0): 1.5}
    store.write("sha-a", method(), [score(value=2.5)])
    assert values(store.folder) == {("a", "psnr", 0): 2.5}
    store.close()
    assert values(store.folder) == {("a", "psnr", 0): 2.5}


def test_full_disk_is_one_sentence_and_keeps_what_was_stored(store):
    store.write("sha-a", method(), [score()])
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    many = [score("b", sample=sample, reason="x" * 200) for sample in range(500)]
    with pytest.raises(InputError, match=r"disk of run folder '.*' is full; what was scored"):
        store.write("sha-b", method(), many)
    assert values(store.folder) == {("a", "psnr", 0): 1.5}


def test_foreign_file_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match="damaged or not a score file"):
        RunStore(tmp_path)
    with pytest.raises(InputError, match="damaged or not a score file"):
        read_run(tmp_path)


@pytest.mark.parametrize("tables", [True, False])
def test_file_of_another_version_is_refused(tmp_path, tables):
    if tables:
        RunStore(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="format 99"):
        RunStore(tmp_path)
    with pytest.raises(InputError, match="format 99"):
        read_run(tmp_path)


def test_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot make run folder '.*file/run'"):
        RunStore(tmp_path / "file" / "run")


def test_folder_without_a_run_is_refused(tmp_path):
    assert not is_run_folder(tmp_path)
    with pytest.raises(InputError, match="does not contain a run"):
        read_run(tmp_path)


def test_other_dataset_in_the_folder_is_found_by_name(store):
    store.write("sha-a", method(), [score()])
    assert len(read_run(store.folder, "set5").scores) == 1
    with pytest.raises(InputError, match="no scores of dataset 'set14'"):
        read_run(store.folder, "set14")
