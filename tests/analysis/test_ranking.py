"""Ranks that say how sure they are."""

import math

import numpy as np

from pdbench.analysis.means import summarize
from pdbench.analysis.ranking import rank_methods
from pdbench.scores import MetricFacts, Score

PSNR = MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion")
DISTS = MetricFacts(id="dists", title="DISTS", better="lower", kind="perception")


def ranking(table, fact=PSNR):
    """Rank methods given as name -> scores per image; a score may be a list of samples."""
    scores = [
        Score(
            dataset="set", image=f"image{image}", method=name, seed=0, sample=sample,
            metric=fact.id, protocol="paper", protocol_hash="h", weights="", value=value,
            reason="" if value is not None else "failed",
        )
        for name, row in table.items()
        for image, cell in enumerate(row)
        for sample, value in enumerate(cell if isinstance(cell, list) else [cell])
    ]  # fmt: skip
    return rank_methods(summarize(scores), list(table), fact)


def noise(seed, count=10, scale=0.1):
    return np.random.default_rng(seed).normal(scale=scale, size=count)


def hard_images(count=10):
    return np.random.default_rng(99).normal(25, 5, size=count)


def test_a_clear_order_has_single_ranks():
    found = ranking({name: [*(hard_images() + lead + noise(lead))]
                     for name, lead in (("low", 0), ("high", 4), ("middle", 2))})  # fmt: skip
    assert [(p.method, p.text) for p in found.places] == [
        ("high", "1"), ("middle", "2"), ("low", "3")
    ]  # fmt: skip


def test_what_images_cannot_tell_apart_shares_its_rank():
    found = ranking({
        "a": [*(hard_images() + noise(1))],
        "b": [*(hard_images() + noise(2))],
        "c": [*(hard_images() - 3 + noise(3))],
    })  # fmt: skip
    assert found.place("a").text == found.place("b").text == "1-2"
    assert found.place("c").text == "3"
    assert found.place("c").better == ("a", "b")


def test_the_difficulty_of_images_does_not_blur_ranks():
    """Images differ by tens, methods by a tenth on each: paired, the order is plain."""
    base = hard_images() * 10
    found = ranking({"a": [*base], "b": [*(base - 0.1 + noise(4, scale=0.01))]})
    assert [place.text for place in found.places] == ["1", "2"]


def test_lower_is_first_where_lower_is_better():
    table = {"a": [*(0.2 + noise(1, scale=0.001))], "b": [*(0.1 + noise(2, scale=0.001))]}
    assert [place.method for place in ranking(table, DISTS).places] == ["b", "a"]
    assert ranking(table, DISTS).place("b").worse == ("a",)


def test_a_rank_lies_in_its_interval_and_beaten_plus_beating_leave_room():
    table = {f"m{i}": [*(hard_images() + 0.05 * i + noise(i))] for i in range(6)}
    found = ranking(table)
    for order, place in enumerate(found.places, 1):
        assert place.rank <= order <= place.last
        assert not set(place.better) & set(place.worse)


def test_equal_methods_are_seldom_told_apart():
    """At most one in twenty in the long run; 40 boards of five images hold few."""
    wrong = 0
    for seed in range(40):
        base = np.random.default_rng(seed).normal(25, 3, size=5)
        rows = {f"m{i}": [*(base + noise((seed, i), 5, 1.0))] for i in range(5)}
        wrong += any(place.better for place in ranking(rows).places)
    assert wrong <= 5


def test_one_image_ties_everything():
    found = ranking({"a": [30.0], "b": [20.0]})
    assert [place.text for place in found.places] == ["1-2", "1-2"]


def test_a_method_scored_on_fewer_images_is_not_ranked():
    found = ranking({"a": [30.0, 31.0, 32.0], "b": [29.0, 30.0, 31.0], "c": [40.0, None, 41.0]})
    assert {place.method for place in found.places} == {"a", "b"}
    assert found.absent == {"c": "scored on 2 images only, others on 3"}
    assert found.n == 3


def test_an_infinite_mean_and_an_unscored_method_are_not_ranked():
    found = ranking({"a": [30.0, 31.0], "b": [math.inf, 30.0], "c": [None, None]})
    assert [place.method for place in found.places] == ["a"]
    assert found.absent == {"b": "its mean is infinite", "c": "failed"}


def test_samples_are_redrawn_too():
    """Few noisy samples leave more doubt than their means alone would."""
    base = hard_images(6)
    spread = [[value - 3, value + 3] for value in base]
    noisy = ranking({"a": spread, "b": [*(base - 1)]})
    plain = ranking({"a": [*base], "b": [*(base - 1 + noise(5, 6, 0.01))]})
    assert plain.places[1].text == "2"
    assert noisy.places[0].text == "1-2"


def test_the_same_scores_give_the_same_ranking():
    table = {"a": [*(hard_images() + noise(1))], "b": [*(hard_images() + noise(2))]}
    assert ranking(table) == ranking(table)
