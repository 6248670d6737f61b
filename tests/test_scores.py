"""Results files: what is written is read back, sorted and exact, and nothing else is accepted."""

import dataclasses
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdbench.errors import InputError
from pdbench.score_table import format_csv, parse_csv
from pdbench.scores import MetricFacts, Score


def score(image="a", seed=0, sample=0, metric="psnr", value: float | None = 1.0):
    return Score(
        dataset="set5",
        image=image,
        method="m",
        seed=seed,
        sample=sample,
        metric=metric,
        protocol="paper",
        protocol_hash="0" * 16,
        weights="",
        value=value,
        reason="" if value is not None else "why",
    )


def test_csv_is_wide_sorted_and_has_six_decimals():
    scores = [
        score("b", sample=1, value=2.0),
        score("b", sample=0, metric="ssim", value=None),
        score("b", sample=0, value=1 / 3),
        score("a", value=30.5),
        score("a", metric="ssim", value=0.9),
    ]
    assert format_csv(scores, ["ssim", "psnr"]) == (
        "image,seed,sample,ssim,psnr\na,0,0,0.900000,30.500000\nb,0,0,,0.333333\nb,0,1,,2.000000\n"
    )


def test_csv_does_not_depend_on_the_order_of_scores():
    scores = [
        score(image, seed, sample) for image in "abc" for seed in (0, 1) for sample in (0, 9)
    ]
    assert format_csv(scores, ["psnr"]) == format_csv(reversed(scores), ["psnr"])


def test_samples_sort_as_numbers():
    text = format_csv([score(sample=sample) for sample in (10, 9)], ["psnr"])
    assert list(parse_csv(text, "f")["sample"]) == [9, 10]


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
values = st.none() | st.floats(-1e6, 1e6) | st.just(math.inf)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
@given(st.dictionaries(st.tuples(names, st.integers(), st.integers(0)), values, min_size=1))
def test_what_is_written_is_read_back(cells):
    scores = [score(*key, value=value) for key, value in cells.items()]
    rows = parse_csv(format_csv(scores, ["psnr"]), "f")
    read = {tuple(key): value for *key, value in rows.itertuples(index=False)}
    assert read.keys() == cells.keys()
    for key, value in cells.items():
        expected = math.nan if value is None else value
        assert read[key] == pytest.approx(expected, abs=5.1e-7, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "its first line"),
        ("image,sample,seed,psnr\n", "its first line"),
        ("image,seed,sample,psnr,psnr\n", "its first line"),
        ("image,seed,sample,psnr\na,0,0\n", "'f:2' has 3 cells, not 4"),
        ("image,seed,sample,psnr\na,0,0,1\nb,0,0,x\n", "'f:3' has a cell that is not a number"),
        ("image,seed,sample,psnr\na,0.5,0,1\n", "'f:2' has a cell that is not a number"),
        ("image,seed,sample,psnr\na,0,0,nan\n", "'f:2' has NaN"),
        ("image,seed,sample,psnr\na,0,0,1\na,0,0,2\n", "'f:3' repeats"),
        ("image,seed,sample,psnr\na,0,0,1e308\n", "'f:2' has 1e\\+308, which no metric gives"),
        ("image,seed,sample,psnr\na,0,0,-inf\n", "'f:2' has -inf, which no metric gives"),
        (f"image,seed,sample,psnr\n{'a' * 140_000},0,0,1\n", "not a CSV file"),
    ],
)
def test_anything_else_is_refused_by_line(text, message):
    with pytest.raises(InputError, match=message):
        parse_csv(text, "f")


def test_facts_survive_a_dictionary():
    facts = MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion", unit="dB")
    assert MetricFacts(**dataclasses.asdict(facts)) == facts
