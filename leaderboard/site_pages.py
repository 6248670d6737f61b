"""Pages of the site beside its boards: one per method, and one on metrics, protocols and flags."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pdbench.analysis.means import Summary, summarize
from pdbench.leaderboard.board import LEVELS, Board
from pdbench.leaderboard.contamination import LOSSES
from pdbench.leaderboard.crops import read_crop, write_crop
from pdbench.leaderboard.plausibility import BOUNDS, GRAIN, LR_PSNR, LUMA, ONE_IMAGE, implausible
from pdbench.leaderboard.provenance import scores_name
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.site_boards import POLICY, page_name, trust_badge
from pdbench.leaderboard.submission import Entry, crop_name
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Metric
from pdbench.metrics.protocol import PROTOCOLS, QUANTIZATIONS, describe_protocol
from pdbench.plots.formats import format_value
from pdbench.plots.pages import render
from pdbench.scores import published_reason

__all__ = ["crop_path", "read_crops", "render_about", "render_method"]

WAYS = {
    "images": "a folder of images",
    "checkpoint": "a checkpoint",
    "method": "code that the submitter ran; the board ran none of it",
    "own": "a method of this repository",
}


def crop_path(name: str, dataset: str, image: str) -> str:
    """Return where a crop lies, seen from the root; `name` is a submission's id or "hr"."""
    return f"crops/{page_name(name)}/{page_name(dataset)}/{page_name(image)}.png"


def render_method(board: Board, entry: Entry, others: Sequence[Entry]) -> str:
    """Write the page of a submission.

    Args:
        board: Knows levels of trust and the crops of the HR images.
        entry: The submission.
        others: All submissions that are shown; their crops can be put beside this one's.

    Returns:
        The whole document.
    """
    card, provenance = entry.card, entry.provenance
    leaks = [f"{metric} (by {loss})" for metric, loss in entry.leaks.items()]
    tests = {name: entry.contamination(name) for name in provenance.datasets}
    return render(
        "method.html",
        title=card.name,
        policy=POLICY,
        root="../",
        entry=entry,
        card=card,
        provenance=provenance,
        own=entry.own,
        way=WAYS[provenance.way] + _claimed(board, entry),
        held=implausible(entry),
        trust=trust_badge(board.level(entry)),
        verdict=board.verdict(entry),
        leaks=", ".join(leaks),
        contamination=", ".join(f"{name} (by {by})" for name, by in tests.items() if by),
        sliders=_sliders(board, entry, others),
        scores=[_scores(entry, dataset) for dataset in provenance.datasets],
        commands=_commands(entry),
    )


def _claimed(board: Board, entry: Entry) -> str:
    """Say where the board has only the submitter's word for how an entry was made."""
    known = entry.own or entry.provenance.way == "images"
    return "" if known or board.level(entry) == "reproduced" else " (claimed, not checked)"


def _commands(entry: Entry) -> list[str]:
    """Return what to type to get these scores again."""
    datasets = list(entry.provenance.datasets)
    root = "" if datasets == ["builtin"] else " --data-root DIR"
    protocol = (
        "" if entry.provenance.protocol == "paper" else f" --protocol {entry.provenance.protocol}"
    )
    if entry.provenance.way == "own":
        size = f" --size {entry.provenance.size}" if entry.provenance.size else ""
        return [
            *(
                f"pdbench run --method '{entry.id}' --dataset {name}"
                f"{'' if name == 'builtin' else root}{size}{protocol}"
                for name in datasets
            ),
            f"pdbench leaderboard verify '{entry.id}' --reproduce{root}",
        ]
    if entry.provenance.way == "checkpoint":
        return [
            f"# FILE: the submitted checkpoint, sha256 {entry.provenance.source}",
            f"pdbench leaderboard verify '{entry.id}' --checkpoint FILE{root}",
        ]
    return [
        "# IMAGES: the submitted outputs, one folder per dataset",
        f"pdbench leaderboard verify '{entry.id}' --sr IMAGES{root}",
    ]


