"""Records of a run: dataset, methods and scores, as tables, plots and results/ read them."""

from __future__ import annotations

import math
import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pdbench import __version__
from pdbench.errors import InputError
from pdbench.scores import MetricFacts, Score, check_printable

if TYPE_CHECKING:
    from pdbench.analysis.means import Summary
    from pdbench.harness.plan import Plan

__all__ = [
    "BOUND",
    "DatasetRecord",
    "ImageFingerprint",
    "MethodRecord",
    "Missing",
    "RunRecord",
    "RunResult",
    "installed_versions",
]

BOUND = 0.25
"""How far outside [0, 1] an output's value is reported. Overshoot at edges stays below: bicubic's
is 0.15 at most."""

_MANY = 0.01
"""Share of such values from which it is no longer a matter of a few sharp edges."""

_NAMED = 3
"""Images that a remark names."""

_PACKAGES = ("torch", "numpy", "scipy", "pillow", "scikit-image")


@dataclass(frozen=True, kw_only=True)
class ImageFingerprint:
    """An image that was checked.

    Attributes:
        content: Digest over the bytes of its files; while it is the same, so are the pixels.
        sha256: Digest over the pixels of its LR and HR.
        pixels: Pixels of its HR.
        lr_psnr: PSNR between its LR and the bicubic LR of its HR in dB; infinite where equal.
    """

    content: str
    sha256: str
    pixels: int
    lr_psnr: float = math.inf


