"""The plane's content, and its pictures."""

import math
import xml.etree.ElementTree as ET
from itertools import pairwise, permutations

import pytest
from PIL import Image

from pdbench.analysis import summarize
from pdbench.errors import InputError
from pdbench.plots import plot
from pdbench.plots.labels import Box
from pdbench.plots.method_styles import label_methods, style_methods
from pdbench.plots.scene import build_scene, label_scene
from pdbench.plots.scene_model import Frame, Plane


@pytest.fixture
def plane(scores):
    summary = summarize(scores)
    several = frozenset({"srflow-da[tau=0.1]", "srflow-da[tau=0.9]"})
    return Plane(
        summary=summary,
        methods=summary.methods,
        titles={method: method for method in summary.methods},
        styles=style_methods(summary.methods, kinds={}, several=several),
        bar_ends={("rrdb", "psnr"): (28.0, 30.0)},
    )


@pytest.fixture
def scene(plane, facts):
    return build_scene(plane, facts[0], facts[2])


def test_better_is_left_and_down_for_every_pair(plane, facts):
    for x, y in permutations(facts[:3], 2):
        scene = build_scene(plane, x, y)
        assert (scene.x_range[0] > scene.x_range[1]) == (x.better == "higher")
        assert (scene.y_range[0] > scene.y_range[1]) == (y.better == "higher")


def test_markers_are_the_means(plane, scene):
    for marker in scene.markers:
        assert marker.x == plane.summary.mean(marker.method, "psnr").value
        assert marker.y == plane.summary.mean(marker.method, "lpips-vgg").value


def test_everything_drawn_is_inside_the_axes(scene):
    low, high = sorted(scene.x_range)
    shapes = [shape.points for shape in (*scene.clouds, *scene.paths)] + [scene.front]
    assert all(low <= x <= high for shape in shapes for x, _ in shape)
    assert low < 28.0
    assert high > 30.0


def test_cloud_spans_one_standard_deviation(plane, scene):
    spread = plane.summary.mean("srflow-da[tau=0.1]", "psnr").sample_std
    xs = [x for x, _ in scene.clouds[0].points]
    assert (max(xs) - min(xs)) / 2 == pytest.approx(spread)
    ys = [y for _, y in scene.clouds[0].points]
    spread = plane.summary.mean("srflow-da[tau=0.1]", "lpips-vgg").sample_std
    assert (max(ys) - min(ys)) / 2 == pytest.approx(spread, rel=0.01)


def test_only_stochastic_methods_have_clouds(scene):
    assert len(scene.clouds) == 2


def test_members_of_a_family_are_joined_in_order(plane, scene):
    joined = {path.points for path in scene.paths}
    place = {marker.method: (marker.x, marker.y) for marker in scene.markers}
    assert joined == {
        (place["srflow-da[tau=0.1]"], place["srflow-da[tau=0.9]"]),
        (place["average-5"], place["average-25"]),
    }


def test_front_steps_through_unbeaten_methods_only(scene):
    place = {marker.method: (marker.x, marker.y) for marker in scene.markers}
    assert place["average-5"] in scene.front
    assert place["bicubic"] not in scene.front
    for before, after in pairwise(scene.front):
        assert before[0] == after[0] or before[1] == after[1]


def test_methods_without_a_metric_are_named(make_score, plane, facts, scores):
    summary = summarize([*scores, make_score("new", "baby", 20.0)])
    extended = Plane(
        summary=summary,
        methods=(*plane.methods, "new"),
        titles={**plane.titles, "new": "New"},
        styles=style_methods(summary.methods, kinds={}, several=frozenset()),
        bar_ends={},
    )
    assert build_scene(extended, facts[0], facts[2]).absent == ("New (no LPIPS-VGG)",)


def test_no_method_with_both_metrics_gives_no_scene(plane, facts):
    assert build_scene(plane, facts[0], facts[3]) is None


def test_an_infinite_mean_is_named_instead_of_drawn(make_score, facts):
    rows = [make_score(value=math.inf), make_score(metric="ssim")]
    rows += [make_score("n", value=30.0), make_score("n", metric="ssim")]
    summary = summarize(rows)
    plane = Plane(
        summary=summary,
        methods=("m", "n"),
        titles={"m": "M", "n": "N"},
        styles=style_methods(["m", "n"], kinds={}, several=frozenset()),
        bar_ends={},
    )
    scene = build_scene(plane, facts[0], facts[1])
    assert [marker.method for marker in scene.markers] == ["n"]
    assert scene.absent == ("M (PSNR is infinite)",)


def test_labels_stay_in_the_picture(plane, scene):
    axes = Box(60, 10, 400, 300)
    frame = Frame(axes=axes, radius=5, measure=lambda text: (6.0 * len(text), 14.0))
    boxes = [label.box for label in label_scene(plane, scene, frame) if label]
    assert len(boxes) == 6
    assert all(box.left >= 60 and box.right <= 400 for box in boxes)


