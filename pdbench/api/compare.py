"""`pdbench compare` as a Python call: crops of one image, restored by several methods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from pdbench.api.local_code import Methods, open_catalog, open_metrics
from pdbench.data.datasets import Dataset, open_dataset
from pdbench.data.pairs import Pair
from pdbench.data.sr_checks import check_outputs
from pdbench.data.sr_folders import digest_of, match_outputs
from pdbench.errors import InputError
from pdbench.harness.config import RunConfig
from pdbench.harness.external_images import given_method
from pdbench.harness.method import Method
from pdbench.harness.method_records import method_records
from pdbench.harness.options import EvalOptions, OptionFields, split_ids
from pdbench.harness.ray_executor import RayExecutor
from pdbench.harness.restore import Figure, FigureTask, restore_image, show_lr
from pdbench.harness.run_info import ImageFingerprint
from pdbench.metrics import METRICS
from pdbench.plots.crops_figure import SUFFIXES, Crops, Panel, draw_crops
from pdbench.registry import unknown_id
from pdbench.weights import settings

__all__ = ["compare"]

SMALLEST = 8
"""Pixels of a crop's side."""


def compare(
    methods: Methods = ("bicubic", "rrdb", "average-5"),
    *,
    image: str,
    crop: str | tuple[int, int, int, int],
    dataset: str | Path = "builtin",
    output: str | Path = "compare.png",
    checkpoint: str | Path | None = None,
    name: str | None = None,
    sr: str | Sequence[str] = (),
    columns: int | None = None,
    **fields: Unpack[OptionFields],
) -> Path:
    """Draw crops of one image side by side: LR, each method with its scores, HR.

    Scores are of the whole image; those of a stochastic method are of its first sample, the one
    that is shown.

    Args:
        methods: Method ids, in the order shown; code of your own as for `run`.
        image: Name of the image within the dataset.
        crop: (left, top, width, height) in pixels of the HR image, or "x,y,w,h".
        dataset: Dataset id, or a folder of HR images.
        output: File to write: .png, .pdf, .svg or .html. On a page a slider lays any two over
            each other.
        checkpoint: File of a x4 RGB network that spandrel knows, shown after `methods`.
        name: Title of the checkpoint; made from the file's name when None.
        sr: Folders of images made elsewhere, each as "DIR:NAME", as `evaluate` takes them; shown
            last.
        columns: Crops in a row of a picture; up to four when None.
        fields: How the image is restored and scored, as in `EvalOptions`; `metrics` as for `run`.

    Returns:
        The file written.

    Raises:
        InputError: An id, the image or the ending is unknown, the crop is malformed or leaves the
            image, code of your own fails, or the file cannot be written.
        WeightsUnavailable: A network has no weights of the size asked for.

    >>> import pdbench
    >>> crop = (130, 150, 96, 96)
    >>> pdbench.compare(["bicubic"], image="coffee", crop=crop, metrics=["psnr"]).name
    'compare.png'
    """
    options = EvalOptions.of(**fields)
    metrics, local_metrics = open_metrics(split_ids(fields.get("metrics") or ()))
    options = replace(options, metrics=metrics)
    box = _box(crop if isinstance(crop, str) else ",".join(map(str, crop)))
    places = [sr] if isinstance(sr, str) else sr
    out = _checked(Path(output))
    if not (methods or checkpoint or sr):
        raise InputError("there is no method to compare; name some with --methods")
    with (
        settings(weights_dir=options.weights_dir, offline=options.offline),
        METRICS.holding(local_metrics),
    ):
        names, catalog = open_catalog(split_ids(methods), checkpoint, name)
        found = [catalog.method(name) for name in dict.fromkeys(names)]
        opened = open_dataset(dataset, options.data_root)
        pair = _pair(opened, image)
        found += [_external(place, opened, pair) for place in places]
        hr_size = pair.load()[1].shape
        _check_inside(box, hr_size[-1], hr_size[-2], image)
        if options.engine == "ray":
            if catalog.local or sr or local_metrics:
                raise InputError("code and images of your own stay here; leave --engine out")
            config = RunConfig(
                dataset=opened,
                methods=tuple(method.id for method in found),
                catalog=catalog,
                options=options,
            )
            figure = _restore_on_cluster(config, pair)
        else:
            figure = restore_image(pair, found, catalog, options)
        crops = _crops(figure, found, opened, image, box, columns, options)
    return draw_crops(crops, out)


