"""Fingerprints: they tell a copy from another network, and are the same everywhere."""

import numpy as np
import pytest

from pdbench.leaderboard.likeness import difference, read_sketch, sketch
from pdbench.leaderboard.provenance import Output

GENERATOR = np.random.default_rng(0)
IMAGES = [GENERATOR.integers(20, 230, (60, 72, 3)).astype(np.uint8) for _ in range(5)]


def outputs(images, sample=0):
    return [
        Output(
            image=str(i), seed=0, sample=sample, width=72, height=60, sha256="", sketch=sketch(x)
        )
        for i, x in enumerate(images)
    ]


def changed(spread, seed=1):
    generator = np.random.default_rng(seed)
    return [np.clip(x + generator.normal(0, spread, x.shape), 0, 255).round().astype(np.uint8)
            for x in IMAGES]  # fmt: skip


def true_difference(others):
    squares = [
        np.square(x.astype(float).sum(2) - y.astype(float).sum(2)).mean() / 9
        for x, y in zip(IMAGES, others, strict=True)
    ]
    return np.sqrt(np.mean(squares))


@pytest.mark.parametrize("spread", [0.7, 3, 20])
def test_the_difference_of_sketches_is_that_of_the_images(spread):
    others = changed(spread)
    estimate = difference(outputs(IMAGES), outputs(others))
    assert estimate == pytest.approx(true_difference(others), rel=0.25)


def test_the_same_images_are_at_no_distance():
    assert difference(outputs(IMAGES), outputs(IMAGES)) == 0


def test_shuffled_samples_are_recognized():
    first = outputs(IMAGES, 0) + outputs(changed(10), 1)
    second = outputs(changed(10), 0) + outputs(IMAGES, 1)
    assert difference(first, second) == 0


def test_nothing_in_common_is_infinitely_far():
    assert difference(outputs(IMAGES), []) == float("inf")


def test_a_sketch_is_what_it_always_was():
    # Stored in every submission; computed once by this code.
    ramp = (np.arange(40 * 50 * 3) % 256).astype(np.uint8).reshape(40, 50, 3)
    assert sketch(ramp)[:32] == "0000000cffffffc700000249fffff19c"
    assert len(sketch(ramp)) == 256


def test_a_sketch_holds_sums_with_signs():
    sums = read_sketch(sketch(np.full((8, 8, 3), 255, np.uint8)))
    assert len(sums) == 32
    assert abs(sums).sum() <= 64 * 765
    assert (sums % 765 == 0).all()


def test_other_arrays_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        sketch(np.zeros((4, 4, 3)))
