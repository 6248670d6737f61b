"""Checks of a row that need no image: whether it is whole, possible, and nobody else's.

Equal pixels and equal scores are found. Images that were changed in any way (shifted, brightened,
with noise) are others' work all the same, but are not found: the board holds no images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pdbench import baselines, methods
from pdbench.analysis.audit import PERFECT, audit
from pdbench.analysis.paper_tables import PublishedRow, PublishedTable
from pdbench.data.datasets import DATASETS, combine_sha256
from pdbench.errors import InputError, PdbenchError
from pdbench.harness.config import weights_of
from pdbench.leaderboard.board import Board
from pdbench.leaderboard.crops import read_crop
from pdbench.leaderboard.dataset_matching import board_part
from pdbench.leaderboard.models import accepted_models
from pdbench.leaderboard.provenance import DatasetPart
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.submission import Entry
from pdbench.leaderboard.text_validation import confusable_key, quoted
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS, protocol_hash
from pdbench.score_table import DECIMALS

__all__ = ["entry_failures", "is_taken", "scores_agree"]

_STEP = 10.0**-DECIMALS


def entry_failures(entry: Entry, board: Board) -> list[str]:
    """Check a row by itself and against all others.

    Args:
        entry: The row.
        board: What is on the board.

    Returns:
        What is wrong, one sentence each; empty for a sound row.
    """
    failures = [*_check_protocol(entry), *_check_origin(entry), *_check_models(entry, board)]
    for dataset, part in entry.provenance.datasets.items():
        failures += [f"{dataset}: {text}" for text in _check_dataset(entry, dataset, part, board)]
        failures += [f"{dataset}: {text}" for text in _check_numbers(entry, dataset, part)]
        failures += [f"{dataset}: {text}" for text in _check_crops(entry, dataset, part)]
    if not entry.provenance.datasets:
        failures.append("it has no scores; submit again")
    return [*failures, *copy_failures(entry, board)]


def scores_agree(first: float, second: float, metric: str, *, elsewhere: bool = False) -> bool:
    """Tell whether two scores are the same.

    Args:
        first: A score.
        second: The same one computed again.
        metric: Metric id.
        elsewhere: The output too was made again. A network's last bits differ between processors,
            and some pixels round the other way: five of the last decimal that tables show are
            allowed, or the metric's `reproduce_tolerance` where that is more.

    Returns:
        For the same output, whether they agree to a twentieth of the last decimal shown, so that
        rounding a score up is no agreement.
    """
    declared = METRICS.get(metric)
    last = 10.0**-declared.decimals
    slack = max(5 * last, declared.reproduce_tolerance) if elsewhere else last / 20
    return abs(first - second) <= slack + 1e-9


def _check_protocol(entry: Entry) -> Iterator[str]:
    """Compare what the submission says of protocol and metrics with what this version says."""
    name = entry.provenance.protocol
    if name not in PROTOCOLS:
        yield f"protocol {quoted(name)} is unknown; submit again under one that pdbench has"
        return
    protocol = PROTOCOLS.get(name)
    columns = [metric.id for metric in entry.provenance.metrics]
    if columns != [metric for metric in protocol.covered_ids if metric in columns]:
        yield f"its columns are not metrics of protocol '{name}' in their order; submit again"
        return
    for said in entry.provenance.metrics:
        if said != METRICS.get(said.id).facts:
            yield f"it describes metric '{said.id}' otherwise than pdbench; submit again"
    for dataset, part in entry.provenance.datasets.items():
        if not entry.own and list(part.hashes) != columns:
            yield f"{dataset}: its protocol hashes are not those of its columns; submit again"
            continue
        for metric, digest in part.hashes.items():
            if digest != protocol_hash(protocol, METRICS.get(metric)):
                yield (
                    f"{dataset}: {metric} was scored under another protocol (hash {digest}); "
                    "score it again with this version"
                )


def _check_origin(entry: Entry) -> Iterator[str]:
    """Keep the repository's names for its own rows, and those to the weights that are here."""
    source = entry.provenance
    if not entry.own:
        if is_taken(entry.id):
            yield f"'{entry.id}' is the name of a method of pdbench; choose another id"
        images = source.way == "images"
        if images and (source.source or source.size or source.weights):
            yield "images have no checkpoint, size or weights; submit again"
        if not images and len(source.source) != 64:
            yield f"the sha256 of its {source.way} is missing; submit again"
        return
    try:
        here = weights_of(methods.resolve(entry.id), baselines.fingerprint, source.size)
    except PdbenchError as error:
        yield f"its weights are not here ({error})"
        return
    if here != source.weights:
        yield f"its results are of weights {source.weights}, here are {here}; run it again"


def _check_models(entry: Entry, board: Board) -> Iterator[str]:
    """Refuse scores made with another model file than the board's."""
    if entry.own:
        return
    columns = [metric.id for metric in entry.provenance.metrics]
    accepted = accepted_models(columns, board.models)
    for name, (metric, digest) in accepted.items():
        used = entry.provenance.models.get(name, "")
        if not digest:
            yield f"{metric} needs {name}, of which this board accepts none; leave {metric} out"
        elif not used.startswith(digest):
            yield (
                f"{metric} was made with another model file: {name} has sha256 "
                f"{used[:12] or 'unknown'}, the board accepts {digest[:12]}"
            )
    if strange := sorted(entry.provenance.models.keys() - accepted.keys()):
        yield f"{quoted(strange[0])} is no model file of its metrics; submit again"


