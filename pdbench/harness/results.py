"""Committed results: results/<dataset>_x4/<method>.csv and provenance.json. Needs no torch.

A CSV holds the scores of one method, one line per output image. provenance.json says how they came
about; it holds no means, no dates and no paths, so that a run repeated gives the same bytes:

    {"dataset": {"id", "title", "scale", "sha256", "images": {name: sha256}},
     "metrics": [facts of each column, see pdbench.scores.MetricFacts],
     "choices": {protocol hash: {choice: value}},
     "methods": {id: {"title", "kind", "size", "weights", "seed", "protocol", "hashes",
                      "dataset_sha256", "versions",
                      "missing": [{"metric", "reason", "images"}]}}}

"images" of a missing value is a list of names, or "all". Where they say something, methods also
have "outputs", "max_memory" and "outside" (see `run_info.MethodRecord`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pdbench.analysis.paper_tables import in_paper_order
from pdbench.errors import InputError
from pdbench.harness.run_info import DatasetRecord, MethodRecord, RunRecord
from pdbench.scores import MetricFacts, Row, Score, format_csv, parse_csv

__all__ = ["PROVENANCE", "export_results", "is_results_folder", "read_results", "results_folder"]

PROVENANCE = "provenance.json"


def results_folder(root: Path, dataset: str, scale: int = 4) -> Path:
    """Return the folder of a dataset's results below `root` ("results/set5_x4")."""
    return root / f"{dataset}_x{scale}"


def is_results_folder(folder: Path) -> bool:
    """Tell whether the folder holds exported results."""
    return (folder / PROVENANCE).is_file()


def export_results(record: RunRecord, root: Path) -> list[Path]:
    """Write one CSV per method and bring provenance.json up to date.

    Methods exported before and not in `record` are kept.

    Args:
        record: Scores to export.
        root: The results folder; the dataset's own folder is made below it.

    Returns:
        The files written, provenance.json last.

    Raises:
        InputError: Earlier results there are of other images or under another protocol, or a file
            cannot be written.
    """
    folder = results_folder(root, record.dataset.id, record.dataset.scale)
    earlier = _read_provenance(folder) if is_results_folder(folder) else {}
    if earlier and earlier["dataset"]["sha256"] != record.dataset.sha256:
        raise InputError(
            f"'{folder}' holds results of other images of the same name; "
            "remove it or export to another folder"
        )
    _refuse_other_protocols(record, earlier, folder)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        columns = [facts.id for facts in record.metrics]
        for method in record.methods:
            scores = [score for score in record.scores if score.method == method.id]
            path = folder / f"{method.id}.csv"
            _write(path, format_csv(scores, columns))
            written.append(path)
        path = folder / PROVENANCE
        text = json.dumps(_provenance(record, earlier), indent=1, ensure_ascii=False)
        _write(path, text + "\n")
    except OSError as error:
        raise InputError(f"cannot write results to '{folder}' ({error.strerror})") from error
    return [*written, path]


def _write(path: Path, text: str) -> None:
    """Replace a file at once, so that a kill leaves the old one or the new one."""
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)


def _refuse_other_protocols(record: RunRecord, earlier: Mapping[str, Any], folder: Path) -> None:
    """Keep apart what no table could show together."""
    there = {entry["protocol"] for entry in earlier.get("methods", {}).values()}
    other = sorted(there - {method.protocol for method in record.methods})
    if other and record.methods:
        raise InputError(
            f"'{folder}' holds results under protocol {', '.join(other)}; "
            f"export those under {record.methods[0].protocol} to another folder"
        )


