"""Committed results: results/<dataset>_x4/<method>.csv and provenance.json. Needs no torch.

A CSV holds the scores of one method, one line per output image. provenance.json says how they came
about; it holds no means, no dates and no paths, so that a run repeated gives the same bytes:

    {"dataset": {"id", "title", "scale", "sha256", "images": {name: sha256}, "lr", "lr_psnr"},
     "metrics": [facts of each column, see pdbench.scores.MetricFacts],
     "choices": {protocol hash: {choice: value}},
     "methods": {id: {"title", "kind", "size", "weights", "seed", "protocol", "hashes",
                      "dataset_sha256", "versions",
                      "missing": [{"metric", "reason", "images"}]}}}

"images" of a missing value is a list of names, or "all". Where they say something, methods also
have "outputs", "max_memory", "models" and "outside" (see `run_info.MethodRecord`).
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from pdbench.analysis.paper_tables import in_paper_order
from pdbench.atomic_write import replace_file
from pdbench.errors import InputError
from pdbench.harness.run_info import DatasetRecord, MethodRecord, Missing, RunRecord
from pdbench.pydantic_errors import parse
from pdbench.score_table import KEY, format_csv, parse_csv
from pdbench.scores import MetricFacts, Score, empty_cells

__all__ = ["PROVENANCE", "export_results", "is_results_folder", "read_results", "results_folder"]

PROVENANCE = "provenance.json"


class Provenance(BaseModel):
    """Content of provenance.json; a key it does not know is of a later version and refused."""

    model_config = ConfigDict(extra="forbid")
    dataset: DatasetRecord
    metrics: tuple[MetricFacts, ...]
    choices: dict[str, dict[str, JsonValue]] = {}
    methods: dict[str, MethodRecord]

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, content: Any) -> Any:  # noqa: ANN401  (whatever the file says)
        """Give each method its id, and the choices behind its hashes, which it shares."""
        with contextlib.suppress(AttributeError, KeyError, TypeError):  # refused afterwards
            known = content.get("choices", {})
            for name, entry in content["methods"].items():
                entry |= {"id": name, "choices": {}, "code": {}}
                hashes = entry["hashes"].items()
                entry["choices"] = {metric: known[key] for metric, key in hashes if key in known}
        return content

    @model_validator(mode="after")
    def _check_metrics(self) -> Provenance:
        ids = [facts.id for facts in self.metrics]
        if len(set(ids)) != len(ids):
            raise ValueError("a metric is described twice")
        return self


def results_folder(root: Path, dataset: str, scale: int = 4) -> Path:
    """Return the folder of a dataset's results below `root` ("results/set5_x4")."""
    return root / f"{dataset}_x{scale}"


def is_results_folder(folder: Path) -> bool:
    """Tell whether the folder holds exported results."""
    return (folder / PROVENANCE).is_file()


def export_results(record: RunRecord, root: Path) -> list[Path]:
    """Write one CSV per method and bring provenance.json up to date.

    Methods exported before and not in `record` are kept, and so are columns of a method's other
    metrics while its outputs are the same.

    Args:
        record: Scores to export.
        root: The results folder; the dataset's own folder is made below it.

    Returns:
        The files written, provenance.json last.

    Raises:
        InputError: Earlier results there are of other images, under another protocol or of
            another seed, or a file cannot be written.
    """
    folder = results_folder(root, record.dataset.id, record.dataset.scale)
    earlier = _read_provenance(folder) if is_results_folder(folder) else None
    if earlier and earlier.dataset.sha256 != record.dataset.sha256:
        raise InputError(
            f"'{folder}' holds results of other images of the same name; "
            "remove it or export to another folder"
        )
    methods = dict(earlier.methods) if earlier else {}
    _refuse_other_protocols(record, methods, folder)
    tables: dict[str, list[Score]] = {}
    for one in record.methods:
        method, own = _with_earlier(record, one, folder, earlier)
        tables[method.id] = own
        cells = empty_cells(own, record.dataset.images)
        missing = tuple(
            Missing(metric=metric, reason=why, images=where if where == "all" else tuple(where))
            for metric, why, where in cells
        )
        methods[method.id] = replace(method, missing=missing)
    facts = {one.id: one for one in (*(earlier.metrics if earlier else ()), *record.metrics)}
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, scores in tables.items():
            path = folder / f"{name}.csv"
            columns = [metric for metric in facts if metric in methods[name].hashes]
            replace_file(path, format_csv(scores, columns).encode())
            written.append(path)
        path = folder / PROVENANCE
        content = _provenance(record.dataset, facts.values(), methods)
        text = json.dumps(content, indent=1, ensure_ascii=False)
        replace_file(path, f"{text}\n".encode())
    except OSError as error:
        raise InputError(f"cannot write results to '{folder}' ({error.strerror})") from error
    return [*written, path]


