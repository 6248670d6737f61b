import math
import subprocess
import sys

import pytest

from pdbench.analysis import summarize
from pdbench.analysis.means import keep_worst
from pdbench.errors import InputError
from pdbench.scores import MetricFacts


def test_samples_are_averaged_before_images(make_score):
    scores = [make_score(image="a", sample=i, value=v) for i, v in enumerate((1.0, 2.0, 3.0))]
    scores += [make_score(image="b", sample=i, value=10.0) for i in range(3)]
    assert summarize(scores).mean("m", "psnr").value == 6.0


def test_order_of_scores_does_not_matter(make_score):
    scores = [make_score(image=n, sample=i, value=i / 7) for n in "abc" for i in range(4)]
    forwards, backwards = summarize(scores), summarize(scores[::-1])
    assert forwards.mean("m", "psnr") == backwards.mean("m", "psnr")


def test_spread_between_images_and_between_samples_are_apart(make_score):
    scores = [make_score(image="a", sample=i, value=v) for i, v in enumerate((1.0, 3.0))]
    scores += [make_score(image="b", sample=i, value=v) for i, v in enumerate((10.0, 14.0))]
    mean = summarize(scores).mean("m", "psnr")
    assert mean.image_std == pytest.approx((12 - 2) / math.sqrt(2))
    assert mean.sample_std == pytest.approx(math.sqrt((2 + 8) / 2))


def test_one_output_has_no_sample_spread(make_score):
    assert summarize([make_score(), make_score(image="b")]).mean("m", "psnr").sample_std is None


def test_image_with_a_failed_sample_does_not_count(make_score):
    scores = [make_score(sample=0), make_score(sample=1, value=None, reason="NaN in the output")]
    scores += [make_score(image="b", sample=i, value=5.0) for i in (0, 1)]
    mean = summarize(scores).mean("m", "psnr")
    assert (mean.value, mean.n, mean.total) == (5.0, 1, 2)
    assert mean.missing == {"a": "NaN in the output"}


def test_image_with_too_few_samples_does_not_count(make_score):
    scores = [make_score(image="a", sample=i) for i in range(3)] + [make_score(image="b")]
    mean = summarize(scores).mean("m", "psnr")
    assert (mean.n, mean.missing) == (1, {"b": "only 1 of 3 outputs were scored"})


def test_nan_is_a_missing_score(make_score):
    mean = summarize([make_score(value=math.nan)]).mean("m", "psnr")
    assert (mean.value, mean.n, mean.reasons) == (None, 0, ("the score is not a number",))


def test_infinite_score_stays_infinite(make_score):
    mean = summarize([make_score(value=math.inf), make_score(image="b")]).mean("m", "psnr")
    assert (mean.value, mean.n, mean.image_std) == (math.inf, 2, None)


def test_total_is_the_number_of_images_in_the_dataset(make_score):
    assert summarize([make_score()], images=14).mean("m", "psnr").total == 14


def test_metric_never_scored_has_no_images(make_score):
    mean = summarize([make_score()]).mean("m", "ssim")
    assert (mean.value, mean.n, mean.total) == (None, 0, 1)


def test_methods_keep_their_order(make_score):
    assert summarize([make_score("z"), make_score("a")]).methods == ("z", "a")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"protocol_hash": "ffff"}, ["psnr", "0123456789abcdef", "ffff"]),
        ({"protocol": "pirm", "protocol_hash": "ffff"}, ["psnr", "paper", "pirm"]),
        ({"protocol": "pirm", "metric": "ssim"}, ["paper", "pirm"]),
        ({"dataset": "set14"}, ["set5", "set14"]),
        ({"method": "m", "weights": "abcd"}, ["m ", "abcd"]),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(make_score, fields, words):
    other = make_score(**{"method": "other", "image": "b", **fields})
    with pytest.raises(InputError) as caught:
        summarize([make_score(), other])
    assert all(word in str(caught.value) for word in words)


def test_two_scores_of_one_output_are_refused(make_score):
    with pytest.raises(InputError, match="two psnr scores for image 'a'"):
        summarize([make_score(), make_score(value=2.0)])


def test_no_scores_are_refused():
    with pytest.raises(InputError, match="no scores"):
        summarize([])


def test_analysis_and_plots_import_without_torch():
    code = (
        "import sys, pdbench.analysis, pdbench.plots, pdbench.plots.plane_page; "
        "import pdbench.plots.plane_static; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("better", "worst"), [("higher", (1.0, 4.0)), ("lower", (3.0, 6.0))])
def test_the_worst_output_of_each_image_is_kept(better, worst, make_score):
    fact = MetricFacts(id="psnr", title="PSNR", better=better, kind="distortion")
    values = {"a": (3.0, 1.0, 2.0), "b": (4.0, 6.0, 5.0)}
    scores = [
        make_score(image=name, sample=i, value=v)
        for name, three in values.items()
        for i, v in enumerate(three)
    ]
    assert summarize(keep_worst(scores, [fact])).mean("m", "psnr").outputs == {
        "a": (worst[0],),
        "b": (worst[1],),
    }


def test_an_output_without_score_is_the_worst(make_score):
    fact = MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion")
    scores = [make_score(sample=0), make_score(sample=1, value=None, reason="NaN in the output")]
    assert list(keep_worst(scores, [fact]).reason) == ["NaN in the output"]
