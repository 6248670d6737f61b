"""The perception-distortion plane: every method a point, any metric on either axis."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pdbench.analysis.means import Summary, summarize
from pdbench.analysis.theory import SAMPLE, perfect_psnr
from pdbench.analysis.variance import LEAST_IMAGES, REFERENCE, difference_interval
from pdbench.errors import InputError
from pdbench.plots.method_styles import Kind, style_methods
from pdbench.plots.scene import build_scene
from pdbench.plots.scene_model import Certainty, Plane
from pdbench.plots.table_model import caption_of, one_line, select_methods
from pdbench.registry import Registry
from pdbench.scores import MetricFacts, Score

__all__ = ["SUFFIXES", "make_plane", "plot", "write_file"]

SUFFIXES = ("html", "png", "svg", "pdf")
"""What `plot` can write: an interactive page, or a picture."""


def plot(
    scores: Iterable[Score],
    facts: Iterable[MetricFacts],
    *,
    out: Path,
    x: str = "psnr",
    y: str = "lpips-vgg",
    methods: Sequence[str] | None = None,
    titles: Mapping[str, str] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    images: int | None = None,
    size: str = "",
    certainty: Certainty = "ellipses",
    theory: bool = False,
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
        y: Metric id on the y axis (at first, for a page).
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

    Returns:
        The file written.

    Raises:
        InputError: The scores cannot share a plane, an id is unknown, the metrics are the same or
            no method has both, the theory has too few rows, the suffix is unknown, or the file
            cannot be written.
    """
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        known = ", ".join(f".{name}" for name in SUFFIXES)
        raise InputError(f"cannot plot into '{out.name}'; give a file name that ends in {known}")
    known_facts = Registry("metric", facts)
    x_fact, y_fact = known_facts.get(x), known_facts.get(y)
    if x == y:
        raise InputError(f"both axes would show {x_fact.title}; choose two metrics with -x and -y")
    summary = summarize(scores, images=images)
    wanted = list(known_facts) if suffix == "html" else [x_fact, y_fact]
    chosen = select_methods(summary, methods)
    if theory:
        _check_theory(summary, chosen, (x, y) if suffix != "html" else ())
    plane = replace(
        make_plane(summary, chosen, wanted, titles or {}, kinds or {}, certainty), theory=theory
    )
    scene = build_scene(plane, x_fact, y_fact)
    if scene is None:
        raise _nothing_to_draw(summary, x_fact, y_fact)
    caption = caption_of(summary, size)
    if suffix == "html":
        from pdbench.plots.plane_page import render_page

        page = render_page(plane, list(known_facts), x_fact, y_fact, caption=caption)
        return write_file(out, page.encode())
    # matplotlib takes half a second to import; a page does without.
    from pdbench.plots.plane_static import Picture, render_static

    picture = Picture(caption=caption)
    return write_file(out, render_static(plane, scene, suffix=suffix, picture=picture))


def make_plane(
    summary: Summary,
    methods: Sequence[str],
    facts: Sequence[MetricFacts],
    titles: Mapping[str, str],
    kinds: Mapping[str, Kind],
    certainty: Certainty,
) -> Plane:
    """Gather what every picture of these methods shares.

    Args:
        summary: Means of the methods.
        methods: Method ids in drawing order.
        facts: The metrics that may stand on an axis.
        titles: Method id -> label; ids stand for themselves where there is none.
        kinds: Method id -> kind, guessed where there is none.
        certainty: How certainty of the means is shown.
    """
    reference = REFERENCE if REFERENCE in summary.methods else ""
    several = frozenset(
        mean.method
        for mean in summary.means.values()
        if any(len(values) > 1 for values in mean.outputs.values())
    )
    return Plane(
        summary=summary,
        methods=tuple(methods),
        titles={method: one_line(titles.get(method, method)) for method in methods},
        styles=style_methods(methods, kinds=kinds, several=several),
        certainty=certainty,
        reference=reference,
        reference_title=one_line(titles.get(reference, reference)),
        bar_ends={
            (method, fact.id): ends
            for fact in facts
            for method, ends in _bar_ends(summary, methods, fact, certainty, reference).items()
        },
    )


def _bar_ends(
    summary: Summary,
    methods: Sequence[str],
    fact: MetricFacts,
    certainty: Certainty,
    reference: str,
) -> dict[str, tuple[float, float]]:
    if certainty == "none" or (certainty == "ellipses" and summary.images >= LEAST_IMAGES):
        return {}
    other = summary.mean(reference, fact.id) if reference else None
    means = [summary.mean(method, fact.id) for method in methods]
    found = {mean.method: difference_interval(mean, other) for mean in means if mean.n}
    return {method: (bar.low, bar.high) for method, bar in found.items() if bar}


def _check_theory(summary: Summary, methods: Sequence[str], axes: Sequence[str]) -> None:
    if axes and "psnr" not in axes:
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
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            part.chmod(0o644)
            part.replace(out)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(
            f"cannot write {out} ({error.strerror}); choose a folder that can be written"
        ) from error
    return out
