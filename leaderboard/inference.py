"""Output images of a method that runs here, written as PNG files like anybody's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from pdbench.data.datasets import Dataset
from pdbench.harness.config import Catalog
from pdbench.harness.method import Method
from pdbench.harness.options import EvalOptions
from pdbench.harness.restore import make_bank, open_networks, restore
from pdbench.harness.runner import PROGRESS_DELAY
from pdbench.images import save_image
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
    bar = tqdm(
        dataset.pairs,
        desc=f"making {dataset.id}",
        delay=PROGRESS_DELAY,
        disable=None if progress else True,
        leave=False,
    )
    for pair in bar:
        lr, _ = pair.load()
        bank = make_bank(pair.name, lr, places.values(), networks, options)
        for folder, method in places.items():
            for name, image in _named(method, pair.name, restore(method, bank)):
                save_image(rules.quantize(image), folder / f"{name}.png")


def _named(method: Method, image: str, outputs: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Give each output the name of its file."""
    if method.kind != "stochastic":
        yield image, outputs[0]
        return
    for sample, output in enumerate(outputs):
        yield f"{image}_sample{sample:05d}", output
