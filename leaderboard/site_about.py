"""The page that explains metrics, protocols, ranks and flags, from what is declared in code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdbench.leaderboard.board import LEVELS
from pdbench.leaderboard.contamination import LOSSES
from pdbench.leaderboard.plausibility import BOUNDS, GRAIN, LR_PSNR, LUMA, ONE_IMAGE
from pdbench.leaderboard.site_boards import render_page, trust_badge
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Metric
from pdbench.metrics.protocol import PROTOCOLS, QUANTIZATIONS, describe_protocol

__all__ = ["render_about"]


def render_about(refused: Mapping[str, str]) -> str:
    """Write the page.

    Args:
        refused: Submissions on the board that are not shown -> why.

    Returns:
        The whole document.
    """
    return render_page(
        "about.html",
        "Metrics and protocols",
        lead="Made from the declarations that the scores were computed with.",
        metrics=[(metric, _weights(metric)) for metric in METRICS],
        protocols=[_protocol(describe_protocol(one.id)) for one in PROTOCOLS],
        levels=[trust_badge(level) for level in LEVELS],
        bounds=[[name, *pair] for name, pair in BOUNDS.items()],
        grain=GRAIN,
        luma=LUMA,
        lr_psnr=LR_PSNR,
        one_image=ONE_IMAGE,
        losses=[(loss, ", ".join(metrics)) for loss, metrics in LOSSES.items() if metrics],
        refused=[(ascii(name)[1:-1], why) for name, why in sorted(refused.items())],
    )


def _weights(metric: Metric) -> str:
    names = [file.name for file in metric.weights] + [file.name for file in metric.carried]
    parts = f"made of {', '.join(metric.parts)}" if metric.parts else ""
    return ", ".join(names) or parts or "none"


def _protocol(facts: Mapping[str, Any]) -> dict[str, Any]:
    image = facts["image"]
    rules = [
        {
            "metric": name,
            "choices": "; ".join(
                f"{key} {_said(value)}" for key, value in rule["choices"].items() if key != "image"
            ),
            "source": rule["source"],
            "hash": rule["hash"],
        }
        for name, rule in facts["metrics"].items()
    ]
    return {
        "id": facts["id"],
        "title": facts["title"],
        "hash": facts["hash"],
        "image": f"{QUANTIZATIONS[image['quantization']]} ({image['source']})",
        "rules": rules,
    }


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "none" if value is None else str(value)
    return f"{text[:12]}…" if len(text) == 64 else text
