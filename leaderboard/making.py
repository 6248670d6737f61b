"""Output images of a method that runs here, written as PNG files like anybody's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
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
    method: Method,
    dataset: Dataset,
    folder: Path,
    open_baseline: Callable[[str, str, str], Any],
    *,
    protocol: str = "paper",
    size: str = "compact",
    seed: int = 0,
    device: str = "cpu",
    progress: bool = False,
) -> None:
    """Run a method on a dataset and write what it makes.

    Args:
        method: What to run.
        dataset: Its LR images.
        folder: Where the PNG files go: `<image>.png`, or `<image>_sample00000.png` and so on for
            a stochastic method. PNG files that lie there are removed.
        open_baseline: (baseline id, size, device) -> loaded network.
        protocol: Id of the protocol, which says how outputs are rounded.
        size: Size of the networks.
        seed: Seed of all samples.
        device: "cpu", "cuda", "cuda:1" or "auto".
        progress: Whether to show a progress bar.

    Raises:
        InputError: The method returns something else than x4 images.
        WeightsUnavailable: A network has no weights of this size here.
    """
    device = resolve_device(device)
    rules = PROTOCOLS.get(protocol)
    network = cache(partial(_open, open_baseline, size, device))
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob("*.png"):
        earlier.unlink()
    bar = tqdm(
        dataset.pairs,
        desc=f"making {method.id}",
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
            method.needs,
            network,
            device=device,
            max_memory=DEFAULT_MEMORY,
            image=pair.name,
        )
        with torch.inference_mode():
            made = method.run(lr, bank)
        if made.ndim not in (3, 4) or made.shape[-3:] != reference.shape:
            raise InputError(
                f"method '{method.id}' returned shape {tuple(made.shape)} for image "
                f"'{pair.name}', expected {tuple(reference.shape)}; mend the method"
            )
        if method.kind == "stochastic":
            samples = made if made.ndim == 4 else made[None]
            for sample, image in enumerate(samples):
                save_image(rules.quantise(image), folder / f"{pair.name}_sample{sample:05d}.png")
        else:
            image = made if made.ndim == 3 else made[0]
            save_image(rules.quantise(image), folder / f"{pair.name}.png")


def _open(
    open_baseline: Callable[[str, str, str], Any], size: str, device: str, baseline: str
) -> Any:  # noqa: ANN401  (a restorer or a sampler)
    return open_baseline(baseline, size, device)
