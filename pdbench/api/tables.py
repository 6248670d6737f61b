"""`pdbench table` and `pdbench plot` as Python calls: stored scores, shown. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pdbench.api.choices import CERTAINTIES
from pdbench.errors import InputError
from pdbench.harness.options import split_ids
from pdbench.harness.run_info import RunResult
from pdbench.registry import unknown_id

if TYPE_CHECKING:
    from pdbench.harness.run_info import RunRecord
    from pdbench.plots.scene import Plane, Scene

__all__ = ["Source", "plot", "read_scores", "scene_of", "table"]


Source: TypeAlias = str | Path | RunResult
"""Where scores are: a run folder, a dataset's folder below results/, or the results of a call."""


def table(
    folder: Source,
    *,
    form: str = "text",
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
    protocol: str | None = None,
    seeds: Sequence[int] = (),
    ci: bool = True,
    worst: bool = False,
    color: bool = False,
    caption: str = "",
    label: str = "",
    wide: bool = False,
    output: Path | None = None,
) -> str:
    """Make a table of stored scores. Needs no torch.

    Args:
        folder: A run folder, a dataset's folder below results/, or results.
        form: One of `TABLE_FORMATS`.
        methods: Method ids in row order; all when empty.
        metrics: Metric ids in column order; those of the latest run when empty.
        protocol: Protocol id; that of the latest run when None.
        seeds: Run seeds; all when empty: means over seeds, and their spread.
        ci: Whether to compute 95 % confidence intervals over images.
        worst: Let each image count by its worst sample instead of the mean of its samples.
        color: In text, mark best and second by bold and underline instead of "*" and "+".
        caption: In LaTeX, the caption, as LaTeX; what the scores come from when empty.
        label: In LaTeX, a label for references ("tab:scores").
        wide: In LaTeX, span both columns of a two-column page (`table*`).
        output: File to write the table to as well.

    Returns:
        The table, without trailing newline.

    Raises:
        InputError: The folder holds no scores, an id or the format is unknown, the scores cannot
            share a table, or the file cannot be written.

    >>> import pdbench
    >>> print(pdbench.table("results/set14_x4", methods=["rrdb"], metrics=["psnr"], form="csv"))
    ... # doctest: +ELLIPSIS
    dataset,protocol,...
    """
    from pdbench.plots import tables
    from pdbench.plots.plane import write_file

    methods, metrics = split_ids(methods), split_ids(metrics)
    record = read_scores(
        folder, protocol=protocol, methods=methods, metrics=() if metrics else None, seeds=seeds
    )
    text = tables.table(
        record.summarize(worst=worst), form=form, methods=methods, metrics=metrics, ci=ci,
        color=color, caption=caption, label=label, wide=wide,
    )  # fmt: skip
    if output is not None:
        write_file(output, f"{text}\n".encode())
    return text


def plot(
    folder: Source,
    *,
    x: str | None = None,
    y: str | Sequence[str] | None = None,
    methods: Sequence[str] = (),
    protocol: str | None = None,
    seeds: Sequence[int] = (),
    output: str | Path = "plane.html",
    certainty: str = "ellipses",
    theory: bool = False,
    width: str | float | None = None,
    font_size: float | None = None,
    title: str = "",
    caption: bool = True,
) -> Path:
    """Draw stored scores as a perception-distortion plane. Needs no torch.

    Args:
        folder: A run folder, a dataset's folder below results/, or results.
        x: Metric id on the horizontal axis; better is left. PSNR when None, or the first metric of
            distortion there is.
        y: Metric id on the vertical axis; better is down. LPIPS-VGG when None, or the first metric
            of perception there is. Several give a picture of as many planes side by side.
        methods: Method ids to show; all when empty.
        protocol: Protocol id; that of the latest run when None.
        seeds: Run seeds; all when empty.
        output: File to write; its ending decides: .html (interactive), .png, .svg or .pdf.
        certainty: How the 95 % certainty of the means is shown, one of `CERTAINTIES`.
        theory: Draw also where averages of perfect posterior samples would lie.
        width: Of a picture: "3.3in", "84mm", "8.4cm", or inches.
        font_size: Of a picture, in points.
        title: Line above the axes.
        caption: Whether to name dataset, protocol, networks and seed above the axes.

    Returns:
        The file written.

    Raises:
        InputError: The folder holds no scores, an id or the ending is unknown, the theory wants
            rows that are not there, a size is out of range or for a page, or the file cannot be
            written.

    >>> import pdbench
    >>> pdbench.plot("results/set14_x4", x="psnr", y="niqe", output="plane.svg").name
    'plane.svg'
    """
    if certainty not in CERTAINTIES:
        raise unknown_id("way to show certainty", certainty, CERTAINTIES)
    from pdbench.plots import plane

    methods = split_ids(methods)
    record = read_scores(folder, protocol=protocol, methods=methods, seeds=seeds)
    return plane.plot(
        plane_of(record, methods, certainty=certainty, theory=theory),
        Path(output),
        x=x or _axis(record, "distortion", "psnr"),
        y=y or _axis(record, "perception", "lpips-vgg"),
        width=None if width is None else _inches(width),
        font_size=None if font_size is None else _font_size(font_size),
        title=title,
        caption=caption,
    )


