"""`pdbench diff`, `claims`, `audit` and `front`: from stored scores to a report."""

import csv
import io
import json

import pytest

from pdbench.api.choices import REPORT_FORMATS
from pdbench.plots.formats import DocumentFormat

TABLE = "method,niqe,ma,pi\nswapped,6.581,2.862,3.141\n"


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_the_formats_offered_are_those_there_are():
    assert DocumentFormat.__args__ == REPORT_FORMATS


def test_diff_shows_both_means_their_difference_and_the_count(pdbench, results):
    outcome = pdbench("diff", "median-5", "bicubic", results)
    assert outcome.code == 0
    line = next(line for line in outcome.out.splitlines() if line.startswith("PSNR"))
    assert line.split()[3:6] == ["28.25", "27.00", "+1.250"]
    assert line.endswith("2/2")
    assert "A: Median-5; B: Bicubic" in outcome.out


@pytest.mark.parametrize("form", REPORT_FORMATS)
def test_diff_and_front_are_written_in_every_format(form, pdbench, results):
    for words in (("diff", "median-5", "bicubic", results), ("front", results)):
        outcome = pdbench(*words, "--format", form)
        assert outcome.code == 0
        assert "28.25" in outcome.out


def test_csv_and_json_of_a_diff_can_be_read_back(pdbench, results):
    words = ("diff", "median-5", "bicubic", results, "--format")
    rows = list(csv.DictReader(io.StringIO(pdbench(*words, "csv").out)))
    record = json.loads(pdbench(*words, "json").out)
    assert [row["metric"] for row in rows] == ["psnr", "lpips-vgg"]
    assert float(rows[0]["difference"]) == record["rows"][0]["difference"] == 1.25
    assert (record["rows"][0]["n"], record["rows"][0]["total"]) == (2, 2)


def test_claims_without_their_rows_are_not_measurable(pdbench, results):
    record = json.loads(pdbench("claims", results, "--format", "json").out)
    assert {claim["verdict"] for claim in record["claims"]} == {"not measurable"}
    assert record["claims"][0]["reason"] == "rows missing: average-25, rrdb"
    assert record["sampler_ratio"]["ratio"] is None


@pytest.mark.parametrize("form", ["text", "md"])
def test_claims_are_written_for_readers(form, pdbench, results):
    out = pdbench("claims", results, "--format", form).out
    assert all(f"C{number}" in out for number in range(1, 9))
    assert "2 for a perfect" in out or "not measurable: PSNR of srflow-da" in out.replace("\\", "")


def test_audit_of_the_paper_reports_swaps_and_the_duplicated_triple(pdbench):
    outcome = pdbench("audit", "paper")
    assert outcome.code == 0
    assert outcome.out.count("NIQE and Ma are swapped") == 3
    assert "niqe 4.071, ma 5.079, pi 4.496" in outcome.out


@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_audit_of_a_file_finds_the_swap(form, pdbench, published):
    outcome = pdbench("audit", published, "--format", form)
    assert "NIQE and Ma are swapped" in outcome.out


def test_our_own_table_passes_its_audit(pdbench, results, tmp_path):
    pdbench("table", results, "--format", "csv", "-o", "own.csv")
    outcome = pdbench("audit", "own.csv", "--format", "json")
    record = json.loads(outcome.out)
    assert record["columns"] == ["psnr", "lpips-vgg"]
    assert (record["rows_checked"], record["findings"]) == (2, [])


def test_front_names_members_and_hypervolume(pdbench, results):
    record = json.loads(pdbench("front", results, "--format", "json").out)
    assert [(row["method"], row["on_front"]) for row in record["rows"]] == [
        ("median-5", True),
        ("bicubic", False),
    ]
    assert record["hypervolume"] == pytest.approx(1.25 * 0.2)


def test_front_takes_a_reference_and_methods(pdbench, results):
    words = ("front", results, "--reference", "26", "0.5", "--method", "bicubic", "--format")
    record = json.loads(pdbench(*words, "json").out)
    assert record["hypervolume"] == pytest.approx(1.0 * 0.05)
    assert record["reference"] == [26.0, 0.5]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("diff", "median-6", "bicubic"), "did you mean median-5?"),
        (("diff", "bicubic", "bicubic"), "compared with itself"),
        (("front", "-x", "psn"), "did you mean psnr?"),
        (("front", "-x", "psnr", "-y", "psnr"), "choose two metrics"),
        (("front", "--method", "median-6"), "median-5"),
        (("claims", "--format", "csv"), "'csv' is not one of"),
    ],
)
def test_a_mistake_is_one_line(words, says, refused, results):
    command, *rest = words
    names = rest[:2] if command == "diff" else []
    assert says in refused(command, *names, results, *rest[len(names) :])


@pytest.mark.parametrize("command", [("diff", "a", "b"), ("claims",), ("front",)])
def test_a_missing_folder_is_one_line(command, refused):
    assert "folder 'nowhere' does not exist" in refused(*command, "nowhere")


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot read"), (b"\xff\xfe\x00", "no UTF-8"), (b"a,b\n1,2\n", "no column 'method'")],
)
def test_a_table_that_is_none_is_one_line(content, says, refused, tmp_path):
    if content is not None:
        (tmp_path / "bad.csv").write_bytes(content)
    assert says in refused("audit", "bad.csv")


def test_python_calls_are_the_commands(pdbench, results):
    import pdbench as package

    assert package.audit("paper") + "\n" == pdbench("audit", "paper").out
    assert package.claims(results) + "\n" == pdbench("claims", results).out
    assert package.front(results) + "\n" == pdbench("front", results).out
    report = package.diff("median-5", "bicubic", results)
    assert report + "\n" == pdbench("diff", "median-5", "bicubic", results).out
