"""The trained networks of this repository: one folder each, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pdbench.baselines import esrgan_plus, fusion, rrdb, srflow_da
from pdbench.baselines.baseline import SIZES, Baseline, fingerprint_of
from pdbench.registry import Registry
from pdbench.training.loop import fit
from pdbench.training.recipe import read_recipe

__all__ = ["BASELINES", "SIZES", "fingerprint", "open_baseline", "train"]

BASELINES: Registry[Baseline] = Registry(
    "network",
    [rrdb.BASELINE, srflow_da.BASELINE, esrgan_plus.BASELINE, fusion.L1, fusion.LPIPS],
)


def open_baseline(
    name: str, size: str = "compact", device: str = "cpu", weights: Path | None = None
) -> Any:  # noqa: ANN401  (a restorer or a sampler, see pdbench.harness.bank)
    """Load a network and return what the sample bank calls.

    Args:
        name: Baseline id.
        size: "compact" or "paper".
        device: "cpu" or "cuda[:n]".
        weights: File to use instead of the one that ships.

    Raises:
        InputError: Unknown id or size; damaged or foreign weights.
        WeightsUnavailable: No weights of this size here.
    """
    baseline = BASELINES.get(name)
    return baseline.adapt(baseline.load(size, device, weights))


def fingerprint(name: str, size: str = "compact", weights: Path | None = None) -> str:
    """Return 12 hex digits that identify the weight file `open_baseline` would load."""
    return fingerprint_of(BASELINES.get(name).weights_path(size, weights))


def train(
    name: str,
    data: Sequence[Path],
    out: Path,
    *,
    config: str = "compact",
    device: str | None = None,
    resume: bool = False,
    start: Path | None = None,
    workers: int = 0,
    threads: int | None = None,
    steps: int | None = None,
    progress: bool = True,
) -> Path:
    """Train a network by one of its recipes, or by a recipe file.

    Args:
        name: Baseline id.
        data: Folders of photographs.
        out: Folder for checkpoints, log and weights.
        config: "compact", "paper", or the path of a YAML recipe.
        device: "cpu", "cuda", or None for the best there is.
        resume: Continue from the newest checkpoint in `out`.
        start: Weight file to start from, at step 0, instead of the recipe's own start.
        workers: Processes that prepare crops.
        threads: CPU threads.
        steps: Optimiser steps instead of the recipe's.
        progress: Whether to show a progress bar.

    Returns:
        Path of the exported float16 weights.

    Raises:
        InputError: Unknown name, unusable recipe, data or folder.
        TrainingDiverged: The loss is no longer finite.
    """
    baseline = BASELINES.get(name)
    path = baseline.recipe_path(config) if config in SIZES else Path(config)
    recipe = read_recipe(path)
    if steps is not None:
        recipe = replace(recipe, optimisation=replace(recipe.optimisation, steps=steps))
    return fit(
        recipe, baseline.objective(), data, out,
        start=baseline.open_start(start, recipe) if start else None,
        device=device, resume=resume, workers=workers, threads=threads, progress=progress,
    )  # fmt: skip