def _inches(width: str | float) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(in|mm|cm)?", str(width).strip())
    inches = float(found[1]) / {"mm": 25.4, "cm": 2.54}.get(found[2], 1) if found else 0
    if not 2 <= inches <= 40:
        raise InputError(f"'{width}' is not a width; give 2in to 40in, like 3.3in or 84mm")
    return inches


def _font_size(points: float) -> float:
    if not 4 <= points <= 40:
        raise InputError(f"'{points:g}' is not a font size; give 4 to 40 points")
    return points


def _axis(record: RunRecord, kind: str, usual: str) -> str:
    """Return the usual metric, or the first of its kind where it was not scored."""
    known = [fact.id for fact in record.metrics if fact.kind == kind]
    return usual if usual in known or not known else known[0]


def plane_of(record: RunRecord, methods: Sequence[str] = (), **options: Any) -> Plane:  # noqa: ANN401
    """Return the plane of a record, of all its methods or some; options are those of `Plane`."""
    from pdbench.plots.scene import Plane

    summary = record.summarize()
    kinds: dict[str, Any] = {method.id: method.kind for method in record.methods}
    return Plane(summary=summary, methods=tuple(summary.choose(methods)), kinds=kinds, **options)


def scene_of(record: RunRecord, x: str | None, y: str | None) -> tuple[Plane, Scene]:
    """Return the plane of a record and its scene on two metrics, as `plot` draws them."""
    from pdbench.plots.plane import build_scenes

    plane = plane_of(record)
    x, y = x or _axis(record, "distortion", "psnr"), y or _axis(record, "perception", "lpips-vgg")
    return plane, build_scenes(plane, x, y)[0]


def read_scores(
    folder: Source,
    *,
    protocol: str | None = None,
    methods: Sequence[str] = (),
    metrics: Sequence[str] | None = (),
    seeds: Sequence[int] = (),
) -> RunRecord:
    """Read what of a run folder, or of a dataset's folder below results/, may be compared.

    Args:
        folder: Where the scores are.
        protocol: Protocol id; that of the latest run when None.
        methods: Ids of the methods that matter; all when empty.
        metrics: Metric ids of a run folder; all when empty, those of the latest run when None.
        seeds: Run seeds; all when empty.

    Returns:
        The scores under one protocol.

    Raises:
        InputError: The folder does not exist or holds no scores, none under that protocol or of a
            seed, or scores that cannot be compared; names the choices that differ.
    """
    from pdbench.harness import results, store
    from pdbench.harness.compatibility import one_protocol

    if isinstance(folder, RunResult):
        return one_protocol(folder.record.of_seeds(seeds), protocol, methods)
    folder = Path(folder)
    if store.is_run_folder(folder):
        record = store.read_run(folder, protocol=protocol, metrics=metrics, seeds=seeds)
    elif results.is_results_folder(folder):
        record = results.read_results(folder).of_seeds(seeds)
    else:
        what = "contains no scores" if folder.is_dir() else "does not exist"
        raise InputError(
            f"folder '{folder}' {what}; give a run folder or one below results/, or make scores "
            "with 'pdbench run'"
        )
    return one_protocol(record, protocol, methods)
