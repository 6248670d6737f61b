"""The perception-distortion plane: every method a point, any metric on either axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pdbench.analysis.theory import SAMPLE, perfect_psnr
from pdbench.atomic_write import replace_file
from pdbench.errors import InputError
from pdbench.plots.layout import build_scene
from pdbench.plots.scene import Plane, Scene
from pdbench.registry import Registry
from pdbench.scores import one_line

__all__ = ["build_scenes", "plot", "write_file"]

SUFFIXES = ("html", "png", "svg", "pdf")
"""What `plot` can write: an interactive page, or a picture."""


def plot(
    plane: Plane,
    out: Path,
    *,
    x: str = "psnr",
    y: str | Sequence[str] = "lpips-vgg",
    width: float | None = None,
    font_size: float | None = None,
    title: str = "",
    caption: bool = True,
) -> Path:
    """Draw a plane into a file; the suffix says how.

    Better is left on the x axis and down on the y axis, whatever the metrics. The page
    (".html") needs no network and lets its reader put any metric on either axis; the pictures
    (".png", ".svg", ".pdf") are the same bytes when rerun.

    Args:
        plane: What to draw.
        out: File to write.
        x: Metric id on the x axis (at first, for a page).
        y: Metric id on the y axis (at first, for a page); several give a picture of as many
            planes side by side.
        width: Width of a picture in inches.
        font_size: Size of a picture's text in points.
        title: Line above the axes.
        caption: Whether to name dataset, protocol, networks and seed above the axes.

    Returns:
        The file written.

    Raises:
        InputError: The scores cannot share a plane, a metric is unknown, the metrics are the same
            or no method has both, the theory has too few rows, the suffix is unknown, the size
            does not suit, or the file cannot be written.
    """
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        known = ", ".join(f".{name}" for name in SUFFIXES)
        raise InputError(f"cannot plot into '{out.name}'; give a file name that ends in {known}")
    page = suffix == "html"
    if page and ((not isinstance(y, str) and len({*y}) > 1) or width or font_size):
        raise InputError(
            "a page shows one plane, as large as its window; give several metrics, --width and "
            "--font-size for a picture (.png, .svg, .pdf)"
        )
    scenes = build_scenes(plane, x, y)
    if plane.theory:
        _check_theory(plane, [] if page else scenes)
    line = plane.summary.caption if caption else ""
    if page:
        from pdbench.plots.plane_page import render_page

        return write_file(out, render_page(plane, scenes[0], title=title, caption=line).encode())
    return write_file(out, _picture(scenes, suffix, width, font_size, title, line))


def _picture(
    scenes: Sequence[Scene],
    suffix: str,
    width: float | None,
    font_size: float | None,
    title: str,
    line: str,
) -> bytes:
    # matplotlib takes half a second to import; a page does without.
    from pdbench.plots.plane_static import FONT_SIZE, WIDTHS, draw_picture, render

    figure = draw_picture(
        scenes,
        width=width or WIDTHS[len(scenes) > 1],
        font_size=font_size or FONT_SIZE,
        head=[(one_line(title), True), (line, False)],
    )
    return render(figure, suffix)


def build_scenes(plane: Plane, x: str, y: str | Sequence[str]) -> list[Scene]:
    """Lay out a plane for one metric on the x axis and one or several on the y axis.

    Args:
        plane: What to draw.
        x: Metric id.
        y: Other metric ids.

    Raises:
        InputError: A metric is unknown or on both axes, or no method has both.
    """
    facts = Registry("metric in these scores", plane.summary.facts)
    across, upwards = facts.get(x), [y] if isinstance(y, str) else y
    scenes = []
    for fact in map(facts.get, dict.fromkeys(upwards)):
        if fact == across:
            raise InputError(
                f"both axes would show {across.title}; choose two metrics with -x and -y"
            )
        if (scene := build_scene(plane, across, fact)) is None:
            reasons = "; ".join(plane.summary.reasons(x, fact.id))
            raise InputError(
                f"no method has scores of both {across.title} and {fact.title}"
                f"{f' ({reasons})' if reasons else ''}; choose other metrics with -x and -y"
            )
        scenes.append(scene)
    return scenes


def _check_theory(plane: Plane, scenes: Sequence[Scene]) -> None:
    if any("psnr" not in (scene.x.id, scene.y.id) for scene in scenes):
        raise InputError("the theory is about squared error; put psnr on an axis, or leave it out")
    found = perfect_psnr(plane.summary, plane.methods, (1,))
    if isinstance(found, str):
        raise InputError(
            f"the theory cannot be drawn: {found}; it wants {SAMPLE} and an average of several"
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