def _sliders(board: Board, entry: Entry, others: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return what each crop is compared with; a crop without company has no slider."""
    return [
        {
            "path": _address(entry.id, dataset, image),
            "beside": beside,
            "width": width,
            "height": height,
            "note": f"{dataset}, {image}, {width}×{height} at {left}, {top}",
        }
        for dataset, part in entry.provenance.datasets.items()
        for image, (left, top, width, height) in part.crops.items()
        if (beside := _beside(board, entry, others, dataset, image))
    ]


def _address(name: str, dataset: str, image: str) -> str:
    return f"../{quote(crop_path(name, dataset, image))}"


def _beside(
    board: Board, entry: Entry, others: Sequence[Entry], dataset: str, image: str
) -> list[tuple[str, str]]:
    """Return path and title of what can stand left of the slider: HR, then other methods."""
    part = entry.provenance.datasets[dataset]
    found = []
    if board.reference(dataset, part.scale, image):
        found.append((_address("hr", dataset, image), "HR"))
    for other in others:
        theirs = other.provenance.datasets.get(dataset)
        same = theirs is not None and theirs.crops.get(image) == part.crops[image]
        if same and other.id != entry.id:
            found.append((_address(other.id, dataset, image), other.card.name))
    return found


def _scores(entry: Entry, dataset: str) -> dict[str, Any]:
    part = entry.provenance.datasets[dataset]
    record = entry.record(dataset)
    summary = summarize(record.scores, images=len(part.images))
    asked = [f for f in record.metrics if (entry.id, f.id) in summary.means]
    facts = [f for f in asked if summary.mean(entry.id, f.id).n]
    missing: dict[str, list[str]] = {}
    for f in asked:
        for reason in summary.mean(entry.id, f.id).reasons:
            missing.setdefault(published_reason(reason), []).append(f.title)
    means = summary.means.values()
    return {
        "title": part.title,
        "path": f"../data/{page_name(entry.id)}/{scores_name(dataset, part.scale)}",
        "several": any(len(v) > 1 for mean in means for v in mean.outputs.values()),
        "facts": facts,
        "rows": [
            (image, [_text(summary, entry.id, f.id, image, f.decimals) for f in facts])
            for image in part.images
        ],
        "missing": missing,
    }


def _text(summary: Summary, method: str, metric: str, image: str, decimals: int) -> str:
    mean = summary.mean(method, metric)
    text = format_value(mean.images.get(image), decimals)
    values = mean.outputs.get(image, ())
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return text
    center = mean.images[image]
    spread = math.sqrt(sum((v - center) ** 2 for v in values) / (len(values) - 1))
    return f"{text} ±{format_value(spread, decimals)}"


def read_crops(entry: Entry) -> Mapping[str, bytes]:
    """Return site path -> PNG of every crop, decoded and written anew: pixels pass, nothing else.

    Raises:
        InputError: A crop is not what its submission says.
    """
    return {
        crop_path(entry.id, dataset, image): write_crop(
            read_crop(read_file(entry.folder, name), name, box), (0, 0, *box[2:])
        )
        for dataset, part in entry.provenance.datasets.items()
        for image, box in part.crops.items()
        for name in [crop_name(dataset, part.scale, image)]
    }


def render_about(refused: Mapping[str, str]) -> str:
    """Write the page.

    Args:
        refused: Submissions on the board that are not shown -> why.

    Returns:
        The whole document.
    """
    return render(
        "about.html",
        title="Metrics and protocols",
        policy=POLICY,
        lead="Made from the declarations that the scores were computed with.",
        metrics=[(metric, _weights(metric)) for metric in METRICS],
        protocols=[describe_protocol(one.id) for one in PROTOCOLS],
        quantizations=QUANTIZATIONS,
        levels=[trust_badge(level) for level in LEVELS],
        bounds=[[name, *pair] for name, pair in BOUNDS.items()],
        luma=LUMA,
        lr_psnr=LR_PSNR,
        one_image=ONE_IMAGE,
        grain=GRAIN,
        losses=[(loss, ", ".join(metrics)) for loss, metrics in LOSSES.items() if metrics],
        refused=[(ascii(name)[1:-1], why) for name, why in sorted(refused.items())],
    )


def _weights(metric: Metric) -> str:
    names = [file.name for file in metric.weights] + [file.name for file in metric.carried]
    parts = f"made of {', '.join(metric.parts)}" if metric.parts else ""
    return ", ".join(names) or parts or "none"
