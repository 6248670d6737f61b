# ruff: noqa: T201 (a script: what it prints is its result)
"""All eight metrics of one pair: pdbench's panel against pyiqa's metrics one by one, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_metrics.py [--side 512] [--methods 3]

Both do the same work: pyiqa's defaults, which protocol `pyiqa` follows. Each of pyiqa's metrics is
made and called once; the panel is prepared for the reference, then scores one method after
another. Weights that are not everywhere (Ma's forests, PieAPP's network) are random, of the
published structure and size, and the same for both. The times are CPU seconds of one thread, which
a busy machine disturbs less than wall time. Needs the extra `test` and VGG16.
"""

import argparse
import statistics
import time
import warnings

import torch
from offline_pyiqa import NAMES, offline_pyiqa
from skimage import data

from pdbench.bicubic import bicubic_downsample, bicubic_upsample
from pdbench.images import quantize
from pdbench.metrics import METRICS
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PROTOCOLS


def photograph(side):
    """Return (1, 3, side, side) of scikit-image's astronaut, tiled where that is smaller."""
    image = torch.from_numpy(data.astronaut()).permute(2, 0, 1)[None] / 255
    tiles = -(-side // image.shape[-1])
    return quantize(image.repeat(1, 1, tiles, tiles)[..., :side, :side])


RUNS = 5


def results(reference, count):
    """Return `count` restored versions of the reference: bicubic with more and more noise."""
    blurred = bicubic_upsample(bicubic_downsample(reference))
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(reference.shape, generator=generator)
    return [quantize(blurred + 0.01 * index * noise) for index in range(count)]


def timed(call):
    """Return CPU seconds, the least of several runs within a second, and the result."""
    spent = []
    while not spent or (len(spent) < RUNS and sum(spent) < 1):
        start = time.process_time()
        with torch.inference_mode():
            result = call()
        spent.append(time.process_time() - start)
    return min(spent), result


def theirs(names, restored, reference):
    """Call pyiqa's metrics one by one, each made on its own; id -> (CPU seconds, value)."""
    import pyiqa

    found = {}
    for name in names:
        metric = pyiqa.create_metric(NAMES[name], device="cpu")
        small = photograph(208)
        images = (restored, reference) if METRICS.get(name).needs_reference else (restored,)
        metric(*(small for _ in images))  # as ours, it has run before it is measured
        seconds, value = timed(lambda metric=metric, images=images: metric(*images).item())
        found[name] = (seconds, value)
    return found


def ours(names, restored, reference):
    """Score several results of one reference; (seconds of the first, of a later one, values)."""
    panel = MetricCollection(PROTOCOLS.get("pyiqa"), names)

    def first():
        panel.prepare(reference, None)
        return panel.score(restored[0])

    seconds, values = timed(first)
    later = [timed(lambda one=one: panel.score(one)) for one in restored[1:]]
    return seconds, statistics.median(spent for spent, _ in later), values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=512, help="side of the square image, pixels")
    parser.add_argument("--methods", type=int, default=3, help="results scored per reference")
    parser.add_argument("--metrics", default=",".join(NAMES), help="ids, joined by commas")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    names = options.metrics.split(",")
    reference = photograph(options.side)
    restored = results(reference, options.methods)
    with offline_pyiqa(names):
        ours(names, [photograph(208)] * 2, photograph(208))  # reads the weights, fills caches
        expected = theirs(names, restored[0], reference)
        alone = {name: ours([name], restored, reference)[:2] for name in names}
        together = ours(names, restored, reference)
    report(names, expected, alone, together, options)


def report(names, expected, alone, together, options):
    """Print one line per metric and one for all of them together."""
    size = f"{options.side}x{options.side}"
    print(f"{size}, 1 thread, CPU seconds; later: the next method on the same image")
    heads = ("pyiqa", "first", "ratio", "later", "ratio", "difference")
    print(" " * 12 + "{:>9s}{:>9s}{:>8s}{:>9s}{:>8s}{:>12s}".format(*heads))
    for name in names:
        slow, value = expected[name]
        print(line(name, slow, *alone[name]) + f"{abs(together[2][name][0] - value):12.1e}")
    slow = sum(seconds for seconds, _ in expected.values())
    print(line("one by one", slow, *(sum(column) for column in zip(*alone.values(), strict=True))))
    print(line("panel", slow, *together[:2]))


def line(name, slow, first, later):
    return f"{name:12s}{slow:9.3f}{first:9.3f}{first / slow:8.3f}{later:9.3f}{later / slow:8.3f}"


if __name__ == "__main__":
    main()
