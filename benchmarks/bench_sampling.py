# ruff: noqa: T201 (a script: what it prints is its result)
"""k samples from the flow: the bank's way against one full pass per sample, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_sampling.py [--size paper] [--samples 25]

The full pass is what published code does: encoder, condition nets and inverse for every sample.
"""

import argparse
import time

import torch

from pdbench.baselines import BASELINES
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.sampler import SRFlowDASampler
from pdbench.harness.bank import SampleBank
from pdbench.training.recipe import read_recipe

TAU = 0.9


def build(size: str) -> SRFlowDASampler:
    """The network of a size with random weights: time does not depend on them."""
    torch.manual_seed(0)
    arguments = read_recipe(BASELINES.get("srflow-da").recipe_path(size)).network
    network = SRFlowDA(**arguments).eval().requires_grad_(False)
    return SRFlowDASampler(network.to(memory_format=torch.channels_last))


class FullPasses(SampleBank):
    """A bank that shares nothing between samples, and has no tiles."""

    def samples(self, baseline, *, tau, count):
        network = self.baselines(baseline)
        images = []
        for latents in self._noise(baseline, network, count):
            prepared = network.prepare(self.lr)
            images.append(network.decode([tau * x[None] for x in latents], prepared))
        return torch.cat(images)


def seconds(run, repeat):
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        result = run()
        best = min(best, time.process_time() - start)
    return best, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="compact", choices=["compact", "paper"])
    parser.add_argument("--side", type=int, default=32, help="side of the LR image")
    parser.add_argument("--samples", type=int, default=25)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    sampler, count = build(options.size), options.samples
    lr = torch.rand(3, options.side, options.side, generator=torch.Generator().manual_seed(0))

    def draw(kind):
        bank = kind(lr, "bench", 0, [], lambda name: sampler)
        return bank.samples("srflow-da", tau=TAU, count=count)

    slow, expected = seconds(lambda: draw(FullPasses), 1)
    fast, found = seconds(lambda: draw(SampleBank), options.repeat)
    print(
        f"{options.size}, LR {options.side}x{options.side}, {count} samples, CPU seconds a sample"
    )
    print(f"  full pass each  {slow / count:8.4f}")
    print(f"  sample bank     {fast / count:8.4f}   {slow / fast:.1f}x faster")
    print(f"  largest difference of a sample: {(expected - found).abs().max():.1e}")


if __name__ == "__main__":
    main()
