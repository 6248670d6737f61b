"""The ways in, and what a submission says of itself."""

import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import pdbench as api
from pdbench.cli.submit import CARD_FIELDS
from pdbench.errors import InputError
from pdbench.leaderboard import read_board
from pdbench.leaderboard.card import Card
from pdbench.leaderboard.contamination import contaminated, leaked_metrics
from pdbench.leaderboard.repository_entries import own_card
from pdbench.leaderboard.text_validation import check_id, confusable_key
from pdbench.methods import SUITES, list_ids, resolve
from pdbench.metrics import METRICS as KNOWN

from .conftest import CARD, METRICS, export_own, failures, submit, tree

CODE = """
from pathlib import Path
from pdbench.harness.method import Method
from pdbench.bicubic import bicubic_upsample

def run(lr, bank):
    return (bicubic_upsample(lr) * 0.9).clamp(0, 1)

DARK = Method(id="dark", title="Dark", kind="single", needs=(), reference="none", run=run)
Path("ran").touch()
"""


def test_images_come_in_as_a_zip_file(board, made, data_root, tmp_path):
    with zipfile.ZipFile(tmp_path / "sr.zip", "w") as archive:
        for file in (made / "third").iterdir():
            archive.write(file, f"results/set5/{file.name}")
    done = submit(board, "third", tmp_path / "sr.zip", data_root, {**CARD, "name": "Third"})
    assert done.entry.provenance.way == "images"
    assert failures(board, "third") == ""


def test_code_is_run_for_its_author_and_never_by_the_board(
    board, data_root, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(CODE, encoding="utf-8")
    card = {**CARD, "name": "Dark", "losses": ["none"]}
    done = submit(board, "dark", None, data_root, card, method=f"{tmp_path}/mine.py:DARK")
    assert (tmp_path / "ran").exists()
    assert done.entry.provenance.way == "method"
    assert len(done.entry.provenance.source) == 64
    assert not [name for name in tree(done.folder) if name.suffix == ".py"]
    (tmp_path / "ran").unlink()
    images = tmp_path / "work" / "dark" / "images" / "set5"
    options = {"data_root": data_root, "sr": images}
    (found,) = api.verify("dark", board=board, jobs=1, **options)
    assert found.level == "re-scored"
    assert "does not run" in failures(board, "dark", data_root=data_root, reproduce=True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("place", "finding"),
    [
        ("mine.py", "FILE.py:NAME"),
        ("mine.txt:DARK", "FILE.py:NAME"),
        ("nowhere.py:DARK", "no file"),
        ("mine.py:LIGHT", "does not define 'LIGHT'"),
        ("mine.py:DARK", "give a callable"),
        ("broken.py:DARK", "SyntaxError"),
    ],
)
def test_code_that_cannot_be_used_is_one_line(
    place, finding, board, data_root, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("DARK = 1", encoding="utf-8")
    (tmp_path / "broken.py").write_text("def (", encoding="utf-8")
    with pytest.raises(InputError, match=finding):
        submit(board, "dark", None, data_root, method=place)


def test_own_rows_come_from_the_results_and_can_be_reproduced(board, data_root):
    export_own(board, data_root, "bicubic")
    entry = read_board(board).entry("bicubic")
    assert (entry.card.name, entry.provenance.way) == ("Bicubic", "own")
    assert read_board(board).level(entry) == "re-scored"
    options = {"board": board, "data_root": data_root, "jobs": 1}
    (found,) = api.verify("bicubic", reproduce=True, record=True, **options)
    assert found.level == "reproduced"
    results = board.parent / "results" / "set5_x4" / "bicubic.csv"
    text = results.read_text("utf-8")
    results.write_bytes(text.replace("\n", "\r\n").encode())  # as git may check it out
    assert read_board(board).level(read_board(board).entry("bicubic")) == "reproduced"
    results.write_text(re.sub(r"(?m)^baby,0,0,\d\d", "baby,0,0,19", text), "utf-8")
    assert read_board(board).level(read_board(board).entry("bicubic")) == "re-scored"
    assert "not those of what was run" in failures(
        board, "bicubic", reproduce=True, data_root=data_root
    )


def test_own_cards_name_the_losses_of_their_networks():
    leaks = {"esrgan-plus": "vgg16-features", "fusion-lpips": "lpips-vgg"}
    for name in SUITES["table1"]:
        card = own_card(resolve(name))
        assert card.kind == resolve(name).kind
        assert leaked_metrics(card.losses).get("lpips-vgg") == leaks.get(name)


def test_every_listed_method_has_an_id_the_board_takes():
    assert [check_id(name) for name in list_ids()] == list_ids()
    assert len({confusable_key(name) for name in list_ids()}) == len(list_ids())


def test_leaks_and_contamination_are_said_and_shown(board, made, data_root):
    card = {**CARD, "name": "Third", "authors": ["C"], "training_data": ["Set-5", "DIV2K"]}
    done = submit(board, "third", made / "third", data_root, card, metrics=("psnr", "lr-psnr"))
    assert "set5 contains training images (Set-5)" in " ".join(done.warnings)
    entry = read_board(board).entry("third")
    assert entry.leaks == {"lpips-vgg": "vgg16-features", "dists": "vgg16-features"}
    assert entry.contamination("set5") == "Set-5"
    assert entry.contamination("set14") == ""


@pytest.mark.parametrize(
    ("data", "dataset", "found"),
    [
        ("BSDS500", "bsd100", True),
        ("BSDS500 (training and test parts)", "bsd100", False),
        ("DIV2K", "div2k-val", False),
        ("DIV2K validation", "div2k-val", True),
        ("Urban 100", "urban100", True),
        ("Set5 woman, by its source photograph", "set5", True),
        ("Set5 woman, by its source photograph", "set14", False),
        ("Set51", "set5", False),
    ],
)
def test_training_on_a_test_set_is_recognized(data, dataset, found):
    assert bool(contaminated([data], dataset)) == found


def test_a_dry_run_writes_nothing_to_the_board(board, made, data_root):
    before = tree(board)
    done = submit(board, "third", made / "third", data_root, {**CARD, "name": "T"}, dry_run=True)
    assert done.folder is None
    assert len(done.entry.provenance.datasets["set5"].outputs) == 5
    assert tree(board) == before


def test_an_id_that_is_taken_is_refused_before_anything_is_scored(board, data_root):
    with pytest.raises(InputError, match="on the board already"):
        submit(board, "mynet", "nowhere", data_root)


def test_a_submission_can_be_replaced_when_asked(board, made, data_root):
    submit(board, "mynet", made / "third", data_root, {**CARD, "paper": "Two"}, replace=True)
    assert read_board(board).entry("mynet").card.paper == "Two"


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        ({"name": "../../evil"}, "cannot be the id"),
        ({"name": "median-5"}, "name of a method of pdbench"),
        ({"datasets": ["set6"]}, "did you mean set5"),
        ({"datasets": []}, "no dataset"),
        ({"sr": "nowhere"}, "no folder 'nowhere'"),
        ({"checkpoint": "net.pth"}, "say what to submit"),
        ({"sr": None}, "say what to submit"),
        ({"card": {}}, "lacks name, authors"),
        ({"card": "nowhere.yaml"}, "cannot read card"),
        ({"metrics": ["psnr2"]}, "did you mean psnr"),
        ({"protocol": "papers"}, "did you mean paper"),
        ({"board": "nowhere"}, "is not a board"),
    ],
)
def test_a_bad_request_is_one_line_and_writes_nothing(options, finding, board, made, data_root):
    before = tree(board)
    options = {"name": "third", "sr": made / "third", **options}
    where = Path(options.pop("board", board))
    with pytest.raises(InputError, match=finding):
        submit(where, options.pop("name"), options.pop("sr"), data_root,
               options.pop("card", {**CARD, "name": "Third"}),
               **{"work": board.parent / "work" / "bad", **options})  # fmt: skip
    assert tree(board) == before


