"""Test sets as a board knows them: the same pixels, whatever their files are called.

Published sets are handed around under several names ("baby.png", "img_001.png"). A board has one
name for each image: that in this repository's own rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdbench.data.datasets import Dataset, check_pairs
from pdbench.harness.results import is_results_folder, read_results, results_folder
from pdbench.leaderboard.board import Board

__all__ = ["board_images", "named_as"]


def board_images(board: Board, dataset: str, besides: str = "") -> Mapping[str, str]:
    """Return image name -> digest of a test set as the repository's own rows or results have it.

    Args:
        board: The board.
        dataset: Dataset id.
        besides: Id of a row that is not asked.

    Returns:
        The images; empty where neither has any of that set.
    """
    for entry in board.entries:
        if entry.provenance.way == "own" and entry.id != besides:
            part = entry.provenance.datasets.get(dataset)
            if part is not None:
                return part.images
    folder = results_folder(board.root.parent / "results", dataset)
    return read_results(folder).dataset.images if is_results_folder(folder) else {}


def named_as(dataset: Dataset, images: Mapping[str, str]) -> tuple[Dataset, dict[str, str]]:
    """Give images the names that the same images have elsewhere; loads every image.

    Args:
        dataset: A test set.
        images: Image name -> digest.

    Returns:
        The test set, under those names if it has just those images, and its own image name ->
        digest.

    Raises:
        InputError: A file cannot be read, or an LR is not the degradation of its HR.
    """
    digests = {name: facts.sha256 for name, facts in check_pairs(dataset.pairs).items()}
    names = {digest: name for name, digest in images.items()}
    if sorted(digests.values()) != sorted(names):
        return dataset, digests
    pairs = [replace(pair, name=names[digests[pair.name]]) for pair in dataset.pairs]
    pairs.sort(key=lambda pair: pair.name)
    return replace(dataset, pairs=tuple(pairs)), dict(images)
