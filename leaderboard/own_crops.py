"""Small crops of the outputs of this repository's methods, and of the HR images beside them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pdbench import methods
from pdbench.data.datasets import Dataset
from pdbench.data.pairs import Pair
from pdbench.images import load_image
from pdbench.leaderboard.board import read_board
from pdbench.leaderboard.crops import Box, choose_box, choose_images, write_crop
from pdbench.leaderboard.dataset_matching import as_on_board
from pdbench.leaderboard.inference import write_images
from pdbench.leaderboard.repository_entries import BOXES, OWN, read_boxes
from pdbench.leaderboard.scoring import rgb_levels
from pdbench.leaderboard.submission import crop_name
from pdbench.methods.catalog import MethodCatalog

__all__ = ["write_own_crops"]


def write_own_crops(
    root: Path,
    names: Sequence[str],
    datasets: Sequence[Dataset],
    *,
    size: str = "compact",
    device: str = "cpu",
    progress: bool = False,
) -> list[Path]:
    """Run methods on the few images a board shows of each dataset, and keep a crop of each output.

    Args:
        root: The board's folder.
        names: Method ids.
        datasets: Test sets.
        size: Size of the networks.
        device: Torch device.
        progress: Whether to show progress bars.

    Returns:
        The folders of the methods.

    Raises:
        InputError: A dataset is not the board's.
        WeightsUnavailable: A network has no weights here.
    """
    board = read_board(root)
    boxes = read_boxes(root)
    chosen = {name: methods.resolve(name) for name in names}
    for dataset in (as_on_board(dataset, board) for dataset in datasets):
        shown = choose_images([pair.name for pair in dataset.pairs])
        pairs = tuple(pair for pair in dataset.pairs if pair.name in shown)
        with tempfile.TemporaryDirectory(prefix="pdbench-") as place:
            folders = {Path(place) / name: method for name, method in chosen.items()}
            write_images(
                folders,
                replace(dataset, pairs=pairs),
                MethodCatalog(),
                size=size,
                device=device,
                progress=progress,
            )
            boxes[f"{dataset.id}_x{dataset.scale}"] = {
                pair.name: _cut(root, pair, dataset, folders) for pair in pairs
            }
    (root / BOXES).write_text(json.dumps(boxes, indent=1) + "\n", encoding="utf-8", newline="\n")
    return [root / OWN / name for name in chosen]


def _cut(root: Path, pair: Pair, dataset: Dataset, folders: Iterable[Path]) -> Box:
    """Write the crops of one image and return where they lie."""
    hr = rgb_levels(pair.load()[1])
    box = choose_box(hr)
    reference = root / "references" / f"{dataset.id}_x{dataset.scale}" / f"{pair.name}.png"
    contents = {reference: write_crop(hr, box)}
    for folder in folders:
        first = min(folder.glob(f"{pair.name}*.png"))
        name = crop_name(dataset.id, dataset.scale, pair.name)
        contents[root / OWN / folder.name / name] = write_crop(rgb_levels(load_image(first)), box)
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return box
