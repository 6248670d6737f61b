"""What works on tensors gives the numbers and images of a run."""

import copy
import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import pdbench
from pdbench.errors import InputError, MetricUndefined
from pdbench.metrics.protocol import PAPER, PROTOCOLS

LR = torch.rand(3, 16, 20, generator=torch.Generator().manual_seed(1)).mul(255).round() / 255
HR = torch.nn.functional.interpolate(LR[None], scale_factor=4, mode="bilinear")
HR = HR.mul(255).round() / 255


def noisy(count=1):
    noise = torch.randn(count, *HR.shape[1:], generator=torch.Generator().manual_seed(2))
    return (HR + noise / 20).clamp(0, 1)


@pytest.mark.parametrize("name", ["psnr", "ssim", "lpips-vgg", "dists", "lr-psnr"])
def test_a_metric_scores_each_image_of_a_batch(name):
    metric = pdbench.metric(name)
    batch = noisy(3)
    scores = metric(batch, HR, lr=LR)
    assert (scores.shape, scores.dtype) == ((3,), torch.float64)
    single = [metric(one, HR[0], lr=LR).item() for one in batch]
    paired = metric(batch, HR.expand(3, -1, -1, -1), lr=LR)
    assert scores.tolist() == single == paired.tolist()
    assert metric.choices == PAPER.rule(name).choices
    assert repr(metric).startswith(f"metric('{name}', protocol='paper')")


def test_a_metric_brings_images_to_8_bit_as_its_protocol_says():
    near = HR + 0.4 / 255
    assert pdbench.metric("psnr")(near, HR).isinf()
    assert pdbench.metric("psnr", protocol="pyiqa")(near, HR) < 80


def test_diversity_is_one_number_for_all_samples():
    samples = pdbench.sample(LR, tau=0.9, count=2)
    assert pdbench.metric("diversity")(samples, HR).shape == (1,)


@pytest.mark.parametrize("name", ["psnr", "ssim", "lpips-vgg", "dists", "lpips-alex"])
def test_a_loss_has_the_metrics_value_and_a_gradient(name):
    sr = noisy().requires_grad_()
    loss = pdbench.metric(name, as_loss=True)(sr, HR)
    (slope,) = torch.autograd.grad(loss.sum(), sr)
    assert slope.any()
    assert loss.item() == pytest.approx(pdbench.metric(name)(sr.detach(), HR).item(), rel=2e-2)
    step = 1e-2 * slope / slope.norm()
    with torch.no_grad():
        rise = pdbench.metric(name, as_loss=True)(sr + step, HR) - loss
    assert rise.item() == pytest.approx((step * slope).sum().item(), rel=0.2)


@pytest.mark.parametrize("name", ["niqe", "lr-psnr", "diversity"])
def test_a_metric_without_gradient_is_no_loss(name):
    with pytest.raises(InputError, match="has no gradient"):
        pdbench.metric(name, as_loss=True)


@pytest.mark.parametrize(
    ("call", "error", "finding"),
    [
        (lambda: pdbench.metric("psrn"), InputError, "psnr"),
        (lambda: pdbench.metric("ma", protocol="srflow"), InputError, "has no metric 'ma'"),
        (lambda: pdbench.metric("psnr")(HR), MetricUndefined, "no reference"),
        (lambda: pdbench.metric("niqe")(HR), MetricUndefined, "104 pixels"),
        (lambda: pdbench.metric("psnr")(HR[0, 0], HR), ValueError, r"expected \(B, 3, H, W\)"),
        (lambda: pdbench.metric("psnr")(noisy(3), noisy(2)), ValueError, "1 or 3 images"),
        (lambda: pdbench.method("bicubic")(noisy(2)), ValueError, "one by one"),
        (lambda: pdbench.sample(LR, network="rrdb"), InputError, "does not sample"),
        (lambda: pdbench.network("rdb"), InputError, "rrdb"),
        (lambda: pdbench.network("rrdb", device="cuda:99"), InputError, "device 'cuda:99'"),
        (lambda: pdbench.network("rrdb", device="gpu"), InputError, "unknown device 'gpu'"),
        (lambda: pdbench.sample(LR, count=0), InputError, "from 1 to 1000, got '0'"),
        (lambda: pdbench.sample(LR, count=2.5), InputError, "from 1 to 1000, got '2.5'"),
        (lambda: pdbench.sample(LR, tau=-1), InputError, "from 0 to 2, got '-1'"),
        (lambda: pdbench.sample(LR, tau=math.nan), InputError, "from 0 to 2, got 'nan'"),
        (lambda: pdbench.sample(LR, tau=2.1), InputError, "from 0 to 2, got '2.1'"),
        (lambda: pdbench.sample(LR, seed=-1), InputError, "seed is -1"),
        (lambda: pdbench.sample(LR, seed="a"), InputError, "seed is 'a'"),
    ],
)
def test_what_cannot_be_is_one_line(call, error, finding):
    with pytest.raises(error, match=finding):
        call()


