"""The paper's claims and what the scores say of them, as a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pdbench.analysis.bootstrap import Interval, interval_methods
from pdbench.analysis.claims import Check, Finding, Judgment, judge
from pdbench.analysis.means import Summary
from pdbench.analysis.theory import TAU, SamplerRatio, perfect_ratio, sampler_ratio
from pdbench.plots.formats import Document, Grid, format_signed
from pdbench.scores import MetricFacts

__all__ = ["claims_document"]


def claims_document(summary: Summary) -> Document:
    """Hold means against the paper's claims and write down the verdicts."""
    facts = summary.facts
    judgments = judge(summary, facts)
    ratio = sampler_ratio(summary, summary.methods)
    known = {fact.id: fact for fact in facts}
    scored = {metric for _, metric in summary.means}
    return Document(
        lines=(summary.caption,),
        grids=(_verdicts(judgments), _details(judgments, known)),
        notes=(
            _ratio_line(ratio),
            "paper, ours: how far the last of the first side is ahead of the first of the second "
            "side, in the metric's unit and better direction, in the paper's Table 1 (DIV2K) and "
            "here; ours/paper: 1 for the same effect, below 0 for the other sign; 95 % interval "
            f"({interval_methods(f.n for j in judgments for f in j.findings)}), paired by image, "
            "samples redrawn too.",
            "supported: our interval lies above what is claimed; contradicted: below; undecided: "
            "around it, or a part is missing.",
            *(
                f"{fact.title}: {'; '.join(summary.reasons(fact.id)) or 'not scored'}"
                for fact in facts
                if fact.id in scored and not summary.has_values(fact.id)
            ),
        ),
        record={
            "dataset": summary.dataset,
            "protocol": summary.protocol,
            "images": summary.images,
            "claims": [_record(judgment) for judgment in judgments],
            "sampler_ratio": _ratio_record(ratio),
        },
    )


def _verdicts(judgments: Iterable[Judgment]) -> Grid:
    rows = tuple((one.claim.id, one.verdict, one.claim.text, one.reason) for one in judgments)
    return Grid(heads=("", "verdict", "claim", "why not clear"), rows=rows, words=4)


def _details(judgments: Iterable[Judgment], facts: Mapping[str, MetricFacts]) -> Grid:
    rows = tuple(
        (
            judgment.claim.id,
            _what(finding.check, facts),
            finding.verdict,
            f"> {finding.check.margin:g}",
            _signed(finding.paper, finding.check, facts),
            _signed(finding.lead, finding.check, facts),
            _ends(finding, facts),
            format_signed(finding.share, 2),
            f"{finding.n}/{finding.total}",
        )
        for judgment in judgments
        for finding in judgment.findings
    )
    heads = ("", "comparison", "verdict", "claimed", "paper", "ours", "95 % interval",
             "ours/paper", "n/N")  # fmt: skip
    return Grid(heads=heads, rows=rows, words=3)


def _what(check: Check, facts: Mapping[str, MetricFacts]) -> str:
    title = facts[check.metric].title if check.metric in facts else check.metric
    return f"{title}: {_side(check.better)} before {_side(check.worse)}"


def _side(methods: Sequence[str]) -> str:
    return ", ".join(methods) if len(methods) < 3 else f"all {len(methods)} other rows"


def _digits(check: Check, facts: Mapping[str, MetricFacts]) -> int:
    return facts[check.metric].decimals + 1 if check.metric in facts else 4


def _signed(value: float | None, check: Check, facts: Mapping[str, MetricFacts]) -> str:
    return format_signed(value, _digits(check, facts))


def _ends(finding: Finding, facts: Mapping[str, MetricFacts]) -> str:
    if finding.interval is None:
        return "—"
    ends = (finding.interval.low, finding.interval.high)
    return "[{}, {}]".format(*(_signed(end, finding.check, facts) for end in ends))


def _ratio_line(ratio: SamplerRatio | str) -> str:
    name = "MSE(1)/MSE(∞) of the samples"
    if isinstance(ratio, str):
        return f"{name}: not measurable: {ratio}."
    ends = f" [{ratio.interval.low:.3f}, {ratio.interval.high:.3f}]" if ratio.interval else ""
    counts = ", ".join(map(str, ratio.counts))
    return (
        f"{name} at τ={TAU:g}: {ratio.ratio:.3f}{ends}, n/N {ratio.n}/{ratio.total}, MSE(∞) "
        f"extrapolated from k = {counts}; a perfect sampler has about 1 + τ² = "
        f"{perfect_ratio():.2f} there (2 at τ=1, where MSE(k) = MSE(∞)(1 + 1/k))."
    )


def _record(judgment: Judgment) -> dict[str, Any]:
    return {
        "id": judgment.claim.id,
        "claim": judgment.claim.text,
        "verdict": judgment.verdict,
        "reason": judgment.reason or None,
        "checks": [
            {
                "metric": finding.check.metric,
                "better": finding.check.better,
                "worse": finding.check.worse,
                "claimed_lead_above": finding.check.margin,
                "paper_lead": finding.paper,
                "lead": finding.lead,
                "share_of_paper_lead": finding.share,
                **_interval_record(finding.interval),
                "n": finding.n,
                "total": finding.total,
                "verdict": finding.verdict,
                "reason": finding.reason or None,
            }
            for finding in judgment.findings
        ],
    }


def _ratio_record(ratio: SamplerRatio | str) -> dict[str, Any]:
    if isinstance(ratio, str):
        return {"ratio": None, "reason": ratio, "tau": TAU, "perfect": perfect_ratio()}
    return {
        "ratio": ratio.ratio,
        **_interval_record(ratio.interval),
        "counts": ratio.counts,
        "n": ratio.n,
        "total": ratio.total,
        "tau": TAU,
        "perfect": perfect_ratio(),
    }


def _interval_record(interval: Interval | None) -> dict[str, float | None]:
    return {
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }
