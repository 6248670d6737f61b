"""Results: the scores of a run or of a folder, as tables, figures and tests of differences."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pdbench.api import analysis, tables
from pdbench.harness.run_info import RunResult
from pdbench.plots.table_model import build_table
from pdbench.score_table import scores_frame

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.axes import Axes

__all__ = ["Results", "Text", "load"]

COLUMNS = ["dataset", "image", "method", "sample", "metric", "value", "reason"]


class Text(str):
    """Text that a notebook or an interpreter shows as it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the text itself."""
        return str(self)


class Results(RunResult):
    """Scores of one dataset under one protocol, and what can be made of them.

    Whatever takes a folder of scores (`table`, `plot`, `diff`, `front`, `claims`, `report`) takes
    results as well.

    >>> import pdbench
    >>> results = pdbench.load("results/set14_x4")
    >>> figure = results.plane("psnr", "niqe")
    >>> axes = results.plane_axes("psnr", "niqe")
    >>> results.scores.query("method == 'bicubic' and metric == 'psnr'").value.mean().round(2)
    np.float64(24.25)
    >>> print(results.table("md").splitlines()[0])
    set14 ×4, 14 images; protocol paper; compact networks; seed 0
    """

    @property
    def scores(self) -> pd.DataFrame:
        """One line per metric of an output image; "value" is NaN where "reason" says why."""
        return scores_frame(self.record.scores)[COLUMNS]

    def summary(self) -> pd.DataFrame:
        """Return one line per method: of each metric the mean, its 95 % interval, and n."""
        table = build_table(self.record.summarize())
        cells = {
            row.method: {
                (fact.id, name): value
                for fact, cell in zip(table.columns, row.cells, strict=True)
                for name, value in (
                    ("mean", cell.mean.value),
                    ("low", cell.interval[0] if cell.interval else None),
                    ("high", cell.interval[1] if cell.interval else None),
                    ("n", cell.mean.n),
                )
            }
            for row in table.rows
        }
        return pd.DataFrame.from_dict(cells, orient="index").rename_axis("method")

    def plane(self, x: str | None = None, y: str | None = None) -> go.Figure:
        """Return the perception-distortion plane as a plotly Figure, to restyle or to show.

        Args:
            x: Metric id; better is left. PSNR when None.
            y: Metric id; better is down. LPIPS-VGG when None.

        Raises:
            InputError: A metric is unknown, or no method has both.
        """
        from pdbench.plots.plane_page import draw_figure

        return draw_figure(*tables.scene_of(self.record, x, y))

    def plane_axes(
        self, x: str | None = None, y: str | None = None, ax: Axes | None = None
    ) -> Axes:
        """Draw the plane into matplotlib axes; see `plane`.

        Args:
            x: Metric id.
            y: Metric id.
            ax: Axes of a figure of its final size; a new figure when None.

        Returns:
            The axes.
        """
        from matplotlib import pyplot, rcParams

        from pdbench.plots.plane_static import draw_axes

        axes = pyplot.subplots(layout="constrained")[1] if ax is None else ax
        axes.get_figure(root=True).draw_without_rendering()  # type: ignore[union-attr]
        _, scene = tables.scene_of(self.record, x, y)
        draw_axes(axes, scene, font_size=float(rcParams["font.size"]))
        return axes

    def table(self, form: str = "text", **options: Any) -> Text:  # noqa: ANN401
        """Return the table of means; options as for `pdbench.table`.

        Args:
            form: "text", "md", "csv", "json" or "latex".
            options: `methods`, `metrics`, `ci`, `caption`, `label` and so on.
        """
        return Text(tables.table(self, form=form, **options))

    def diff(self, first: str, second: str, **options: Any) -> Text:  # noqa: ANN401
        """Compare two methods in every metric; options as for `pdbench.diff`."""
        return Text(analysis.diff(first, second, self, **options))

    def claims(self, **options: Any) -> Text:  # noqa: ANN401
        """Hold the scores against the paper's claims; options as for `pdbench.claims`."""
        return Text(analysis.claims(self, **options))

    def __repr__(self) -> str:
        """Say in three lines what was scored."""
        record = self.record
        protocols = ", ".join(sorted({method.protocol for method in record.methods}))
        return (
            f"Results of {record.dataset.id} ×{record.dataset.scale}, "
            f"{len(record.dataset.images)} images, protocol {protocols}\n"
            f"methods: {', '.join(dict.fromkeys(method.id for method in record.methods))}\n"
            f"metrics: {', '.join(fact.id for fact in record.metrics)}"
        )

    def _repr_html_(self) -> str:
        """Return the table of means for a notebook."""
        table = build_table(self.record.summarize())
        rows = {
            row.title: [f"{cell.text} {cell.interval_text}".strip() for cell in row.cells]
            for row in table.rows
        }
        heads = [fact.title for fact in table.columns]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=heads)
        return f"{frame.to_html()}<p>{html.escape(table.caption)}</p>"


def load(folder: str | Path, *, protocol: str | None = None) -> Results:
    """Return the scores in a folder.

    Args:
        folder: A run folder, or a dataset's folder below results/.
        protocol: Protocol id; needed where the folder holds scores under several.

    Raises:
        InputError: The folder does not exist, or holds no scores that may be compared.

    >>> import pdbench
    >>> pdbench.load("results/set14_x4").summary().loc["bicubic", "psnr"].round(2).to_list()
    [24.25, 22.6, 25.89, 14.0]
    """
    record = tables.read_scores(folder, protocol=protocol)
    kept = sum(score.value is not None for score in record.scores)
    return Results(folder=Path(folder), record=record, computed=0, kept=kept)