def _with_earlier(
    record: RunRecord, method: MethodRecord, folder: Path, earlier: Provenance | None
) -> tuple[MethodRecord, list[Score]]:
    """Return a method and its scores with the earlier columns that still hold, and no others."""
    scores = [score for score in record.scores if score.method == method.id]
    old = earlier.methods.get(method.id) if earlier else None
    kept: list[Score] = []
    if earlier and old:
        with contextlib.suppress(InputError):  # a CSV that cannot be read is replaced
            kept = list(_scores(folder, earlier, old))
        seeds = {one.seed for one in record.methods if one.id == method.id}
        if others := sorted({score.seed for score in kept} - seeds):
            raise InputError(
                f"'{folder}' holds scores of '{method.id}' for seed {others[0]}; export those for "
                f"seed {method.seed} to another folder"
            )
    ids = {facts.id for facts in record.metrics} & method.hashes.keys()
    if old and method.has_outputs_of(old):
        method = method.joined(old)
        new = {score.metric for score in scores}
        kept = [
            score
            for score in kept
            if score.metric not in new and score.protocol_hash == method.hashes[score.metric]
        ]
        scores, ids = scores + kept, ids | {score.metric for score in kept}
    hashes = {metric: digest for metric, digest in method.hashes.items() if metric in ids}
    choices = {metric: named for metric, named in method.choices.items() if metric in ids}
    return replace(method, hashes=hashes, choices=choices), scores


def _refuse_other_protocols(
    record: RunRecord, earlier: Mapping[str, MethodRecord], folder: Path
) -> None:
    """Keep apart what no table could show together."""
    there = {method.protocol for method in earlier.values()}
    other = sorted(there - {method.protocol for method in record.methods})
    if other and record.methods:
        raise InputError(
            f"'{folder}' holds results under protocol {', '.join(other)}; "
            f"export those under {record.methods[0].protocol} to another folder"
        )


def _provenance(
    dataset: DatasetRecord, metrics: Iterable[MetricFacts], methods: Mapping[str, MethodRecord]
) -> dict[str, Any]:
    """Return the content of provenance.json; what `Provenance` reads."""
    choices = {
        method.hashes[metric]: named
        for method in methods.values()
        for metric, named in method.choices.items()
    }
    entries = {name: asdict(methods[name]) for name in sorted(methods)}
    for entry in entries.values():
        for name in ("id", "choices", "code"):
            del entry[name]
        for rare in ("outputs", "max_memory", "models", "outside"):
            if not entry[rare]:
                del entry[rare]
    return {
        "dataset": {
            key: value
            for key, value in asdict(dataset).items()
            if value or key not in ("lr", "lr_psnr")
        },
        "metrics": [asdict(facts) for facts in metrics],
        "choices": {digest: choices[digest] for digest in sorted(choices)},
        "methods": entries,
    }


def read_results(folder: Path) -> RunRecord:
    """Read exported results.

    Args:
        folder: One dataset's folder ("results/set5_x4").

    Returns:
        The scores and what they mean, methods in the paper's order, others by id.

    Raises:
        InputError: A file is missing, damaged or does not fit the others.
    """
    if not is_results_folder(folder):
        raise InputError(f"'{folder}' holds no results: it has no {PROVENANCE}")
    provenance = _read_provenance(folder)
    names = in_paper_order(provenance.methods, provenance.methods)
    methods = tuple(provenance.methods[name] for name in names)
    return RunRecord(
        dataset=provenance.dataset,
        metrics=provenance.metrics,
        methods=tuple(replace(method, missing=()) for method in methods),  # the scores say it
        scores=tuple(s for method in methods for s in _scores(folder, provenance, method)),
    )


def _read_provenance(folder: Path) -> Provenance:
    path = folder / PROVENANCE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read '{path}' ({error}); export the results again") from error
    return parse(Provenance, content, str(path), advice="export the results again")


def _scores(folder: Path, provenance: Provenance, method: MethodRecord) -> Iterator[Score]:
    """Rebuild the scores of a method; an empty cell without a reason was never asked for."""
    path = folder / f"{method.id}.csv"
    dataset = provenance.dataset
    reasons = {
        (entry.metric, image): entry.reason
        for entry in method.missing
        for image in (dataset.images if entry.images == "all" else entry.images)
    }
    once = {facts.id for facts in provenance.metrics if facts.per_set}
    for line in _read_csv(path, dataset, method).to_dict("records"):
        image, seed, sample = (line.pop(name) for name in KEY)
        for metric, number in line.items():
            value = None if math.isnan(number) else number
            reason = reasons.get((metric, image), "") if value is None else ""
            # of a metric of all samples together, the reason belongs to sample 0
            if value is not None or (reason and not (sample and metric in once)):
                yield method.score(
                    dataset.id, image, seed, sample, metric, value=value, reason=reason
                )


def _read_csv(path: Path, dataset: DatasetRecord, method: MethodRecord) -> pd.DataFrame:
    """Read the CSV of a method, refusing images and metrics that provenance.json does not have."""
    try:
        frame = parse_csv(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read '{path}' ({error}); export the results again") from error
    for what, found, known in (
        ("image", frame["image"], dataset.images),
        ("metric", frame.columns[len(KEY) :], method.hashes),
    ):
        for name in found:
            if name not in known:
                raise InputError(
                    f"'{path}' has {what} {name!r:.60}, which {PROVENANCE} does not; "
                    "export the results again"
                )
    return frame
