"""What surrounds and joins the markers: regions of certainty, arrows, the theory's curve."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pdbench.analysis.variance import region_radius
from pdbench.errors import InputError
from pdbench.plots.layout import build_scene

from .conftest import plot

SAMPLE = "srflow-da[tau=0.9]"


@pytest.fixture
def perfect(make_score):
    """Scores of averages of k perfect samples: MSE(k) = MSE(inf) (1 + 1/k)."""
    rng = random.Random(0)
    rows = []
    for image in range(6):
        best = rng.uniform(26, 32)
        for method, k, samples in ((SAMPLE, 1, 3), ("average-5", 5, 1), ("average-25", 25, 1)):
            for sample in range(samples):
                value = best - 10 * math.log10(1 + 1 / k)
                rows.append(make_score(method, f"{image}", value, sample=sample))
                loss = 0.3 - 0.1 / k
                rows.append(
                    make_score(method, f"{image}", loss, sample=sample, metric="lpips-vgg")
                )
    return rows


def test_regions_are_the_ellipses_of_hotelling(scores, facts, plane_of):
    plane = plane_of(scores, certainty="ellipses", titles={"rrdb": "RRDB"})
    scene = build_scene(plane, facts[0], facts[2])
    assert [one.method for one in scene.markers if not one.region] == ["rrdb"]
    assert scene.key["region"] == "95 % region of the mean difference to RRDB"
    marker = scene.markers[0]
    gaps = np.array(
        [
            [a - b for a, b in zip(*(plane.summary.mean(m, fact.id).images.values()
                                     for m in (marker.method, "rrdb")), strict=True)]
            for fact in (facts[0], facts[2])
        ]
    )  # fmt: skip
    inverse = np.linalg.inv(np.cov(gaps) / 5)
    for x, y in marker.region:
        gap = np.array([x - marker.x, y - marker.y])
        assert gap @ inverse @ gap == pytest.approx(region_radius(5) ** 2)


@pytest.mark.parametrize("reference", ["rrdb", ""])
@pytest.mark.parametrize("certainty", ["ellipses", "bars"])
def test_certainty_does_not_depend_on_the_other_rows(
    scores, facts, plane_of, certainty, reference
):
    plane = plane_of(scores, certainty=certainty, reference=reference)
    whole = build_scene(plane, facts[0], facts[2])
    alone = build_scene(replace(plane, methods=plane.methods[:1]), facts[0], facts[2])
    assert alone.markers == whole.markers[:1]
    assert alone.markers[0].region or alone.markers[0].x_bar


def test_few_images_get_bars_instead(scores, facts, tmp_path):
    few = [score for score in scores if score.image in ("baby", "bird")]
    ellipses, bars, none = (
        plot(few, facts, out=tmp_path / f"{name}.svg", certainty=name).read_bytes()
        for name in ("ellipses", "bars", "none")
    )
    assert ellipses == bars != none


def test_arrows_only_where_there_is_room(make_score, facts, plane_of):
    means = {"average-1": 20.0, "average-2": 29.99, "average-5": 30.0}
    rows = []
    for method, value in means.items():
        rows += [make_score(method, value=value), make_score(method, metric="lpips-vgg", value=1)]
    (path,) = build_scene(plane_of(rows), facts[0], facts[2]).paths
    assert [x for x, _ in path.points] == list(means.values())
    assert path.arrows == (True, False)


def test_perfect_samples_lie_on_the_theory_curve(perfect, facts, plane_of):
    scene = build_scene(plane_of(perfect, theory=True), facts[0], facts[2])
    place = {marker.method: (marker.x, marker.y) for marker in scene.markers}
    assert set(scene.theory.marks) == {1, 5, 25}
    for k, method in ((1, SAMPLE), (5, "average-5"), (25, "average-25")):
        assert scene.theory.marks[k] == pytest.approx(place[method])
    assert "theory" in scene.key


def test_theory_is_drawn_on_either_axis_and_only_with_psnr(perfect, facts, plane_of):
    plane = plane_of(perfect, theory=True)
    upright = build_scene(plane, facts[2], facts[0]).theory
    flat = build_scene(plane, facts[0], facts[2]).theory
    assert upright.points == tuple((y, x) for x, y in flat.points)
    rows = [replace(score, metric="ssim") for score in perfect if score.metric == "psnr"]
    scene = build_scene(plane_of([*perfect, *rows], theory=True), facts[1], facts[2])
    assert scene.theory is None


@pytest.mark.parametrize("suffix", ["png", "html"])
def test_theory_without_its_rows_is_refused(make_score, facts, tmp_path, suffix):
    rows = [make_score(metric=metric) for metric in ("psnr", "lpips-vgg")]
    with pytest.raises(InputError, match=r"PSNR of srflow-da\[tau=0.9\] is missing"):
        plot(rows, facts, out=tmp_path / f"plane.{suffix}", theory=True)


def test_theory_in_a_picture_wants_psnr(perfect, facts, tmp_path):
    rows = [replace(score, metric="ssim") for score in perfect if score.metric == "psnr"]
    with pytest.raises(InputError, match="put psnr on an axis"):
        plot([*perfect, *rows], facts, out=tmp_path / "a.png", x="ssim", theory=True)


def test_theory_is_drawn_in_every_format(perfect, facts, tmp_path):
    for suffix in ("svg", "html"):
        with_it = plot(perfect, facts, out=tmp_path / f"a.{suffix}", theory=True).read_bytes()
        assert with_it != plot(perfect, facts, out=tmp_path / f"b.{suffix}").read_bytes()


def test_the_key_fits_into_the_picture(perfect, facts, tmp_path):
    # columns of the longest names side by side
    picture = Image.open(plot(perfect, facts, out=tmp_path / "a.png", theory=True)).convert("L")
    assert np.asarray(picture)[:, -16:].min() == 255


def test_means_over_different_images_are_owned_up_to(scores, facts, plane_of):
    assert build_scene(plane_of(scores), facts[0], facts[2]).partial == ""
    fewer = [one for one in scores if (one.method, one.image) != ("rrdb", "baby")]
    partial = build_scene(plane_of(fewer), facts[0], facts[2]).partial
    assert partial == "means over 4 to 5 of 5 images, not the same"
