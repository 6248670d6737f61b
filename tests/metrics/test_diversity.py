import subprocess
import sys

import numpy as np
import pytest
import torch

from pdbench.images import quantize
from pdbench.metrics.diversity import METRIC
from pdbench.metrics.protocol import PAPER

CHOICES = dict(PAPER.rule("diversity").choices)


@pytest.fixture
def scorer(alex_file):
    return METRIC.open(CHOICES, "cpu")


def score(scorer, samples, reference):
    with torch.inference_mode():
        prepared = scorer.prepare(reference, None)
        return scorer.score_set((sample[None] for sample in samples), prepared)


@pytest.fixture
def samples(pair):
    """A reference (1, 3, 64, 80) and four samples of it, each spoilt in another place."""
    reference, (noisy, other) = pair(64, 80)
    made = torch.stack([noisy, other, noisy, other])
    made[0, :, :40], made[1, :, 30:] = reference[0, :, :40], reference[0, :, 30:]
    made[2, ..., 20:], made[3] = reference[0, ..., 20:], quantize(0.9 * reference[0])
    return reference, made


def formula(maps):
    """The challenge's score of (n, H, W) maps, written down once more in numpy."""
    best_whole = min(np.mean(one) for one in maps)
    best_local = np.mean(np.min(maps, axis=0))
    return (best_whole - best_local) / best_whole * 100


def test_diversity_is_the_challenges_formula_on_the_maps(scorer, samples):
    reference, made = samples
    with torch.inference_mode():
        prepared = scorer._distance.prepare(reference, None)
        maps = [scorer._distance.distance_map(one[None], prepared).numpy() for one in made]
    expected = formula(np.stack(maps).astype(np.float64))
    assert expected > 5
    assert score(scorer, made, reference) == pytest.approx(expected, abs=1e-9)


def test_one_sample_has_no_diversity(scorer, samples):
    reference, made = samples
    assert score(scorer, made[:1], reference) == 0


def test_equal_samples_have_no_diversity(scorer, samples):
    reference, made = samples
    assert score(scorer, made[:1].expand(5, -1, -1, -1), reference) == 0


def test_another_sample_never_lowers_what_is_left_at_each_pixel(scorer, samples):
    reference, made = samples
    # A copy of the worst sample changes nothing; the order changes nothing.
    whole = score(scorer, made, reference)
    assert score(scorer, made.flip(0), reference) == whole
    assert score(scorer, torch.cat([made, made[3:]]), reference) == whole


def test_a_sample_equal_to_the_reference_leaves_nothing_to_gain(scorer, samples):
    reference, made = samples
    assert score(scorer, torch.cat([made, reference]), reference) == 0


def test_only_a_multiple_of_8_pixels_counts(scorer, samples):
    reference, made = samples
    spoilt = made[..., :77].clone()
    spoilt[..., 72:] = 0
    cut = reference[..., :77]
    assert score(scorer, spoilt, cut) == score(scorer, made[..., :72], reference[..., :72])


def test_no_sample_is_a_programming_error(scorer, samples):
    with pytest.raises(ValueError, match="at least one sample"):
        score(scorer, [], samples[0])


@pytest.mark.slow
def test_ten_samples_of_a_2k_image_need_less_than_2_gib(alex_file):
    script = (
        "import resource, torch\n"
        "from pdbench.metrics.diversity import METRIC\n"
        f"scorer = METRIC.open({CHOICES!r}, 'cpu')\n"
        "image = lambda seed: torch.rand(1, 3, 1356, 2040,\n"
        "    generator=torch.Generator().manual_seed(seed))\n"
        "with torch.inference_mode():\n"
        "    prepared = scorer.prepare(image(0), None)\n"
        "    assert scorer.score_set(map(image, range(1, 11)), prepared) > 0\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=900
    )
    assert int(done.stdout) < 2 * 2**20  # kilobytes
