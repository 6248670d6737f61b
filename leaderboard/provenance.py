"""provenance.json of a submission: how its scores came about. Strictly parsed.

    {"format": 1, "id", "way", "source", "size", "weights", "protocol", "versions",
     "metrics": [{"id", "title", "better", "kind", "unit", "decimals"}],
     "datasets": {id: {"title", "scale", "sha256", "images": {name: sha256},
                       "hashes": {metric: protocol hash},
                       "missing": [{"metric", "reason", "images"}],
                       "outputs": [{"image", "seed", "sample", "width", "height", "sha256",
                                    "sketch"}],
                       "crops": {image: [left, top, width, height]}}},
     "files": {path: sha256}}

It holds no dates, no paths of a machine and no means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NoReturn, TypeVar, cast

from pdbench.errors import InputError
from pdbench.leaderboard.text_validation import check_id, check_text, quoted
from pdbench.scores import MetricFacts

__all__ = [
    "FORMAT",
    "WAYS",
    "DatasetPart",
    "Missing",
    "Output",
    "Provenance",
    "format_provenance",
    "load_json",
    "parse_provenance",
    "scores_name",
]

FORMAT = 1
WAYS = ("images", "checkpoint", "method", "own")
"""What was handed in: a folder of images, a checkpoint, code that the submitter ran, or a method
of this repository."""

SKETCH_DIGITS = 256

_FACTS = ("id", "title", "better", "kind", "unit", "decimals")

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{16}", re.ASCII)
_FINGERPRINT = re.compile(r"(?:[0-9a-f]{12}|[0-9a-f]{64})?", re.ASCII)
_SKETCH = re.compile(rf"[0-9a-f]{{{SKETCH_DIGITS}}}", re.ASCII)
_IMAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._()+-]{0,98}[A-Za-z0-9()_])?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:-]{0,63}", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()+/=,\[\]-]{0,199}", re.ASCII)
_LARGEST = 2**63 - 1

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Output:
    """One output image, by what identifies it.

    Attributes:
        image: Image name within the dataset.
        seed: Run seed.
        sample: Index of the output.
        width: Pixels.
        height: Pixels.
        sha256: Digest over its pixels.
        sketch: Near-duplicate fingerprint, see `pdbench.leaderboard.likeness`.
    """

    image: str
    seed: int
    sample: int
    width: int
    height: int
    sha256: str
    sketch: str


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why cells of one metric are empty, on the images named or on "all"."""

    metric: str
    reason: str
    images: tuple[str, ...] | str


@dataclass(frozen=True, kw_only=True)
class DatasetPart:
    """What was scored on one dataset.

    Attributes:
        title: Title of the dataset.
        scale: Scale between LR and HR.
        sha256: Digest over all its pixels.
        images: Image name -> sha256 over LR and HR.
        hashes: Metric id -> protocol hash.
        missing: Why cells are empty.
        outputs: Every output image, sorted as the scores are.
        crops: Image name -> (left, top, width, height) of its crop.
    """

    title: str
    scale: int
    sha256: str
    images: Mapping[str, str]
    hashes: Mapping[str, str]
    missing: tuple[Missing, ...]
    outputs: tuple[Output, ...]
    crops: Mapping[str, tuple[int, int, int, int]]


@dataclass(frozen=True, kw_only=True)
class Provenance:
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
        metrics: Facts of every column, in order.
        datasets: Dataset id -> what was scored there.
        files: Path below the folder -> sha256 of the file; all files but provenance.json.
    """

    format: int
    id: str
    way: str
    source: str
    size: str
    weights: str
    protocol: str
    versions: Mapping[str, str]
    metrics: tuple[MetricFacts, ...]
    datasets: Mapping[str, DatasetPart]
    files: Mapping[str, str]


def scores_name(dataset: str, scale: int) -> str:
    """Return the file name of a dataset's scores."""
    return f"{dataset}_x{scale}.csv"


def format_provenance(provenance: Provenance) -> bytes:
    """Write a provenance; equal ones give equal bytes."""
    entries = asdict(provenance)
    entries["metrics"] = [
        {name: getattr(facts, name) for name in _FACTS} for facts in provenance.metrics
    ]
    return (json.dumps(entries, indent=1) + "\n").encode()


