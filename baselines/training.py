"""Training of the networks: their objectives, and the runs by their recipes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pdbench.baselines import BASELINES, SIZES
from pdbench.baselines.arguments import build
from pdbench.baselines.baseline import Baseline, check_fit, read_weights
from pdbench.baselines.esrgan_plus.objective import ESRGANPlusObjective
from pdbench.baselines.fusion.objective import FusionObjective
from pdbench.baselines.rrdb.objective import RRDBObjective
from pdbench.baselines.srflow_da.objective import SRFlowDAObjective
from pdbench.errors import InputError
from pdbench.training.loop import Objective, fit
from pdbench.training.recipe import Recipe, read_options, read_recipe
from pdbench.training.state import Start
from pdbench.weights import searched_first

__all__ = ["OBJECTIVES", "train", "train_all", "training_order"]

OBJECTIVES: Mapping[str, Callable[[], Objective]] = {
    "rrdb": RRDBObjective,
    "srflow-da": SRFlowDAObjective,
    "esrgan-plus": ESRGANPlusObjective,
    "fusion-l1": partial(FusionObjective, "l1"),
    "fusion-lpips": partial(FusionObjective, "lpips-vgg"),
}
"""Baseline id -> what its training minimizes."""


def train(
    name: str,
    data: Sequence[Path],
    out: Path,
    *,
    config: str = "compact",
    start: Path | None = None,
    at: int = 0,
    steps: int | None = None,
    **options: Any,  # noqa: ANN401  (those of `fit`)
) -> Path:
    """Train a network by one of its recipes, or by a recipe file.

    Args:
        name: Baseline id.
        data: Folders of photographs, or prepared ones.
        out: Folder for checkpoints, log and weights.
        config: "compact", "paper", or the path of a YAML recipe.
        start: Weight file to start from, instead of the recipe's own start.
        at: Step of the recipe at which `start` goes on.
        steps: Optimizer steps instead of the recipe's.
        options: As `pdbench.training.loop.fit` has them.

    Returns:
        Path of the exported float16 weights.

    Raises:
        InputError: Unknown name, unusable recipe, data or folder.
        TrainingDiverged: The loss is no longer finite.
    """
    baseline = BASELINES.get(name)
    recipe = read_recipe(baseline.recipe_path(config) if config in SIZES else Path(config))
    if recipe.baseline != baseline.id:
        raise InputError(f"recipe '{config}' is for {recipe.baseline}, not for {baseline.id}")
    if steps is not None:
        values = asdict(recipe)
        values["optimization"]["steps"] = steps
        recipe = read_options(Recipe, values, f"recipe '{config}' with --steps {steps}")
    if at and not start:
        raise InputError("--at is the step at which the weights of --from go on; give --from")
    begun = replace(open_start(baseline, start, recipe), step=at) if start else None
    return fit(recipe, OBJECTIVES[baseline.id](), data, out, start=begun, **options)


def open_start(baseline: Baseline, path: Path, recipe: Recipe) -> Start:
    """Read a weight file that training is to start from, as float32.

    Raises:
        InputError: The file is missing, damaged, or does not fit the recipe's network.
    """
    if not path.is_file():
        raise InputError(f"weight file '{path}' does not exist")
    state = (baseline.convert_initial or baseline.convert_state_dict)(read_weights(path)[0])
    with torch.device("meta"):
        network = build(baseline.network, recipe.network, f"recipe network of {baseline.id}")
    check_fit(network, state, f"{path.name} for the recipe of {baseline.id}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Start({name: value.float() for name, value in state.items()}, digest)


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
    resume: bool = False,
    **options: Any,  # noqa: ANN401  (those of `train`)
) -> list[Path]:
    """Train every network, each from the weights that those before it were just given.

    `out` has a folder for each network, and can be given to `--weights-dir` as it is. Networks
    that are finished there are not trained again.

    Args:
        data: Folders of photographs, or prepared ones.
        out: Folder for the networks' folders.
        config: "compact" or "paper".
        resume: Continue what an earlier call began in `out`.
        options: As `train` has them; steps and a time limit are each network's.

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
                path = train(baseline.id, data, path.parent, config=config, resume=True, **options)
            exported.append(path)
    return exported