def test_families_share_a_hue_and_kinds_a_marker():
    styles = style_methods(
        ["rrdb", "average-5", "average-25", "net[tau=0.5]"],
        kinds={},
        several=frozenset({"net[tau=0.5]"}),
    )
    assert styles["average-5"].color == styles["average-25"].color
    assert styles["average-5"].color != styles["rrdb"].color
    kinds = [style.kind for style in styles.values()]
    assert kinds == ["single", "fused", "fused", "stochastic"]
    assert styles["net[tau=0.5]"].parameter == (0.5,)


def label(*parameters):
    titles = {f"net[tau={t:g}]": f"Net (τ={t:g})" for t in parameters}
    return label_methods(titles, style_methods(list(titles), kinds={}, several=frozenset()))


def test_a_long_path_names_its_ends_in_full_whatever_the_order():
    labels = label(0.5, 1, 0, 0.1)
    assert labels["net[tau=0]"] == "Net (τ=0)"
    assert labels["net[tau=1]"] == "Net (τ=1)"
    assert labels["net[tau=0.1]"] == "τ=0.1"
    assert labels["net[tau=0.5]"] == "τ=0.5"


def test_a_short_path_names_all_its_members_in_full():
    assert set(label(0, 0.5, 1).values()) == {"Net (τ=0)", "Net (τ=0.5)", "Net (τ=1)"}


def test_known_kind_beats_the_guess():
    styles = style_methods(["net-2"], kinds={"net-2": "single"}, several=frozenset())
    assert styles["net-2"].kind == "single"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_pictures_are_the_same_bytes_when_rerun(scores, facts, tmp_path, suffix):
    first = plot(scores, facts, out=tmp_path / f"a.{suffix}")
    second = plot(scores, facts, out=tmp_path / f"b.{suffix}")
    assert first.read_bytes() == second.read_bytes()


def test_png_is_a_picture_of_print_size(scores, facts, tmp_path):
    with Image.open(plot(scores, facts, out=tmp_path / "plane.PNG")) as picture:
        assert picture.size == (1280, 1040)


def test_svg_needs_no_network_and_names_no_day(scores, facts, tmp_path):
    text = plot(scores, facts, out=tmp_path / "plane.svg").read_text()
    ET.fromstring(text)
    assert 'href="http' not in text
    assert "<dc:date>" not in text


def test_dollar_signs_in_titles_are_no_formulae(scores, facts, tmp_path):
    titles = {"rrdb": "$broken_{", "bicubic": "a$b$"}
    assert plot(scores, facts, out=tmp_path / "plane.png", titles=titles).stat().st_size > 0


def test_single_method_and_single_image_can_be_drawn(make_score, facts, tmp_path):
    rows = [make_score(), make_score(metric="lpips-vgg")]
    for suffix in ("png", "html"):
        assert plot(rows, facts, out=tmp_path / f"plane.{suffix}").is_file()


@pytest.mark.parametrize("suffix", ["png", "html"])
def test_metric_without_scores_cannot_be_an_axis(scores, facts, tmp_path, suffix):
    out = tmp_path / f"plane.{suffix}"
    with pytest.raises(InputError, match=r"both PSNR and PieAPP \(weights not found"):
        plot(scores, facts, out=out, y="pieapp")
    assert not out.exists()


def test_axes_must_differ(scores, facts, tmp_path):
    with pytest.raises(InputError, match="both axes would show PSNR"):
        plot(scores, facts, out=tmp_path / "a.png", x="psnr", y="psnr")


def test_unknown_metric_names_the_close_one(scores, facts, tmp_path):
    with pytest.raises(InputError, match="did you mean lpips-vgg"):
        plot(scores, facts, out=tmp_path / "a.png", y="lpips")


def test_unknown_suffix_names_the_known(scores, facts, tmp_path):
    with pytest.raises(InputError, match=r"cannot plot into 'a.gif'; .* \.html, \.png"):
        plot(scores, facts, out=tmp_path / "a.gif")


def test_folder_that_cannot_be_made_is_an_input_error(scores, facts, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        plot(scores, facts, out=tmp_path / "file" / "plane.png")


def test_failed_write_leaves_nothing_behind(scores, facts, tmp_path):
    (tmp_path / "plane.png").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        plot(scores, facts, out=tmp_path / "plane.png")
    assert [path.name for path in tmp_path.iterdir()] == ["plane.png"]


def test_certainty_is_drawn_as_ellipses_or_bars(scores, facts, tmp_path):
    ellipses = plot(scores, facts, out=tmp_path / "a.svg").read_bytes()
    assert ellipses != plot(scores, facts, out=tmp_path / "b.svg", certainty="bars").read_bytes()
