"""Options that commands share, each declared once; ids are answered before torch is imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from pdbench.harness.options import read_memory, split_ids
from pdbench.registry import unknown_id

__all__ = [
    "ENGINE", "PATH", "check_ids", "complete", "format_options", "options", "parse_memory",
    "split_commas", "split_methods",
]  # fmt: skip

PATH = click.Path(path_type=Path)

Command = Callable[..., Any]
Callback = Callable[[click.Context, click.Parameter, Any], Any]


def split_commas(
    _ctx: click.Context | None, _param: click.Parameter | None, values: Sequence[str]
) -> tuple[str, ...]:
    """Split each value at the commas outside [...]; drops what is empty or repeated.

    Args:
        values: Values of an option that may be repeated ("a,b", "f[x=1,y=2]").

    Returns:
        The single ids in the order given ("a", "b", "f[x=1,y=2]").
    """
    return tuple(dict.fromkeys(word for value in values for word in split_ids(value)))


def split_methods(
    ctx: click.Context | None, param: click.Parameter | None, values: Sequence[str]
) -> tuple[str, ...]:
    """Split as `split_commas`, and spell ids without brackets ("srflow-da:0.9") out."""
    from pdbench.methods import spelled_out

    return tuple(dict.fromkeys(map(spelled_out, split_commas(ctx, param, values))))


def _names(kind: str) -> Sequence[str]:
    """Return the ids of a kind, those of plug-ins last; nothing of theirs is imported."""
    if kind == "method":
        from pdbench import methods

        return methods.names()
    if kind == "suite":
        from pdbench.methods import SUITES

        return tuple(SUITES)
    if kind == "dataset":
        from pdbench.data import DATASETS, THIRD_PARTY

        return (*DATASETS, *THIRD_PARTY.names())
    if kind == "metric":
        from pdbench.metrics import METRICS

        return METRICS.names()
    if kind == "downloadable set":
        from pdbench.data import ARCHIVES

        return tuple(ARCHIVES)
    if kind == "network":
        from pdbench.baselines import BASELINES

        return (*BASELINES.names(), "all")
    from pdbench.metrics.protocol import PROTOCOLS

    return PROTOCOLS.names()


def _is_known(kind: str, name: str) -> bool:
    """Tell whether there is such an id; plug-ins, which take long to look for, are asked last."""
    if ".py:" in name:
        return True
    if kind == "metric":
        from pdbench.metrics import METRICS

        return name.startswith("pyiqa:") or name in METRICS
    if kind == "dataset" and ("/" in name or "\\" in name or Path(name).is_dir()):
        return True
    if kind == "method":
        from pdbench.methods import is_known

        return is_known(name)
    return name in _names(kind)


def check_ids(kind: str, read: Callback | None = None) -> Callback:
    """Return a callback that refuses an id nobody has; the message names close matches.

    Args:
        kind: "method", "suite", "metric", "protocol", "dataset", "network" or "downloadable set".
        read: Callback that makes ids of what was given; None where it is one id.
    """

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:  # noqa: ANN401
        found = read(ctx, param, value) if read else value
        for name in [found] if isinstance(found, str) else found or ():
            if not ctx.resilient_parsing and not _is_known(kind, name):
                raise unknown_id(kind, name, _names(kind))
        return found

    return callback


def complete(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what completes the last id of a list joined by commas."""

    def candidates(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
        before, comma, last = typed.rpartition(",")
        return [f"{before}{comma}{name}" for name in _names(kind) if name.startswith(last)]

    return candidates


def parse_memory(
    _ctx: click.Context | None, _param: click.Parameter | None, value: str | None
) -> int | None:
    """Read an amount of memory; see `read_memory`. None where the option was not given."""
    return None if value is None else read_memory(value)


_OPTIONS = {
    # What commands that restore images run, and on what
    "scored": click.option(
        "--method",
        "--methods",
        "methods",
        multiple=True,
        callback=check_ids("method", split_methods),
        shell_complete=complete("method"),
        metavar="ID|FILE.py:NAME",
        help="E.g. median-5 or srflow-da:0.9, or code of your own: a callable, an nn.Module or a "
        "Method; repeat it or join with commas.",
    ),
    "checkpoint": click.option(
        "--checkpoint",
        type=PATH,
        metavar="FILE",
        help="Also a x4 RGB network out of a file; needs pdbench[checkpoints].",
    ),
    "name": click.option(
        "--name", metavar="ID", help="Id of the checkpoint. [default: the file's name]"
    ),
    "dataset": click.option(
        "--dataset",
        default="builtin",
        show_default=True,
        callback=check_ids("dataset"),
        shell_complete=complete("dataset"),
        metavar="ID|DIR",
        help="Dataset id (pdbench list datasets) or a folder of HR images.",
    ),
    # Fields of EvalOptions
    "protocol": click.option(
        "--protocol",
        default="paper",
        show_default=True,
        callback=check_ids("protocol"),
        shell_complete=complete("protocol"),
        metavar="ID",
        help="Conventions of the metrics (pdbench list protocols).",
    ),
    "metrics": click.option(
        "--metrics",
        multiple=True,
        callback=check_ids("metric", split_commas),
        shell_complete=complete("metric"),
        metavar="ID,...",
        help="Metrics to compute; all of the protocol's by default.",
    ),
    "device": click.option(
        "--device", default="cpu", show_default=True, metavar="cpu|cuda|cuda:N|auto"
    ),
    "jobs": click.option(
        "-j", "--jobs", type=int, metavar="N", help="Processes; one per core by default."
    ),
    "seed": click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        metavar="N",
        help="Seed of all samples.",
    ),
    "size": click.option(
        "--size",
        type=click.Choice(["compact", "paper"]),
        default="compact",
        show_default=True,
        help="Size of the networks.",
    ),
    "max_memory": click.option(
        "--max-memory",
        callback=parse_memory,
        metavar="SIZE",
        help="Working memory of the networks per process, e.g. 4GiB; larger images are tiled.",
    ),
    "data_root": click.option(
        "--data-root",
        type=PATH,
        metavar="DIR",
        help="Where named datasets lie. [env: PDBENCH_DATA]",
    ),
    "weights_dir": click.option(
        "--weights-dir", type=PATH, metavar="DIR", help="Extra weights. [env: PDBENCH_WEIGHTS]"
    ),
    "offline": click.option("--offline", is_flag=True, help="Download nothing."),
    "engine": click.option(
        "--engine",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        help="Processes on this machine, or a Ray cluster; ray needs pdbench[ray].",
    ),
    "address": click.option(
        "--address",
        default="auto",
        show_default=True,
        metavar="auto|local|ray://HOST:PORT|HOST:PORT",
        help="Ray cluster: the one this machine is in, one started for this command, or another.",
    ),
    "gpus_per_worker": click.option(
        "--gpus-per-worker",
        type=float,
        default=1.0,
        show_default=True,
        metavar="X",
        help="GPUs, or the share of one, for each Ray worker with --device cuda.",
    ),
    "shared_files": click.option(
        "--shared-files",
        is_flag=True,
        help="Ray nodes see images and weights under the same paths; send none.",
    ),
    # The leaderboard's
    "board": click.option(
        "--board", type=PATH, default=Path("leaderboard"), show_default=True, metavar="DIR"
    ),
    "datasets": click.option(
        "--dataset",
        "datasets",
        multiple=True,
        callback=check_ids("dataset", split_commas),
        shell_complete=complete("dataset"),
        metavar="ID,...",
        help="Named datasets. [submit, crops: builtin; verify: all of the row]",
    ),
    # What commands that score write
    "output": click.option(
        "-o",
        "--output",
        type=PATH,
        metavar="DIR",
        help="Run folder: kept, and continued by the next run. [default: runs/<dataset>]",
    ),
    "export": click.option(
        "--export", type=PATH, metavar="DIR", help="Also write CSV and provenance, as in results/."
    ),
    "traceback": click.option(
        "--traceback", is_flag=True, help="Show where a method or metric failed."
    ),
    # What commands that read stored scores choose
    "folder": click.argument("folder", type=PATH, default=Path("runs/builtin")),
    "methods": click.option(
        "--method",
        "methods",
        multiple=True,
        callback=split_methods,
        shell_complete=complete("method"),
        metavar="ID,...",
    ),
    "stored_protocol": click.option(
        "--protocol",
        shell_complete=complete("protocol"),
        metavar="ID",
        help="Show scores under this protocol; by default that of the latest run.",
    ),
    "seeds": click.option(
        "--seed",
        "seeds",
        type=click.IntRange(min=0),
        multiple=True,
        metavar="N",
        help="Show scores of this run seed; may be repeated. All by default.",
    ),
}


ENGINE = ("engine", "address", "gpus_per_worker", "shared_files")
"""Options of commands that can score on a cluster."""


def format_options(forms: Sequence[str]) -> Callable[[Command], Command]:
    """Return a decorator that gives a command --format and --json.

    Args:
        forms: Formats it writes, "json" among them; the first is the default.
    """
    choice = click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True
    )
    json = click.option("--json", "form", flag_value="json", help="The same as --format json.")
    return lambda command: choice(json(command))


def options(*names: str) -> Callable[[Command], Command]:
    """Return a decorator that gives a command shared options, in this order.

    Args:
        names: Keys of the declarations above: fields of `EvalOptions`, and what several commands
            write or read.
    """

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _OPTIONS[name](command)
        return command

    return decorate