def _provenance(record: RunRecord, earlier: Mapping[str, Any]) -> dict[str, Any]:
    methods = dict(earlier.get("methods", {}))
    choices = dict(earlier.get("choices", {}))
    for method in record.methods:
        entry = asdict(method)
        for metric, named in entry.pop("choices").items():
            choices[method.hashes[metric]] = named
        entry["missing"] = _missing(record, entry.pop("id"))
        del entry["code"]
        for rare in ("outputs", "max_memory", "outside"):
            if not entry[rare]:
                del entry[rare]
        methods[method.id] = entry
    known = {facts["id"]: facts for facts in earlier.get("metrics", [])}
    known.update({facts.id: asdict(facts) for facts in record.metrics})
    return {
        "dataset": asdict(record.dataset),
        "metrics": list(known.values()),
        "choices": {digest: choices[digest] for digest in sorted(_in_use(methods) & set(choices))},
        "methods": {name: methods[name] for name in sorted(methods)},
    }


def _in_use(methods: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {digest for entry in methods.values() for digest in entry["hashes"].values()}


def _missing(record: RunRecord, method: str) -> list[dict[str, Any]]:
    """Group the reasons of empty cells by metric, then by reason."""
    images: dict[tuple[str, str], set[str]] = {}
    for score in record.scores:
        if score.method == method and score.value is None:
            images.setdefault((score.metric, score.reason), set()).add(score.image)
    everything = set(record.dataset.images)
    return [
        {
            "metric": metric,
            "reason": reason,
            "images": "all" if names == everything else sorted(names),
        }
        for (metric, reason), names in sorted(images.items())
    ]


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
    try:
        dataset = DatasetRecord(**provenance["dataset"])
        facts = tuple(MetricFacts(**entry) for entry in provenance["metrics"])
        entries = {name: dict(entry) for name, entry in provenance["methods"].items()}
        missing = {name: entry.pop("missing") for name, entry in entries.items()}
        choices = provenance.get("choices", {})
        methods = tuple(
            MethodRecord(id=name, choices=_choices(entries[name], choices), **entries[name])
            for name in in_paper_order(entries, entries)
        )
        once = {fact.id for fact in facts if fact.per_set}
        scores = [
            score
            for method in methods
            for score in _method_scores(folder, dataset, method, missing[method.id])
            if not (score.metric in once and score.sample)  # its reason belongs to sample 0
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"'{folder / PROVENANCE}' is damaged ({error}); export it again"
        ) from error
    return RunRecord(dataset=dataset, metrics=facts, methods=methods, scores=tuple(scores))


def _read_provenance(folder: Path) -> dict[str, Any]:
    path = folder / PROVENANCE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read '{path}' ({error}); export the results again") from error
    if not isinstance(content, dict) or not {"dataset", "metrics", "methods"} <= content.keys():
        raise InputError(f"'{path}' is no provenance of results; export the results again")
    return content


def _choices(
    entry: Mapping[str, Any], choices: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return metric id -> the choices behind a method's hashes, as far as they were kept."""
    hashes = entry["hashes"].items()
    return {metric: choices[digest] for metric, digest in hashes if digest in choices}


def _method_scores(
    folder: Path, dataset: DatasetRecord, method: MethodRecord, missing: Iterable[dict[str, Any]]
) -> list[Score]:
    path = folder / f"{method.id}.csv"
    try:
        rows = parse_csv(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read '{path}' ({error}); export the results again") from error
    reasons = _reasons(dataset, missing)
    return [
        score
        for row in rows
        for metric, value in row.values.items()
        if (score := _score(dataset, method, row, metric, value, reasons)) is not None
    ]


def _reasons(
    dataset: DatasetRecord, missing: Iterable[dict[str, Any]]
) -> dict[tuple[str, str], str]:
    """Return (metric, image) -> why there is no value."""
    return {
        (entry["metric"], image): entry["reason"]
        for entry in missing
        for image in (dataset.images if entry["images"] == "all" else entry["images"])
    }


def _score(
    dataset: DatasetRecord,
    method: MethodRecord,
    row: Row,
    metric: str,
    value: float | None,
    reasons: Mapping[tuple[str, str], str],
) -> Score | None:
    """Rebuild a score; None for a cell that was never asked for."""
    reason = "" if value is not None else reasons.get((metric, row.image), "")
    if value is None and not reason:
        return None
    return method.score(dataset.id, row.image, row.sample, metric, value=value, reason=reason)