def test_the_fields_asked_for_are_those_of_the_card():
    assert CARD_FIELDS == tuple(Card.model_fields) == tuple(CARD)


def test_the_record_of_an_entry_is_what_tables_take(board):
    entry = read_board(board).entry("samples")
    record = entry.record("set5")
    assert [facts.id for facts in record.metrics] == list(METRICS)
    assert len(record.scores) == 20
    assert "Samples" in record.summarize().titles.values()


def test_the_hr_images_themselves_are_refused(board, data_root):
    before = tree(board)
    with pytest.raises(InputError, match="output of 'baby' equals its HR image; submit your"):
        submit(board, "third", data_root / "Set5" / "HR", data_root)
    assert tree(board) == before


def test_names_that_do_not_fit_advise_no_option_of_another_command(
    board, made, data_root, tmp_path
):
    shutil.copytree(made / "third", tmp_path / "sr")
    (tmp_path / "sr" / "bird.png").rename(tmp_path / "sr" / "crow.png")
    with pytest.raises(InputError, match="no output for 'bird") as caught:
        submit(board, "third", tmp_path / "sr", data_root)
    assert "--by-order" not in str(caught.value)


def test_code_that_fails_is_called_by_the_id_given(board, data_root, tmp_path):
    (tmp_path / "short.py").write_text("def same(lr):\n    return lr\n", encoding="utf-8")
    with pytest.raises(InputError, match="method 'dark'") as caught:
        submit(board, "dark", None, data_root, method=f"{tmp_path}/short.py:same")
    assert "'local'" not in str(caught.value)


def test_a_metric_from_outside_is_refused(board, made, data_root):
    other = replace(KNOWN.get("psnr"), id="other", choices={"colour": "rgb", "border": 0})
    with KNOWN.holding((other,)), pytest.raises(InputError, match="other is not a metric of the"):
        submit(board, "third", made / "third", data_root, metrics=("psnr", "other"))
