"""A submission's folder: read strictly, never followed out of, and never touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pdbench as api
from pdbench.errors import InputError
from pdbench.leaderboard import read_board
from pdbench.leaderboard.provenance import parse_provenance
from pdbench.leaderboard.submission import read_entry
from pdbench.leaderboard.text_validation import check_id, confusable_key

from .conftest import complaint, edit, failures, rehash, tree


def refused(folder):
    with pytest.raises(InputError) as caught:
        read_entry(folder)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_submission_is_read_as_it_was_made(entry):
    found = read_entry(entry)
    assert found.id == "mynet"
    assert found.card.authors == ("Ada Lovelace", "Jean-Luc Müller")
    assert found.provenance.way == "images"
    assert len(found.provenance.datasets["set5"].outputs) == len(found.rows["set5"]) == 5
    assert found.provenance.datasets["set5"].crops.keys() == {"baby", "butterfly", "woman"}
    assert found.crop("set5", "baby").is_file()


def test_reading_a_board_needs_no_torch(board):
    code = (
        "import sys; from pdbench.leaderboard import read_board; from pathlib import Path; "
        "board = read_board(Path(sys.argv[1])); "
        "records = [entry.record('set5') for entry in board.entries]; "
        "print(len(records), len(records[0].scores), 'torch' in sys.modules)"
    )
    words = [sys.executable, "-c", code, str(board)]
    root = Path(__file__).parents[2]
    out = subprocess.run(words, cwd=root, check=True, capture_output=True, text=True).stdout
    assert out.split() == ["2", "10", "False"]


@pytest.mark.parametrize("name", ["run.py", "set5_x4.csv.py", "crops/x.html", "a/b"])
def test_a_file_that_does_not_belong_is_refused(name, entry):
    (entry / name).parent.mkdir(exist_ok=True)
    (entry / name).write_text("import os; os.system('touch owned')", encoding="utf-8")
    assert "data only" in refused(entry)


@pytest.mark.parametrize("name", ["card.yaml", "set5_x4.csv", "crops/set5_x4/baby.png"])
def test_a_missing_file_is_named(name, entry):
    (entry / name).unlink()
    assert name in refused(entry)


@pytest.mark.parametrize(
    "name", ["card.yaml", "provenance.json", "set5_x4.csv", "crops/set5_x4/baby.png"]
)
def test_a_link_is_not_followed(name, entry, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes((entry / name).read_bytes())
    (entry / name).unlink()
    (entry / name).symlink_to(secret)
    assert "link" in refused(entry)


def test_a_linked_folder_is_not_followed(board, entry):
    (entry / "crops").rename(board / "elsewhere")
    (entry / "crops").symlink_to(board / "elsewhere")
    assert "is a link" in refused(entry)
    twin = board / "submissions" / "twin"
    twin.symlink_to(board / "submissions" / "samples")
    assert "link" in refused(twin)


def test_a_pipe_does_not_stop_the_board(entry):
    (entry / "card.yaml").unlink()
    os.mkfifo(entry / "card.yaml")
    assert "is not a file" in refused(entry)


@pytest.mark.parametrize(
    ("name", "size"), [("card.yaml", 10**5), ("set5_x4.csv", 10**7), ("provenance.json", 10**7)]
)
def test_a_huge_file_is_not_read(name, size, entry):
    with (entry / name).open("ab") as stream:
        stream.truncate(size)
    assert "larger than" in refused(entry)


def test_a_flood_of_files_is_not_listed(entry):
    for number in range(600):
        (entry / f"x{number}").touch()
    assert "over 500 files" in refused(entry)


@pytest.mark.parametrize("name", ["card.yaml", "set5_x4.csv", "crops/set5_x4/baby.png"])
def test_a_file_edited_by_hand_is_noticed(name, entry):
    content = (entry / name).read_bytes()
    (entry / name).write_bytes(content.replace(b"2", b"3"))
    assert "was changed after it was submitted" in refused(entry)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_value_anywhere_in_a_provenance_is_safe_or_one_line(data, template):
    path = template / "submissions" / "mynet" / "provenance.json"
    provenance = json.loads(path.read_text(encoding="utf-8"))
    node = provenance
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        deeper = isinstance(node[key], (dict, list)) and node[key]
        if not deeper or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(json_values)
    assert complaint(parse_provenance, json.dumps(provenance).encode()).isprintable()


NO_IDS = (
    "", ".", "..", "../x", "/x", "a/b", "a\\b", "MyNet", "my net", "myn\u0435t", "\uff4dynet",
    "net.", ".net", "-net", "a..b", "x" * 65, "con", "nul.csv", "net\n", "net\u200b",
    "ne\x00t", None, 7,
)  # fmt: skip


def test_an_id_is_a_plain_folder_name():
    assert not [name for name in NO_IDS if "id of a submission" not in complaint(check_id, name)]


def test_a_name_that_windows_reserves_is_refused_as_such():
    assert "Windows reserves" in complaint(check_id, "con")
    assert "Windows reserves" not in complaint(check_id, "a..b")


def test_ids_of_methods_are_ids_of_submissions():
    for name in ("mynet", "srflow-da[tau=0.9]", "median-5", "a", "blend[alpha=0.5]", "net-1.0"):
        assert check_id(name) == name


def test_an_id_has_one_spelling():
    for name in ("net-05", "net[t=0.90]", "net[t=1.0,y=2]", "net[x=00]", "007"):
        assert "needless zeros" in complaint(check_id, name), name


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=70))
def test_any_id_is_a_safe_name_or_refused(name):
    message = complaint(check_id, name)
    assert message.isprintable()
    if message:
        return
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| \n')
    assert name.strip(".") == name


def test_names_that_could_be_taken_for_another_share_their_look():
    twins = ("mynet-", "rnynet", "MyNet", "mynet_", "\uff4dynet", "mynet.")
    assert {confusable_key(twin) for twin in twins} == {confusable_key("mynet")}
    assert confusable_key("mynet-v1") != confusable_key("mynet")


def test_a_look_alike_does_not_push_the_original_off_the_board(board, entry):
    api.verify("mynet", board=board, record=True)
    twin = board / "submissions" / "rnynet"
    (board / "submissions" / "samples").rename(twin)
    edit(twin, lambda p: p.update(id="rnynet"))
    rehash(twin)
    assert "looks like 'mynet'" in failures(board, "rnynet")
    assert failures(board, "mynet") == ""


def test_a_checkout_with_windows_line_ends_changes_nothing(board, entry):
    before = read_entry(entry)
    for path in (entry / "card.yaml", entry / "provenance.json", entry / "set5_x4.csv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_entry(entry) == before
    assert failures(board) == ""


def test_a_broken_submission_leaves_the_others_as_they_are(board, entry):
    before = tree(board / "submissions" / "samples")
    (entry / "card.yaml").write_text("[", encoding="utf-8")
    found = read_board(board)
    assert [one.id for one in found.entries] == ["samples"]
    assert "mynet" in found.refused
    assert tree(board / "submissions" / "samples") == before