def _crops(
    figure: Figure,
    methods: Sequence[Method],
    dataset: Dataset,
    image: str,
    box: tuple[int, int, int, int],
    columns: int | None,
    options: EvalOptions,
) -> Crops:
    """Cut the crop out of everything shown; metrics without a score on any panel are left out."""
    left, top, width, height = box
    cut = (slice(top, top + height), slice(left, left + width))
    scored = [
        METRICS.get(name).facts
        for name in figure.shown[0].values
        if any(one.values[name] is not None for one in figure.shown)
    ]
    sizes = f"; {options.size} networks" if any(method.baselines for method in methods) else ""
    restored = (
        Panel(method=one.method, title=one.title, levels=one.levels[cut], values=one.values)
        for one in figure.shown
    )
    return Crops(
        caption=f"{dataset.id}, {image}, crop {width}×{height} at {left}, {top}; scores of the "
        f"whole image under protocol {options.protocol}{sizes}; seed {options.seed}",
        image=figure.hr,
        box=box,
        facts=tuple(scored),
        panels=(
            Panel(title="LR", levels=show_lr(figure.lr, dataset.scale)[cut]),
            *restored,
            Panel(title="HR", levels=figure.hr[cut]),
        ),
        columns=columns,
    )


def _external(place: str, dataset: Dataset, pair: Pair) -> Method:
    """Return images made elsewhere, given as DIR:NAME, as a method for this image."""
    folder, _, name = place.rpartition(":")
    if not folder:
        raise InputError(f"'{place}' does not name images; write it as DIR:NAME")
    files = match_outputs(Path(folder).expanduser(), dataset.pairs)[pair.name]
    check_outputs(pair, files)
    digests = {pair.name: digest_of(files)}
    return given_method(name, name, {pair.name: files}, digests)


def _restore_on_cluster(config: RunConfig, pair: Pair) -> Figure:
    record = method_records(config)[config.methods[0]]
    image = ImageFingerprint(content=pair.content(), sha256="", pixels=0)
    task = FigureTask(pair=pair, image=image, work=((record, ()),))
    for figure in RayExecutor(config.options).run(config, [task]):
        if isinstance(figure, Figure):
            return figure
    raise InputError(f"the worker of '{pair.name}' was killed every time; lower --max-memory")


def _box(text: str) -> tuple[int, int, int, int]:
    if not re.fullmatch(r"\d{1,6}(,\d{1,6}){3}", text.replace(" ", "")):
        raise InputError(f"'{text}' is no crop; write it as x,y,w,h in pixels, like 64,32,96,96")
    left, top, width, height = (int(number) for number in text.split(","))
    return left, top, width, height


def _checked(out: Path) -> Path:
    if out.suffix.lower().removeprefix(".") not in SUFFIXES:
        known = ", ".join(f".{name}" for name in SUFFIXES)
        raise InputError(f"cannot draw into '{out.name}'; give a file name that ends in {known}")
    return out


def _pair(dataset: Dataset, image: str) -> Pair:
    pairs = {pair.name: pair for pair in dataset.pairs}
    if image not in pairs:
        raise unknown_id(f"image of {dataset.id}", image, pairs)
    return pairs[image]


def _check_inside(box: tuple[int, int, int, int], wide: int, high: int, image: str) -> None:
    left, top, width, height = box
    if width < SMALLEST or height < SMALLEST:
        raise InputError(
            f"a crop of {width}x{height} pixels shows nothing; take {SMALLEST}x{SMALLEST} or more"
        )
    if left + width > wide or top + height > high:
        raise InputError(
            f"the crop {left},{top},{width},{height} leaves '{image}', which is {wide}x{high} "
            "pixels; choose one inside"
        )
