"""The test sets themselves: the one that is built in, and the published ones."""

import pytest

from pdbench.data import builtin
from pdbench.data.builtin import builtin_pairs
from pdbench.data.datasets import check_pairs, open_dataset
from pdbench.errors import InputError


def test_builtin_set_is_small_and_divides_by_4():
    pairs = builtin_pairs()
    sizes = [tuple(pair.load()[1].shape) for pair in pairs]
    assert len({pair.name for pair in pairs}) == 12
    assert all(height % 4 == width % 4 == 0 for _, height, width in sizes)
    assert sum(height * width for _, height, width in sizes) <= 1.6e6


def test_builtin_pixels_are_the_published_ones():
    assert open_dataset("builtin").sha256().startswith("92c92470c7c8320c")


def test_builtin_file_that_was_changed_is_refused(monkeypatch):
    monkeypatch.setitem(builtin._FILES, "text.png", "0" * 64)
    with pytest.raises(InputError, match=r"text\.png' is not the image"):
        builtin_pairs()


@pytest.mark.parametrize(("name", "count"), [("set5", 5), ("set14", 14), ("bsd100", 100)])
def test_published_sets_pass_the_check(test_data, name, count):
    dataset = open_dataset(name, test_data / "data" / "test")
    assert len(check_pairs(dataset.pairs)) == count
