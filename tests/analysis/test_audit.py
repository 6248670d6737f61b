"""What an audit must find, and what it must leave alone."""

import random
import time

import pytest

from pdbench.analysis.audit import audit
from pdbench.analysis.paper_tables import paper_table, parse_table


def found(text):
    return audit(parse_table(text, "table.csv"))


def one(text):
    (issue,) = found(text)
    return issue


def test_the_papers_table_has_three_swaps_and_a_duplicated_triple():
    issues = audit(paper_table())
    swaps = [issue.rows for issue in issues if "swapped" in issue.text]
    assert swaps == [("rrdb",), ("esrgan-plus",), ("fusion-l1",)]
    copies = {issue.rows: issue.text for issue in issues if issue.check == "duplicate"}
    assert copies == {
        ("srflow-da[tau=0.9]", "median-25"): (
            "the numbers are the same: niqe 4.071, ma 5.079, pi 4.496"
        ),
        ("srflow-da[tau=0.1]", "average-25"): "the same to the last digit: psnr 29.269",
    }
    turns = [issue.text.split(" along")[0] for issue in issues if issue.check == "path"]
    assert turns == ["lpips-vgg turns", "niqe turns", "ma turns"]
    assert len(issues) == 8


def test_pi_that_fits_to_rounding_is_left_alone():
    assert not found("method,niqe,ma,pi\nx,4.071,5.079,4.496\ny,2.862,6.581,3.141\n")


def test_pi_that_fits_neither_way_is_certain():
    issue = one("method,niqe,ma,pi\nx,4.071,5.079,4.600\n")
    assert (issue.check, issue.certain) == ("pi identity", True)
    assert issue.text == "PI 4.600, but NIQE and Ma give 4.496"


def test_swap_is_told_by_the_other_order():
    assert "NIQE and Ma are swapped" in one("method,niqe,ma,pi\nx,6.581,2.862,3.141\n").text


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("psnr", "2599"),
        ("ssim", "1.2"),
        ("dists", "-0.1"),
        ("ma", "11"),
        ("psnr", "-3"),
        ("lpips-vgg", "-0.01"),
    ],
)
def test_values_a_metric_cannot_take_are_certain(metric, value):
    issue = one(f"method,{metric}\nx,{value}\n")
    assert (issue.check, issue.certain) == ("value range", True)
    assert metric in issue.text


def test_ssim_in_percent_is_suspected():
    assert "percent" in one("method,ssim\nx,83.6\n").text


def test_whole_rows_that_repeat_are_told_from_shared_numbers():
    head = "method,psnr,ssim,dists\n"
    assert "rows are the same" in one(f"{head}x,27.31,0.81,0.04\ny,27.31,0.81,0.04\n").text


def test_short_numbers_coincide_without_notice():
    assert not found("method,dists,ssim\nx,0.034,0.81\ny,0.034,0.81\n")


def test_a_name_used_twice_is_certain():
    issue = one("method,psnr\nx,27.11\nx,28.22\n")
    assert (issue.text, issue.certain) == ("two rows have this name", True)


def test_better_than_the_ground_truth_is_odd():
    issue = one("method,niqe,pi\nHR,3.2,2.4\nx,2.9,2.5\n")
    assert issue.rows == ("x",)
    assert issue.text == "niqe 2.9 beats the ground truth's 3.2"


@pytest.mark.parametrize(("metric", "value"), [("psnr", "inf"), ("ssim", "1"), ("lpips", "0.000")])
def test_equal_to_the_ground_truth_is_odd(metric, value):
    assert "no restoration equals its ground truth" in one(f"method,{metric}\nx,{value}\n").text


def test_negative_pieapp_prefers_the_restoration():
    assert "prefers it to the ground truth" in one("method,pieapp\nx,-0.2\n").text


def test_a_path_that_turns_is_shown():
    issue = one(
        "method,psnr\nsrflow-da[tau=0.9],27.4\nsrflow-da[tau=0.1],28.1\nsrflow-da[tau=0.5],29.3\n"
    )
    assert issue.check == "path"
    assert issue.text == "psnr turns along srflow-da: 28.1 → 29.3 → 27.4"


def test_a_path_that_only_rises_is_left_alone():
    assert not found("method,psnr\naverage-1,27\naverage-5,28\naverage-25,29\n")


def test_published_titles_are_understood():
    rows = "Average (5),28.1,0.2\nAverage (25),29.0,0.3\nAverage (50),28.0,\n"
    text = f"Method,PSNR (dB) ↑,LPIPS ↓\n{rows}"
    assert one(text).text == "psnr turns along Average: 28.1 → 29.0 → 28.0"


def test_a_missing_decimal_point_is_suspected():
    assert "decimal point" in one("method,psnr\nx,2599\n").text


def test_values_no_photograph_gives_are_odd():
    assert not one("method,niqe\nx,312.5\n").certain


def test_many_equal_rows_are_told_in_a_line_each_and_at_once():
    rng = random.Random(0)
    lines = [
        ",".join([f"m{i}", *(f"{rng.uniform(0, 1):.{d}f}" for d in (2, 3, 4, 5, 6, 2, 1, 3))])
        for i in range(1500)
    ]
    lines += [f"copy{i},0.1234,0.2345,0.3456,0.45,0.5,0.61,0.7,0.8" for i in range(1500)]
    text = "\n".join(["method,a,b,c,d,e,f,g,h", *lines])
    start = time.process_time()
    issues = found(text)
    assert time.process_time() - start < 2
    assert sum("rows are the same" in issue.text for issue in issues) == 1499
