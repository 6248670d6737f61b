# ruff: noqa: T201 (a script: what it prints is its result)
"""Suite `table1` in one run of pdbench against the same rows one method at a time, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_suite.py [--images chelsea] [--crop 208]

Both sides make the same outputs with the same networks, from the same noise, and score them in the
same metrics by pyiqa's defaults (protocol `pyiqa`), in this process, on one thread.

One run of the suite is all that `pdbench run` does: it checks the images, opens networks and
metrics once, draws each sample once for all rows, keeps each reference's features, and stores the
scores. One method at a time, each row opens its networks, draws samples of its own, each by a full
pass (encoder, condition nets and inverse) as published code does, makes each metric by
`pyiqa.create_metric`, once for all its images, and calls it for one output after the other.

Weights that are not here (networks not trained yet, PieAPP's network, Ma's forests) are random, of
the same size and the same for both: time does not depend on them. Most of pyiqa's time is Ma's,
computed twice, for PI has another; `--metrics psnr,ssim,lpips-vgg,dists,niqe` leaves them out.
Times are CPU seconds, which a busy machine disturbs less than wall time. A dataset of many images
spreads the cost of making metrics, hence the ratio without it. At the end both sides' scores are
compared; NIQE's last digits hang on rounding in flat areas. Needs the extra `test` and VGG16.
"""

import argparse
import contextlib
import math
import os
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

import torch
from bench_sampling import FullPasses
from offline_pyiqa import NAMES, offline_pyiqa

from pdbench.baselines import BASELINES, open_baseline
from pdbench.data.datasets import open_dataset
from pdbench.data.pairs import pixel_sha256
from pdbench.errors import WeightsUnavailable
from pdbench.harness.config import RunConfig
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.options import EvalOptions
from pdbench.harness.runner import run
from pdbench.images import save_image
from pdbench.methods import SUITES, resolve
from pdbench.methods.catalog import MethodCatalog
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS
from pdbench.training.checkpoint import export_weights
from pdbench.training.recipe import read_recipe
from pdbench.weights import searched_first

PROTOCOL = "pyiqa"


@contextlib.contextmanager
def all_weights(size):
    """Give random weights to the networks that have none here; yields their ids."""
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for baseline in BASELINES:
            try:
                baseline.weights_path(size)
            except WeightsUnavailable:
                torch.manual_seed(0)
                network = baseline.network(**read_recipe(baseline.recipe_path(size)).network)
                path = Path(folder) / f"{baseline.id}-{size}.safetensors"
                export_weights(path, network.state_dict(), {})
                made.append(baseline.id)
        with searched_first(Path(folder)):
            yield made


class Clock:
    """CPU seconds by what they were spent on."""

    def __init__(self):
        self.spent = {}

    @contextlib.contextmanager
    def spending(self, what):
        start = time.process_time()
        yield
        self.spent[what] = self.spent.get(what, 0) + time.process_time() - start


