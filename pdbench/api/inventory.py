"""Inventory: what pdbench supports and what is installed. `pdbench list` and `doctor` as calls."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path

import torch

from pdbench import __version__, methods, weights
from pdbench.api.choices import KINDS
from pdbench.api.protocols import protocol_rows
from pdbench.baselines import BASELINES, SIZES, fingerprint
from pdbench.data import ARCHIVES
from pdbench.data.datasets import DATASETS, THIRD_PARTY, open_dataset
from pdbench.data.datasets import data_root as _root
from pdbench.errors import InputError, WeightsUnavailable
from pdbench.harness.ray_executor import ask_every_node
from pdbench.metrics import METRICS
from pdbench.registry import unknown_id
from pdbench.weights import settings

__all__ = ["doctor", "list_all"]

Rows = list[tuple[str, str]]
"""(id, what it is), one a line."""

_PACKAGES = ("torch", "numpy", "scipy", "scikit-image", "pillow", "safetensors", "accelerate")
_VARIABLES = ("PDBENCH_DATA", "PDBENCH_WEIGHTS", "PDBENCH_OFFLINE", "TORCH_HOME")

SHA256 = 64
"""Hex digits of a whole digest."""


def list_all(
    kind: str, *, data_root: str | Path | None = None, weights_dir: str | Path | None = None
) -> Rows:
    """List what pdbench supports of one kind, and what of it is installed.

    Args:
        kind: "methods", "suites", "metrics", "protocols", "datasets" or "weights".
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.

    Returns:
        (id, what it is), one a line.

    Raises:
        InputError: The kind is unknown or a folder does not exist.

    >>> import pdbench
    >>> [name for name, _ in pdbench.list_all("protocols")][:3]
    ['paper', 'pirm', 'basicsr-y']
    """
    with settings(weights_dir=weights_dir):
        if kind == "methods":
            return _method_rows()
        if kind == "suites":
            return [(name, ", ".join(ids)) for name, ids in methods.SUITES.items()]
        if kind == "metrics":
            return _metric_rows()
        if kind == "protocols":
            return protocol_rows()
        if kind == "datasets":
            return _dataset_rows(data_root)
        if kind == "weights":
            return _weight_rows()
    raise unknown_id("kind of list", kind, KINDS)


def _method_rows() -> Rows:
    """Return every listed method with its title and reference, then the suites."""
    rows = [(name, methods.resolve(name)) for name in methods.list_ids()]
    listed = [
        (name, f"{method.title}{_origin(method.source)}. {method.reference}")
        for name, method in rows
    ]
    suites = [(f"suite {name}", ", ".join(ids)) for name, ids in methods.SUITES.items()]
    return [*listed, *suites]


def _metric_rows() -> Rows:
    """Return every metric with its direction, kind, reference, and whether it can be computed."""
    return [
        (
            metric.id,
            f"{metric.title}, {metric.better} is better, {metric.kind}{_origin(metric.source)}"
            f"{_lacking(metric.id)}. {metric.reference}",
        )
        for metric in METRICS
    ]


def _origin(source: str) -> str:
    return f" (of package {source})" if source else ""


def _lacking(name: str) -> str:
    metric = METRICS.get(name)
    files = {
        file.name: file for part in (name, *metric.parts) for file in METRICS.get(part).weights
    }
    missing = [file.name for file in files.values() if weights.find(file) is None]
    return f" (needs {', '.join(missing)}; see pdbench doctor)" if missing else ""


def _dataset_rows(root: str | Path | None) -> Rows:
    """Return every dataset with what it is and whether it is found."""
    rows = [(name, f"{text}: {_found(name, _root(root))}") for name, text in DATASETS.items()]
    rows += [
        (each.id, f"{each.title}{_origin(each.source)}: {_found(each.id, _root(root))}")
        for each in THIRD_PARTY
    ]
    return [*rows, ("DIR", "any folder of HR images, with or without an LR folder beside them")]


def _found(name: str, root: Path | None) -> str:
    get = f"; 'pdbench data get {name}' downloads it" if name in ARCHIVES else ""
    if root is None and name in DATASETS and name != "builtin":
        return f"not looked for; set --data-root or PDBENCH_DATA{get}"
    try:
        count = len(open_dataset(name, root).pairs)
    except InputError as error:
        return f"not found ({error}){get}"
    return f"found, {count} images"


def _weight_rows() -> Rows:
    """Return every weight file with its state: carried, found where, or how to get it."""
    networks = [
        (f"{baseline.id} {size}", _network(baseline.id, size))
        for baseline in BASELINES
        for size in SIZES
    ]
    files = {file.name: file for metric in METRICS for file in metric.weights}
    return [*networks, *((name, _file(file)) for name, file in files.items())]


def _network(name: str, size: str) -> str:
    try:
        return f"here, fingerprint {fingerprint(name, size)}"
    except (InputError, WeightsUnavailable) as error:
        return f"missing: {error}"


def _file(file: weights.WeightFile) -> str:
    users = ", ".join(metric.id for metric in METRICS if file in metric.weights)
    path = weights.find(file)
    if path:
        return f"for {users}: found at {path}"
    digest = file.sha256 or "not published"
    if len(file.sha256) in range(1, SHA256):  # a published prefix
        digest += "..."
    facts = f" ({file.url}, sha256 {digest})" if file.url else ""
    return f"for {users}: not here yet: {file.how}{facts}"


def doctor(
    *,
    data_root: str | Path | None = None,
    weights_dir: str | Path | None = None,
    address: str | None = None,
) -> dict[str, Rows]:
    """Say what is installed, which weights and data are here, and how to get the rest.

    Args:
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        address: A Ray cluster, as in `EvalOptions`; its nodes are asked, not this machine.

    Returns:
        Section title -> (name, finding), one a line.

    Raises:
        InputError: The cluster cannot be used.

    >>> import pdbench
    >>> rows = pdbench.doctor()
    """
    if address is not None:
        return {
            f"node {node}: {title}": rows
            for node, found in ask_every_node(address, doctor).items()
            for title, rows in _of_node(found).items()
        }
    with settings(weights_dir=weights_dir):
        return {
            "versions": [
                ("pdbench", __version__),
                ("python", f"{platform.python_version()} on {platform.platform()}"),
                *((name, _version(name)) for name in _PACKAGES),
            ],
            "devices": _devices(),
            "weights": _weight_rows(),
            "data": _dataset_rows(data_root),
            "folders": [
                ("weights cache", str(weights.cache_folder())),
                ("data root", str(_root(data_root) or "none")),
                *_set_variables(_VARIABLES),
            ],
        }


def _of_node(found: dict[str, Rows] | str) -> dict[str, Rows]:
    if isinstance(found, str):
        return {"error": [("doctor", found)]}
    return {title: found[title] for title in ("versions", "devices", "weights")}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed; run 'pip install pdbench' again"


def _devices() -> Rows:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    rows = [("cpu", f"{cores} cores, {torch.get_num_threads()} threads in torch")]
    if not torch.cuda.is_available():
        return [*rows, ("cuda", "none that this torch can use")]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        size = properties.total_memory / 2**30
        rows.append((f"cuda:{index}", f"{properties.name}, {size:.0f} GiB"))
    return rows


def _set_variables(names: Iterable[str]) -> Rows:
    return [(name, os.environ[name]) for name in names if os.environ.get(name)]
