"""Samples are the same whatever the order, number, tile or memory asked for."""

import pytest
import torch

from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.sampler import SRFlowDASampler
from pdbench.errors import NonFiniteImage
from pdbench.harness.bank import DEFAULT_MEMORY, SampleBank, tiles
from pdbench.harness.method import Sampled

TAU = 0.9


class CountingSampler(SRFlowDASampler):
    """The real sampler of a small random network, counting its preparations."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        network = SRFlowDA(
            features=8, blocks=1, growth=4, taps=(0,), steps=1, hidden=8, depth=1, floor=0.2
        )
        for parameter in network.flowUpsamplerNet.parameters():
            parameter.data += 0.02 * torch.randn(parameter.shape)
        super().__init__(network.eval())
        self.prepared = 0

    def prepare(self, lr):
        self.prepared += 1
        return super().prepare(lr)


@pytest.fixture(scope="module")
def lr():
    return torch.rand(3, 40, 48, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def sampler():
    return CountingSampler()


def make_bank(lr, sampler, *, seed=0, key="image", needs=(), memory=DEFAULT_MEMORY) -> SampleBank:
    return SampleBank(lr, key, seed, needs, lambda name: sampler, max_memory=memory)


def test_sample_i_is_the_same_however_many_are_drawn(lr, sampler):
    three = make_bank(lr, sampler).samples("srflow-da", tau=TAU, count=3)
    seven = make_bank(lr, sampler).samples("srflow-da", tau=TAU, count=7)
    torch.testing.assert_close(three, seven[:3], atol=1e-6, rtol=0)


def test_samples_do_not_depend_on_the_order_of_requests(lr, sampler):
    first, second = make_bank(lr, sampler), make_bank(lr, sampler)
    a = first.samples("srflow-da", tau=0.5, count=2), first.samples("srflow-da", tau=TAU, count=2)
    b = (
        second.samples("srflow-da", tau=TAU, count=2),
        second.samples("srflow-da", tau=0.5, count=2),
    )
    torch.testing.assert_close(a[0], b[1])
    torch.testing.assert_close(a[1], b[0])


@pytest.mark.parametrize("change", [{"seed": 1}, {"key": "other"}])
def test_seed_and_image_change_the_samples(lr, sampler, change):
    base = make_bank(lr, sampler).samples("srflow-da", tau=TAU, count=1)
    other = make_bank(lr, sampler, **change).samples("srflow-da", tau=TAU, count=1)
    assert (base - other).abs().max() > 1e-3


def test_samples_differ_from_each_other_and_not_at_tau_zero(lr, sampler):
    bank = make_bank(lr, sampler)
    warm, cold = (bank.samples("srflow-da", tau=tau, count=2) for tau in (TAU, 0.0))
    assert (warm[0] - warm[1]).abs().max() > 1e-3
    assert torch.equal(cold[0], cold[1])


def test_the_lr_side_is_prepared_once_for_all_planned_samples(lr, sampler):
    needs = [
        Sampled("srflow-da", 0.1, 2),
        Sampled("srflow-da", TAU, 3),
        Sampled("srflow-da", TAU, 6),
    ]
    bank = make_bank(lr, sampler, needs=needs)
    for need in needs:
        assert len(bank.samples("srflow-da", tau=need.tau, count=need.count)) == need.count
    assert sampler.prepared == 1


def test_tiles_leave_no_seams(lr, sampler):
    sampler.overlap = 8
    whole = make_bank(lr, sampler).samples("srflow-da", tau=TAU, count=2)
    assert sampler.prepared == 1
    tiled = make_bank(lr, sampler, memory=2 * 2**20).samples("srflow-da", tau=TAU, count=2)
    assert sampler.prepared > 2
    assert (whole - tiled).abs().max() < 1e-3


@pytest.mark.parametrize(("count", "tau"), [(0, TAU), (1, -0.1)])
def test_impossible_requests_raise(lr, sampler, count, tau):
    with pytest.raises(ValueError, match="expected count"):
        make_bank(lr, sampler).samples("srflow-da", tau=tau, count=count)


def test_a_sample_that_is_not_finite_is_reported(lr, sampler):
    sampler.decoder.layers[1].bias[0] = float("nan")
    with pytest.raises(NonFiniteImage, match=r"tau 0\.9"):
        make_bank(lr, sampler).samples("srflow-da", tau=TAU, count=1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (33, 100), (200, 90)])
@pytest.mark.parametrize("pixels", [100, 2_000, 1e9])
def test_tile_cores_cover_the_image_once(height, width, pixels):
    seen = torch.zeros(height, width, dtype=torch.int)
    for tile in tiles(height, width, pixels=pixels, overlap=4):
        seen[tile.target(1)] += 1
        rows, columns = tile.source(1)
        assert rows.start >= 0
        assert columns.stop <= tile.right - tile.left
    assert torch.equal(seen, torch.ones_like(seen))
