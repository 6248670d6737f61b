"""The plane's content, and its pictures."""

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise, permutations, product

import pytest
from PIL import Image

from pdbench.analysis import summarize
from pdbench.errors import InputError
from pdbench.plots.labels import Box, label_scene
from pdbench.plots.layout import build_scene
from pdbench.plots.method_styles import COLORS, label_methods, luminance, style_methods
from pdbench.plots.pages import asset, render
from pdbench.plots.plane_page import GRAY, TEMPLATES
from pdbench.plots.scene import Plane

from .conftest import MEANS, plot


@pytest.fixture
def plane(scores, plane_of):
    return plane_of(scores)


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
    shapes = [path.points for path in scene.paths] + [scene.front]
    shapes += [marker.extent for marker in scene.markers]
    assert all(low <= x <= high for shape in shapes for x, _ in shape)


def test_cloud_spans_one_standard_deviation(plane, scene):
    spread = plane.summary.mean("srflow-da[tau=0.1]", "psnr").sample_std
    cloud = next(one.cloud for one in scene.markers if one.method == "srflow-da[tau=0.1]")
    xs = [x for x, _ in cloud]
    assert (max(xs) - min(xs)) / 2 == pytest.approx(spread)
    ys = [y for _, y in cloud]
    spread = plane.summary.mean("srflow-da[tau=0.1]", "lpips-vgg").sample_std
    assert (max(ys) - min(ys)) / 2 == pytest.approx(spread, rel=0.01)


def test_only_stochastic_methods_have_clouds(scene):
    assert sum(bool(marker.cloud) for marker in scene.markers) == 2


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
    rows = [*scores, make_score("new", "baby", 20.0)]
    summary = summarize(rows, facts, titles={"new": "New"})
    extended = Plane(summary=summary, methods=summary.methods)
    assert build_scene(extended, facts[0], facts[2]).absent == ("New (no LPIPS-VGG)",)


def test_no_method_with_both_metrics_gives_no_scene(plane, facts):
    assert build_scene(plane, facts[0], facts[3]) is None


def test_an_infinite_mean_is_named_instead_of_drawn(make_score, facts):
    rows = [make_score(value=math.inf), make_score(metric="ssim")]
    rows += [make_score("n", value=30.0), make_score("n", metric="ssim")]
    summary = summarize(rows, titles={"m": "M", "n": "N"})
    plane = Plane(summary=summary, methods=("m", "n"))
    scene = build_scene(plane, facts[0], facts[1])
    assert [marker.method for marker in scene.markers] == ["n"]
    assert scene.absent == ("M (PSNR is infinite)",)


def test_labels_stay_in_the_picture(scene):
    axes = Box(60, 10, 400, 300)
    labels = label_scene(scene, axes, radius=5, measure=lambda text: (6.0 * len(text), 14.0))
    boxes = [label.box for label in labels if label]
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
    assert set(label(0, 1).values()) == {"Net (τ=0)", "Net (τ=1)"}


def test_a_color_is_the_methods_own_and_can_be_read_on_light_and_on_dark_pages():
    names = [*COLORS, *(f"net{n}x" for n in range(40))]
    styles = style_methods(names, kinds={}, several=frozenset())
    assert len({style.color for style in styles.values()}) > 40
    assert style_methods(names[::-1], kinds={}, several=frozenset()) == styles
    for style in styles.values():
        assert min(contrast(style.color, page) for page in ("#ffffff", "#f6f7f9")) >= 4.5
        assert min(contrast(style.dark_color, page) for page in ("#16181c", "#1b1f25")) >= 4.5


@pytest.mark.parametrize(("scheme", "lines"), [("light", 3), ("dark", 3)])
def test_figures_are_readable_on_their_page(scheme, lines):
    layout = TEMPLATES[scheme].layout
    assert contrast(layout.font.color, layout.paper_bgcolor) >= 4.5
    for color in (layout.xaxis.linecolor, layout.yaxis.linecolor, GRAY):
        assert contrast(color, layout.paper_bgcolor) >= lines


@pytest.mark.parametrize("dark", [False, True])
def test_stylesheets_are_readable(dark):
    for text, inks, pages in (
        (asset("style.css"), ("ink", "soft", "accent"), ("page", "card", "row")),
        (asset("style.css"), ("good-ink",), ("good", "page", "card")),
        (asset("style.css"), ("warn-ink",), ("warn", "page")),
        (asset("style.css"), ("calm-ink",), ("calm",)),
        (render("plane.html", title="", caption="", metrics=[], key_names={}, plotly="",
                content={}), ("ink", "faint"), ("page",)),
    ):  # fmt: skip
        found = re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", text)
        half = len(found) // (3 if "data-theme" in text else 2)
        colors = dict(found[half : 2 * half] if dark else found[:half])
        for ink, page in product(inks, pages):
            assert contrast(colors[ink], colors[page]) >= 4.5, (ink, page)


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


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
        assert picture.width == 1280


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


def test_a_figure_for_a_column_has_its_width_and_its_text_as_text(scores, facts, tmp_path):
    options = {"width": 3.3, "font_size": 8, "title": "Five images", "caption": False}
    text = plot(scores, facts, out=tmp_path / "a.svg", **options).read_text()
    assert ET.fromstring(text).get("width") == "237.6pt"
    words = re.findall(r"<text[^>]*>([^<]+)</text>", text)
    assert "Five images" in words
    assert set(MEANS) <= set(words)
    assert "protocol" not in text
    assert b"/Type /Font" in plot(scores, facts, out=tmp_path / "a.pdf", **options).read_bytes()


def test_planes_stand_side_by_side(scores, facts, tmp_path):
    both = ("lpips-vgg", "ssim")
    text = plot(scores, facts, out=tmp_path / "a.svg", y=both).read_text()
    assert 'id="axes_2"' in text
    assert text.count(">Pareto front<") == 1
    narrow = plot(scores, facts, out=tmp_path / "b.svg", y=both, width=3.3, font_size=8)
    first, second = (
        float(ET.fromstring(path.read_text()).get("height").removesuffix("pt"))
        for path in (narrow, plot(scores, facts, out=tmp_path / "c.svg", width=3.3, font_size=8))
    )
    assert first > 1.4 * second  # below each other where there is no room
    with pytest.raises(InputError, match="a page shows one plane"):
        plot(scores, facts, out=tmp_path / "a.html", y=both)


def test_certainty_is_drawn_as_ellipses_or_bars(scores, facts, tmp_path):
    ellipses = plot(scores, facts, out=tmp_path / "a.svg").read_bytes()
    assert ellipses != plot(scores, facts, out=tmp_path / "b.svg", certainty="bars").read_bytes()