def load_json(content: bytes, source: str) -> Any:  # noqa: ANN401
    """Read JSON of a stranger: no NaN, no key twice, no number or nesting that exhausts memory.

    Raises:
        InputError: It is none.
    """
    try:
        return json.loads(
            content.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        reason = quoted(" ".join(str(error).split()), longest=80)[1:-1]
        raise InputError(f"'{source}' is no plain JSON ({reason}); submit again") from None


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
    return _Reader(source).provenance(load_json(content, source))


class _Reader:
    """Turns JSON into the dataclasses above; every error names file and field."""

    def __init__(self, source: str) -> None:
        self.source = source

    def fail(self, field: str) -> NoReturn:
        raise InputError(f"'{self.source}': {field} is not as pdbench writes it; submit again")

    def provenance(self, value: object) -> Provenance:
        entry = self.entry(value, Provenance, "the file")
        if entry["format"] != FORMAT:
            raise InputError(
                f"'{self.source}' has format {quoted(entry['format'])}, not {FORMAT}; "
                "submit again with this version of pdbench"
            )
        metrics = tuple(self.facts(item) for item in self.list(entry["metrics"], "metrics", 64))
        return Provenance(
            format=FORMAT,
            id=check_id(entry["id"]),
            way=self.choice(entry["way"], WAYS, "way"),
            source=self.match(entry["source"], _FINGERPRINT, "source"),
            size=self.choice(entry["size"], ("", "compact", "paper"), "size"),
            weights=self.match(entry["weights"], _FINGERPRINT, "weights"),
            protocol=self.match(entry["protocol"], _NAME, "protocol"),
            versions=self.names(entry["versions"], _NAME, "versions"),
            metrics=metrics,
            datasets={
                check_id(name): self.part(part, name)
                for name, part in self.mapping(entry["datasets"], "datasets", 32).items()
            },
            files=self.names(entry["files"], _SHA256, "files", keys=_FILE),
        )

    def facts(self, value: object) -> MetricFacts:
        entry = self.entry(value, _FACTS, "metrics")
        return MetricFacts(
            id=self.match(entry["id"], _NAME, "a metric's id"),
            title=check_text(entry["title"], f"'{self.source}': a metric's title", longest=40),
            better=cast(Any, self.choice(entry["better"], ("higher", "lower"), "better")),
            kind=cast(Any, self.match(entry["kind"], _NAME, "a metric's kind")),
            unit=self.choice(entry["unit"], ("", "dB"), "unit"),
            decimals=self.whole(entry["decimals"], "decimals", 9),
        )

    def part(self, value: object, dataset: str) -> DatasetPart:
        entry = self.entry(value, DatasetPart, f"dataset {dataset}")
        missing = self.list(entry["missing"], "missing", 10_000)
        outputs = self.list(entry["outputs"], "outputs", 100_000)
        crops = self.mapping(entry["crops"], "crops", 64)
        return DatasetPart(
            title=check_text(entry["title"], f"'{self.source}': a dataset's title", longest=60),
            scale=self.whole(entry["scale"], "scale", 16),
            sha256=self.match(entry["sha256"], _SHA256, "a dataset's sha256"),
            images=self.names(entry["images"], _SHA256, "images", keys=_IMAGE),
            hashes=self.names(entry["hashes"], _HASH, "hashes"),
            missing=tuple(self.missing(item) for item in missing),
            outputs=tuple(self.output(item) for item in outputs),
            crops={
                self.match(image, _IMAGE, "an image's name"): self.box(box)
                for image, box in crops.items()
            },
        )

    def missing(self, value: object) -> Missing:
        entry = self.entry(value, Missing, "missing")
        images = entry["images"]
        return Missing(
            metric=self.match(entry["metric"], _NAME, "a metric's id"),
            reason=check_text(entry["reason"], f"'{self.source}': a reason", longest=600),
            images=images
            if images == "all"
            else tuple(
                self.match(image, _IMAGE, "an image's name")
                for image in self.list(images, "missing", 100_000)
            ),
        )

    def output(self, value: object) -> Output:
        entry = self.entry(value, Output, "outputs")
        return Output(
            image=self.match(entry["image"], _IMAGE, "an image's name"),
            seed=self.whole(entry["seed"], "seed", _LARGEST),
            sample=self.whole(entry["sample"], "sample", 100_000),
            width=self.whole(entry["width"], "width", 2**26),
            height=self.whole(entry["height"], "height", 2**26),
            sha256=self.match(entry["sha256"], _SHA256, "an image's sha256"),
            sketch=self.match(entry["sketch"], _SKETCH, "an image's sketch"),
        )

    def box(self, value: object) -> tuple[int, int, int, int]:
        numbers = tuple(self.whole(item, "a crop", 2**26) for item in self.list(value, "crops", 4))
        if len(numbers) != 4:
            self.fail("a crop")
        return numbers

    def entry(self, value: object, keys: type | tuple[str, ...], what: str) -> dict[str, Any]:
        """Return a mapping with these keys, or with the fields of a dataclass, and no other."""
        names = set(keys) if isinstance(keys, tuple) else {field.name for field in fields(keys)}
        entry = self.mapping(value, what, len(names))
        if entry.keys() != names:
            raise InputError(
                f"'{self.source}': {what} must have {', '.join(sorted(names))}; submit again"
            )
        return entry

    def mapping(self, value: object, what: str, most: int) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > most:
            self.fail(what)
        return value

    def list(self, value: object, what: str, most: int) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            self.fail(what)
        return value

    def names(
        self,
        value: object,
        pattern: re.Pattern[str],
        what: str,
        keys: re.Pattern[str] = _NAME,
    ) -> dict[str, str]:
        return {
            self.match(name, keys, what): self.match(text, pattern, what)
            for name, text in self.mapping(value, what, 100_000).items()
        }

    def match(self, value: object, pattern: re.Pattern[str], what: str) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.fail(what)
        return value

    def choice(self, value: object, choices: tuple[str, ...], what: str) -> str:
        if value not in choices:
            self.fail(what)
        return str(value)

    def whole(self, value: object, what: str, most: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            self.fail(what)
        return value