BYTES = (255 * HR).byte()


@pytest.mark.parametrize(
    ("call", "finding"),
    [
        (lambda: pdbench.metric("psnr")(BYTES, HR), "sr is uint8; .* divided by 255"),
        (lambda: pdbench.metric("psnr")(HR, BYTES), "hr is uint8"),
        (lambda: pdbench.metric("lr-psnr")(HR, HR, lr=LR.long()), "lr is int64"),
        (lambda: pdbench.metric("psnr")(HR > 0.5, HR), "sr is bool"),
        (lambda: pdbench.metric("psnr")(HR.cfloat(), HR), "sr is complex64"),
        (lambda: pdbench.metric("psnr")(HR.numpy(), HR), "sr is a ndarray; make it a tensor"),
        (lambda: pdbench.metric("psnr")(HR, 255 * HR), "hr has values from .* to 2.."),
        (lambda: pdbench.metric("psnr")(HR, 2 * HR - 1), "hr has values from -"),
        (lambda: pdbench.metric("lr-psnr")(HR, HR, lr=255 * LR), "lr has values"),
        (lambda: pdbench.metric("psnr")(255 * HR, HR), "sr has values"),
        (lambda: pdbench.metric("psnr", as_loss=True)(HR, BYTES), "hr is uint8"),
        (lambda: pdbench.metric("psnr", as_loss=True)(HR, 255 * HR), "hr has values"),
        (lambda: pdbench.method("bicubic")((255 * LR).byte()), "lr is uint8"),
        (lambda: pdbench.method("bicubic")(255 * LR), "lr has values from .* to 2.."),
        (lambda: pdbench.sample(LR.numpy()), "lr is a ndarray"),
    ],
)
def test_an_image_on_another_scale_is_refused(call, finding):
    with pytest.raises(InputError, match=finding):
        call()


def test_outputs_may_leave_the_range_and_so_may_what_a_loss_compares_with():
    exploded = HR.clone()
    exploded[..., :4, :4] = 1e6
    assert pdbench.metric("psnr")(exploded, HR).item() > 10
    assert pdbench.metric("psnr")(1.4 * HR - 0.2, HR).isfinite()
    loss = pdbench.metric("psnr", as_loss=True)
    assert loss(1000 * HR, 1.4 * HR - 0.2).isfinite()


def test_threads_share_a_metric():
    psnr = pdbench.metric("psnr")
    pairs = [(noisy().roll(step, -1), HR.roll(step + step % 2, -1)) for step in range(40)]
    alone = [psnr(*pair).item() for pair in pairs]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert [score.item() for score in pool.map(psnr, *zip(*pairs, strict=True))] == alone


def test_a_metric_is_copied_and_pickled():
    psnr = pdbench.metric("psnr", protocol="pyiqa", as_loss=True)
    for again in (copy.deepcopy(psnr), pickle.loads(pickle.dumps(psnr))):
        assert repr(again) == repr(psnr)
        assert torch.equal(again(noisy(), HR), psnr(noisy(), HR))


def test_a_metric_of_sets_compares_with_one_image_and_names_its_size():
    diversity = pdbench.metric("diversity")
    with pytest.raises(InputError, match="samples of one image"):
        diversity(noisy(2), HR.expand(2, -1, -1, -1))
    with pytest.raises(MetricUndefined, match=r"at least 32 pixels.*has 7x6$"):
        diversity(noisy(2)[..., :6, :7], HR[..., :6, :7])


def test_samples_are_those_of_the_methods():
    samples = pdbench.sample(LR, tau=0.9, count=2, seed=3)
    assert samples.shape == (2, 3, 64, 80)
    mean = pdbench.method("average-2", seed=3)(LR)
    assert torch.equal(samples.mean(0).clamp(0, 1), mean)
    assert torch.equal(pdbench.method("average-2", seed=3)(LR[None]), mean[None])
    assert not torch.equal(pdbench.sample(LR, tau=0.9, count=2), samples)


def test_a_network_is_a_module():
    net = pdbench.network("rrdb", size="compact")
    made = net(LR[None]).clamp(0, 1)
    assert torch.allclose(made[0], pdbench.method("rrdb")(LR), atol=1e-5)


def test_every_protocol_opens_as_a_function():
    for protocol in PROTOCOLS.ids():
        assert pdbench.metric("psnr", protocol=protocol)(HR, HR) > 60
