"""Run folders, results folders and tables with any content are read, or refused in one line."""

import contextlib
import json
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdbench.cli import main
from pdbench.errors import InputError
from pdbench.harness.results import read_results
from pdbench.harness.store import FILE, read_run
from pdbench.plots.tables import table

from .corpus import ESCAPES

VALUES = [None, True, 0, -1, 10**400, 1e308, "", "x" * 140_000, ESCAPES, "../out/x", [], {}, [[]],
          {"a": {"b": []}}]  # fmt: skip
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value, path=()):
    """Yield the path of every value within JSON."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))


def changed(value, path, new):
    """Return JSON with the value at a path replaced."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def one_line(error):
    """Check that an error is one line."""
    assert "\n" not in str(error)


def printed(record):
    """Check that the table of a record holds no control characters."""
    if record.scores:
        text = table(record.summarize(), form="latex", ci=False)
        assert text.replace("\n", "").isprintable()
    return record


def read(reader, folder):
    """Read a folder: a record of what can be printed, or None where it is refused in one line."""
    try:
        record = reader(folder)
        return record and printed(record)
    except InputError as error:
        return one_line(error)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value!r:.20}")
def test_any_value_anywhere_in_provenance(results, value):
    path = results / "provenance.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    for place in places(stored):
        path.write_text(json.dumps(changed(stored, place, value)), encoding="utf-8")
        read(read_results, results)


@SETTINGS
@given(data=st.data())
def test_any_json_is_read_or_refused(results, data):
    path = results / "provenance.json"
    content = results / "provenance.json.whole"
    if not content.exists():
        shutil.copy(path, content)
    stored = json.loads(content.read_text(encoding="utf-8"))
    place = data.draw(st.sampled_from(list(places(stored))))
    path.write_text(json.dumps(changed(stored, place, data.draw(JSON))), encoding="utf-8")
    read(read_results, results)


COLUMNS = {
    "dataset": ("record", "id"),
    "method": ("record", "id", "seed", "protocol"),
    "metric": ("facts",),
    "latest": ("dataset", "protocol", "metrics"),
    "score": ("value", "reason", "seed", "sample", "protocol"),
}


@pytest.mark.parametrize(
    ("table", "column"), [(t, column) for t, columns in COLUMNS.items() for column in columns]
)
def test_any_value_in_a_cell_of_a_run_folder(run_folder, table, column):
    whole = (run_folder / FILE).read_bytes()
    for value in (*VALUES, b"\xff", "nan", float("inf"), float("-inf"), json.dumps([1])):
        (run_folder / FILE).write_bytes(whole)
        with contextlib.closing(sqlite3.connect(run_folder / FILE)) as db, db:
            bound = json.dumps(value) if isinstance(value, list | dict) else value
            bound = str(bound) if isinstance(bound, int) and abs(bound) > 2**60 else bound
            with contextlib.suppress(sqlite3.IntegrityError):
                db.execute(f"UPDATE {table} SET {column} = ?", (bound,))
        read(read_run, run_folder)


@pytest.mark.parametrize(("table", "column"), [("dataset", "record"), ("method", "record"),
                                               ("metric", "facts")])  # fmt: skip
@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value!r:.20}")
def test_any_value_anywhere_in_a_record_of_a_run_folder(run_folder, table, column, value):
    with contextlib.closing(sqlite3.connect(run_folder / FILE)) as db:
        stored = json.loads(db.execute(f"SELECT {column} FROM {table}").fetchone()[0])
        for place in places(stored):
            with db:
                db.execute(
                    f"UPDATE {table} SET {column} = ?",
                    (json.dumps(changed(stored, place, value)),),
                )
            read(read_run, run_folder)


@pytest.mark.parametrize("form", ["text", "md", "json"])
@pytest.mark.parametrize("cell", [ESCAPES, "a|b`c", "x" * 1000, "\u202e", f"0.{'0' * 400}1"])
def test_an_audit_prints_no_control_bytes(tmp_path, capsys, form, cell):
    path = tmp_path / "table.csv"
    path.write_text(f"# {ESCAPES}\nmethod,psnr,ssim\n{cell},2599,{'0.' + '1' * 400}\n{cell},1,2\n",
                    encoding="utf-8")  # fmt: skip
    assert main(["audit", str(path), "--format", form]) == 0
    printed = capsys.readouterr().out.replace("\n", "")
    assert "\x1b" not in printed
    assert printed.isprintable() or form == "json"
