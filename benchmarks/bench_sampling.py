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
from pdbench.harness.bank import SampleBank, latent_noise
from pdbench.training.recipe import read_recipe

TAU = 0.9


def build(size: str) -> SRFlowDASampler:
    """The network of a size with random weights: time does not depend on them."""
    torch.manual_seed(0)
    arguments = read_recipe(BASELINES.get("srflow-da").recipe_path(size)).network
    network = SRFlowDA(**arguments).eval().requires_grad_(False)
    return SRFlowDASampler(network.to(memory_format=torch.channels_last))


def full_passes(sampler, lr, count):
    side = lr.shape[-1]
    shapes = [(channels, factor * side, factor * side) for channels, factor in sampler.latents]
    for index in range(count):
        latents = [TAU * x[None] for x in latent_noise("0|bench|srflow-da", index, shapes)]
        image = sampler.decode(latents, sampler.prepare(lr[None]))
    return image


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

    def ours():
        bank = SampleBank(lr, "bench", 0, [], lambda name: sampler)
        return bank.samples("srflow-da", tau=TAU, count=count)[-1:]

    slow, expected = seconds(lambda: full_passes(sampler, lr, count), 1)
    fast, found = seconds(ours, options.repeat)
    print(
        f"{options.size}, LR {options.side}x{options.side}, {count} samples, CPU seconds a sample"
    )
    print(f"  full pass each  {slow / count:8.4f}")
    print(f"  sample bank     {fast / count:8.4f}   {slow / fast:.1f}x faster")
    print(f"  largest difference of the last sample: {(expected - found).abs().max():.1e}")


if __name__ == "__main__":
    main()
