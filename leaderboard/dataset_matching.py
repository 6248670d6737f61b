"""Test sets as a board knows them: the same pixels, whatever their files are called.

Published sets are handed around under several names ("baby.png", "img_001.png"). A board has one
name for each image: that in this repository's own rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdbench.data.datasets import Dataset, check_pairs
from pdbench.data.pairs import name_some
from pdbench.errors import InputError
from pdbench.leaderboard.board import Board

__all__ = ["as_on_board", "board_images", "named_as"]


def board_images(board: Board, dataset: str) -> Mapping[str, str]:
    """Return image name -> digest of a test set as the repository's own rows have it, if any."""
    for entry in board.entries:
        if entry.own and dataset in entry.provenance.datasets:
            return entry.provenance.datasets[dataset].images
    return {}


def as_on_board(dataset: Dataset, board: Board) -> Dataset:
    """Give a test set's images the names they have on a board.

    Raises:
        InputError: The board knows other images by the name of the set.
    """
    images = board_images(board, dataset.id)
    dataset, found = named_as(dataset, images)
    if images and found != images:
        strange = sorted(name for name in found if found[name] not in images.values())
        raise InputError(
            f"{dataset.id} here is not the board's: {len(found)} images instead of {len(images)}, "
            f"{len(strange)} of them other{f' ({name_some(strange)})' if strange else ''}; "
            f"get the published set with 'pdbench data get {dataset.id}'"
        )
    return dataset


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
