"""`pdbench train NAME` and `pdbench train all` as Python calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["train", "train_all"]


def train(
    baseline: str,
    *,
    data: Sequence[str | Path],
    output: str | Path,
    config: str = "compact",
    resume: bool = False,
    start: str | Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    threads: int | None = None,
    steps: int | None = None,
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
        start: Weight file to start from, at step 0, instead of the recipe's own start.
        device: "auto", "cpu" or "cuda".
        workers: Processes that cut crops; None for none on a CPU and up to 8 on a GPU.
        threads: CPU threads; torch's default when None.
        steps: Steps to train instead of the recipe's.
        progress: Whether to show a bar with ETA and loss.
        tensorboard: Write the log for TensorBoard too.

    Returns:
        Path of the exported weights.

    Raises:
        InputError: The network, recipe, data, device or folder cannot be used.
        TrainingDiverged: The loss stopped being finite; names the last good checkpoint.
    """
    from pdbench import baselines

    weights: Path = baselines.train(
        baseline,
        [Path(folder) for folder in data],
        Path(output),
        config=config,
        resume=resume,
        start=Path(start) if start else None,
        device=None if device == "auto" else device,
        workers=workers,
        threads=threads,
        steps=steps,
        progress=progress,
        tensorboard=tensorboard,
    )
    return weights


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
    progress: bool = True,
    tensorboard: bool = False,
) -> list[Path]:
    """Train every network in the order in which they build on one another.

    Args:
        data: Folders of HR photographs, searched below, or made by `prepare_data`.
        output: Gets a folder for each network; `run` takes it as `weights_dir`.
        config: "compact" or "paper".
        resume: Continue what an earlier call began in `output`.
        device: "auto", "cpu" or "cuda".
        workers: Processes that cut crops; None for none on a CPU and up to 8 on a GPU.
        threads: CPU threads; torch's default when None.
        steps: Steps of each network instead of its recipe's.
        progress: Whether to show a bar with ETA and loss.
        tensorboard: Write the logs for TensorBoard too.

    Returns:
        Paths of the exported weights, in the order of training.

    Raises:
        InputError: The size, data, device or folder cannot be used.
        TrainingDiverged: A loss stopped being finite; names the last good checkpoint.
    """
    from pdbench import baselines

    exported: list[Path] = baselines.train_all(
        [Path(folder) for folder in data],
        Path(output),
        config=config,
        resume=resume,
        device=None if device == "auto" else device,
        workers=workers,
        threads=threads,
        steps=steps,
        progress=progress,
        tensorboard=tensorboard,
    )
    return exported
