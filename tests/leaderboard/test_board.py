"""What lies on the repository's own board holds, and every row of ours can go there."""

from pathlib import Path

import pytest

import pdbench as api
from pdbench.leaderboard import read_board
from pdbench.leaderboard.board import submission_ids
from pdbench.leaderboard.repository_entries import own_card
from pdbench.methods import list_ids, resolve

BOARD = Path(__file__).parents[2] / "leaderboard"


@pytest.fixture(scope="module")
def board():
    """The repository's own board."""
    return read_board(BOARD)


@pytest.mark.parametrize("name", submission_ids(BOARD))
def test_every_committed_submission_is_sound(name):
    (found,) = api.verify(name, board=BOARD)
    assert not found.failures


def test_every_committed_verdict_holds_for_the_files_as_they_are(board):
    assert {path.stem for path in (BOARD / "verdicts").glob("*.json")} == board.verdicts.keys()
    assert not board.refused


def test_every_crop_has_its_reference(board):
    for entry in board.entries:
        for dataset, part in entry.provenance.datasets.items():
            for image in part.crops:
                assert board.reference(dataset, part.scale, image), (dataset, image)


def test_every_method_has_a_complete_card():
    for name in list_ids():
        assert own_card(resolve(name)).kind == resolve(name).kind
