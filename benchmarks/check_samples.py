# ruff: noqa: T201 (a script: what it prints is its result)
"""Look for exploding inverses: draw many samples and count what is not finite or far out of range.

    python benchmarks/check_samples.py --dataset builtin --dataset set5 --samples 10 [--tau 0.9]

A patch explodes when the mean excursion of its 8x8 pixels outside [0, 1] exceeds 0.25. Exit code 1
if any sample does. Named sets are found under PDBENCH_DATA.
"""

import argparse
import sys

import torch
import torch.nn.functional as F  # noqa: N812
from tqdm import tqdm

from pdbench.baselines import fingerprint, open_baseline
from pdbench.data.datasets import open_dataset
from pdbench.harness.bank import SampleBank

PATCH = 8
LIMIT = 0.25


def excursion(samples):
    """Largest mean excursion outside [0, 1] over 8x8 patches, per sample of (S, 3, H, W)."""
    outside = F.relu(samples - 1) + F.relu(-samples)
    return F.avg_pool2d(outside.mean(1, keepdim=True), PATCH).amax((1, 2, 3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", action="append", required=True)
    parser.add_argument("--samples", type=int, default=10, help="samples per image")
    parser.add_argument("--tau", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    sampler = open_baseline("srflow-da")
    drawn = bad = infinite = 0
    worst = (0.0, "")
    for name in options.dataset:
        pairs = open_dataset(name).pairs
        for pair in tqdm(pairs, desc=name):
            bank = SampleBank(pair.load()[0], pair.name, options.seed, [], lambda _: sampler)
            samples = bank.samples("srflow-da", tau=options.tau, count=options.samples)
            finite = samples.isfinite().flatten(1).all(1)
            excess = excursion(samples.nan_to_num(1e9))
            drawn += len(samples)
            infinite += int((~finite).sum())
            bad += int((excess > LIMIT).sum())
            worst = max(worst, (float(excess.max()), f"{name}/{pair.name}"))
    print(
        f"weights {fingerprint('srflow-da')}, tau {options.tau:g}: {drawn} samples, "
        f"{infinite} not finite, {bad} with an exploded patch"
    )
    print(f"largest mean excursion of an {PATCH}x{PATCH} patch: {worst[0]:.3f} on {worst[1]}")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
