"""Training curves: loss and validation scores of a log, against the LR pixels seen."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pdbench.errors import InputError

__all__ = ["draw_curves", "read_log"]

PREFIX = "val_"
PANELS: Mapping[str, tuple[str, str]] = {
    "loss": ("training loss", ""),
    "nll": ("likelihood", "bits per pixel"),
    "psnr_y": ("PSNR-Y", "dB"),
    "mse_ratio": ("MSE(1) / MSE(∞)", ""),
    "lpips_vgg": ("LPIPS-VGG", ""),
    "niqe": ("NIQE", ""),
    "vgg": ("VGG16 features", "mean difference"),
    "order": ("another order of the samples", "levels"),
    "lr_psnr": ("LR-PSNR of a sample", "dB"),
    "excursion": ("worst excursion of a patch", "above 0.25: exploded"),
    "exploded": ("share of exploded patches", ""),
}
"""What columns begin with, after `val_` -> title and unit of their panel."""

COLUMNS = 3
SIZE = (3.2, 2.3)


def read_log(path: Path) -> dict[str, list[float]]:
    """Read the numbers of a training log, column by column; nan for an empty cell.

    Raises:
        InputError: The file is missing, has no `lr_pixels` or `loss`, or a cell is no number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = {name: [float(row[name] or math.nan) for row in rows] for name in rows[0]}
        return {name: columns[name] for name in ("lr_pixels", "loss")} | columns
    except OSError as error:
        raise InputError(f"cannot read training log '{path}': {error.strerror}") from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(
            f"'{path}' is not a training log with a column lr_pixels; give a log.csv of pdbench"
        ) from error


def draw_curves(log: Path, out: Path) -> None:
    """Draw loss and validation scores of a training log against the LR pixels seen.

    Args:
        log: `log.csv` of a training run.
        out: File to write; its suffix is one that matplotlib knows (.svg, .png, .pdf).

    Raises:
        InputError: The log cannot be read, or the picture not written.
    """
    columns = read_log(log)
    panels = _panels(columns)
    millions = [pixels / 1e6 for pixels in columns["lr_pixels"]]
    rows = math.ceil(len(panels) / COLUMNS)
    width = min(len(panels), COLUMNS)
    style: dict[Any, Any] = {
        "svg.hashsalt": "pdbench", "font.size": 8, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
    }  # fmt: skip
    with mpl.rc_context(style):
        figure = Figure((SIZE[0] * width, SIZE[1] * rows), layout="constrained")
        axes = figure.subplots(rows, width, squeeze=False).flatten()
        for axis, (panel, names) in zip(axes, panels.items(), strict=False):
            _draw(axis, panel, millions, {name: columns[name] for name in names})
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        try:
            figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot draw '{out}': {error}") from error


def _panels(columns: Mapping[str, Sequence[float]]) -> dict[str, list[str]]:
    """Return panel -> its columns, in the order of PANELS."""
    found: dict[str, list[str]] = {panel: [] for panel in PANELS}
    for name in columns:
        score = name.removeprefix(PREFIX)
        panel = next((panel for panel in PANELS if score.startswith(panel)), None)
        if panel and (name != score or name == "loss"):
            found[panel].append(name)
    return {panel: names for panel, names in found.items() if names}


def _draw(
    axis: Axes, panel: str, millions: Sequence[float], curves: Mapping[str, Sequence[float]]
) -> None:
    title, unit = PANELS[panel]
    for name, values in curves.items():
        label = name.removeprefix(PREFIX).removeprefix(panel)
        label = label.replace("tau", "τ = ").replace("average", "average ").replace("rrdb", "RRDB")
        label = label.strip("_ ") or "this network"
        axis.plot(millions, values, marker=".", markersize=3, linewidth=1, label=label)
    axis.set_title(title)
    axis.set_ylabel(unit)
    axis.set_xlabel("million LR pixels seen")
    if len(curves) > 1:
        axis.legend(frameon=False, fontsize=6, loc="upper left", bbox_to_anchor=(1, 1))
