"""Copies of other entries, and names that pass for theirs."""

import shutil

import pytest

import pdbench as api
from pdbench.errors import InputError

from .conftest import CARD, edit, failures, rehash, submit


def test_an_exact_copy_is_refused(board, made, data_root):
    thief = {**CARD, "name": "Novel", "authors": ["A Thief"]}
    with pytest.raises(InputError, match="pixel for pixel those of 'mynet'"):
        submit(board, "novel", made / "mynet", data_root, thief)


def test_another_network_is_no_copy(board, made, data_root):
    card = {**CARD, "name": "Third", "authors": ["C"]}
    assert submit(board, "third", made / "third", data_root, card).folder


def test_copied_scores_are_refused_whatever_the_images(board, entry, made, data_root):
    card = {**CARD, "name": "Third", "authors": ["C"]}
    submit(board, "third", made / "third", data_root, card)
    third = board / "submissions" / "third"
    shutil.copy(entry / "set5_x4.csv", third / "set5_x4.csv")
    rehash(third)
    assert "its scores are those of 'mynet'" in failures(board, "third")


def test_the_one_vouched_for_is_not_the_copy(board, entry):
    api.verify("mynet", board=board, record=True)
    twin = board / "submissions" / "twin"
    shutil.copytree(entry, twin)
    edit(twin, lambda p: p.update(id="twin"))
    assert "pixel for pixel" in failures(board, "twin")
    assert failures(board) == ""


def test_the_name_of_another_row_is_refused(board, made, data_root):
    with pytest.raises(InputError, match="name looks like that of 'mynet'"):
        submit(board, "third", made / "third", data_root, {**CARD, "name": "MYNET"})


@pytest.mark.parametrize("name", ["r-r-d-b", "fusion-11", "srflow-da[tau=0.35]", "average-7"])
def test_no_spelling_of_a_method_of_the_repository_is_free(name, board, made, data_root):
    with pytest.raises(InputError, match="name of a method of pdbench"):
        submit(board, name, made / "third", data_root, {**CARD, "name": "Third"})


def test_methods_of_the_repository_keep_their_names(board, entry):
    edit(entry, lambda p: p.update(id="median-5"))
    entry.rename(board / "submissions" / "median-5")
    assert "name of a method of pdbench" in failures(board, "median-5")


@pytest.mark.parametrize("name", ["mynet", "rrdb"])
def test_nobody_else_passes_for_the_repository(name, board, entry):
    edit(entry, lambda p: p.update(id=name, way="own"))
    entry.rename(board / "submissions" / name)
    assert "claims to be a row of this repository" in failures(board, name)
