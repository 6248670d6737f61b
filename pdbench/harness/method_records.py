"""Records of what a run's methods and metrics are, made before anything is scored.

They are the same on every machine that would give the same scores.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from pdbench.errors import WeightsUnavailable
from pdbench.harness.config import RunConfig, weights_of
from pdbench.harness.fingerprint import sha256_of_value
from pdbench.harness.implementation import implementation_digest
from pdbench.harness.method import Method
from pdbench.harness.options import DEFAULT_MEMORY
from pdbench.harness.run_info import MethodRecord, installed_versions
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Metric
from pdbench.metrics.protocol import PROTOCOLS, protocol_choices, protocol_hash
from pdbench.metrics.rules import metric_files, unpublished_models
from pdbench.weights import fetch, find

__all__ = ["loaded_models", "method_records", "metric_ids", "missing_weights", "weight_paths"]


def method_records(config: RunConfig) -> dict[str, MethodRecord]:
    """Return method id -> how its scores come about; the digest of the dataset is left empty.

    Raises:
        InputError: A method or metric is unknown, or the protocol does not cover a metric.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    models = {name: loaded_models(name) for name in metric_ids(config)}
    methods = map(config.catalog.method, config.methods)
    return {method.id: _method_record(config, method, models) for method in methods}


def metric_ids(config: RunConfig) -> list[str]:
    """Return the metrics to compute: the protocol's in its order, then all others."""
    protocol = PROTOCOLS.get(config.options.protocol)
    names = [METRICS.get(name).id for name in config.options.metrics or protocol.metric_ids]
    for name in names:
        protocol.rule(name)  # refuses what the protocol does not cover
    covered = protocol.covered_ids
    ordered = [name for name in covered if name in names]
    return [*ordered, *dict.fromkeys(name for name in names if name not in covered)]


def _method_record(
    config: RunConfig, method: Method, metrics: Mapping[str, Mapping[str, str]]
) -> MethodRecord:
    """Say how scores of a method come about; `metrics` maps ids to what they load."""
    options, catalog = config.options, config.catalog
    protocol = PROTOCOLS.get(options.protocol)
    networks = [part for name in method.baselines for part in catalog.implementation(name)]
    tiled = options.max_memory if method.baselines else DEFAULT_MEMORY
    source = implementation_digest(method.run, method.needs, *networks)
    return MethodRecord(
        id=method.id,
        title=method.title,
        kind=method.kind,
        size=method.size or (options.size if method.baselines else ""),
        weights=weights_of(method, catalog.fingerprint, options.size),
        seed=options.seed,
        protocol=protocol.id,
        hashes={name: protocol_hash(protocol, METRICS.get(name)) for name in metrics},
        dataset_sha256="",
        versions=installed_versions(),
        choices={name: protocol_choices(protocol, METRICS.get(name)) for name in metrics},
        outputs=method.outputs,
        code={
            name: implementation_digest(source, _metric_source(name, models), tiled)
            for name, models in metrics.items()
        },
        max_memory=None if tiled == DEFAULT_MEMORY else tiled,
        models={name: digest for models in metrics.values() for name, digest in models.items()},
    )


def _metric_source(name: str, models: Mapping[str, str]) -> str:
    metric = METRICS.get(name)
    parts = [METRICS.get(part).open for part in metric.parts]
    return implementation_digest(metric.open, metric.combine, *parts, *models.values())


def loaded_models(name: str) -> dict[str, str]:
    """Return what a metric loads and no protocol hash tells apart, what cannot be had left out.

    Args:
        name: Metric id.

    Returns:
        Name of a file without a published sha256 -> its sha256; and, for a metric from outside,
        its id -> sha256 over all that it holds when it is open, weights it fetches by itself
        included.
    """
    models = unpublished_models([name])
    for metric in _sources(name):
        if metric.source and metric.open is not None:
            with contextlib.suppress(Exception):  # scoring says how foreign code fails
                models[metric.id] = sha256_of_value(metric.open(metric.choices, "cpu"))
    return models


def _sources(name: str) -> list[Metric]:
    """Return the metrics that are opened for one: its parts, or itself."""
    metric = METRICS.get(name)
    return [METRICS.get(part) for part in metric.parts] or [metric]


def missing_weights(metrics: Iterable[str], models: Collection[str]) -> dict[str, str]:
    """Fetch the weights of these metrics, once for all processes; say which cannot be had.

    Args:
        metrics: Metric ids.
        models: What of them is loaded already, see `loaded_models`.
    """
    reasons: dict[str, str] = {}
    for name in sorted(metrics):
        try:
            for file in metric_files(name):
                fetch(file)
            for metric in _sources(name):
                if metric.source and metric.open is not None and metric.id not in models:
                    metric.open(metric.choices, "cpu")
        except WeightsUnavailable as error:
            reasons[name] = str(error)
    return reasons


def weight_paths(config: RunConfig) -> dict[str, Path]:
    """Return the files of weights the run reads: by path, those of metrics by bare name."""
    size = config.options.size
    networks = [
        path.absolute()
        for method in config.methods
        for path in config.catalog.weight_files(method, size)
    ]
    metrics = [file for name in metric_ids(config) for file in metric_files(name)]
    found = {file.name: find(file) for file in metrics}
    return {
        **{str(path): path for path in networks},
        **{name: path for name, path in found.items() if path is not None},
    }
