"""Crops of one image side by side, scores under each: PNG, PDF, SVG, or a page of its own."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pdbench.analysis.paper_tables import split_id
from pdbench.errors import InputError
from pdbench.plots.formats import format_value
from pdbench.plots.method_styles import family_colors, theme_color
from pdbench.plots.plane import write_file
from pdbench.scores import MetricFacts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SUFFIXES", "Crops", "Panel", "draw_crops"]

Levels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

SUFFIXES = ("png", "pdf", "svg", "html")
"""What `draw_crops` can write."""

MOST_COLUMNS = 4
SMALLEST_SIDE = 1.9
"""Inches of a crop's longer side."""
SCORE = 0.92
"""Inches of a score; several stand in one line where they fit."""
WHOLE = "HR, whole image"
LINE = 0.155
"""Inches per line of text under a crop."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One crop.

    Attributes:
        method: Method id, "" for HR and LR.
        title: What it shows.
        levels: (h, w, 3) levels.
        values: Metric id -> score of the whole image, None where there is none; empty for HR and
            LR.
    """

    method: str = ""
    title: str
    levels: Levels
    values: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def colors(self) -> tuple[str, str]:
        """Colors of the method's title on light and on dark pages."""
        return family_colors(split_id(self.method)[0]) if self.method else ("#222222", "#e6e6e6")


@dataclass(frozen=True, kw_only=True)
class Crops:
    """A figure.

    Attributes:
        caption: Dataset, image, crop, protocol, size and seed in one line.
        image: (H, W, 3) levels of the whole HR image, shown small with the crop marked.
        box: (left, top, width, height) of the crop.
        facts: Metrics in the order they are listed.
        panels: The crops, all of one size.
        columns: How many crops stand side by side in a picture; up to four when None.
    """

    caption: str
    image: Levels
    box: Box
    facts: tuple[MetricFacts, ...]
    panels: tuple[Panel, ...]
    columns: int | None = None


def draw_crops(crops: Crops, out: Path) -> Path:
    """Draw the figure into a file; the suffix says how. The same figure gives the same bytes.

    The best score of each metric among the panels is bold.

    Args:
        crops: What to draw.
        out: File to write, ending in one of `SUFFIXES`.

    Returns:
        The file.

    Raises:
        InputError: The suffix is unknown, or the file cannot be written.
    """
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        known = ", ".join(f".{name}" for name in SUFFIXES)
        raise InputError(f"cannot draw into '{out.name}'; give a file name that ends in {known}")
    content = _page(crops) if suffix == "html" else _picture(crops, suffix)
    return write_file(out, content)


def _lines(crops: Crops, panel: Panel) -> list[tuple[str, bool]]:
    """Return (text, best) for every score under a panel."""
    return [
        (
            f"{fact.title} {fact.arrow} {format_value(panel.values.get(fact.id), fact.decimals)}",
            _best(crops, fact) == panel.values.get(fact.id) is not None,
        )
        for fact in crops.facts
        if panel.values
    ]


def _best(crops: Crops, fact: MetricFacts) -> float | None:
    found = [value for p in crops.panels if (value := p.values.get(fact.id)) is not None]
    if len(found) < 2:
        return None
    return max(found, key=lambda value: fact.sign * value)


def _picture(crops: Crops, suffix: str) -> bytes:
    # matplotlib takes half a second to import; a page does without.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from pdbench.plots.plane_static import STYLE, render

    count = len(crops.panels) + 1
    rows = math.ceil(count / (crops.columns or MOST_COLUMNS))
    columns = crops.columns or math.ceil(count / rows)
    height, width = crops.panels[0].levels.shape[:2]
    scale = SMALLEST_SIDE / max(height, width)
    high, wide = height * scale, width * scale
    abreast = max(1, int(wide / SCORE))
    text = (1 + math.ceil(len(crops.facts) / abreast)) * LINE + 0.16
    size = (columns * (wide + 0.1) + 0.1, rows * (high + text) + 0.35)
    with rc_context(STYLE):
        figure = Figure(figsize=size)
        figure.text(0.1 / size[0], 1 - 0.2 / size[1], crops.caption, fontsize=6.5, color="#555555")
        for index in range(count):
            row, column = divmod(index, columns)
            left, bottom = 0.1 + column * (wide + 0.1), size[1] - 0.35 - row * (high + text) - high
            box = (left / size[0], bottom / size[1], wide / size[0], high / size[1])
            axes = figure.add_axes(box)
            axes.set_axis_off()
            panel = crops.panels[index - 1] if index else Panel(title=WHOLE, levels=crops.image)
            if index:
                axes.imshow(panel.levels, interpolation="nearest")
            else:
                _draw_whole(axes, crops)
            figure.text(
                box[0], (bottom - 0.15) / size[1], panel.title, fontsize=7.5, fontweight="bold",
                color=panel.colors[0], parse_math=False,
            )  # fmt: skip
            for place, (words, best) in enumerate(_lines(crops, panel)):
                line, across = divmod(place, abreast)
                figure.text(
                    (left + across * wide / abreast) / size[0],
                    (bottom - 0.15 - (line + 1) * LINE) / size[1],
                    words, fontsize=6, fontweight="bold" if best else "normal",
                )  # fmt: skip
    return render(figure, suffix)


def _draw_whole(axes: Axes, crops: Crops) -> None:
    from matplotlib.patches import Rectangle

    left, top, width, height = crops.box
    axes.imshow(crops.image, interpolation="antialiased")
    axes.add_patch(
        Rectangle((left - 0.5, top - 0.5), width, height, fill=False, color="#e02020", lw=1.2)
    )


def _page(crops: Crops) -> bytes:
    # jinja2 takes a tenth of a second to import; a picture does without.
    from pdbench.plots.pages import asset, inline_policy, render

    height, width = crops.panels[0].levels.shape[:2]
    colors = {one.method: theme_color(*one.colors) for one in crops.panels if one.method}
    style, scripts = asset("style.css"), [asset("slider.js"), asset("board.js")]
    page = render(
        "crops.html",
        title="Crops side by side",
        policy=inline_policy(style, scripts),
        style=style,
        scripts=scripts,
        caption=crops.caption,
        whole=_data_url(_marked(crops)),
        width=width,
        height=height,
        panels=[
            (one, colors.get(one.method), _data_url(one.levels), _lines(crops, one))
            for one in crops.panels
        ],
    )
    return page.encode()


def _marked(crops: Crops) -> Levels:
    """Return the whole image with a red frame around the crop."""
    image = crops.image.copy()
    left, top, width, height = crops.box
    thick = max(1, max(image.shape[:2]) // 200)
    inner = image[top : top + height, left : left + width].copy()
    image[
        max(0, top - thick) : top + height + thick, max(0, left - thick) : left + width + thick
    ] = (224, 32, 32)
    image[top : top + height, left : left + width] = inner
    return image


def _data_url(levels: Levels) -> str:
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(levels)).save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
