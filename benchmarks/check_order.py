# ruff: noqa: T201 (a script: what it prints is its result)
"""How much a fusion network's scores depend on the order of its samples, and on the samples.

    python benchmarks/check_order.py --network fusion-l1 --dataset set5 --orders 5

Each image is fused from the same ten samples in several orders, then from as many other tens. Per
metric it prints the standard deviation over both, averaged (root mean square) over images: the
first must not exceed the second. Exit code 1 if it does. Named sets are found under PDBENCH_DATA.
"""

import argparse
import statistics
import sys

import torch
from tqdm import tqdm

from pdbench.baselines import fingerprint, open_baseline
from pdbench.data.datasets import open_dataset
from pdbench.harness.bank import SampleBank
from pdbench.images import quantize
from pdbench.methods.family import SAMPLES_TAU
from pdbench.methods.fusion import SAMPLES
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PAPER


def scores(panel, bank, network, stacks):
    """Metric id -> scores of the images fused from each stack of samples."""
    rows = [panel.score(quantize(bank.fused(network, stack))) for stack in stacks]
    return {name: [row[name][0] for row in rows] for name in panel.ids}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="fusion-lpips")
    parser.add_argument("--dataset", default="builtin")
    parser.add_argument("--orders", type=int, default=5, help="orders, and stacks, per image")
    parser.add_argument("--metrics", default="psnr,lpips-vgg,dists")
    options = parser.parse_args()
    torch.set_num_threads(1)
    networks = {name: open_baseline(name) for name in ("srflow-da", options.network)}
    panel = MetricCollection(PAPER, options.metrics.split(","))
    orders = [torch.randperm(SAMPLES) for _ in range(options.orders)]
    variances = {name: ([], []) for name in panel.ids}
    for pair in tqdm(open_dataset(options.dataset).pairs, desc=options.dataset):
        lr, hr = pair.load()
        bank = SampleBank(lr, pair.name, 0, [], networks.__getitem__)
        count = SAMPLES * options.orders
        stacks = bank.samples("srflow-da", tau=SAMPLES_TAU, count=count).split(SAMPLES)
        panel.prepare(hr, lr)
        ordered = scores(panel, bank, options.network, [stacks[0][order] for order in orders])
        others = scores(panel, bank, options.network, stacks)
        for name, (by_order, by_samples) in variances.items():
            by_order.append(statistics.variance(ordered[name]))
            by_samples.append(statistics.variance(others[name]))
    print(f"{options.network} {fingerprint(options.network)} on {options.dataset}:")
    worse = False
    for name, pairs in variances.items():
        by_order, by_samples = (statistics.fmean(values) ** 0.5 for values in pairs)
        print(f"  {name}: {by_order:.3g} over orders, {by_samples:.3g} over samples")
        worse |= by_order > by_samples
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
