"""`pdbench train` as a Python call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["train"]


def train(
    baseline: str,
    *,
    data: Sequence[str | Path],
    output: str | Path,
    config: str = "compact",
    resume: bool = False,
    start: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    steps: int | None = None,
    progress: bool = True,
) -> Path:
    """Train a network from a recipe.

    Args:
        baseline: Network id ("rrdb"); `list_all("weights")` names them all.
        data: Folders of HR photographs, searched below.
        output: Folder for checkpoints, log and exported weights.
        config: "compact", "paper", or the path of a YAML recipe.
        resume: Continue from the newest checkpoint in `output`.
        start: Weight file to start from, at step 0, instead of the recipe's own start.
        device: "auto", "cpu" or "cuda".
        threads: CPU threads; torch's default when None.
        steps: Steps to train instead of the recipe's.
        progress: Whether to show a bar with ETA and loss.

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
        threads=threads,
        steps=steps,
        progress=progress,
    )
    return weights
