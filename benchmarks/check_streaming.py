# ruff: noqa: T201 (a script: what it prints is its result)
"""Does `pdbench eval` stream? Peak memory of folders of growing length must not grow with them.

Synthetic pairs; run it with the size in question, for example:
    python benchmarks/check_streaming.py --size 2040x1356 --counts 4,12
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

_MEASURED = (
    "import resource, sys\n"
    "from pdbench.cli import main\n"
    "code = main(sys.argv[1:])\n"
    "for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):\n"
    "    print('PEAK', resource.getrusage(who).ru_maxrss, file=sys.stderr)\n"
    "sys.exit(code)"
)


def draw(folder, count, size):
    """Save HR images and outputs: smooth noise, each other than the next."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        coarse = Image.fromarray(rng.integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8))
        for kind, method in (("hr", Image.Resampling.BICUBIC), ("sr", Image.Resampling.BILINEAR)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            coarse.resize(size, method).save(folder / kind / f"{seed:04d}.png", compress_level=1)


def measure(folder, metrics):
    """Evaluate a folder twice; return the peaks (MiB) of parent and workers of the first run."""
    words = ["eval", "--sr", folder / "sr", "--hr", folder / "hr", "--name", "measured"]
    words += ["--metrics", metrics, "-j", "1", "-o", folder / "run"]
    runs = [
        subprocess.run(
            [sys.executable, "-c", _MEASURED, *map(str, words)],
            capture_output=True, text=True, check=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    if "(0 computed," not in runs[1].stdout:
        raise SystemExit("the second run scored something again")
    peaks = [line.split()[1] for line in runs[0].stderr.splitlines() if line.startswith("PEAK")]
    return [int(peak) / 1024 for peak in peaks]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="512x384", help="width x height of the images, pixels")
    parser.add_argument("--counts", default="5,50", help="numbers of images, joined by commas")
    parser.add_argument("--metrics", default="psnr,ssim,lr-psnr")
    options = parser.parse_args()
    size = tuple(int(side) for side in options.size.split("x"))
    print(f"{options.size}, {options.metrics}\nimages  parent MiB  worker MiB")
    for count in map(int, options.counts.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            draw(Path(folder), count, size)
            parent, worker = measure(Path(folder), options.metrics)
        print(f"{count:6d} {parent:11.0f} {worker:11.0f}")


if __name__ == "__main__":
    main()
