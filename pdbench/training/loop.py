"""Training loop for any objective and recipe, on a CPU, one GPU or many, through accelerate."""

from __future__ import annotations

import itertools
import json
import logging
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, set_seed
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from pdbench.allocator import keep_freed_memory
from pdbench.atomic_write import make_folder
from pdbench.data.patches import (
    Patches,
    PatchSettings,
    Photo,
    find_photos,
    load_photos,
    split_photos,
)
from pdbench.errors import InputError, PdbenchError
from pdbench.training.adversary import AdversarialObjective, make_adversary
from pdbench.training.checkpoint import export_weights, newest_checkpoint, save_checkpoint
from pdbench.training.curves import draw_curves
from pdbench.training.distributed import make_accelerator
from pdbench.training.log import TrainingLog
from pdbench.training.optimizers import make_optimizers, rate, set_rates
from pdbench.training.recipe import Recipe
from pdbench.training.state import Start, TrainingRun, WeightAverage

__all__ = ["Objective", "TrainingDiverged", "fit"]

log = logging.getLogger(__name__)

MOST_WORKERS = 8
SEEDS = 2**32  # numpy takes no others
LATEST = "latest.safetensors"


class TrainingDiverged(PdbenchError):
    """The loss or a gradient stopped being finite."""


class Objective(Protocol):
    """What a baseline adds to the loop: its network, its loss, its validation.

    One that trains a second network too is an `AdversarialObjective` as well.

    Attributes:
        losses: What the network is trained on, by the names of a leaderboard card; recorded in
            the weights, where their metric leaks follow from it.
        leaves_unused: Whether tensors of the network that was built get no gradient, always or at
            first.
    """

    losses: tuple[str, ...]
    leaves_unused: bool = False

    def build(self, recipe: Recipe) -> nn.Module:
        """Return the freshly initialized network."""
        ...

    def begin(self, network: nn.Module, lr: Tensor, hr: Tensor) -> None:
        """Do data-dependent initialization on the first batch of a fresh run; none by default."""
        del network, lr, hr

    def loss(self, network: nn.Module, lr: Tensor, hr: Tensor, *, progress: float) -> Tensor:
        """Return the scalar to minimize.

        Args:
            network: The network, perhaps wrapped for several devices.
            lr: (B, 3, h, w) in [0, 1].
            hr: (B, 3, 4h, 4w) in [0, 1].
            progress: Fraction of the run that is over, in [0, 1).
        """
        ...

    def validate(self, network: nn.Module, photos: Sequence[Photo]) -> Mapping[str, float]:
        """Score the averaged weights on held-out photographs; names become CSV columns.

        Called in every process of a run; all return the same scores.
        """
        ...


