"""Ids on the command line: checked and completed before torch is imported."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pdbench.registry import unknown_id

__all__ = ["FAMILIES", "IDS", "check_ids", "complete", "spelled_out"]

IDS = {
    "method": (
        "bicubic", "rrdb", "esrgan-plus", "fusion-l1", "fusion-lpips", "srflow-da[tau=0.9]",
        "average-5", "average-25", "median-5", "median-25", "blend[alpha=0.5]",
    ),
    "metric": (
        "psnr", "mse", "ssim", "lpips-vgg", "pieapp", "dists", "niqe", "ma", "pi", "lr-psnr",
        "lr-psnr-challenge", "lpips-alex", "diversity",
    ),
    "protocol": ("paper", "pirm", "basicsr-y", "basicsr-rgb", "srflow", "pyiqa"),
    "dataset": ("builtin", "set5", "set14", "bsd100", "urban100", "div2k-val"),
    "suite": ("table1", "tau-sweep", "k-sweep", "blend-sweep"),
}  # fmt: skip
"""Kind -> the ids that pdbench has itself, and a member or two of each family of methods."""

FAMILIES = (r"srflow-da\[.*\]", r"average-.*", r"median-.*", r"blend\[.*\]")
"""Ids of families of methods; whether a parameter will do is said when the method is made."""

_GROUPS = {"method": "pdbench.methods", "metric": "pdbench.metrics", "dataset": "pdbench.datasets"}
_SHORT = {"srflow-da": "tau", "blend": "alpha"}

Callback = Callable[[click.Context, click.Parameter, Any], Any]


def spelled_out(name: str) -> str:
    """Return the id that a spelling without brackets stands for, "srflow-da:0.9" for example."""
    family, colon, value = name.partition(":")
    return f"{family}[{_SHORT[family]}={value}]" if colon and family in _SHORT else name


def _is_known(kind: str, name: str) -> bool:
    if name in IDS[kind]:
        return True
    if ".py:" in name:
        return True
    if kind == "method":
        return any(re.fullmatch(family, name) for family in FAMILIES)
    if kind == "metric":
        return name.startswith("pyiqa:")
    return kind == "dataset" and ("/" in name or "\\" in name or Path(name).is_dir())


def check_ids(kind: str, read: Callback | None = None) -> Callback:
    """Return a callback that refuses an id nobody has; the message names close matches.

    Args:
        kind: Key of `IDS`.
        read: Callback that makes ids of what was given; None where it is one id.
    """

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:  # noqa: ANN401
        found = read(ctx, param, value) if read else value
        names = [found] if isinstance(found, str) else list(found or ())
        unknown = [name for name in names if not _is_known(kind, name)]
        if unknown and not ctx.resilient_parsing:
            group = _GROUPS.get(kind)
            offered = importlib.metadata.entry_points(group=group).names if group else set()
            for name in unknown:
                if name not in offered:
                    raise unknown_id(kind, name, (*IDS[kind], *offered))
        return found

    return callback


def complete(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what completes the last id of a list joined by commas."""

    def candidates(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
        before, comma, last = typed.rpartition(",")
        return [f"{before}{comma}{name}" for name in IDS[kind] if name.startswith(last)]

    return candidates
