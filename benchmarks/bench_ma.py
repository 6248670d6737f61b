# ruff: noqa: T201 (a script: what it prints is its result)
"""Ma's 138 features: pdbench against pyiqa, both in this process, one thread, one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_ma.py [--side 512] [--repeat 5]

Needs the extra `test`. The forests are left out: they are 0.2 % of pyiqa's time, and their file is
not on every machine. Besides wall time, CPU time is given: on a busy machine it is the fairer one.
"""

import argparse
import statistics
import time

import torch
from skimage import data

from pdbench.images import luma_bt601
from pdbench.metrics.ma_features import ma_features
from pdbench.torchvision_guard import import_torchvision


def original_features(module, plane):
    image = plane[None, None]
    scales = module.get_gauss_pyramid(image / 255)
    groups = [module.block_dct(scale) for scale in scales]
    groups.append(module.global_gsm(image))
    for scale in scales:
        patches = module.im2col(scale, 5, "distinct")
        groups.append(torch.linalg.svd(patches, full_matrices=False)[1])
    return torch.cat(groups, dim=1)[0]


def measure(compute, plane, repeat):
    """Return the result and the median (wall, CPU) seconds of `repeat` calls."""
    times = []
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        result = compute(plane)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return result, [statistics.median(column) for column in zip(*times, strict=True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=512, help="side of the square image, pixels")
    parser.add_argument(
        "--repeat", type=int, default=5, help="calls of ours; pyiqa's is called once"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    import_torchvision()
    from pyiqa.archs import nrqm_arch as module

    photograph = torch.from_numpy(data.astronaut()).permute(2, 0, 1) / 255
    tiles = -(-options.side // photograph.shape[1])
    photograph = photograph.repeat(1, tiles, tiles)[:, : options.side, : options.side]
    plane = luma_bt601(photograph, rounded=True)[0]

    with torch.inference_mode():
        _, first = measure(lambda image: torch.cat(ma_features(image)), plane, 1)
        ours, fast = measure(lambda image: torch.cat(ma_features(image)), plane, options.repeat)
        theirs, slow = measure(lambda image: original_features(module, image), plane, 1)
    print(f"{options.side}x{options.side}, 1 thread        wall s    CPU s")
    for name, (wall, cpu) in (("pyiqa", slow), ("pdbench, first", first), ("pdbench", fast)):
        print(f"{name:22s} {wall:9.3f} {cpu:8.3f}")
    print(f"{'times faster':22s} {slow[0] / fast[0]:9.1f} {slow[1] / fast[1]:8.1f}")
    print(f"largest difference of a feature: {(ours - theirs).abs().max().item():.1e}")


if __name__ == "__main__":
    main()
