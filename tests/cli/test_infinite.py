"""A perfect image has infinite PSNR: it goes through files, tables, reports and plots."""

import csv
import io
import json

import pytest

from pdbench.harness.results import export_results, read_results


@pytest.fixture
def perfect(results):
    """The stored scores with one image that bicubic restored perfectly."""
    path = results / "bicubic.csv"
    text = path.read_text(encoding="utf-8")
    assert "28.000000" in text
    path.write_text(text.replace("28.000000", "inf"), encoding="utf-8")
    return results


def test_results_are_read_and_written_unchanged(perfect, tmp_path):
    again = export_results(read_results(perfect), tmp_path / "again")[-1].parent
    assert (again / "bicubic.csv").read_bytes() == (perfect / "bicubic.csv").read_bytes()
    assert b"inf" in (again / "bicubic.csv").read_bytes()


@pytest.mark.parametrize("form", ["text", "md", "latex"])
def test_tables_show_it(form, pdbench, perfect):
    sign = r"$\infty$" if form == "latex" else "∞"
    assert sign in pdbench("table", perfect, "--format", form).out


def test_tables_for_programs_hold_it(pdbench, perfect):
    rows = list(csv.DictReader(io.StringIO(pdbench("table", perfect, "--format", "csv").out)))
    means = {row["method"]: float(row["psnr"]) for row in rows}
    assert means == {"bicubic": float("inf"), "median-5": 28.25}
    record = json.loads(pdbench("table", perfect, "--format", "json").out)
    cell = record["rows"][0]["scores"]["psnr"]
    assert (cell["mean"], cell["infinite"]) == (None, True)


def test_diff_shows_it_without_interval_or_test(pdbench, perfect):
    words = ("diff", "bicubic", "median-5", perfect, "--format")
    row = json.loads(pdbench(*words, "json").out)["rows"][0]
    assert (row["first"], row["difference"]) == (None, None)
    assert "infinite" in row["reason"]
    assert (row["p"], row["low"], row["n"]) == (None, None, 2)
    assert "+∞" in pdbench(*words, "text").out
    assert next(csv.DictReader(io.StringIO(pdbench(*words, "csv").out)))["difference"] == "inf"


def test_front_leaves_the_method_out_and_says_so(pdbench, perfect):
    record = json.loads(pdbench("front", perfect, "--format", "json").out)
    assert record["absent"] == {"bicubic": "PSNR is infinite"}
    assert [row["method"] for row in record["rows"]] == ["median-5"]


def test_claims_and_audit_take_it(pdbench, perfect):
    assert pdbench("claims", perfect).code == 0
    pdbench("table", perfect, "--format", "csv", "-o", "own.csv")
    out = pdbench("audit", "own.csv").out
    assert "psnr: no restoration equals its ground truth" in out


def test_page_and_picture_name_it_instead_of_drawing_it(pdbench, perfect, tmp_path):
    assert pdbench("plot", perfect, "-o", "plane.html").code == 0
    page = (tmp_path / "plane.html").read_text(encoding="utf-8")
    assert "Bicubic (PSNR is infinite)" in page
    assert pdbench("plot", perfect, "-o", "plane.png").code == 0
