"""25 samples of the flow: by the sample bank, and by a full pass for each as published code does.

A full pass is encoder, condition nets and inverse. Weights are random; time is the same.
"""

import pytest
import torch

from pdbench.baselines import BASELINES
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.sampler import SRFlowDASampler
from pdbench.harness.bank import SampleBank
from pdbench.training.recipe import read_recipe

TAU = 0.9
SIDE = 32
SAMPLES = {"compact": 25, "paper": 2}
"""Size of the network -> samples drawn of one LR image."""


class FullPasses(SampleBank):
    """A bank that shares nothing between samples, and has no tiles."""

    def samples(self, baseline, *, tau, count):
        network = self.baselines(baseline)
        images = []
        for latents in self._noise(baseline, network, count):
            prepared = network.prepare(self.lr)
            images.append(network.decode([tau * x[None] for x in latents], prepared))
        return torch.cat(images)


@pytest.fixture(scope="module", params=SAMPLES)
def draw(request):
    """Function of a kind of bank that draws the samples."""
    torch.manual_seed(0)
    arguments = read_recipe(BASELINES.get("srflow-da").recipe_path(request.param)).network
    network = SRFlowDA(**arguments).eval().requires_grad_(False)
    sampler = SRFlowDASampler(network.to(memory_format=torch.channels_last))
    lr = torch.rand(3, SIDE, SIDE)

    def samples(kind):
        bank = kind(lr, "bench", 0, [], lambda name: sampler)
        return bank.samples("srflow-da", tau=TAU, count=SAMPLES[request.param])

    return samples


@pytest.mark.parametrize("kind", [FullPasses, SampleBank])
def test_samples(benchmark, draw, kind, request):
    benchmark.group = next(size for size in SAMPLES if size in request.node.callspec.id)
    found = benchmark.pedantic(draw, (kind,), rounds=2)
    torch.testing.assert_close(found, draw(FullPasses), rtol=0, atol=1e-4)
