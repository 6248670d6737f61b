"""Submissions: one folder each, read strictly. Needs no torch.

    leaderboard/submissions/<id>/
        card.yaml                     what the method is (see `card`)
        provenance.json               how its scores came about (see `provenance`)
        <dataset>_x4.csv              its scores, one line per output image
        crops/<dataset>_x4/<image>.png   a few small crops of its outputs

Nothing else is read there, nothing outside, and nothing is executed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pdbench.errors import InputError
from pdbench.harness.run_info import DatasetRecord, MethodRecord, RunRecord
from pdbench.leaderboard.card import Card, parse_card
from pdbench.leaderboard.contamination import contaminated, leaked_metrics
from pdbench.leaderboard.provenance import (
    DatasetPart,
    Provenance,
    format_provenance,
    parse_provenance,
    scores_name,
)
from pdbench.leaderboard.safe_io import check_listing, read_file, sha256_hex
from pdbench.leaderboard.score_csv import Row, parse_scores
from pdbench.leaderboard.text_validation import check_id, quoted
from pdbench.scores import Score

__all__ = ["CARD", "PROVENANCE", "Entry", "crop_name", "expected_files", "read_entry"]

CARD = "card.yaml"
PROVENANCE = "provenance.json"
NOT_ALL = "not given on every image; it counts once the board has the images"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One submission as read from its folder.

    Attributes:
        folder: Where it lies.
        card: What the method is.
        provenance: How the scores came about.
        rows: Dataset id -> scores, one row per output image.
        digests: Dataset id -> digest of what the scores there stand for; a verdict holds for one
            digest only. Of a submission it covers all of its files.
    """

    folder: Path
    card: Card
    provenance: Provenance
    rows: Mapping[str, tuple[Row, ...]]
    digests: Mapping[str, str]

    @property
    def own(self) -> bool:
        """Whether this is a row of this repository, from its results."""
        return self.provenance.way == "own"

    @property
    def id(self) -> str:
        """The submission's id."""
        return self.provenance.id

    @property
    def leaks(self) -> dict[str, str]:
        """Metric id -> the loss by which the method was trained on it or on its network."""
        return leaked_metrics(self.card.losses)

    def contamination(self, dataset: str) -> str:
        """Return the training data that hold the test set's images, "" for none."""
        return contaminated(self.card.training_data, dataset)

    def crop(self, dataset: str, image: str) -> Path:
        """Return the file of a crop; `provenance.datasets[dataset].crops` lists the images."""
        part = self.provenance.datasets[dataset]
        return self.folder / crop_name(dataset, part.scale, image)

    def partly_missing(self, dataset: str) -> tuple[str, ...]:
        """Return the metrics that have no score on some images, but on others."""
        scores = self.record(dataset).scores
        given = {score.metric for score in scores if score.value is not None}
        gaps = {score.metric for score in scores if score.value is None}
        return tuple(sorted(given & gaps))

    def record(self, dataset: str, *, without: Collection[str] = ()) -> RunRecord:
        """Return the scores on one dataset in the form tables and plots take.

        Args:
            dataset: Its id.
            without: Metrics whose scores do not count, because some are missing.
        """
        part = self.provenance.datasets[dataset]
        method = MethodRecord(
            id=self.id,
            title=self.card.name,
            kind=self.card.kind,
            size=self.provenance.size,
            weights=self.provenance.weights,
            seed=self.card.seeds[0],
            protocol=self.provenance.protocol,
            hashes=part.hashes,
            dataset_sha256=part.sha256,
            versions=self.provenance.versions,
        )
        return RunRecord(
            dataset=DatasetRecord(
                id=dataset,
                title=part.title,
                scale=part.scale,
                images=part.images,
                sha256=part.sha256,
            ),
            metrics=self.provenance.metrics,
            methods=(method,),
            scores=tuple(_scores(self, dataset, part, without)),
        )


def _scores(
    entry: Entry, dataset: str, part: DatasetPart, without: Collection[str]
) -> Iterator[Score]:
    reasons = part.reasons()
    for row in entry.rows[dataset]:
        for metric, value in row.values.items():
            reason = "" if value is not None else reasons.get((metric, row.image), "")
            if metric in without:
                value, reason = None, NOT_ALL
            if value is not None or reason:
                yield Score(
                    dataset=dataset,
                    image=row.image,
                    method=entry.id,
                    seed=row.seed,
                    sample=row.sample,
                    metric=metric,
                    protocol=entry.provenance.protocol,
                    protocol_hash=part.hashes[metric],
                    weights=entry.provenance.weights,
                    value=value,
                    reason=reason,
                )


def crop_name(dataset: str, scale: int, image: str) -> str:
    """Return the path of a crop below a submission's folder."""
    return f"crops/{dataset}_x{scale}/{image}.png"


def expected_files(provenance: Provenance) -> list[str]:
    """List the files a submission with this provenance consists of."""
    names = [CARD, PROVENANCE]
    for dataset, part in provenance.datasets.items():
        names.append(scores_name(dataset, part.scale))
        names += [crop_name(dataset, part.scale, image) for image in part.crops]
    return names


def read_entry(folder: Path) -> Entry:
    """Read a submission.

    Args:
        folder: `<board>/submissions/<id>`.

    Raises:
        InputError: A file is missing, strange, changed since it was submitted, or not as it must
            be; it is named.
    """
    check_id(folder.name)
    provenance = parse_provenance(read_file(folder, PROVENANCE), str(folder / PROVENANCE))
    if provenance.id != folder.name:
        raise InputError(f"'{folder}' calls itself {quoted(provenance.id)}; rename the folder")
    names = expected_files(provenance)
    check_listing(folder, names)
    contents = {name: read_file(folder, name) for name in names if name != PROVENANCE}
    digests = {name: sha256_hex(content) for name, content in contents.items()}
    for name in digests:
        if provenance.files.get(name) != digests[name]:
            raise InputError(f"'{folder / name}' was changed after it was submitted; submit again")
    if provenance.files.keys() != digests.keys():
        raise InputError(f"'{folder / PROVENANCE}' lists other files than there are; submit again")
    if provenance.way == "own":
        raise InputError(
            f"'{folder}' claims to be a row of this repository, which come from results/; submit "
            "it as what it is"
        )
    metrics = [metric.id for metric in provenance.metrics]
    rows = {}
    for dataset, part in provenance.datasets.items():
        name = scores_name(dataset, part.scale)
        rows[dataset] = tuple(parse_scores(contents[name], str(folder / name), metrics))
    return Entry(
        folder=folder,
        card=parse_card(contents[CARD], str(folder / CARD)),
        provenance=provenance,
        rows=rows,
        digests=dict.fromkeys(rows, sha256_hex(format_provenance(provenance))),
    )
