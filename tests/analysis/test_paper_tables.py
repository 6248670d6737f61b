"""Reading tables of any origin, and the order of the paper's rows."""

import pytest

from pdbench.analysis.paper_tables import (
    FAMILIES,
    in_paper_order,
    paper_table,
    parse_table,
    split_id,
)
from pdbench.errors import InputError


def test_the_papers_table_is_whole_and_names_its_source():
    table = paper_table()
    assert "Perception-Distortion Trade-off in the SR Space" in table.notes[0]
    assert [row.label for row in table.rows][:2] == ["rrdb", "esrgan-plus"]
    assert [len(row.values) for row in table.rows] == [8] * 11


def test_empty_cells_have_no_value_and_digits_are_remembered():
    (row,) = parse_table("method,psnr,ssim\nx,29.10,—\n", "t").rows
    assert row.values == {"psnr": 29.1}
    assert row.steps == pytest.approx({"psnr": 0.01})


def test_files_of_results_are_labeled_by_image_seed_and_sample():
    table = parse_table("image,seed,sample,psnr\nbaby,0,1,30.5\n", "t")
    assert [row.label for row in table.rows] == ["baby 0 1"]
    assert table.columns == ("psnr",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no table"),
        ("method,psnr\n", "holds no table"),
        ("a,psnr\nx,3\n", "no column 'method'"),
        ("method,psnr,PSNR (dB)\nx,3,4\n", "names psnr twice"),
        ("method,psnr\nx,3,4\n", "line 2 of the table in 't' has 3 cells, not 2"),
        ("method,psnr\nx,abc\n", "holds no numbers"),
        ("method,psnr\nx,27\ny,abc\n", "'abc' for psnr of y"),
    ],
)
def test_a_bad_table_is_refused_in_one_sentence(text, says):
    with pytest.raises(InputError, match=r"^[^\n]+$") as caught:
        parse_table(text, "t")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("average-25", ("average", (25.0,))),
        ("net[tau=0.9]", ("net", (0.9,))),
        ("Average (5)", ("Average", (5.0,))),
        ("fusion-l1", ("fusion-l1", ())),
        ("rrdb", ("rrdb", ())),
    ],
)
def test_ids_split_into_family_and_numbers(name, parts):
    assert split_id(name) == parts


def test_rows_stand_as_in_the_paper_with_their_family():
    names = [
        "own",
        "new",
        "median-5",
        "average-25",
        "srflow-da[tau=0.9]",
        "average-7",
        "rrdb",
        "bicubic",
    ]
    assert in_paper_order(names, names) == [
        "bicubic", "rrdb", "srflow-da[tau=0.9]", "average-7", "average-25", "median-5", "new",
        "own",
    ]  # fmt: skip


def test_the_families_are_those_of_the_papers_rows():
    rows = [split_id(row.label)[0] for row in paper_table().rows]
    assert ("bicubic", *dict.fromkeys(row for row in rows if row != "bicubic")) == FAMILIES
