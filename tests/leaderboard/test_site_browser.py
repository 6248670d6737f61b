"""The site in headless Chromium, opened as files: nothing asked for elsewhere, nothing complained.

Run with `-m browser`; needs the extra `browser` and a Chromium, either playwright's own or one on
the path.
"""

import shutil
from pathlib import Path

import pytest
import yaml

import pdbench as api
from pdbench.leaderboard.board import find_board
from pdbench.leaderboard.site import build_site

from .conftest import rehash

pytestmark = pytest.mark.browser
RESULTS = Path(__file__).resolve().parents[2] / "results" / "set5_x4"
PATIENCE = 120_000
"""Milliseconds; a busy machine is slow."""


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
                None)  # fmt: skip
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--disable-gpu"], timeout=PATIENCE
            )
        except playwright.Error as error:
            pytest.skip(f"no Chromium: {error}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(template, tmp_path_factory):
    """The site of two methods, one of them trained on SSIM."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(template, root / "leaderboard")
    folder = root / "leaderboard" / "submissions" / "mynet"
    card = yaml.safe_load((folder / "card.yaml").read_text(encoding="utf-8"))
    (folder / "card.yaml").write_text(yaml.safe_dump({**card, "losses": ["ssim"]}), "utf-8")
    rehash(folder)
    build_site(find_board(root / "leaderboard"), root / "site")
    return root / "site"


@pytest.fixture
def visit(chromium, site):
    """Open a page; at the end nothing may have been complained of or asked for elsewhere."""
    trouble, contexts = [], []

    def watch(page, root):
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: trouble.append(request.url)
                if not request.url.startswith((root, "data:")) else None)  # fmt: skip

    def call(name="index.html", *, width=1400, scheme="light", root=site):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watch(page, root.as_uri())
        page.goto((root / name).as_uri())
        return page

    yield call
    for context in contexts:
        context.close()
    assert trouble == []


def order(page):
    return page.eval_on_selector_all(
        ".board tbody tr:not([hidden])", "rows => rows.map(row => row.dataset.method)"
    )


def test_a_column_sorts_both_ways_and_says_so(visit):
    page = visit()
    head = page.locator('th[data-metric="psnr"]')
    head.locator("button").press("Enter")  # by keyboard
    assert head.get_attribute("aria-sort") == "descending"
    best_first = order(page)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert order(page) == best_first[::-1]


def test_scores_that_are_hidden_or_missing_sort_last_both_ways(visit):
    page = visit()
    head = page.locator('th[data-metric="ssim"] button')
    head.click()
    page.check('input[name="fair"]')
    assert order(page) == ["samples", "mynet"]
    head.click()
    assert order(page) == ["samples", "mynet"]


def test_the_filter_hides_rows_and_fades_points(visit):
    page = visit()
    page.fill('input[name="filter"]', "mynet")
    assert order(page) == ["mynet"]
    assert page.locator(".stage svg.wide .point.off").count() == 1
    assert "1 of 2 methods" in page.inner_text(".status")
    page.fill('input[name="filter"]', "")
    page.select_option('select[name="kind"]', "stochastic")
    assert order(page) == ["samples"]


def test_hiding_flattered_scores_empties_cells_and_plane(visit):
    page = visit()
    cell = page.locator('tr[data-method="mynet"] td[data-metric="ssim"]')
    assert cell.locator(".mean").is_visible()
    page.check('input[name="fair"]')
    assert not cell.locator(".mean").is_visible()
    assert page.locator('.stage svg.wide .point[data-method="mynet"]').count() == 0
    page.uncheck('input[name="fair"]')
    assert page.locator('.stage svg.wide .point[data-method="mynet"]').count() == 1


def test_going_back_brings_the_contents_back_with_the_controls(visit):
    page = visit()
    page.check('input[name="fair"]')
    page.select_option('select[name="kind"]', "single")
    page.click('tr[data-method="mynet"] th a')
    page.locator(".slider input").first.evaluate("range => { range.value = 0; }")
    page.go_back()
    assert page.is_checked('input[name="fair"]')
    assert not page.locator('tr[data-method="mynet"] td[data-metric="ssim"] .mean').is_visible()
    assert page.input_value('select[name="kind"]') == "single"
    assert order(page) == ["mynet"]
    page.go_forward()
    cut = page.locator(".slider .pair").first
    assert cut.evaluate("pair => pair.style.getPropertyValue('--cut')") == "0%"


def test_a_point_tells_its_scores_when_pointed_at_or_focused(visit):
    page = visit()
    point = page.locator('.stage svg.wide .point[data-method="mynet"]')
    tip = page.locator(".tip")
    assert not tip.is_visible()
    point.locator(".marker").hover()
    assert "PSNR" in tip.inner_text()
    assert "lit" in page.locator('tr[data-method="mynet"]').get_attribute("class")
    page.mouse.move(5, 5)
    assert not tip.is_visible()
    point.focus()
    assert "MyNet" in tip.inner_text()


def test_the_slider_moves_the_border_by_keyboard(visit):
    page = visit("methods/mynet.html")
    page.locator(".slider input").first.focus()
    page.keyboard.press("Home")
    cut = page.locator(".slider .pair").first
    assert cut.evaluate("pair => pair.style.getPropertyValue('--cut')") == "0%"
    page.locator(".slider select").first.select_option(label="Samples")
    left = page.locator(".slider .before").first
    assert left.get_attribute("src").startswith("../crops/samples/")
    assert left.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


@pytest.mark.parametrize("name", ["index.html", "methods/samples.html", "about.html"])
def test_a_phone_needs_no_sideways_scrolling(visit, name):
    page = visit(name, width=390)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


def test_the_theme_follows_the_system_and_the_button(visit):
    page = visit(scheme="dark")
    color = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(color)
    page.click(".theme")
    assert page.evaluate(color) != dark
    page.click(".theme")
    assert page.evaluate(color) == dark


def test_a_report_works_as_a_single_file(visit, tmp_path):
    api.report(RESULTS, output=tmp_path / "report.html")
    page = visit("report.html", root=tmp_path)
    before = order(page)
    page.locator('th[data-metric="psnr"] button').click()
    assert sorted(order(page)) == sorted(before)
    assert page.locator(".stage svg.wide .point").count() > 1
