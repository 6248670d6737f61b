"""`pdbench report`: stored scores as one page that needs nothing else."""

import base64
import hashlib
import html
import re

import pytest

from pdbench.plots.pages import SCRIPTS

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def page(pdbench, results, tmp_path):
    """Make a report of the stored results and return it."""

    def make(folder=results, *words):
        outcome = pdbench("report", folder, "-o", tmp_path / "report.html", *words)
        assert outcome.code == 0, outcome.err
        return (tmp_path / "report.html").read_text("utf-8")

    return make


def test_the_page_holds_table_plane_claims_and_provenance(page):
    text = page()
    for words in ("Median-5", "28.25", 'class="wide"', "Claims of the paper", "Provenance",
                  "Hypervolume"):  # fmt: skip
        assert words in text


def test_the_policy_names_exactly_the_scripts_and_style_inside(page):
    text = page()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="(.*?)"', text)[1])
    for kind, tag, count in (("script-src", "script", len(SCRIPTS)), ("style-src", "style", 1)):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(i.encode()).digest()).decode() for i in inside]
        assert len(digests) == count
        sources = " ".join(f"'sha256-{digest}'" for digest in digests)
        assert f"{kind} {sources};" in policy
    assert "default-src 'none'" in policy


def test_the_page_asks_for_nothing_from_elsewhere(page):
    text = page()
    assert not re.search(r'src="(?!data:)', text)
    assert set(re.findall(r'href="(?!#)(.*?)"', text)) == {"https://arxiv.org/abs/2209.08564"}
    assert "@import" not in text
    assert "url(" not in text


def test_figures_are_shown_inside_the_page(page, tmp_path, results):
    (tmp_path / "crops.png").write_bytes(PNG)
    text = page(results, "--figure", tmp_path / "crops.png")
    assert 'alt="crops"' in text
    assert base64.b64encode(PNG).decode() in text


def test_a_folder_of_results_becomes_one_page_of_several_datasets(page, results, tmp_path):
    import shutil

    for name in ("one_x4", "two_x4"):
        shutil.copytree(results, tmp_path / "all" / name)
    text = page(tmp_path / "all")
    assert text.count("Claims of the paper") == 2
    assert text.count(">versions<") == 1  # provenance stands once
    assert {'id="board0"', 'id="board1"'} <= set(re.findall(r'id="board\d"', text))


def test_the_same_scores_give_the_same_page(page, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert "Made on 2023-11-14" in page()
    assert page() == page()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("-o", "report.pdf"), "ends in .html"),
        (("--method", "nonsense"), "unknown method in these scores 'nonsense'"),
        (("--figure", "nowhere.png"), "cannot read figure 'nowhere.png'"),
        (("--protocol", "nonsense"), "nonsense"),
    ],
)
def test_what_cannot_be_reported_is_one_line(pdbench, results, words, complaint):
    outcome = pdbench("report", results, *words)
    assert outcome.code == 2
    assert complaint in outcome.line


def test_a_folder_without_scores_and_a_false_figure_are_one_line(pdbench, results, tmp_path):
    assert "contains no scores" in pdbench("report", tmp_path).line
    (tmp_path / "page.png").write_text("<html>", encoding="utf-8")
    outcome = pdbench("report", results, "--figure", tmp_path / "page.png")
    assert outcome.code == 2
    assert "is no PNG file" in outcome.line