def together(config):
    """One run of the suite; (CPU seconds, (method, image, sample, metric) -> score)."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        record = run(config, Path(folder) / "run", executor=SerialExecutor()).record
    seconds = time.process_time() - start
    return seconds, {(s.method, s.image, s.sample, s.metric): s.value for s in record.scores}


def outputs(method, pair, size):
    """Return what a method makes of one image with nothing shared, (n, 3, H, W), and the HR."""
    lr, hr = pair.load()
    key = pixel_sha256((lr,))
    bank = FullPasses(lr, key, 0, [], lambda name: open_baseline(name, size))
    made = method.run(lr, bank)
    return PROTOCOLS.get(PROTOCOL).quantize(made if made.ndim == 4 else made[None]), hr


def alone(name, config):
    """Score one row with nothing shared; its clock and scores, as `together`."""
    import pyiqa

    clock, scores = Clock(), {}
    with clock.spending("images"):
        images = {
            pair.name: outputs(resolve(name), pair, config.options.size)
            for pair in config.dataset.pairs
        }
    for metric in config.options.metrics:
        with clock.spending("making"):
            judge = pyiqa.create_metric(NAMES[metric], device="cpu")
        with clock.spending("scoring"):
            for image, (restored, hr) in images.items():
                for sample, one in enumerate(restored):
                    pair = (one[None], hr[None])[: 1 + METRICS.get(metric).needs_reference]
                    scores[name, image, sample, metric] = judge(*pair).item()
    return clock.spent, scores


def differences(ours, theirs, metrics):
    """Metric -> (largest difference, scores compared); where one side has none, neither counts."""
    if ours.keys() != theirs.keys():
        raise SystemExit("the two sides scored different outputs")
    gaps = {metric: [0.0] for metric in metrics}
    for key, value in theirs.items():
        if ours[key] is not None and math.isfinite(value):
            gaps[key[-1]].append(abs(ours[key] - value))
    return {metric: (max(gap), len(gap) - 1) for metric, gap in gaps.items()}


def chosen(options, folder):
    """Return the images asked for as a dataset; crops are written into a folder."""
    dataset = open_dataset(options.dataset)
    wanted = options.images.split(",")
    pairs = tuple(p for p in dataset.pairs if p.name in wanted or wanted == ["all"])
    if not pairs:
        raise SystemExit(f"{options.dataset} has no image of {options.images}")
    if not options.crop:
        return replace(dataset, pairs=pairs)
    for pair in pairs:
        hr = pair.load()[1]
        top, left = (max(0, side - options.crop) // 2 for side in hr.shape[-2:])
        middle = hr[:, top : top + options.crop, left : left + options.crop]
        save_image(middle, folder / f"{pair.name}.png")
    return open_dataset(str(folder))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="builtin", help="id or folder")
    parser.add_argument("--images", default="chelsea", help="names joined by commas, or all")
    parser.add_argument("--crop", type=int, default=208, help="side of their middle; 0: whole")
    parser.add_argument("--metrics", default=",".join(NAMES), help="ids joined by commas")
    parser.add_argument("--size", default="compact", choices=["compact", "paper"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    os.environ["PDBENCH_OFFLINE"] = "1"
    metrics = tuple(options.metrics.split(","))
    with (
        tempfile.TemporaryDirectory() as folder,
        all_weights(options.size) as made,
        offline_pyiqa(metrics),
        torch.inference_mode(),
    ):
        config = RunConfig(
            dataset=chosen(options, Path(folder)),
            methods=SUITES["table1"],
            catalog=MethodCatalog(),
            options=EvalOptions(size=options.size, protocol=PROTOCOL, metrics=metrics),
        )
        print(f"{options.size} networks, random weights: {', '.join(made) or 'none'}")
        seconds, ours = together(config)
        rows = {name: alone(name, config) for name in config.methods}
    report(seconds, {name: spent for name, (spent, _) in rows.items()}, options)
    theirs = {key: value for _, scores in rows.values() for key, value in scores.items()}
    for metric, (gap, count) in differences(ours, theirs, metrics).items():
        print(f"largest difference in {metric:10s}{gap:9.1e} of {count} scores")


def report(seconds, rows, options):
    """Print one line per row, and both sums."""
    crop = f", middle {options.crop} pixels" if options.crop else ""
    print(f"{options.dataset} ({options.images}{crop}), 1 thread, CPU seconds")
    columns = ("images", "making", "scoring")
    print(f"{'one method at a time':24s}" + "".join(f"{name:>10s}" for name in (*columns, "all")))
    total = dict.fromkeys(columns, 0.0)
    for name, spent in rows.items():
        print(line(name, [spent[column] for column in columns]))
        total = {column: total[column] + spent[column] for column in columns}
    print(line("all rows", list(total.values())))
    slow = sum(total.values())
    print(f"{'one run of the suite':54s}{seconds:10.2f}")
    print(
        f"{slow / seconds:.1f}x faster; {(slow - total['making']) / seconds:.1f}x without making"
    )


def line(name, values):
    return f"{name:24s}" + "".join(f"{value:10.2f}" for value in (*values, sum(values)))


if __name__ == "__main__":
    main()
