"""The paper's claims as data, and what our scores say of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pdbench.analysis.bootstrap import Interval, Outputs, resample, shared_images
from pdbench.analysis.means import Summary
from pdbench.analysis.paper_tables import paper_table
from pdbench.analysis.theory import SAMPLE
from pdbench.scores import MetricFacts

__all__ = ["CLAIMS", "Check", "Claim", "Finding", "Judgment", "Verdict", "judge"]

Verdict = Literal["supported", "contradicted", "undecided", "not measurable"]

_FULL = ("lpips-vgg", "pieapp", "dists")
_PERCEPTUAL = (*_FULL, "niqe", "ma", "pi")
_ROWS = tuple(row.label for row in paper_table().rows)


@dataclass(frozen=True)
class Check:
    """One comparison: every method of `better` beats every method of `worse` in a metric.

    Attributes:
        metric: Metric id.
        better: Method ids that the claim puts ahead.
        worse: Method ids that it puts behind.
        margin: By how much at least, in the metric's unit.
    """

    metric: str
    better: tuple[str, ...]
    worse: tuple[str, ...]
    margin: float = 0.0


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: "C1" to "C8".
        text: The claim in one sentence.
        checks: Comparisons that all hold if the claim does.
    """

    id: str
    text: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the scores say of one check.

    Attributes:
        check: The comparison.
        paper: The lead in the paper's table; None for a metric without facts.
        lead: Our lead: how far the last of `better` is ahead of the first of `worse`, in the
            metric's unit, positive in the metric's better direction; None where not measurable.
        interval: Its 95 % interval over images and samples.
        n: Images that count.
        total: Images of the dataset.
        verdict: Of this comparison.
        reason: What is missing, or "".
    """

    check: Check
    paper: float | None
    lead: float | None = None
    interval: Interval | None = None
    n: int = 0
    total: int
    verdict: Verdict = "not measurable"
    reason: str

    @property
    def share(self) -> float | None:
        """Our lead over the paper's: 1 for the same effect, below 0 for one of the other sign."""
        return self.lead / self.paper if self.paper and self.lead is not None else None


