"""Score files of strangers: exactly what pdbench writes, or one line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdbench.errors import InputError
from pdbench.leaderboard.score_csv import parse_scores
from pdbench.score_table import format_csv
from pdbench.scores import Score

from .conftest import complaint

HEADER = "image,seed,sample,psnr,ssim\n"
GOOD = HEADER + "a,0,0,25.000000,0.700000\nb,0,0,26.500000,\n"


def parse(text):
    content = text if isinstance(text, bytes) else text.encode()
    return parse_scores(content, "set5_x4.csv", ["psnr", "ssim"])


def test_scores_are_read():
    rows = parse(GOOD)
    assert [(row.image, row.values) for row in rows] == [
        ("a", {"psnr": 25.0, "ssim": 0.7}),
        ("b", {"psnr": 26.5, "ssim": None}),
    ]


NOT_PLAIN_NUMBERS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "1e999", "1e1", "25", "25.0", "025.000000",
     " 25.000000", "25.000000 ", "+25.000000", "2_5.000000", "٢٥.000000", "twenty", "=1+1",
     "@SUM(A1)", "-", ".", "0x19", "99999999999.000000", '"25.000000"', "<b>1</b>", "--",
)  # fmt: skip


def test_a_cell_is_a_plain_number_of_six_decimals():
    said = {
        cell: complaint(parse, HEADER + f"a,0,0,{cell},0.700000\n") for cell in NOT_PLAIN_NUMBERS
    }
    assert not {cell: line for cell, line in said.items() if "set5_x4.csv" not in line}


def test_seed_and_sample_are_whole_numbers():
    keys = ("a,-1,0", "a,0,-1", "a,0.5,0", "a,0,1e3", "a,00,0", "a,,0")
    said = {key: complaint(parse, HEADER + f"{key},25.000000,0.700000\n") for key in keys}
    assert all(said.values()), said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "image,seed,sample,psnr\na,0,0,25.000000\n",
        HEADER.replace("psnr,ssim", "ssim,psnr"),
        HEADER + "a,0,0,25.000000\n",
        HEADER + "a,0,0,25.000000,0.700000,1.000000\n",
        HEADER + "a,0,0,25.000000,0.700000\na,0,0,25.000000,0.700000\n",
        HEADER + "b,0,0,25.000000,0.700000\na,0,0,25.000000,0.700000\n",
        HEADER + "a,0,0,25.000000,0.700000",
        HEADER + "\na,0,0,25.000000,0.700000\n",
        HEADER.replace("\n", "\r\n") + "a,0,0,25.000000,0.700000\r\n",
        HEADER + '"a,0,0,25.000000,0.700000\n',
        HEADER + "a,0,0,25.000000,\x00\n",
        b"\xff\xfe" + HEADER.encode(),
        HEADER + "x" * 200_000 + ",0,0,25.000000,0.700000\n" + '"' + "y" * 200_000,
    ],
)
def test_a_file_of_another_form_is_one_line(text):
    with pytest.raises(InputError) as caught:
        parse(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=120) | st.text(alphabet='a,0.17\n"-naif=', max_size=60))
def test_any_text_is_scores_or_one_line(text):
    assert "\n" not in complaint(parse, HEADER + text)


keys = st.tuples(st.text("abcxyz019_-", min_size=1, max_size=6), st.integers(0, 99))
numbers = st.none() | st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6) + 0.0)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(keys, st.tuples(numbers, numbers), min_size=1, max_size=8))
def test_what_pdbench_writes_is_read_back(cells):
    scores = [
        Score(dataset="", image=image, method="", seed=0, sample=sample, metric=metric,
              protocol="", protocol_hash="", weights="", value=value)
        for (image, sample), pair in cells.items()
        for metric, value in zip(("psnr", "ssim"), pair, strict=True)
    ]  # fmt: skip
    rows = parse(format_csv(scores, ["psnr", "ssim"]))
    found = {(row.image, row.sample): (row.values["psnr"], row.values["ssim"]) for row in rows}
    assert found == {key: pytest.approx(pair) for key, pair in cells.items()}
