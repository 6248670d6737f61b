"""The trained networks of this repository: one folder each, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pdbench.baselines import esrgan_plus, fusion, rrdb, srflow_da
from pdbench.baselines.baseline import SIZES, Baseline, fingerprint_of
from pdbench.errors import InputError
from pdbench.registry import Registry
from pdbench.training.loop import fit
from pdbench.training.recipe import read_recipe
from pdbench.weights import searched_first

__all__ = ["BASELINES", "SIZES", "fingerprint", "open_baseline", "train", "train_all"]

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
    workers: int | None = None,
    threads: int | None = None,
    steps: int | None = None,
    progress: bool = True,
    tensorboard: bool = False,
) -> Path:
    """Train a network by one of its recipes, or by a recipe file.

    Args:
        name: Baseline id.
        data: Folders of photographs, or prepared ones.
        out: Folder for checkpoints, log and weights.
        config: "compact", "paper", or the path of a YAML recipe.
        device: "cpu", "cuda", or None for the best there is.
        resume: Continue from the newest checkpoint in `out`.
        start: Weight file to start from, at step 0, instead of the recipe's own start.
        workers: Processes that cut crops; None for what suits the device.
        threads: CPU threads.
        steps: Optimizer steps instead of the recipe's.
        progress: Whether to show a progress bar.
        tensorboard: Whether TensorBoard gets the rows of the log too.

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
        recipe = replace(recipe, optimization=replace(recipe.optimization, steps=steps))
    return fit(
        recipe, baseline.objective(), data, out,
        start=baseline.open_start(start, recipe) if start else None,
        device=device, resume=resume, workers=workers, threads=threads, progress=progress,
        tensorboard=tensorboard,
    )  # fmt: skip


def training_order() -> list[Baseline]:
    """Return all networks, each after those its training starts from."""
    ordered: dict[str, Baseline] = {}

    def place(baseline: Baseline) -> None:
        for name in baseline.after:
            place(BASELINES.get(name))
        ordered.setdefault(baseline.id, baseline)

    for baseline in BASELINES:
        place(baseline)
    return list(ordered.values())


def train_all(
    data: Sequence[Path],
    out: Path,
    *,
    config: str = "compact",
    device: str | None = None,
    resume: bool = False,
    workers: int | None = None,
    threads: int | None = None,
    steps: int | None = None,
    progress: bool = True,
    tensorboard: bool = False,
) -> list[Path]:
    """Train every network, each from the weights that those before it were just given.

    `out` has a folder for each network, and can be given to `--weights-dir` as it is. Networks
    that are finished there are not trained again.

    Args:
        data: Folders of photographs, or prepared ones.
        out: Folder for the networks' folders.
        config: "compact" or "paper".
        device: "cpu", "cuda", or None for the best there is.
        resume: Continue what an earlier call began in `out`.
        workers: Processes that cut crops; None for what suits the device.
        threads: CPU threads.
        steps: Optimizer steps of each network instead of its recipe's.
        progress: Whether to show a progress bar for each network.
        tensorboard: Whether TensorBoard gets the rows of the logs too.

    Returns:
        Paths of the exported weights, in the order of training.

    Raises:
        InputError: Unknown size, unusable data or folder.
        TrainingDiverged: The loss of a network is no longer finite.
    """
    if config not in SIZES:
        raise InputError(
            f"'{config}' is the recipe of one network; with all, --config is {' or '.join(SIZES)}"
        )
    order = training_order()
    if not resume and any((out / baseline.id).is_dir() for baseline in order):
        raise InputError(f"'{out}' holds a training run; add --resume, or choose another --out")
    exported = []
    with searched_first(out):
        for baseline in order:
            path = out / baseline.id / f"{config}.safetensors"
            if not path.is_file():
                path = train(
                    baseline.id, data, path.parent,
                    config=config, device=device, resume=True, workers=workers, threads=threads,
                    steps=steps, progress=progress, tensorboard=tensorboard,
                )  # fmt: skip
            exported.append(path)
    return exported
