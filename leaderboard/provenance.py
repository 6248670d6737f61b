"""provenance.json of a submission: how its scores came about. Strictly parsed.

The models below are its form. The digest of a text file is that of its text with LF line ends,
whatever a checkout made of them. There are no dates, no paths of a machine and no means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NoReturn

from annotated_types import Len
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from pdbench.errors import InputError
from pdbench.harness.run_info import MethodRecord, RunRecord
from pdbench.leaderboard.crops import Box
from pdbench.leaderboard.text_validation import (
    Strict,
    as_tuple,
    check_id,
    check_text,
    clean_text,
    held_to,
    quoted,
)
from pdbench.pydantic_errors import parse
from pdbench.scores import MetricFacts, Score, empty_cells, published_reason

__all__ = [
    "FORMAT",
    "WAYS",
    "DatasetPart",
    "File",
    "Missing",
    "Origin",
    "Output",
    "Provenance",
    "Sha256",
    "dataset_part",
    "format_provenance",
    "load_json",
    "missing_cells",
    "parse_provenance",
    "scores_name",
]

FORMAT: Final = 2
WAYS = ("images", "checkpoint", "method", "own")
"""What was submitted: a folder of images, a checkpoint, code that the submitter ran, or a method
of this repository."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What was submitted.

    Attributes:
        way: One of `WAYS`.
        source: sha256 of the checkpoint or the code, "" for neither.
        size: Size of this repository's networks, "" for others.
        weights: Fingerprint of the networks, "" where unknown.
    """

    way: Literal["images", "checkpoint", "method", "own"] = "images"
    source: str = ""
    size: str = ""
    weights: str = ""


def _matching(pattern: str) -> StringConstraints:
    return StringConstraints(pattern=f"^(?:{pattern})$", strict=True)


Sha256 = Annotated[str, _matching("[0-9a-f]{64}")]
_Hash = Annotated[str, _matching("[0-9a-f]{16}")]
_Fingerprint = Annotated[str, _matching("(?:[0-9a-f]{12}|[0-9a-f]{64})?")]
_Image = Annotated[str, _matching(r"[A-Za-z0-9](?:[A-Za-z0-9 ._()+-]{0,98}[A-Za-z0-9()_])?")]
_Name = Annotated[str, _matching("[A-Za-z0-9][A-Za-z0-9._+:-]{0,63}")]
File = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9 ._()+/=,\[\]-]{0,199}")]
_Id = Annotated[str, held_to(check_id)]
_Title = Annotated[str, held_to(check_text, what="a title", longest=60)]
_Reason = Annotated[str, held_to(check_text, what="a reason", longest=600)]
_Pixels = Annotated[int, Field(ge=0, le=2**26)]
_TUPLE = BeforeValidator(as_tuple)


def _check_facts(facts: MetricFacts) -> MetricFacts:
    for text in (facts.id, facts.title, facts.unit or "none"):
        check_text(text, "a metric's text", longest=60)
    return facts


_Facts = Annotated[MetricFacts, AfterValidator(_check_facts)]


class Output(Strict):
    """One output image, by what identifies it.

    Attributes:
        image: Image name within the dataset.
        seed: Run seed.
        sample: Index of the output.
        width: Pixels.
        height: Pixels.
        sha256: Digest over its pixels.
        detail: Correlation of its finest detail with that of the HR image, see `plausibility`.
        grain: Share of the HR image's grain that it has, see `plausibility`; None in submissions
            that are older than this field.
    """

    image: _Image
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    sample: Annotated[int, Field(ge=0, le=100_000)]
    width: _Pixels
    height: _Pixels
    sha256: Sha256
    detail: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
    grain: Annotated[float, Field(allow_inf_nan=False)] | None = None


class Missing(Strict):
    """Why cells of one metric are empty, on the images named or on "all"."""

    metric: _Name
    reason: _Reason
    images: Literal["all"] | Annotated[tuple[_Image, ...], _TUPLE, Len(0, 100_000)]


class DatasetPart(Strict):
    """What was scored on one dataset.

    Attributes:
        title: Title of the dataset.
        scale: Scale between LR and HR.
        sha256: Digest over all its pixels.
        images: Image name -> sha256 over LR and HR.
        hashes: Metric id -> protocol hash.
        missing: Why cells are empty.
        outputs: Every output image, sorted as the scores are; none for own rows.
        crops: Image name -> (left, top, width, height) of its crop.
    """

    title: _Title
    scale: Annotated[int, Field(ge=1, le=16)]
    sha256: Sha256
    images: Annotated[dict[_Image, Sha256], Len(0, 100_000)]
    hashes: Annotated[dict[_Name, _Hash], Len(0, 64)]
    missing: Annotated[tuple[Missing, ...], _TUPLE, Len(0, 10_000)]
    outputs: Annotated[tuple[Output, ...], _TUPLE, Len(0, 100_000)]
    crops: Annotated[
        dict[_Image, Annotated[tuple[_Pixels, _Pixels, _Pixels, _Pixels], _TUPLE]], Len(0, 64)
    ]

    def reasons(self) -> dict[tuple[str, str], str]:
        """Return (metric, image) -> why there is no score."""
        return {
            (gap.metric, image): gap.reason
            for gap in self.missing
            for image in (self.images if gap.images == "all" else gap.images)
        }


class Provenance(Strict):
    """How the scores of a submission came about.

    Attributes:
        format: Version of this file.
        id: The submission's id.
        way: One of `WAYS`.
        source: sha256 of the checkpoint or the code, "" for neither.
        size: Size of this repository's networks, "" for others.
        weights: Fingerprint of the networks, "" where unknown.
        protocol: Protocol id.
        versions: Package -> version that computed the scores.
        models: Name of a metric's model file -> sha256 of the file that was used.
        metrics: Facts of every column, in order.
        datasets: Dataset id -> what was scored there.
        files: Path below the folder -> sha256 of the file; all files but provenance.json.
    """

    format: Literal[2]
    id: _Id
    way: Literal["images", "checkpoint", "method", "own"]
    source: _Fingerprint
    size: Annotated[str, _matching("(?:compact|paper)?")]
    weights: _Fingerprint
    protocol: _Name
    versions: Annotated[dict[_Name, _Name], Len(0, 64)]
    models: Annotated[dict[File, Sha256], Len(0, 64)]
    metrics: Annotated[tuple[_Facts, ...], _TUPLE, Len(0, 64)]
    datasets: Annotated[dict[_Id, DatasetPart], Len(0, 32)]
    files: Annotated[dict[File, Sha256], Len(0, 1000)]


def missing_cells(scores: Iterable[Score], images: Mapping[str, str]) -> tuple[Missing, ...]:
    """Group the reasons of empty cells by metric, then by reason.

    Args:
        scores: Scores of one method on one dataset.
        images: The dataset's images.
    """

    def publish(reason: str) -> str:
        return clean_text(published_reason(reason))

    return tuple(
        Missing(metric=metric, reason=reason, images=where if where == "all" else tuple(where))
        for metric, reason, where in empty_cells(scores, images, publish)
    )


def dataset_part(
    record: RunRecord,
    method: MethodRecord,
    hashes: Mapping[str, str],
    *,
    outputs: tuple[Output, ...] = (),
    crops: Mapping[str, Box],
) -> DatasetPart:
    """Make what a provenance says of one dataset.

    Args:
        record: Scores on it.
        method: The method, one of the record's.
        hashes: Metric id -> protocol hash, for the metrics that count.
        outputs: Every output image, sorted as the scores are.
        crops: Image name -> where its crop lies.
    """
    dataset = record.dataset
    scores = [s for s in record.scores if s.method == method.id and s.metric in hashes]
    return DatasetPart(
        title=dataset.title,
        scale=dataset.scale,
        sha256=dataset.sha256,
        images=dict(dataset.images),
        hashes=dict(hashes),
        missing=missing_cells(scores, dataset.images),
        outputs=outputs,
        crops=dict(crops),
    )


def scores_name(dataset: str, scale: int) -> str:
    """Return the file name of a dataset's scores."""
    return f"{dataset}_x{scale}.csv"


def format_provenance(provenance: Provenance) -> bytes:
    """Write a provenance; equal ones give equal bytes."""
    return (json.dumps(provenance.model_dump(exclude_none=True), indent=1) + "\n").encode()


def load_json(content: bytes, source: str) -> Any:  # noqa: ANN401
    """Read JSON of a stranger: no NaN, no key twice, no number or nesting that exhausts memory.

    Raises:
        InputError: It is not such JSON.
    """
    try:
        return json.loads(
            content.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        reason = quoted(" ".join(str(error).split()), longest=80)[1:-1]
        raise InputError(f"'{source}' is not plain JSON ({reason}); submit again") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(entries := dict(pairs)) != len(pairs):
        raise ValueError("a key is given twice")
    return entries


def parse_provenance(content: bytes, source: str = "provenance.json") -> Provenance:
    """Read a provenance.

    Args:
        content: The file's bytes.
        source: Name of the file, for errors.

    Raises:
        InputError: A field is missing, unknown, or not as it must be; it is named.
    """
    return parse(Provenance, load_json(content, source), source, advice="submit again")
