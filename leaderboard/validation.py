"""What can be wrong with a submission before a single image is looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from pdbench import baselines, methods
from pdbench.analysis.audit import PERFECT, audit
from pdbench.analysis.paper_tables import PublishedRow, PublishedTable
from pdbench.data.datasets import combine_sha256
from pdbench.errors import InputError, PdbenchError
from pdbench.harness.config import weights_of
from pdbench.harness.results import results_folder
from pdbench.leaderboard.crops import read_crop
from pdbench.leaderboard.provenance import DatasetPart
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.submission import Entry
from pdbench.leaderboard.text_validation import quoted
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS, protocol_hash
from pdbench.score_table import DECIMALS, KEY, parse_csv

__all__ = ["is_method", "scores_agree", "static_failures"]

_STEP = 10.0**-DECIMALS


def static_failures(entry: Entry, results: Path) -> list[str]:
    """Check a submission by itself.

    Args:
        entry: The submission.
        results: The repository's results, which own rows must equal; need not exist.

    Returns:
        What is wrong, one sentence each; empty for a sound submission.
    """
    checks = [_check_protocol(entry), *(_part_checks(entry, name) for name in _datasets(entry))]
    failures = [failure for check in checks for failure in check]
    failures += _check_origin(entry, results)
    if not entry.provenance.datasets:
        failures.append("it has no scores; submit again")
    return failures


def _datasets(entry: Entry) -> list[str]:
    return list(entry.provenance.datasets)


def _part_checks(entry: Entry, dataset: str) -> Iterator[str]:
    part = entry.provenance.datasets[dataset]
    if part.sha256 != combine_sha256(part.images):
        yield f"{dataset}: its digest is not that of its images; submit again"
    yield from (f"{dataset}: {failure}" for failure in _check_numbers(entry, dataset))
    yield from (f"{dataset}: {failure}" for failure in _check_crops(entry, dataset, part))


def is_method(name: str) -> bool:
    """Tell whether an id is a method of this repository."""
    try:
        return methods.resolve(name).id == name
    except PdbenchError:
        return False


def _check_origin(entry: Entry, results: Path) -> Iterator[str]:
    """Keep the repository's names for its own rows, and hold those to the committed results."""
    own = entry.provenance.way == "own"
    if not own:
        if is_method(entry.id):
            yield f"'{entry.id}' is the name of a method of pdbench; choose another id"
        return
    if not is_method(entry.id):
        yield f"'{entry.id}' is no method of pdbench; submit it as what it is"
        return
    method = methods.resolve(entry.id)
    size = entry.provenance.size or "compact"
    try:
        here = weights_of(method, baselines.fingerprint, size)
    except PdbenchError as error:
        yield f"its weights are not here ({error})"
        return
    if here != entry.provenance.weights:
        yield f"its weights are {quoted(entry.provenance.weights)}, here {here}; submit it again"
    for dataset, part in entry.provenance.datasets.items():
        committed = results_folder(results, dataset, part.scale) / f"{entry.id}.csv"
        if results.is_dir() and not committed.is_file():
            yield f"{dataset}: there is no '{committed}'; export the results first"
        elif committed.is_file() and _differ(committed, entry, dataset):
            yield f"{dataset}: its scores are not those in '{committed}'; submit it again"


def _differ(committed: Path, entry: Entry, dataset: str) -> bool:
    """Compare cell by cell: outputs scored twice may differ in the last digits."""
    rows = parse_csv(committed.read_text(encoding="utf-8"), str(committed))
    known = rows.set_index(KEY).to_dict("index")
    ours = {(row.image, row.seed, row.sample): row.values for row in entry.rows[dataset]}
    return known.keys() != ours.keys() or any(
        not scores_agree(value, other, metric)
        for key, values in ours.items()
        for metric, value in values.items()
        if value is not None and not math.isnan(other := known[key].get(metric, math.nan))
    )


def scores_agree(first: float, second: float, metric: str, *, elsewhere: bool = False) -> bool:
    """Tell whether two scores are the same to the last decimal that tables show.

    Args:
        first: A score.
        second: The same one computed again.
        metric: Metric id.
        elsewhere: The output too was made again. A network's last bits differ between processors,
            and some pixels round the other way: ten times as much is allowed, or the metric's
            `reproduce_tolerance` where that is more.
    """
    declared = METRICS.get(metric)
    half = 0.5 * 10.0**-declared.decimals
    return abs(first - second) <= (
        max(10 * half, declared.reproduce_tolerance) if elsewhere else half
    )


