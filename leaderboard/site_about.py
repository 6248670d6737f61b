"""The page that explains metrics, protocols, ranks and flags, from what is declared in code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdbench.leaderboard.board import LEVELS
from pdbench.leaderboard.contamination import LOSSES
from pdbench.leaderboard.site_boards import TRUST, trust_badge
from pdbench.leaderboard.site_page import render_page
from pdbench.metrics import METRICS
from pdbench.metrics.described import QUANTIZATIONS, describe_protocol
from pdbench.metrics.metric import Metric
from pdbench.metrics.protocol import PROTOCOLS
from pdbench.plots.markup import Markup, element, join

__all__ = ["render_about"]


def render_about(refused: Mapping[str, str]) -> str:
    """Write the page.

    Args:
        refused: Submissions on the board that are not shown -> why.

    Returns:
        The whole document.
    """
    return render_page(
        "Metrics and protocols",
        _metrics(),
        element("h2", "Protocols"),
        element("p", "A number can be compared under one protocol only. All of the below goes "
                "into the hash stored with every score; a board holds one hash per metric."),
        (_protocol(describe_protocol(one.id)) for one in PROTOCOLS),
        _ranks(),
        _flags(),
        _refused(refused),
        lead="Made from the declarations that the scores were computed with.",
    )  # fmt: skip


def _metrics() -> Markup:
    heads = ("metric", "better", "measures", "compared with", "weights", "reference")
    return join(
        element("h2", "Metrics"),
        _table("Metrics", heads, [_metric(metric) for metric in METRICS]),
    )


def _metric(metric: Metric) -> list[object]:
    files = [file.name for file in metric.weights] + [file.name for file in metric.carried]
    parts = f"made of {', '.join(metric.parts)}" if metric.parts else ""
    return [
        join(metric.title, " ", element("code", metric.id)),
        metric.better,
        metric.kind,
        "the HR image" if metric.needs_reference else "nothing",
        ", ".join(files) or parts or "none",
        metric.reference,
    ]


def _protocol(facts: Mapping[str, Any]) -> Markup:
    image = facts["image"]
    rows: list[list[object]] = [
        [
            element("code", name),
            "; ".join(
                f"{key} {_said(value)}" for key, value in rule["choices"].items() if key != "image"
            ),
            rule["source"],
            element("code", rule["hash"]),
        ]
        for name, rule in facts["metrics"].items()
    ]
    return join(
        element("h3", facts["id"], id=facts["id"]),
        element("p", f"{facts['title']}. The image is {QUANTIZATIONS[image['quantization']]} "
                f"({image['source']}). Hash of all of it: ", element("code", facts["hash"]), "."),
        _table(f"Protocol {facts['id']}", ("metric", "choices", "source", "hash"), rows),
    )  # fmt: skip


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "none" if value is None else str(value)
    return f"{text[:12]}…" if len(text) == 64 else text


def _table(title: str, heads: tuple[str, ...], rows: list[list[object]]) -> Markup:
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", (element("th", h, scope="col") for h in heads))),
            element(
                "tbody",
                (
                    element("tr", element("th", first, scope="row"),
                            (element("td", cell) for cell in rest))
                    for first, *rest in rows
                ),
            ),
            class_="words",
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=title,
    )  # fmt: skip


def _ranks() -> Markup:
    return join(
        element("h2", "Ranks, fronts, intervals"),
        element("p", "There is no overall score. In each metric every pair of methods is "
                "compared by a paired bootstrap over images, and over the samples of stochastic "
                "methods. The intervals of all differences hold together with 95 % confidence; a "
                "pair whose interval holds zero is a tie. “Rank 2–4 of 9” means that one method "
                "is better beyond doubt, five are worse beyond doubt, and the others are not told "
                "apart."),
        element("p", "The Pareto front of two metrics is that of the means; the share beside a "
                "method says in how many of the bootstrap data sets it is on it. The hypervolume "
                "is the area between the front and the worst mean of both."),
    )  # fmt: skip


def _flags() -> Markup:
    levels = (
        join(element("dt", element("span", name, class_=f"badge {trust_badge(name).role}")),
             element("dd", TRUST[name]))
        for name in LEVELS
    )  # fmt: skip
    losses: list[list[object]] = [
        [element("code", loss), ", ".join(metrics)] for loss, metrics in LOSSES.items() if metrics
    ]
    return join(
        element("h2", "Trust and flags"),
        element("dl", levels, class_="card"),
        element("p", "A score is contaminated where the method was trained on that metric or "
                "through its network, or on the test images. Such scores are marked ⚑ and can be "
                "hidden; ranks and fronts are then made without them. Losses that "
                "flatter a metric:"),
        _table("Losses that flatter metrics", ("loss", "contaminated metrics"), losses),
    )  # fmt: skip


def _refused(refused: Mapping[str, str]) -> Markup | None:
    if not refused:
        return None
    items = (element("li", element("code", ascii(name)[1:-1]), f": {why}")
             for name, why in sorted(refused.items()))  # fmt: skip
    return join(element("h2", "Submissions that are not shown"), element("ul", items))