def _batches(
    run: TrainingRun, photos: Sequence[Photo], workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    recipe, ranks = run.recipe, run.accelerator.num_processes
    crops, parts = recipe.crops, recipe.optimization.accumulate
    if crops.batch % (ranks * parts):
        raise InputError(
            f"batch {crops.batch} cannot be shared evenly by {ranks} processes in {parts} parts; "
            "change batch or accumulate in the recipe, or the number of processes"
        )
    local = crops.batch // ranks
    first = run.accelerator.process_index * local
    settings = PatchSettings(
        lr_side=crops.lr_side, graphics=crops.graphics, saturate=crops.saturate, seed=recipe.seed
    )
    starts = (step * crops.batch + first for step in itertools.count(run.step))
    loader = DataLoader(
        Patches(photos, settings),
        batch_sampler=(list(range(start, start + local)) for start in starts),
        num_workers=workers,
        pin_memory=run.accelerator.device.type == "cuda",
        persistent_workers=workers > 0,
    )
    device = run.accelerator.device
    for lr, hr in loader:
        yield tuple(
            x.to(device, non_blocking=True, memory_format=torch.channels_last) for x in (lr, hr)
        )


def _advance(
    run: TrainingRun, objective: Objective, lr: Tensor, hr: Tensor, progress: float
) -> dict[str, float]:
    """Take one step; returns what the log reports of it."""
    rival = run.adversary
    seed = run.recipe.seed * 1_000_003 + run.step * 101 + run.accelerator.process_index
    set_seed(seed % SEEDS)
    factor = rate(run.step, progress, run.recipe.optimization)
    set_rates(run.optimizers, factor)
    loss, rival_loss = _gradients(run, objective, lr, hr, progress)
    norm = _descend(run, loss, run.network, run.optimizers)
    report = {"rate": factor, "loss": loss, "gradient_norm": norm}
    if rival:
        set_rates([rival.optimizer], factor)
        _descend(run, rival_loss, rival.network, [rival.optimizer])
        report["adversary_loss"] = rival_loss
    run.step += 1
    run.average.update(run.bare, run.step)
    return report


def _gradients(
    run: TrainingRun, objective: Objective, lr: Tensor, hr: Tensor, progress: float
) -> tuple[float, float]:
    """Add up the gradients of a batch, part by part.

    Returns:
        Loss of the network and of the adversary (0 without one), means over parts and processes.
    """
    parts, rival = run.recipe.optimization.accumulate, run.adversary
    total = torch.zeros(2, device=lr.device)
    for index, (some_lr, some_hr) in enumerate(zip(lr.chunk(parts), hr.chunk(parts), strict=True)):
        last = index == parts - 1  # processes exchange gradients once
        with nullcontext() if last else run.accelerator.no_sync(run.network):
            loss = objective.loss(run.network, some_lr, some_hr, progress=progress) / parts
            run.accelerator.backward(loss)
        total[0] += loss.detach()
        if rival and isinstance(objective, AdversarialObjective):
            with nullcontext() if last else run.accelerator.no_sync(rival.network):
                loss = objective.adversary_loss(rival.network, some_hr) / parts
                run.accelerator.backward(loss)
            total[1] += loss.detach()
    means: list[float] = run.accelerator.reduce(total, "mean").tolist()
    return means[0], means[1]


def _descend(
    run: TrainingRun, loss: float, network: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> float:
    """Move one network against its gradient; returns the gradient's norm."""
    norm = float(
        nn.utils.clip_grad_norm_(network.parameters(), run.recipe.optimization.clip or math.inf)
    )
    if not (math.isfinite(loss) and math.isfinite(norm)):
        newest = newest_checkpoint(run.folder)
        last = f"the last good checkpoint is {newest}" if newest else "there is no checkpoint yet"
        raise TrainingDiverged(
            f"loss {loss:.4g}, gradient norm {norm:.4g} at step {run.step}: training "
            f"stopped; {last}; lower the learning rate or the clip norm and start anew"
        )
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return norm


def _validate(
    run: TrainingRun, objective: Objective, photos: Sequence[Photo]
) -> Mapping[str, float]:
    network = run.bare
    training = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(run.average.state)
    network.eval()
    try:
        with torch.no_grad():
            return objective.validate(network, photos)
    finally:
        network.load_state_dict(training)
        network.train()


def _start(
    recipe: Recipe, objective: Objective, folder: Path, *, device: str | None, resume: bool,
    start: Start | None, time_limit: float | None,
) -> TrainingRun:  # fmt: skip
    newest = newest_checkpoint(folder)
    if newest and not resume:
        raise InputError(f"'{folder}' holds a training run; add --resume, or choose another --out")
    if start and start.step:
        _check_step(start.step, recipe, time_limit)
    set_seed(recipe.seed)
    network = objective.build(recipe)
    accelerator = make_accelerator(
        device, recipe.optimization.precision, leaves_unused=objective.leaves_unused
    )
    make_folder(folder)
    if start:
        network.load_state_dict(dict(start.state))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    optimizers = make_optimizers(network, recipe.optimization)
    prepared = accelerator.prepare(network)
    average = WeightAverage(accelerator.unwrap_model(prepared), recipe.optimization.ema)
    rival = None
    if isinstance(objective, AdversarialObjective):
        rival = make_adversary(objective, recipe, accelerator)
    run = TrainingRun(
        recipe, folder, accelerator, prepared, average, optimizers, rival,
        started_from=start.origin if start else "", time_limit=time_limit,
        step=start.step if start else 0,
    )  # fmt: skip
    if newest:
        run.restore(newest)
        log.info("resumed %s at step %d", folder, run.step)
    return run


def _check_step(step: int, recipe: Recipe, time_limit: float | None) -> None:
    if time_limit is not None:
        raise InputError("--at goes on in a schedule of steps; leave --time out")
    if step >= recipe.optimization.steps:
        raise InputError(f"--at {step}: the recipe ends after {recipe.optimization.steps} steps")


def _train(run: TrainingRun, objective: Objective, train: Sequence[Photo], held: Sequence[Photo],
           *, workers: int, progress: bool, tensorboard: bool) -> None:  # fmt: skip
    recipe, main = run.recipe, run.accelerator.is_main_process
    table = TrainingLog(run.folder, resumed_at=run.step, tensorboard=tensorboard and main)
    total = None if run.time_limit else recipe.optimization.steps
    shown = progress and main and logging.getLogger().level < logging.ERROR
    bar = tqdm(total=total, initial=run.step, unit="step", smoothing=0.05,
               desc=recipe.baseline, disable=None if shown else True)  # fmt: skip
    began = time.monotonic() - run.seconds
    batches, done = _batches(run, train, workers), run.progress()
    while done < 1:
        lr, hr = next(batches)
        if run.step == 0 and not run.started_from:
            _begin(run, objective, lr, hr)
        run.recent.append(_advance(run, objective, lr, hr, done))
        bar.update()
        bar.set_postfix(loss=f"{_mean(run.recent[-50:], 'loss'):.4f}", refresh=False)
        run.seconds = time.monotonic() - began
        done = run.progress()
        if done == 1 or run.step % recipe.validate_every == 0:
            scores = _validate(run, objective, held)
            if main:
                table.add(_row(run, scores))
                draw_curves(table.path, run.folder / "curves.svg")
                _export(run, objective, run.folder / LATEST)
            run.recent = []
        if main and (done == 1 or run.step % recipe.checkpoint_every == 0):
            save_checkpoint(run.folder, run.step, run.state())
    bar.close()
    table.close()


def _row(run: TrainingRun, scores: Mapping[str, float]) -> dict[str, float]:
    """Return a row of the log: where the run is, means since the last row, validation."""
    means = {name: _mean(run.recent, name) for name in run.recent[-1]}
    latest = {name: run.recent[-1][name] for name in ("rate", "gradient_norm")}
    place = {"step": run.step, "seconds": round(run.seconds), "lr_pixels": run.lr_pixels}
    return {**place, **means, **latest, **scores}


def _begin(run: TrainingRun, objective: Objective, lr: Tensor, hr: Tensor) -> None:
    """Initialize by the whole first batch, alike in all processes."""
    objective.begin(run.bare, *(run.accelerator.gather(crops) for crops in (lr, hr)))
    if run.accelerator.num_processes > 1:
        for value in run.bare.state_dict().values():
            broadcast(value)
    run.average = WeightAverage(run.bare, run.recipe.optimization.ema)


def _default_workers(accelerator: Accelerator) -> int:
    """Return how many processes keep a GPU supplied with crops; a CPU makes its own."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = (cores or 1) // accelerator.num_processes
    return 0 if accelerator.device.type == "cpu" else max(1, min(MOST_WORKERS, share - 1))


def _mean(reports: Sequence[Mapping[str, float]], name: str) -> float:
    return sum(report[name] for report in reports) / len(reports)


def fit(
    recipe: Recipe,
    objective: Objective,
    data: Sequence[Path],
    out: Path,
    *,
    device: str | None = None,
    resume: bool = False,
    start: Start | None = None,
    time_limit: float | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: bool = True,
    tensorboard: bool = False,
) -> Path:
    """Train a network and export its averaged weights.

    Started by `accelerate launch` or torchrun, the processes share each batch.

    Args:
        recipe: What to train and how.
        objective: The baseline's network, loss and validation.
        data: Folders of photographs, searched recursively, or prepared ones.
        out: Folder for checkpoints, log.csv, curves.svg, held_out.txt, the weights last validated
            (latest.safetensors) and those of the end.
        device: "cpu", "cuda", or None to let accelerate choose.
        resume: Continue from the newest checkpoint in `out`.
        start: Weights to begin with, without data-dependent initialization, and the step to begin
            at; log.csv in `out` is carried on from there.
        time_limit: Seconds after which training ends, its schedule laid out over them instead of
            over the recipe's steps; the last validation and export come on top.
        workers: Processes that cut crops (0: the training process does); None for none on a
            CPU and up to 8 on a GPU.
        threads: CPU threads, None for torch's default.
        progress: Whether to show a bar with ETA and loss.
        tensorboard: Write the rows of log.csv to `tensorboard/` in `out` as well.

    Returns:
        Path of `<size>.safetensors`, float16.

    Raises:
        InputError: Unusable data, recipe or folder.
        TrainingDiverged: The loss is no longer finite; names the last good checkpoint.
    """
    keep_freed_memory()
    if threads:
        torch.set_num_threads(threads)
    run = _start(recipe, objective, Path(out), device=device, resume=resume, start=start,
                 time_limit=time_limit)  # fmt: skip
    found = find_photos([Path(d) for d in data], exclude=recipe.crops.exclude)
    train, held = split_photos(found, recipe.crops.validation)
    if run.accelerator.is_main_process:
        (run.folder / "held_out.txt").write_text("".join(f"{path.name}\n" for path in held))
    side = recipe.crops.lr_side
    ours = _default_workers(run.accelerator) if workers is None else workers
    _train(run, objective, load_photos(train, side), load_photos(held, side),
           workers=ours, progress=progress, tensorboard=tensorboard)  # fmt: skip
    path = run.folder / f"{recipe.size}.safetensors"
    if run.accelerator.is_main_process:
        _export(run, objective, path)
    run.accelerator.wait_for_everyone()
    return path


def _export(run: TrainingRun, objective: Objective, path: Path) -> None:
    recipe = run.recipe
    facts = {
        "baseline": recipe.baseline, "size": recipe.size, "steps": str(run.step),
        "lr_pixels": str(run.lr_pixels), "losses": ", ".join(objective.losses),
        "network": json.dumps(recipe.network, sort_keys=True),
    }  # fmt: skip
    if run.started_from:
        facts["started_from"] = run.started_from
    export_weights(path, run.average.state, facts)