def _check_protocol(entry: Entry) -> Iterator[str]:
    """Compare what the submission says of protocol and metrics with what this version says."""
    name = entry.provenance.protocol
    if name not in PROTOCOLS:
        yield f"protocol {quoted(name)} is unknown; submit again under one that pdbench has"
        return
    protocol = PROTOCOLS.get(name)
    columns = [facts.id for facts in entry.provenance.metrics]
    if columns != [metric for metric in protocol.covered_ids if metric in columns]:
        yield f"its columns are not metrics of protocol '{name}' in their order; submit again"
        return
    for facts in entry.provenance.metrics:
        if facts != METRICS.get(facts.id).facts:
            yield f"it describes metric '{facts.id}' otherwise than pdbench; submit again"
    for dataset, part in entry.provenance.datasets.items():
        if list(part.hashes) != columns:
            yield f"{dataset}: its protocol hashes are not those of its columns; submit again"
            continue
        for metric, digest in part.hashes.items():
            if digest != protocol_hash(protocol, METRICS.get(metric)):
                yield (
                    f"{dataset}: {metric} was scored under another protocol (hash {digest}); "
                    "score it again with this version"
                )


def _check_numbers(entry: Entry, dataset: str) -> Iterator[str]:
    """Check that a dataset's scores are whole, of one kind, and possible."""
    part, rows = entry.provenance.datasets[dataset], entry.rows[dataset]
    listed = [(output.image, output.seed, output.sample) for output in part.outputs]
    if [(row.image, row.seed, row.sample) for row in rows] != listed:
        yield "scores and outputs are not of the same images; submit again"
        return
    samples = {row.sample for row in rows}
    seed = entry.card.seeds[0]
    whole = {(image, seed, sample) for image in part.images for sample in samples}
    if set(listed) != whole or samples != set(range(len(samples))):
        yield "an image or a sample is missing or too many; submit all of them, with one seed"
        return
    if entry.card.kind != "stochastic" and len(samples) > 1:
        kind, count = entry.card.kind, len(samples)
        yield f"a {kind} method has one output per image, not {count}; mend the card"
    yield from _check_gaps(entry, dataset, part)
    yield from _check_values(entry, dataset)


def _check_gaps(entry: Entry, dataset: str, part: DatasetPart) -> Iterator[str]:
    reasons: set[tuple[str, str]] = set()
    for missing in part.missing:
        images = part.images if missing.images == "all" else missing.images
        reasons.update((missing.metric, image) for image in images)
    per_set = {name for name in METRICS.ids() if METRICS.get(name).per_set}
    empty = {
        (metric, row.image)
        for row in entry.rows[dataset]
        for metric, value in row.values.items()
        if value is None and not (metric in per_set and row.sample)
    }
    for metric, image in sorted(empty - reasons)[:1]:
        yield f"{metric} of '{image}' is missing without a reason; submit again"
    for metric, image in sorted(reasons - empty)[:1]:
        yield f"{metric} of {quoted(image)} is said to be missing but is not; submit again"


def _check_values(entry: Entry, dataset: str) -> Iterator[str]:
    """Report the first impossible row only: one is enough."""
    for row in entry.rows[dataset]:
        values = {metric: value for metric, value in row.values.items() if value is not None}
        label = f"{row.image} sample {row.sample}"
        line = PublishedRow(label=label, values=values, steps=dict.fromkeys(values, _STEP))
        table = PublishedTable(source=entry.id, notes=(), columns=tuple(values), rows=(line,))
        wrong = [issue.text for issue in audit(table) if issue.certain]
        wrong += [
            f"{metric} says that it equals its ground truth"
            for metric, value in PERFECT.items()
            if values.get(metric) == value
        ]
        if wrong:
            yield f"impossible score of '{row.image}': {wrong[0]}; score the images again"
            return


def _check_crops(entry: Entry, dataset: str, part: DatasetPart) -> Iterator[str]:
    sizes = {output.image: (output.width, output.height) for output in part.outputs}
    for image, box in part.crops.items():
        left, top, width, height = box
        size = sizes.get(image)
        if size is None or left + width > size[0] or top + height > size[1]:
            yield f"a crop of {quoted(image)} lies outside the image; submit again"
            continue
        path = entry.crop(dataset, image)
        name = path.relative_to(entry.folder).as_posix()
        try:
            read_crop(read_file(entry.folder, name), name, box)
        except InputError as error:
            yield str(error)
