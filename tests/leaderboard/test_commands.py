"""`pdbench submit` and `pdbench leaderboard verify` from the shell."""

from pathlib import Path

import yaml

from pdbench.cli import prompts
from pdbench.leaderboard import read_board

from .conftest import CARD, METRICS, edit, export_own

FLAGS = ("--name", "Third", "--author", "C. Third", "--paper", "unpublished", "--license", "MIT",
         "--training-data", "DIV2K", "--loss", "l1", "--loss", "gan", "--kind", "single",
         "--hardware", "one core")  # fmt: skip


def words(made, data_root, board):
    return ("--sr", made / "third", "--dataset", "set5", "--data-root", data_root,
            "--board", board, "--metrics", ",".join(METRICS), "-j", "1")  # fmt: skip


def test_a_submission_by_flags_is_made_and_verified(pdbench, board, made, data_root):
    done = pdbench("submit", "--id", "third", *FLAGS, *words(made, data_root, board))
    assert done.code == 0, done.err
    assert "third: 5 images scored, every check passed" in done.out
    assert (board / "submissions" / "third" / "card.yaml").is_file()
    found = pdbench("leaderboard", "verify", "--board", board)
    assert found.code == 0
    assert "third: self-reported" in found.out
    again = pdbench("leaderboard", "verify", "third", "--sr", made / "third", "--board", board,
                    "--data-root", data_root, "--record", "-j", "1")  # fmt: skip
    assert "third: re-scored" in again.out
    assert "third: re-scored" in pdbench("leaderboard", "verify", "third", "--board", board).out


def test_a_card_from_a_file_and_a_dry_run(pdbench, board, made, data_root, tmp_path):
    (tmp_path / "card.yaml").write_text(yaml.safe_dump({**CARD, "name": "Third"}), "utf-8")
    done = pdbench("submit", "--id", "third", "--card", "card.yaml", "--dry-run",
                   *words(made, data_root, board))  # fmt: skip
    assert "Dry run" in done.out
    assert not (board / "submissions" / "third").exists()


def test_what_a_script_forgot_is_one_line(pdbench, board, made, data_root):
    some = pdbench("submit", "--id", "third", "--name", "Third", *words(made, data_root, board))
    assert some.code == 2
    assert "lacks authors, paper" in some.line
    assert pdbench("submit", "--sr", made, "--board", board).code == 2
    assert "--id" in pdbench("submit", "--sr", made / "third", "--board", board).line
    both = pdbench("submit", "--id", "x", "--card", "c.yaml", "--name", "X", "--board", board)
    assert "already says name" in both.line


def test_bare_in_a_terminal_it_asks(pdbench, board, made, data_root, monkeypatch):
    answers = {
        "Title of the row": "Third",
        "Authors, separated by commas": "C. Third, D. Fourth",
        "Training data (DIV2K, ... or none), by commas": "DIV2K",
        "Losses (l1, gan, lpips-vgg, ... or none), by commas": iter(["lpips", "l1"]),
        "Hardware it ran on": "one core",
        "Id of the row, like mynet-v2": iter(["My Net", "third"]),
        "Folder (or zip file) of your output images": iter(["nowhere", str(made / "third")]),
        "Datasets, separated by commas": iter(["set6", "set5"]),
    }

    def prompt(text, default=None, **_):
        answer = answers.get(text, default)
        return next(answer) if hasattr(answer, "__next__") else answer

    monkeypatch.setattr("pdbench.cli.submit.is_interactive", lambda: True)
    monkeypatch.setattr(prompts.click, "prompt", prompt)
    done = pdbench("submit", "--metrics", "psnr", "-j", "1", "--data-root", data_root,
                   "--board", board)  # fmt: skip
    assert done.code == 0, done.err
    for complaint in ("'My Net' cannot be the id", "did you mean set5",
                      "did you mean lpips-vgg", "no folder or zip file 'nowhere'"):  # fmt: skip
        assert complaint in done.err
    card = yaml.safe_load((board / "submissions" / "third" / "card.yaml").read_text("utf-8"))
    assert card["authors"] == ["C. Third", "D. Fourth"]
    assert (card["runtime"], card["seeds"]) == (None, [0])
    kept = Path("runs") / "submit" / "third" / "card.yaml"
    assert f"--card {kept}" in done.err
    assert yaml.safe_load(kept.read_text("utf-8")) == card


def test_no_question_is_asked_in_a_script():
    assert not prompts.is_interactive()


def test_a_refused_submission_ends_in_one_line(pdbench, board, entry):
    edit(entry, lambda p: p.update(protocol="mine"))
    found = pdbench("leaderboard", "verify", "--board", board)
    assert found.code == 2
    assert "mynet: REFUSED" in found.out
    assert "samples: self-reported" in found.out
    assert found.line.startswith("pdbench: 1 of 2 submissions refused")
    assert (
        "protocol 'mine' is unknown"
        in pdbench("leaderboard", "verify", "mynet", "--board", board).line
    )


def test_a_hostile_folder_name_cannot_reach_the_terminal(pdbench, board, entry):
    entry.rename(board / "submissions" / "net\x1b[2J\u202e")
    found = pdbench("leaderboard", "verify", "--board", board)
    assert found.code == 2
    assert found.out.replace("\n", "").isprintable()
    assert found.line.isprintable()
    assert "\u202e" not in found.out + found.err


def test_an_unknown_submission_names_the_close_match(pdbench, board):
    found = pdbench("leaderboard", "verify", "mynot", "--board", board)
    assert found.code == 2
    assert "did you mean mynet?" in found.line


def test_no_board_is_one_line(pdbench):
    assert "is not a board" in pdbench("leaderboard", "verify").line


def test_without_a_board_nothing_is_asked(pdbench, monkeypatch):
    monkeypatch.setattr("pdbench.cli.submit.is_interactive", lambda: True)
    monkeypatch.setattr(prompts.click, "prompt", None)
    assert "is not a board" in pdbench("submit").line


def test_crops_of_own_rows_from_the_shell(pdbench, board, data_root):
    export_own(board, data_root, "bicubic")
    done = pdbench("leaderboard", "crops", "--method", "bicubic", "--dataset", "set5",
                   "--data-root", data_root, "--board", board)  # fmt: skip
    assert done.code == 0, done.err
    entry = read_board(board).entry("bicubic")
    assert entry.crop("set5", "baby").is_file()
    assert (board / "references" / "set5_x4" / "baby.png").is_file()
    assert "bicubic: re-scored" in pdbench("leaderboard", "verify", "--board", board).out


def test_images_of_no_named_submission_are_refused(pdbench, board, made):
    assert "name it" in pdbench("leaderboard", "verify", "--sr", made, "--board", board).line