@dataclass(frozen=True, kw_only=True)
class DatasetRecord:
    """The dataset that was scored.

    Attributes:
        id: Dataset id ("set5").
        title: Title for tables.
        scale: Scale between LR and HR.
        images: Image name -> sha256 over the pixels of its LR and HR.
        sha256: Digest over all names and pixels.
        lr: Folder the LR were given in ("LR_bicubic/X4"), "made" where they were made by MATLAB's
            bicubic, or "" where that was not kept.
        lr_psnr: Image name -> PSNR in dB between the LR and MATLAB's bicubic LR of the HR, where
            they differ.
    """

    id: str
    title: str
    scale: int
    images: Mapping[str, str]
    sha256: str
    lr: str = ""
    lr_psnr: Mapping[str, float] = field(default_factory=dict)

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check_id(self.id)
        check_printable(self.title)
        check_printable(self.lr)

    @property
    def lr_text(self) -> str:
        """Where the LR are from and how they differ from MATLAB's bicubic; "" if not known."""
        if self.lr in ("", "made"):
            return "made from the HR by MATLAB's bicubic" if self.lr else ""
        if not self.lr_psnr:
            return f"given in '{self.lr}', equal to MATLAB's bicubic of the HR"
        return (
            f"given in '{self.lr}', not MATLAB's bicubic of the HR in {len(self.lr_psnr)} of "
            f"{len(self.images)} images (down to {min(self.lr_psnr.values()):.1f} dB)"
        )


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why cells of one metric are empty, on the images named or on "all"."""

    metric: str
    reason: str
    images: Literal["all"] | tuple[str, ...]

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True)
class MethodRecord:
    """How the scores of one method came about.

    Attributes:
        id: Method id.
        title: Row title.
        kind: "single", "stochastic" or "fused".
        size: Size of the networks ("compact"), "" for a method without any.
        weights: Fingerprint of the networks, of a third-party package, or of files made elsewhere,
            "" for none of these.
        seed: Run seed.
        protocol: Protocol id.
        hashes: Metric id -> protocol hash.
        dataset_sha256: Digest of the dataset these scores belong to.
        versions: Package -> version that computed them.
        choices: Metric id -> every choice behind its hash, by name; empty where it was not kept.
        outputs: Image name -> digest of the files that were scored, for images made elsewhere.
        code: Metric id -> digest of the source that defines method and metric; the key of the
            run folder's scores, not part of exported results.
        max_memory: Working memory that decided how images were tiled; None for the default, or
            for a method without networks.
        models: File of a metric's weights -> sha256 of the one that was used, where that is not
            part of the protocol hash because none is published; and id of a metric from outside
            pdbench -> sha256 of what it loads by itself.
        outside: Image name -> share of the output's values far outside [0, 1], where there are
            any; far is by more than `BOUND`.
        missing: Why cells are empty; said in exported results, where empty cells say nothing.
    """

    id: str
    title: str
    kind: str
    size: str
    weights: str
    seed: int
    protocol: str
    hashes: Mapping[str, str]
    dataset_sha256: str
    versions: Mapping[str, str]
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    max_memory: int | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[str, float] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check_id(self.id)
        check_printable(self.title, self.size, self.protocol, self.weights)
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed {self.seed!r:.60} is not from 0 to 2**63 - 1")

    @property
    def outside_text(self) -> str:
        """Which outputs leave [0, 1] by far, the worst first; "" where none does."""
        if not self.outside:
            return ""
        worst = sorted(self.outside, key=lambda image: -self.outside[image])
        named = ", ".join(f"{image} {_percent(self.outside[image])}" for image in worst[:_NAMED])
        more = f" and {len(worst) - _NAMED} more" if len(worst) > _NAMED else ""
        images = "1 image leave" if len(worst) == 1 else f"{len(worst)} images leave"
        cause = "; the network may have exploded" if self.outside[worst[0]] >= _MANY else ""
        return (
            f"{self.title}: outputs of {images} [0, 1] by more than {BOUND:g} "
            f"({named} of the values{more}){cause}"
        )

    def has_outputs_of(self, other: MethodRecord) -> bool:
        """Tell whether both records are of the same outputs, so that their scores make one row."""
        return (self.weights, self.max_memory) == (other.weights, other.max_memory)

    def joined(self, earlier: MethodRecord) -> MethodRecord:
        """Add what an earlier record of the same outputs says of other metrics."""
        return replace(
            self,
            hashes={**earlier.hashes, **self.hashes},
            choices={**earlier.choices, **self.choices},
            code={**earlier.code, **self.code},
            models={**earlier.models, **self.models},
        )

    def weights_of(self, image: str) -> str:
        """Return the fingerprint that is stored with the scores of one image."""
        return self.outputs.get(image, self.weights)

    def score(
        self, dataset: str, image: str, seed: int, sample: int, metric: str,
        *, value: float | None, reason: str,
    ) -> Score:  # fmt: skip
        """Return a stored score of this method: what is not in the line is known here."""
        return Score(
            dataset=dataset,
            image=image,
            method=self.id,
            seed=seed,
            sample=sample,
            metric=metric,
            protocol=self.protocol,
            protocol_hash=self.hashes[metric],
            weights=self.weights,
            value=value,
            reason=reason,
        )


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Scores of several methods on one dataset, and what they mean.

    Attributes:
        dataset: The dataset.
        metrics: Facts of every metric, in column order.
        methods: The methods, in row order.
        scores: All scores, sorted.
    """

    dataset: DatasetRecord
    metrics: tuple[MetricFacts, ...]
    methods: tuple[MethodRecord, ...]
    scores: tuple[Score, ...]

    @property
    def sizes(self) -> str:
        """Sizes of the networks behind the scores, joined ("compact"); "" where none was used."""
        return ", ".join(sorted({method.size for method in self.methods} - {""}))

    @property
    def remarks(self) -> tuple[tuple[str, str, str], ...]:
        """What a reader of the scores must know besides them: (method id, mark, text)."""
        notes = [("", "LR", self.dataset.lr_text if self.dataset.lr_psnr else "")]
        notes += [(method.id, "!", method.outside_text) for method in self.methods]
        return tuple(note for note in notes if note[-1])

    def summarize(self, *, worst: bool = False) -> Summary:
        """Return the means of the scores; with `worst`, of each image's worst output."""
        from pdbench.analysis.means import summarize

        return summarize(
            self.scores,
            self.metrics,
            titles={method.id: method.title for method in self.methods},
            images=len(self.dataset.images),
            size=self.sizes,
            remarks=self.remarks,
            worst=worst,
        )

    def of_seeds(self, seeds: Collection[int]) -> RunRecord:
        """Return the record with the scores of some run seeds; of all when none is named.

        Raises:
            InputError: There are no scores of one of the seeds.
        """
        known = {score.seed for score in self.scores}
        for seed in seeds:
            if seed not in known:
                there = ", ".join(map(str, sorted(known)))
                raise InputError(f"there are no scores of seed {seed}; there are some of {there}")
        kept = (score for score in self.scores if score.seed in (seeds or known))
        return replace(self, scores=tuple(kept))


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run leaves.

    Attributes:
        folder: The run folder, to be given to `table` and `plot`.
        record: The scores of the run's methods, in the paper's order, and what they mean.
        computed: Scores with a value that this run computed.
        kept: Scores with a value that were stored already.
        failed: (image, method, reason) of every output that could not be made or scored.
        unavailable: Metric id -> why it cannot be computed on this machine.
        left_out: Method id -> why a row of the suite was left out.
        tracebacks: (image, method) -> where a method failed in this run.
        exported: Files written for exports.
        plan: What a dry run would have computed; None after a run.
    """

    folder: Path
    record: RunRecord
    computed: int
    kept: int
    failed: tuple[tuple[str, str, str], ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    tracebacks: Mapping[tuple[str, str], str] = field(default_factory=dict)
    exported: tuple[Path, ...] = ()
    plan: Plan | None = None


def _check_id(name: str) -> None:
    """Refuse an id that cannot be the name of a file."""
    check_printable(name)
    if not name or name.startswith(".") or set(name) & {"/", "\\"}:
        raise InputError(f"'{name:.60}' is a path or no name, not an id")


def installed_versions() -> dict[str, str]:
    """Return the versions that may move a number: Python, pdbench and the packages it computes by.

    Nothing is imported. A package that is not installed is left out.
    """
    versions = {"pdbench": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _percent(share: float) -> str:
    return "<0.1%" if share < 0.0005 else f"{share:.1%}"
