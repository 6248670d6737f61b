"""A method's own page: card, how to reproduce it, crops under a slider, scores of every image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from pdbench.analysis.means import Summary, summarize
from pdbench.leaderboard.board import Board
from pdbench.leaderboard.crops import read_crop
from pdbench.leaderboard.plausibility import implausible
from pdbench.leaderboard.provenance import scores_name
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.site_boards import page_name, trust_badge
from pdbench.leaderboard.site_page import render_page
from pdbench.leaderboard.submission import Entry
from pdbench.plots.board_model import state_reason
from pdbench.plots.markup import Markup, element, join
from pdbench.plots.table_model import format_value

__all__ = ["crop_path", "render_method"]

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
    return render_page(
        entry.card.name,
        _card(board, entry),
        _crops(board, entry, others),
        (_scores(entry, dataset) for dataset in entry.provenance.datasets),
        element("h2", "Reproduce it"),
        element("pre", "\n".join(_commands(entry)), tabindex=0),
        root="../",
    )


def _card(board: Board, entry: Entry) -> Markup:
    card, provenance = entry.card, entry.provenance
    verdict = board.verdict(entry)
    badge = trust_badge(board.level(entry))
    leaks = ", ".join(f"{metric} (by {loss})" for metric, loss in entry.leaks.items())
    tests = {name: entry.contamination(name) for name in provenance.datasets}
    known = ", ".join(f"{name} (by {source})" for name, source in tests.items() if source)
    fields: list[tuple[str, object]] = [
        ("id", element("code", entry.id)),
        ("trust", join(element("span", badge.text, class_=f"badge {badge.role}"), " ", badge.why)),
        *((("verified with", ", ".join(f"{k} {v}" for k, v in verdict.versions.items())),)
          if verdict else ()),
        *([("rank", held)] if (held := implausible(entry)) else []),
        *(("note", note) for note in (verdict.notes if verdict else ())),
        ("authors", ", ".join(card.authors)),
        ("paper", card.paper),
        ("link", element("a", card.link, href=card.link, rel="nofollow noopener noreferrer")
         if card.link.startswith(("https://", "http://")) else card.link or "none"),
        ("license", card.license),
        ("method class", card.kind),
        ("training data", ", ".join(card.training_data)),
        ("losses", ", ".join(card.losses)),
        ("metric leak", leaks or "none"),
        ("trained on a test set", known or "none"),
        ("seeds", ", ".join(map(str, card.seeds))),
        ("hardware", card.hardware),
        ("runtime", "not measured" if card.runtime is None
         else f"{card.runtime:g} s per megapixel of output"),
        ("submitted as", WAYS[provenance.way] + _claimed(board, entry)),
        ("networks", f"of this repository, size {provenance.size}" if provenance.size
         else "none" if provenance.way == "own" else "the submitter's"),
        ("weights", element("code", provenance.weights or
                            ("none" if provenance.way == "own" else "unknown"))),
        ("protocol", provenance.protocol),
        ("scored with", ", ".join(f"{k} {v}" for k, v in provenance.versions.items())),
    ]  # fmt: skip
    pairs = ((element("dt", name), element("dd", value)) for name, value in fields)
    return element("dl", pairs, class_="card")


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


def _crops(board: Board, entry: Entry, others: Sequence[Entry]) -> Markup | None:
    figures = [
        _slider(entry, dataset, image, _beside(board, entry, others, dataset, image))
        for dataset, part in entry.provenance.datasets.items()
        for image in part.crops
    ]
    shown = [figure for figure in figures if figure is not None]
    if not shown:
        return None
    return join(element("h2", "Crops"), element("div", shown, class_="crops"))


def _beside(
    board: Board, entry: Entry, others: Sequence[Entry], dataset: str, image: str
) -> list[tuple[str, str]]:
    """Return (title, path) of what can stand left of the slider: HR, then other methods."""
    part = entry.provenance.datasets[dataset]
    found = []
    if board.reference(dataset, part.scale, image):
        found.append(("HR", crop_path("hr", dataset, image)))
    for other in others:
        theirs = other.provenance.datasets.get(dataset)
        same = theirs is not None and theirs.crops.get(image) == part.crops[image]
        if same and other.id != entry.id:
            found.append((other.card.name, crop_path(other.id, dataset, image)))
    return found


def _slider(
    entry: Entry, dataset: str, image: str, beside: list[tuple[str, str]]
) -> Markup | None:
    own = f"../{quote(crop_path(entry.id, dataset, image))}"
    if not beside:
        return None
    left, top, width, height = entry.provenance.datasets[dataset].crops[image]
    options = [element("option", t, value=f"../{quote(path)}") for t, path in beside]
    return element(
        "figure",
        element(
            "div",
            element("img", src=f"../{quote(beside[0][1])}", alt=beside[0][0], class_="before",
                    width=width, height=height),
            element("img", src=own, alt=entry.card.name, class_="after",
                    width=width, height=height),
            class_="pair",
        ),
        element("input", type="range", min=0, max=100, value=50,
                aria_label=f"Where {entry.card.name} begins on {image}, in percent"),
        element(
            "figcaption",
            element("label", "left: ", element("select", options, aria_label="Image on the left")),
            element("span", f"right: {entry.card.name}", class_="side-name"),
            element("span", f"{dataset}, {image}, {width}×{height} at {left}, {top}"),
        ),
        class_="slider",
    )  # fmt: skip


def _scores(entry: Entry, dataset: str) -> Markup:
    part = entry.provenance.datasets[dataset]
    record = entry.record(dataset)
    summary = summarize(record.scores, images=len(part.images))
    asked = [f for f in record.metrics if (entry.id, f.id) in summary.means]
    facts = [f for f in asked if summary.mean(entry.id, f.id).n]
    heads = [element("th", "image", scope="col")]
    heads += [element("th", f.title, scope="col", title=f"{f.better} is better") for f in facts]
    rows = [
        element(
            "tr",
            element("th", image, scope="row"),
            (element("td", _text(summary, entry.id, f.id, image, f.decimals)) for f in facts),
        )
        for image in part.images
    ]
    name = f"../data/{page_name(entry.id)}/{scores_name(dataset, part.scale)}"
    missing: dict[str, list[str]] = {}
    for f in asked:
        for reason in summary.mean(entry.id, f.id).reasons:
            missing.setdefault(state_reason(reason), []).append(f.title)
    return join(
        element("h2", f"Scores on {part.title}"),
        element("p", _explanation(summary),
                element("a", "every output, CSV", href=name, download=True), ".",
                class_="caption"),
        element("div", element("table", element("thead", element("tr", heads)),
                               element("tbody", rows)),
                class_="scroll", tabindex=0, role="region", aria_label=f"Scores on {part.title}"),
        (element("p", f"{', '.join(titles)}: {why}.", class_="note")
         for why, titles in missing.items()),
    )  # fmt: skip


def _explanation(summary: Summary) -> str:
    several = any(len(v) > 1 for mean in summary.means.values() for v in mean.outputs.values())
    return "Means over each image's samples, ± their standard deviation; " if several else ""


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
    from pdbench.leaderboard.crops import write_crop
    from pdbench.leaderboard.submission import crop_name

    return {
        crop_path(entry.id, dataset, image): write_crop(
            read_crop(read_file(entry.folder, name), name, box), (0, 0, *box[2:])
        )
        for dataset, part in entry.provenance.datasets.items()
        for image, box in part.crops.items()
        for name in [crop_name(dataset, part.scale, image)]
    }