@dataclass(frozen=True, kw_only=True)
class Judgment:
    """A claim with all its findings.

    Attributes:
        claim: The claim.
        findings: One per check.
    """

    claim: Claim
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Contradicted by any contradicted part; supported only if every part is."""
        found = {finding.verdict for finding in self.findings}
        if "contradicted" in found:
            return "contradicted"
        return found.pop() if len(found) == 1 else "undecided"

    @property
    def reason(self) -> str:
        """What stands between the claim and a clear verdict, or ""."""
        parts = [part for finding in self.findings for part in finding.reason.split("; ") if part]
        return "; ".join(dict.fromkeys(parts))


def _pairs(metrics: Sequence[str], better: str, worse: str) -> tuple[Check, ...]:
    return tuple(Check(metric, (better,), (worse,)) for metric in metrics)


CLAIMS = (
    Claim(
        "C1",
        "Average (25) has at least RRDB's PSNR.",
        (Check("psnr", ("average-25",), ("rrdb",)),),
    ),
    Claim(
        "C2",
        "PSNR of Average and Median grows with k; LPIPS, PieAPP and DISTS worsen from 5 to 25.",
        (
            *_pairs(("psnr",), "average-25", "average-5"),
            *_pairs(("psnr",), "median-25", "median-5"),
            *_pairs(_FULL, "average-5", "average-25"),
            *_pairs(_FULL, "median-5", "median-25"),
        ),
    ),
    Claim(
        "C3",
        "Average (5) and Median (5) beat one sample at τ=0.9 in PSNR by more than 1 dB, and in "
        "LPIPS.",
        (
            Check("psnr", ("average-5",), (SAMPLE,), 1.0),
            Check("psnr", ("median-5",), (SAMPLE,), 1.0),
            *_pairs(("lpips-vgg",), "average-5", SAMPLE),
            *_pairs(("lpips-vgg",), "median-5", SAMPLE),
        ),
    ),
    Claim(
        "C4",
        "PSNR falls with τ.",
        (
            *_pairs(("psnr",), "srflow-da[tau=0.1]", "srflow-da[tau=0.5]"),
            *_pairs(("psnr",), "srflow-da[tau=0.5]", SAMPLE),
            *_pairs(("psnr",), "srflow-da[tau=0.1]", SAMPLE),
        ),
    ),
    Claim(
        "C5",
        "Fusion-LPIPS beats one sample at τ=0.9 in PSNR and in every perceptual metric.",
        _pairs(("psnr", *_PERCEPTUAL), "fusion-lpips", SAMPLE),
    ),
    Claim(
        "C6",
        "Fusion-LPIPS has the best LPIPS, PieAPP and DISTS of all rows.",
        tuple(
            Check(metric, ("fusion-lpips",), tuple(row for row in _ROWS if row != "fusion-lpips"))
            for metric in _FULL
        ),
    ),
    Claim(
        "C7",
        "Fusion-LPIPS is at least 2 dB above ESRGAN+ in PSNR at better LPIPS.",
        (
            Check("psnr", ("fusion-lpips",), ("esrgan-plus",), 2.0),
            *_pairs(("lpips-vgg",), "fusion-lpips", "esrgan-plus"),
        ),
    ),
    Claim(
        "C8",
        "RRDB and Fusion-L1 have the worst LPIPS of the trained rows.",
        (
            Check(
                "lpips-vgg",
                tuple(row for row in _ROWS if row not in ("rrdb", "fusion-l1")),
                ("rrdb", "fusion-l1"),
            ),
        ),
    ),
)
"""The claims of the paper that its table can be held to."""


def judge(
    summary: Summary,
    facts: Sequence[MetricFacts],
    *,
    claims: Sequence[Claim] = CLAIMS,
    seed: int = 0,
) -> tuple[Judgment, ...]:
    """Hold scores against claims.

    A check is supported if the 95 % interval of our lead lies above its margin, contradicted if
    it lies below, undecided if it holds the margin. Rows that were not scored leave a check about
    many rows undecided unless those that were contradict it; without them there is nothing to
    measure.

    Args:
        summary: Means of the methods.
        facts: Facts of the metrics.
        claims: The claims.
        seed: Seed of the redrawing.
    """
    known = {fact.id: fact for fact in facts}
    return tuple(
        Judgment(
            claim=claim,
            findings=tuple(_check(summary, known, check, seed) for check in claim.checks),
        )
        for claim in claims
    )


def _check(summary: Summary, facts: Mapping[str, MetricFacts], check: Check, seed: int) -> Finding:
    paper = _printed_lead(facts.get(check.metric), check)
    wanted = (*check.better, *check.worse)
    lists = {name: kept for name in wanted if (kept := _outputs(summary, name, check.metric))}
    reason = _lacking(summary, facts, check, lists)
    if not all(any(name in lists for name in side) for side in (check.better, check.worse)):
        return Finding(check=check, paper=paper, total=summary.images, reason=reason)
    if not shared_images(list(lists.values())):
        reason = "no image has scores of all these rows"
        return Finding(check=check, paper=paper, total=summary.images, reason=reason)
    found = resample(lists, seed=seed)
    sign = facts[check.metric].sign

    def lead(means: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        return _lead(means, check, sign)

    interval = found.interval(lead)
    if interval is None:
        reason = reason or "one image has no interval"
    return Finding(
        check=check,
        paper=paper,
        lead=found.estimate(lead),
        interval=interval,
        n=len(found.images),
        total=summary.images,
        verdict=_verdict(interval, check.margin, complete=len(lists) == len(wanted)),
        reason=reason,
    )


def _outputs(summary: Summary, method: str, metric: str) -> Outputs:
    """Return the scores of a row on the images where they are finite."""
    outputs = summary.mean(method, metric).outputs
    return {name: values for name, values in outputs.items() if np.isfinite(values).all()}


def _lacking(
    summary: Summary, facts: Mapping[str, MetricFacts], check: Check, lists: Mapping[str, Outputs]
) -> str:
    """Say which rows are missing, and of which the metric is."""
    wanted = (*check.better, *check.worse)
    missing = [name for name in wanted if name not in summary.methods]
    unscored = [name for name in wanted if name not in lists and name not in missing]
    title = facts[check.metric].title if check.metric in facts else check.metric
    parts = [f"rows missing: {', '.join(missing)}"] if missing else []
    if unscored:
        of = f" of {', '.join(unscored)}" if lists else ""
        parts.append(f"{title}{of} is not available")
    return "; ".join(parts)


def _lead(
    means: Mapping[str, NDArray[np.float64]], check: Check, sign: int
) -> NDArray[np.float64]:
    ahead = [sign * means[name] for name in check.better if name in means]
    behind = [sign * means[name] for name in check.worse if name in means]
    gap: NDArray[np.float64] = np.min(ahead, axis=0) - np.max(behind, axis=0)
    return gap


def _verdict(interval: Interval | None, margin: float, *, complete: bool) -> Verdict:
    if interval is not None and interval.high < margin:
        return "contradicted"
    if interval is not None and interval.low > margin and complete:
        return "supported"
    return "undecided"


def _printed_lead(fact: MetricFacts | None, check: Check) -> float | None:
    if fact is None:
        return None
    means = {
        row.label: np.array([row.values[check.metric]])
        for row in paper_table().rows
        if check.metric in row.values
    }
    wanted = {*check.better, *check.worse}
    return round(float(_lead(means, check, fact.sign)[0]), 6) if wanted <= means.keys() else None
