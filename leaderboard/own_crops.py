"""Small crops of the outputs of this repository's methods, and of the HR images beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pdbench import methods
from pdbench.data.datasets import open_dataset
from pdbench.harness.options import EvalOptions
from pdbench.harness.restore import restore_image
from pdbench.leaderboard.board import read_board
from pdbench.leaderboard.crops import choose_box, choose_images, write_crop
from pdbench.leaderboard.dataset_matching import as_on_board
from pdbench.leaderboard.repository_entries import BOXES, OWN, read_boxes
from pdbench.leaderboard.submission import crop_name
from pdbench.methods.catalog import MethodCatalog

__all__ = ["write_own_crops"]


def write_own_crops(
    root: Path, names: Sequence[str], datasets: Sequence[str], options: EvalOptions
) -> list[Path]:
    """Run methods on the few images a board shows of each dataset, and keep a crop of each output.

    Args:
        root: The board's folder.
        names: Method ids.
        datasets: Ids of test sets.
        options: How the methods are run.

    Returns:
        The folders of the methods.

    Raises:
        InputError: A dataset is not the board's.
        WeightsUnavailable: A network has no weights here.
    """
    board, boxes = read_board(root), read_boxes(root)
    chosen = [methods.resolve(name) for name in names]
    options = replace(options, metrics=("psnr",))
    for name in datasets:
        dataset = as_on_board(open_dataset(name, options.data_root), board)
        folder = f"{dataset.id}_x{dataset.scale}"
        boxes[folder] = {}
        shown = choose_images([pair.name for pair in dataset.pairs])
        for pair in (pair for pair in dataset.pairs if pair.name in shown):
            figure = restore_image(pair, chosen, MethodCatalog(), options)
            boxes[folder][pair.name] = box = choose_box(figure.hr)
            crop = crop_name(dataset.id, dataset.scale, pair.name)
            places = {root / "references" / folder / f"{pair.name}.png": figure.hr}
            places |= {root / OWN / one.method / crop: one.levels for one in figure.shown}
            for path, levels in places.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(write_crop(levels, box))
    text = json.dumps(boxes, indent=1) + "\n"
    (root / BOXES).write_text(text, encoding="utf-8", newline="\n")
    return [root / OWN / method.id for method in chosen]
