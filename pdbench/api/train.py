"""`pdbench train NAME` and `pdbench train all` as Python calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pdbench.errors import InputError

__all__ = ["read_duration", "train", "train_all"]

UNITS = {"s": 1, "m": 60, "h": 3600}
LONGEST = 10**9


def train(
    baseline: str,
    *,
    data: Sequence[str | Path],
    output: str | Path,
    config: str = "compact",
    resume: bool = False,
    start: str | Path | None = None,
    at: int = 0,
    device: str = "auto",
    workers: int | None = None,
    threads: int | None = None,
    steps: int | None = None,
    time: float | str | None = None,
    progress: bool = True,
    tensorboard: bool = False,
) -> Path:
    """Train a network from a recipe.

    Args:
        baseline: Network id ("rrdb"); `list_all("weights")` names them all.
        data: Folders of HR photographs, searched below, or made by `prepare_data`.
        output: Folder for checkpoints, log and exported weights.
        config: "compact", "paper", or the path of a YAML recipe.
        resume: Continue from the newest checkpoint in `output`.
        start: Weight file to start from, instead of the recipe's own start.
        at: Step of the recipe at which `start` goes on, when its checkpoints are lost.
        device: "auto", "cpu" or "cuda".
        workers: Processes that cut crops; None for none on a CPU and up to 8 on a GPU.
        threads: CPU threads; torch's default when None.
        steps: Steps to train instead of the recipe's.
        time: Time to train instead of the recipe's steps: seconds, or "90s", "10m", "1.5h". The
            learning rate's schedule is laid out over it; validation of the result comes on top.
        progress: Whether to show a bar with ETA and loss.
        tensorboard: Write the log for TensorBoard too.

    Returns:
        Path of the exported weights.

    Raises:
        InputError: The network, recipe, data, device or folder cannot be used.
        TrainingDiverged: The loss stopped being finite; names the last good checkpoint.

    >>> import pdbench
    >>> _, photographs = pdbench.export_data("builtin", output="in")
    >>> pdbench.train("rrdb", data=[photographs], output="work")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    pdbench.errors.InputError: 12 images are too few: 40 are held out to validate...
    """
    from pdbench.baselines import training

    options = _options(
        device, steps, time, resume=resume, workers=workers, threads=threads, progress=progress,
        tensorboard=tensorboard,
    )  # fmt: skip
    begun = Path(start) if start else None
    folders = [Path(folder) for folder in data]
    return training.train(
        baseline, folders, Path(output), config=config, start=begun, at=at, **options
    )


def train_all(
    *,
    data: Sequence[str | Path],
    output: str | Path,
    config: str = "compact",
    resume: bool = False,
    device: str = "auto",
    workers: int | None = None,
    threads: int | None = None,
    steps: int | None = None,
    time: float | str | None = None,
    progress: bool = True,
    tensorboard: bool = False,
) -> list[Path]:
    """Train every network in the order in which they build on one another.

    Args:
        data: Folders of HR photographs, searched below, or made by `prepare_data`.
        output: Gets a folder for each network; `run` takes it as `weights_dir`.
        config: "compact" or "paper".
        resume: Continue what an earlier call began in `output`.
        device: As `train`.
        workers: As `train`.
        threads: As `train`.
        steps: Steps of each network instead of its recipe's.
        time: Time of each network instead of its recipe's steps.
        progress: Whether to show a bar with ETA and loss.
        tensorboard: Write the logs for TensorBoard too.

    Returns:
        Paths of the exported weights, in the order of training.

    Raises:
        InputError: The size, data, device or folder cannot be used.
        TrainingDiverged: A loss stopped being finite; names the last good checkpoint.

    >>> import pdbench
    >>> pdbench.train_all(data=["photos"], output="work", steps=1, time="10m")
    Traceback (most recent call last):
    pdbench.errors.InputError: steps and time both say when training ends; give one of them
    """
    from pdbench.baselines import training

    options = _options(
        device, steps, time, resume=resume, workers=workers, threads=threads, progress=progress,
        tensorboard=tensorboard,
    )  # fmt: skip
    folders = [Path(folder) for folder in data]
    return training.train_all(folders, Path(output), config=config, **options)


def _options(
    device: str, steps: int | None, time: float | str | None, **others: bool | int | None
) -> dict[str, Any]:
    if steps is not None and time is not None:
        raise InputError("steps and time both say when training ends; give one of them")
    return {
        "device": None if device == "auto" else device,
        "steps": steps,
        "time_limit": None if time is None else read_duration(time),
        **others,
    }


def read_duration(time: float | str) -> float:
    """Return the seconds of a duration: seconds, "90s", "10m" or "1.5h"; may raise InputError."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smh]?)", str(time))
    seconds = float(found[1]) * UNITS[found[2] or "s"] if found else 0.0
    if not 0 < seconds <= LONGEST:
        raise InputError(f"time is '{time}'; give seconds, or 90s, 10m, 1.5h")
    return seconds