def _check_dataset(entry: Entry, dataset: str, part: DatasetPart, board: Board) -> Iterator[str]:
    """Keep a submission to the board's data sets and their titles."""
    if part.sha256 != combine_sha256(part.images):
        yield "its digest is not that of its images; submit again"
    if not entry.own and dataset not in DATASETS:
        yield f"it is none of the board's data sets ({', '.join(DATASETS)}); leave it out"
    known = board_part(board, dataset)
    if known and (known.title, known.scale) != (part.title, part.scale):
        yield f"it is {known.title} x{known.scale}, whatever the submission calls it; submit again"


def _check_numbers(entry: Entry, dataset: str, part: DatasetPart) -> Iterator[str]:
    """Check that a dataset's scores are whole, of one kind, and possible."""
    rows = entry.rows[dataset]
    listed = [(row.image, row.seed, row.sample) for row in rows]
    outputs = [(output.image, output.seed, output.sample) for output in part.outputs]
    if not entry.own and listed != outputs:
        yield "scores and outputs are not of the same images; submit again"
        return
    samples = {row.sample for row in rows}
    whole = {(i, entry.card.seeds[0], sample) for i in part.images for sample in samples}
    if set(listed) != whole or samples != set(range(len(samples))):
        yield "an image or a sample is missing or too many; submit all of them, with one seed"
        return
    if entry.card.kind != "stochastic" and len(samples) > 1:
        kind, count = entry.card.kind, len(samples)
        yield f"a {kind} method has one output per image, not {count}; fix the card"
    yield from _check_gaps(entry, dataset, part)
    yield from _check_values(entry, dataset)


def _check_gaps(entry: Entry, dataset: str, part: DatasetPart) -> Iterator[str]:
    """Hold every empty cell to a reason; own rows may lack a metric that was never asked for."""
    reasons = set(part.reasons())
    per_set = {name for name in METRICS.ids() if METRICS.get(name).per_set}
    empty = {
        (metric, row.image)
        for row in entry.rows[dataset]
        for metric, value in row.values.items()
        if value is None and not (metric in per_set and row.sample)
    }
    for metric, image in sorted(empty - reasons)[: 0 if entry.own else 1]:
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
        wide, high = sizes.get(image, (0, 0))
        if not entry.own and (left + width > wide or top + height > high):
            yield f"a crop of {quoted(image)} lies outside the image; submit again"
            continue
        path = entry.crop(dataset, image)
        name = path.relative_to(entry.folder).as_posix()
        try:
            read_crop(read_file(entry.folder, name), name, box)
        except InputError as error:
            yield str(error)


_SAME_SCORES = 0.5
"""Share of images with scores equal to the last digit from which on they were copied."""

_MEMBER = re.compile(r"(.+?)(?:\[.*|-?\d+)")
"""The id of a family's member: its stem, then a parameter in any spelling."""


def is_taken(name: str) -> bool:
    """Tell whether an id is, or looks like, a method of this repository or a member of a family.

    >>> [is_taken(name) for name in ("r-r-d-b", "average-05", "fusion-11", "srflow-da[tau=0.90]")]
    [True, True, True, True]
    >>> is_taken("mynet-5")
    False
    """
    members = [one for family in methods.FAMILIES for one in family.examples]
    taken = {confusable_key(one) for one in (*methods.list_ids(), *map(_stem, members))}
    return not taken.isdisjoint({confusable_key(name), confusable_key(_stem(name))})


def _stem(name: str) -> str:
    member = _MEMBER.fullmatch(name)
    return member[1] if member else name


def copy_failures(entry: Entry, board: Board) -> list[str]:
    """Compare a submission with the rows that were there before it.

    Args:
        entry: The submission; own rows copy nobody.
        board: All that can be read.

    Returns:
        What it copies, one sentence each.
    """
    failures: list[str] = []
    for other in board.entries:
        if entry.own or other.id == entry.id or board.age(entry) < board.age(other):
            continue
        if confusable_key(entry.id) == confusable_key(other.id):
            failures.append(f"its id looks like '{other.id}'; choose another id")
        if confusable_key(entry.card.name) == confusable_key(other.card.name):
            failures.append(f"its name looks like that of '{other.id}'; choose another name")
        failures += _same_work(entry, other)
    return failures


def _same_work(entry: Entry, other: Entry) -> Iterator[str]:
    for dataset, part in entry.provenance.datasets.items():
        theirs = other.provenance.datasets.get(dataset)
        if theirs is None or theirs.sha256 != part.sha256:
            continue
        known = {(output.image, output.sha256) for output in theirs.outputs}
        same = {o.image for o in part.outputs if (o.image, o.sha256) in known}
        if same:
            yield (
                f"{dataset}: {len(same)} of {len(part.images)} images are pixel for pixel those "
                f"of '{other.id}'; submit your own"
            )
        elif _equal_scores(entry, other, dataset) >= _SAME_SCORES:
            yield f"{dataset}: its scores are those of '{other.id}'; submit your own"


def _equal_scores(entry: Entry, other: Entry, dataset: str) -> float:
    """Return the share of output images whose scores under one protocol are all equal."""
    hashes = other.provenance.datasets[dataset].hashes
    part = entry.provenance.datasets[dataset]
    shared = [
        metric.id
        for metric in entry.provenance.metrics
        if metric.kind in ("distortion", "perception")
        and metric.id in hashes
        and hashes[metric.id] == part.hashes[metric.id]
    ]
    theirs = {(row.image, row.sample): row.values for row in other.rows[dataset]}
    told = []
    for row in entry.rows[dataset]:
        values = theirs.get((row.image, row.sample), {})
        pairs = [(row.values[metric], values.get(metric)) for metric in shared]
        given = [one == two for one, two in pairs if one is not None and two is not None]
        if given:
            told.append(all(given))
    return sum(told) / len(told) if told else 0.0
