"""The interactive page: complete in itself, every metric on every axis."""

import json
import re

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from pdbench.plots.layout import build_scene
from pdbench.plots.plane_page import draw_figure

from .conftest import plot


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Write the page and return its text."""

    def write(scores, facts, **options):
        out = tmp_path_factory.mktemp("page") / "plane.html"
        return plot(scores, facts, out=out, **options).read_text()

    return write


@pytest.fixture(scope="module")
def text(page, scores, facts):
    return page(scores, facts, size="compact")


def content(text):
    found = re.search(r'<script id="content" type="application/json">(.*?)</script>', text)
    return json.loads(found[1])


def test_page_loads_nothing(text):
    own = text.replace(get_plotlyjs(), "")
    assert len(own) < len(text) - 1_000_000
    assert not re.search(r"https?://|\bsrc=|@import|<link|url\(", own)


def test_page_offers_every_metric_with_scores_on_both_axes(text):
    found = content(text)
    names = ["psnr", "ssim", "lpips-vgg"]
    for axis in "xy":
        menu = re.search(rf'<select id="{axis}">(.*?)</select>', text, re.DOTALL)[1]
        assert re.findall('value="(.*?)"', menu) == names
    assert set(found["scenes"]) == {f"{a} {b}" for a in names for b in names if a != b}


def test_page_starts_with_the_pair_asked_for(page, scores, facts):
    found = content(page(scores, facts, x="ssim", y="psnr"))
    assert (found["x"], found["y"]) == ("ssim", "psnr")


def test_plotly_accepts_every_figure_as_it_stands(text):
    found = content(text)
    for scene in found["scenes"].values():
        for template in found["templates"].values():
            layout = {**scene["figure"]["layout"], "template": template}
            go.Figure(scene["figure"]["data"], {**layout, "annotations": scene["labels"]["900"]})


def test_every_width_has_all_labels(text):
    found = content(text)
    for scene in found["scenes"].values():
        assert set(scene["labels"]) == {str(width) for width, _ in found["sizes"]}
        assert all(len(labels) == 6 for labels in scene["labels"].values())


def hover(text, method, pair="psnr lpips-vgg"):
    """What a point of a scene tells."""
    traces = content(text)["scenes"][pair]["figure"]["data"]
    return next(one["text"][0] for one in traces if one["meta"].get("method") == method)


def test_a_figure_can_be_had_and_restyled(plane_of, scores, facts):
    plane = plane_of(scores)
    figure = draw_figure(plane, build_scene(plane, facts[0], facts[2]))
    assert isinstance(figure, go.Figure)
    assert [one.meta["method"] for one in figure.data if "method" in one.meta] == list(
        plane.methods
    )
    figure.update_layout(template="plotly_dark", width=400)


def test_hover_tells_every_metric_with_interval_and_count(text):
    found = hover(text, "srflow-da[tau=0.9]")
    assert re.search(r"PSNR \d\d\.\d\d \[\d\d\.\d\d, \d\d\.\d\d\], sd \d\.\d{3}, n 5/5", found)
    assert "PieAPP —, n 0/5" in found


def test_metric_without_scores_is_noted_with_its_reason(text):
    notes = content(text)["notes"]
    assert "PieAPP is not available: weights not found; give --weights-dir." in notes


def test_caption_is_on_the_page(text):
    assert "set5 ×4, 5 images; protocol paper; compact networks; seed 0" in text


def test_page_is_the_same_when_rerun(text, page, scores, facts):
    assert page(scores, facts, size="compact") == text


def test_titles_cannot_break_out_of_the_page(page, scores, facts):
    evil = "</script><img src=x onerror=alert(1)>"
    own = page(scores, facts, titles={"rrdb": evil}).replace(get_plotlyjs(), "")
    assert "<img" not in own
    assert "&lt;img" in hover(own, "rrdb")


def test_page_says_who_is_on_the_front_how_surely(text):
    front = content(text)["scenes"]["psnr lpips-vgg"]["notes"][0]
    assert "bootstrap data sets of 5/5 images: average-" in front
    assert re.search(r"Hypervolume to the worst of both: [\d.]+ \[[\d.]+, [\d.]+\]", front)
    assert content(text)["scenes"]["lpips-vgg psnr"]["notes"][0] == front


def test_key_names_only_what_is_drawn(text, page, scores, facts):
    assert "95 % region of the mean difference to rrdb" in text
    assert "95 % interval of the mean difference" not in text
    assert "region of the mean" not in page(scores, facts, certainty="none")
