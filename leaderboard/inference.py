"""Output images of a method that runs here, written as PNG files like anybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from pdbench.data.datasets import Dataset
from pdbench.data.pairs import pixel_sha256
from pdbench.errors import InputError
from pdbench.harness.bank import DEFAULT_MEMORY, SampleBank
from pdbench.harness.method import Method
from pdbench.harness.plan import resolve_device
from pdbench.images import save_image
from pdbench.metrics.protocol import PROTOCOLS

__all__ = ["write_images"]

_DELAY = 2.0


def write_images(
    places: Mapping[Path, Method],
    dataset: Dataset,
    open_baseline: Callable[[str, str, str], Any],
    *,
    protocol: str = "paper",
    size: str = "compact",
    seed: int = 0,
    device: str = "cpu",
    progress: bool = False,
) -> None:
    """Run methods on a dataset and write what they make; networks run once for all of them.

    Args:
        places: Folder -> the method whose PNG files go there: `<image>.png`, or
            `<image>_sample00000.png` and so on for a stochastic method. PNG files that lie there
            are removed.
        dataset: Its LR images.
        open_baseline: (baseline id, size, device) -> loaded network.
        protocol: Id of the protocol, which says how outputs are rounded.
        size: Size of the networks.
        seed: Seed of all samples.
        device: "cpu", "cuda", "cuda:1" or "auto".
        progress: Whether to show a progress bar.

    Raises:
        InputError: A method returns something else than x4 images.
        WeightsUnavailable: A network has no weights of this size here.
    """
    device = resolve_device(device)
    rules = PROTOCOLS.get(protocol)
    network = cache(partial(_open, open_baseline, size, device))
    for folder in places:
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in folder.glob("*.png"):
            earlier.unlink()
    needs = [need for method in places.values() for need in method.needs]
    bar = tqdm(
        dataset.pairs,
        desc=f"making {dataset.id}",
        delay=_DELAY,
        disable=None if progress else True,
        leave=False,
    )
    for pair in bar:
        lr, reference = pair.load()
        bank = SampleBank(
            lr,
            pixel_sha256((lr,)),
            seed,
            needs,
            network,
            device=device,
            max_memory=DEFAULT_MEMORY,
            image=pair.name,
        )
        for folder, method in places.items():
            with torch.inference_mode():
                made = method.run(lr, bank)
            if made.ndim not in (3, 4) or made.shape[-3:] != reference.shape:
                raise InputError(
                    f"method '{method.id}' returned shape {tuple(made.shape)} for image "
                    f"'{pair.name}', expected {tuple(reference.shape)}; mend the method"
                )
            for name, image in _named(method, pair.name, made):
                save_image(rules.quantize(image), folder / f"{name}.png")


def _named(method: Method, image: str, made: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Give each output the name of its file."""
    outputs = made if made.ndim == 4 else made[None]
    if method.kind != "stochastic":
        yield image, outputs[0]
        return
    for sample, output in enumerate(outputs):
        yield f"{image}_sample{sample:05d}", output


def _open(
    open_baseline: Callable[[str, str, str], Any], size: str, device: str, baseline: str
) -> Any:  # noqa: ANN401  (a restorer or a sampler)
    return open_baseline(baseline, size, device)
