"""The perception-distortion plane: every method a point, any metric on either axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pdbench.analysis.means import Summary, summarize
from pdbench.analysis.theory import SAMPLE, perfect_psnr
from pdbench.atomic_write import replace_file
from pdbench.errors import InputError
from pdbench.plots.layout import build_scene
from pdbench.plots.method_styles import Kind
from pdbench.plots.scene import Certainty, Plane
from pdbench.registry import Registry
from pdbench.scores import MetricFacts, Score, one_line

__all__ = ["SUFFIXES", "plot", "write_file"]

SUFFIXES = ("html", "png", "svg", "pdf")
"""What `plot` can write: an interactive page, or a picture."""


def plot(
    scores: Iterable[Score],
    facts: Iterable[MetricFacts],
    *,
    out: Path,
    x: str = "psnr",
    y: str | Sequence[str] = "lpips-vgg",
    methods: Sequence[str] | None = None,
    titles: Mapping[str, str] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    images: int | None = None,
    size: str = "",
    certainty: Certainty = "ellipses",
    theory: bool = False,
    width: float | None = None,
    font_size: float | None = None,
    title: str = "",
    caption: bool = True,
) -> Path:
    """Draw the plane into a file; the suffix says how.

    Better is left on the x axis and down on the y axis, whatever the metrics. The page
    (".html") needs no network and lets its reader put any metric on either axis; the pictures
    (".png", ".svg", ".pdf") are the same bytes when rerun.

    Args:
        scores: Per-output scores of one dataset under one protocol.
        facts: The metrics to choose from; a stored results folder holds them under "metrics" in
            provenance.json as a list of objects with the fields of `MetricFacts`.
        out: File to write.
        x: Metric id on the x axis (at first, for a page).
        y: Metric id on the y axis (at first, for a page); several give a picture of as many
            planes side by side.
        methods: Method ids to show; by default all.
        titles: Method id -> label; ids stand for themselves where there is none.
        kinds: Method id -> kind, which chooses the marker; guessed from ids and outputs otherwise.
        images: Number of images in the dataset, N of "n/N"; by default those seen in `scores`.
        size: Size of the networks ("compact"), named in the caption.
        certainty: How the 95 % certainty of the means is shown: ellipses, where there are images
            enough for them and bars elsewhere; bars; or not at all. It is that of the difference
            to RRDB, paired by image, where RRDB was scored, else that of the mean itself.
        theory: Draw also where averages of perfect posterior samples would lie; needs PSNR on an
            axis, the samples' row and an average of several.
        width: Width of a picture in inches.
        font_size: Size of a picture's text in points.
        title: Line above the axes.
        caption: Whether to name dataset, protocol, networks and seed above the axes.

    Returns:
        The file written.

    Raises:
        InputError: The scores cannot share a plane, an id is unknown, the metrics are the same or
            no method has both, the theory has too few rows, the suffix is unknown, the size does
            not suit, or the file cannot be written.
    """
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        known = ", ".join(f".{name}" for name in SUFFIXES)
        raise InputError(f"cannot plot into '{out.name}'; give a file name that ends in {known}")
    known_facts = Registry("metric", facts)
    pairs = _pairs(known_facts, x, [y] if isinstance(y, str) else y)
    page = suffix == "html"
    if page and (len(pairs) > 1 or width or font_size):
        raise InputError(
            "a page shows one plane, as large as its window; give several metrics, --width and "
            "--font-size for a picture (.png, .svg, .pdf)"
        )
    summary = summarize(scores, images=images, size=size)
    chosen = summary.choose(methods or ())
    if theory:
        _check_theory(summary, chosen, [] if page else pairs)
    plane = Plane(
        summary=summary,
        methods=tuple(chosen),
        titles=titles or {},
        kinds=kinds or {},
        facts=tuple(known_facts),
        certainty=certainty,
        theory=theory,
    )
    scenes = [build_scene(plane, *pair) for pair in pairs]
    drawn = [scene for scene in scenes if scene]
    if len(drawn) < len(pairs):
        raise _nothing_to_draw(summary, *pairs[scenes.index(None)])
    line = summary.caption if caption else ""
    if page:
        from pdbench.plots.plane_page import render_page

        return write_file(out, render_page(plane, *pairs[0], title=title, caption=line).encode())
    # matplotlib takes half a second to import; a page does without.
    from pdbench.plots.plane_static import FONT_SIZE, WIDTHS, draw_picture, render

    figure = draw_picture(
        drawn,
        width=width or WIDTHS[len(drawn) > 1],
        font_size=font_size or FONT_SIZE,
        head=[(one_line(title), True), (line, False)],
    )
    return write_file(out, render(figure, suffix))


def _pairs(
    facts: Registry[MetricFacts], x: str, y: Sequence[str]
) -> list[tuple[MetricFacts, MetricFacts]]:
    across = facts.get(x)
    if x in y:
        raise InputError(f"both axes would show {across.title}; choose two metrics with -x and -y")
    return [(across, facts.get(name)) for name in dict.fromkeys(y)]


def _check_theory(
    summary: Summary, methods: Sequence[str], pairs: Sequence[tuple[MetricFacts, MetricFacts]]
) -> None:
    if any("psnr" not in (x.id, y.id) for x, y in pairs):
        raise InputError("the theory is about squared error; put psnr on an axis, or leave it out")
    found = perfect_psnr(summary, methods, (1,))
    if isinstance(found, str):
        raise InputError(
            f"the theory cannot be drawn: {found}; it wants {SAMPLE} and an average of several"
        )


def _nothing_to_draw(summary: Summary, x: MetricFacts, y: MetricFacts) -> InputError:
    means = [mean for mean in summary.means.values() if mean.metric in (x.id, y.id)]
    reasons = sorted({one_line(reason) for mean in means for reason in mean.reasons})
    why = f" ({'; '.join(reasons)})" if reasons else ""
    return InputError(
        f"no method has scores of both {x.title} and {y.title}{why}; "
        "choose other metrics with -x and -y"
    )


def write_file(out: Path, content: bytes) -> Path:
    """Write all or nothing: a file already there survives a full disk.

    Args:
        out: File to write; its folder is made.
        content: What to write.

    Returns:
        The file.

    Raises:
        InputError: It cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, content)
    except OSError as error:
        raise InputError(
            f"cannot write '{out}' ({error.strerror}); choose a folder that can be written"
        ) from error
    return out
