"""Output images of a method that runs here, written as PNG files like anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pdbench.data.datasets import Dataset
from pdbench.harness.config import Catalog
from pdbench.harness.method import Method
from pdbench.harness.options import EvalOptions
from pdbench.harness.progress import progress_over
from pdbench.harness.restore import make_bank, open_networks, restore, save_outputs
from pdbench.metrics.protocol import PROTOCOLS

__all__ = ["write_images"]


def write_images(
    places: Mapping[Path, Method],
    dataset: Dataset,
    catalog: Catalog,
    options: EvalOptions,
    *,
    progress: bool = False,
) -> None:
    """Run methods on a dataset and write what they make; networks run once for all of them.

    Args:
        places: Folder -> the method whose PNG files go there: `<image>.png`, or
            `<image>_sample00000.png` and so on for a stochastic method. PNG files that lie there
            are removed.
        dataset: Its LR images.
        catalog: Where networks come from.
        options: How they run; the protocol says how outputs are rounded.
        progress: Whether to show a progress bar.

    Raises:
        InputError: A method returns something else than x4 images.
        WeightsUnavailable: A network has no weights of this size here.
    """
    rules = PROTOCOLS.get(options.protocol)
    networks = open_networks(catalog, options)
    for folder in places:
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in folder.glob("*.png"):
            earlier.unlink()
    for pair in progress_over(dataset.pairs, f"making {dataset.id}", show=progress):
        lr, _ = pair.load()
        bank = make_bank(pair.name, lr, places.values(), networks, options)
        for folder, method in places.items():
            save_outputs(method, pair.name, restore(method, bank), rules, folder)
