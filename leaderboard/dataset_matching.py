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
from pdbench.leaderboard.provenance import DatasetPart

__all__ = ["as_on_board", "board_images", "board_part", "named_as"]


def board_part(board: Board, dataset: str) -> DatasetPart | None:
    """Return what the repository's own rows say of a test set, None where none has it."""
    parts = (e.provenance.datasets.get(dataset) for e in board.entries if e.own)
    return next((part for part in parts if part), None)


def board_images(board: Board, dataset: str) -> Mapping[str, str]:
    """Return image name -> digest of a test set as the repository's own rows have it, if any."""
    part = board_part(board, dataset)
    return part.images if part else {}


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
