"""Published sets under other file names: the same images are the same set, others are refused."""

import shutil

import pytest

from pdbench.data.datasets import combine_sha256, open_dataset
from pdbench.errors import InputError
from pdbench.leaderboard.dataset_matching import named_as

from .conftest import CARD, NAMES, export_own, failures, photograph, submit

NUMBERED = {name: f"img_{number:03d}" for number, name in enumerate(NAMES, 1)}


@pytest.fixture
def renamed(data_root, tmp_path):
    """The same Set5 with numbers for names."""
    root = tmp_path / "renamed"
    (root / "Set5" / "HR").mkdir(parents=True)
    for name, number in NUMBERED.items():
        shutil.copy(data_root / "Set5" / "HR" / f"{name}.png",
                    root / "Set5" / "HR" / f"{number}.png")  # fmt: skip
    return root


@pytest.fixture
def known(board, data_root):
    """A board that knows Set5 by one of its own rows."""
    export_own(board, data_root, "bicubic")
    return board


def test_the_same_images_get_the_names_they_have_elsewhere(data_root, renamed):
    there = open_dataset("set5", data_root)
    _, images = named_as(there, {})
    dataset, found = named_as(open_dataset("set5", renamed), images)
    assert found == images
    assert combine_sha256(found) == dataset.sha256() == there.sha256()
    assert [pair.name for pair in dataset.pairs] == list(NAMES)


def test_other_images_keep_their_names(renamed, data_root):
    _, images = named_as(open_dataset("set5", data_root), {})
    photograph(99).save(renamed / "Set5" / "HR" / "img_002.png")
    dataset, found = named_as(open_dataset("set5", renamed), images)
    assert [pair.name for pair in dataset.pairs] == list(NUMBERED.values())
    assert found.keys() == set(NUMBERED.values())


@pytest.mark.parametrize("named", [str, NUMBERED.get], ids=["by name", "by number"])
def test_outputs_are_found_under_either_name(named, known, made, renamed, tmp_path):
    (tmp_path / "sr").mkdir()
    for name in NAMES:
        shutil.copy(made / "third" / f"{name}.png", tmp_path / "sr" / f"{named(name)}.png")
    done = submit(known, "third", tmp_path / "sr", renamed, {**CARD, "name": "Third"})
    assert list(done.entry.provenance.datasets["set5"].images) == list(NAMES)
    assert failures(known, "third", sr=tmp_path / "sr", data_root=renamed) == ""


def test_a_set_under_other_names_verifies_what_was_scored_under_the_board_s(
    known, made, renamed, data_root
):
    submit(known, "third", made / "third", data_root, {**CARD, "name": "Third"})
    assert failures(known, "third", sr=made / "third", data_root=renamed) == ""


def test_another_set_of_that_name_is_refused_before_it_is_scored(known, made, renamed):
    photograph(99).save(renamed / "Set5" / "HR" / "img_002.png")
    with pytest.raises(InputError, match=r"1 of them other \('img_002'\).*data get set5"):
        submit(known, "third", made / "third", renamed, {**CARD, "name": "Third"})
    assert not (known.parent / "work" / "third").exists()
