"""What a training run writes down: a CSV that survives kills, and TensorBoard if wanted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pdbench.atomic_write import replace_file
from pdbench.errors import InputError

__all__ = ["TrainingLog"]

FILE = "log.csv"
BOARD = "tensorboard"


class TrainingLog:
    """The rows of a run; those of steps that a resumed run repeats are dropped first.

    Args:
        folder: Folder of the run; the rows go to `log.csv` there.
        resumed_at: Step the run continues from, 0 for a fresh one.
        tensorboard: Also write each number to `tensorboard/` there.

    Raises:
        InputError: TensorBoard is wanted but not installed.
    """

    def __init__(self, folder: Path, *, resumed_at: int, tensorboard: bool = False) -> None:
        self.path = folder / FILE
        self.rows: list[dict[str, Any]] = []
        if resumed_at and self.path.is_file():
            with self.path.open(newline="", encoding="utf-8") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= resumed_at]
        self.board = _open_board(folder / BOARD, resumed_at) if tensorboard else None

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row that has the key "step"; the file is whole at any moment."""
        self.rows.append({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
        with io.StringIO() as text:
            writer = csv.DictWriter(text, fieldnames=list(self.rows[-1]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
            replace_file(self.path, text.getvalue().encode())
        if self.board:
            for name, value in row.items():
                self.board.add_scalar(name, value, row["step"])
            self.board.flush()

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self.board:
            self.board.close()


def _open_board(folder: Path, resumed_at: int) -> Any:  # noqa: ANN401  (an optional package's)
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise InputError(
            "--tensorboard wants the package tensorboard; pip install 'pdbench[tensorboard]'"
        ) from error
    return SummaryWriter(str(folder), purge_step=resumed_at + 1)
