# ruff: noqa: T201 (a script: what it prints is its result)
"""Functions and files that one image passes through: `run --method median-5 --metrics psnr -j 1`.

    python benchmarks/check_functions.py [--list]

Every process of the run is traced by `sys.setprofile`, from its start. Counted are named functions
of pdbench that are called (lambdas, comprehensions, class bodies and modules are not), and the
files these stand in.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
TRACER = """
import os, sys, threading
root, seen = os.environ["TRACE_ROOT"] + os.sep, set()
out = os.open(f"{os.environ['TRACE_OUT']}/{os.getpid()}", os.O_CREAT | os.O_WRONLY)
def trace(frame, event, _argument):
    code = frame.f_code
    if event == "call" and code not in seen:
        seen.add(code)
        name, file = code.co_qualname, code.co_filename
        ours = file.startswith(root) and "site-packages" not in file
        if ours and code.co_flags & 1 and not code.co_name.startswith("<"):
            os.write(out, f"{file.removeprefix(root)}\\t{name}\\n".encode())
threading.setprofile(trace)
sys.setprofile(trace)
"""
OURS = ("pdbench/", "baselines/", "methods/", "leaderboard/")
WORDS = ("run", "--method", "median-5", "--metrics", "psnr", "-j", "1")


def traced_functions() -> set[tuple[str, str]]:
    """Run one image of 48x48 pixels; return (file, function) of all that was called."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for folder in ("images", "tracer", "calls"):
            (place / folder).mkdir()
        (place / "tracer" / "sitecustomize.py").write_text(TRACER)
        levels = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
        image = Image.fromarray(levels).resize((48, 48), Image.Resampling.BICUBIC)
        image.save(place / "images" / "one.png")
        subprocess.run(
            [sys.executable, "-m", "pdbench", *WORDS, "--dataset", place / "images",
             "-o", place / "run"],
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(place / "tracer"), "TRACE_ROOT": str(ROOT),
                 "TRACE_OUT": str(place / "calls")},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        lines = [line for file in (place / "calls").iterdir() for line in file.open()]
    found = {tuple(line.rstrip("\n").split("\t")) for line in lines}
    return {(file, function) for file, function in found if file.startswith(OURS)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="name them all")
    found = traced_functions()
    if parser.parse_args().list:
        for file, function in sorted(found):
            print(f"{file}: {function}")
    print(f"{len(found)} functions in {len({file for file, _ in found})} files")


if __name__ == "__main__":
    main()
