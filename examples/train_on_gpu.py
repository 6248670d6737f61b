# ruff: noqa: T201 (a script: what it prints is its result)
"""Use a short stay on a GPU to the last minute: train RRDB and the flow for a fixed time.

    python examples/train_on_gpu.py pack --data photos/ --out packed/
    python examples/train_on_gpu.py train --data packed/ --out work/ --time 10m

`pack` copies at most 64 MiB of photographs, spread evenly over the folder, to be carried along.
`train` gives RRDB two fifths of the time and the flow, which starts from it, the rest. Recipes are
the compact ones with a larger batch and rates raised by its square root. Weights end up in
work/NAME/compact.safetensors; give work/ to --weights-dir. Once killed, the same call goes on.
"""

import argparse
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import yaml

import pdbench
from pdbench.api.train import read_duration
from pdbench.baselines import BASELINES
from pdbench.data.patches import find_photos
from pdbench.training.recipe import Recipe, read_recipe
from pdbench.weights import searched_first

SHARES = {"rrdb": 0.4, "srflow-da": 0.6}
MOST_BYTES = 64 * 2**20
BATCH = 64
NEVER = 10**9


def pack(folders: Sequence[Path], out: Path, *, most_bytes: int = MOST_BYTES) -> int:
    """Copy photographs, spread evenly over the sorted files, until `most_bytes` are reached."""
    files = [file for file in find_photos(folders) if isinstance(file, Path)]
    share = min(1.0, most_bytes / sum(file.stat().st_size for file in files))
    total = 0
    for index, file in enumerate(files):
        chosen = int((index + 1) * share) > int(index * share)
        if chosen and total + file.stat().st_size <= most_bytes:
            target = out / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            total += file.stat().st_size
    return total


def large_batch(name: str, batch: int) -> Recipe:
    """Return the compact recipe with a larger batch; only the end is validated."""
    recipe = read_recipe(BASELINES.get(name).recipe_path("compact"))
    plan, gain = recipe.optimization, math.sqrt(batch / recipe.crops.batch)
    return replace(
        recipe,
        crops=replace(recipe.crops, batch=batch),
        optimization=replace(plan, lr=plan.lr * gain, muon_lr=plan.muon_lr * gain),
        validate_every=NEVER,
    )


def train(
    data: Path, out: Path, seconds: float, recipes: Mapping[str, Recipe], *, device: str = "auto"
) -> list[Path]:
    """Train networks one after another, each for its share of the time; returns the weights."""
    out.mkdir(parents=True, exist_ok=True)
    weights = []
    with searched_first(out):
        for name, recipe in recipes.items():
            config = out / f"{name}.yaml"
            config.write_text(yaml.safe_dump(json.loads(json.dumps(asdict(recipe)))))
            weights.append(
                pdbench.train(
                    name, data=[data], output=out / name, config=str(config), device=device,
                    time=SHARES[name] * seconds, resume=True,
                )
            )  # fmt: skip
    return weights


def main() -> None:
    """Pack or train, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("pack", "train"):
        command = commands.add_parser(name)
        command.add_argument("--data", type=Path, required=True)
        command.add_argument("--out", type=Path, required=True)
    command.add_argument("--time", default="10m", help="time of both together: 90s, 10m, 1.5h")
    command.add_argument("--batch", type=int, default=BATCH)
    command.add_argument("--device", default="auto")
    options = parser.parse_args()
    if options.command == "pack":
        print(f"{pack([options.data], options.out) / 2**20:.1f} MiB in {options.out}")
        return
    seconds = read_duration(options.time)
    recipes = {name: large_batch(name, options.batch) for name in SHARES}
    for path in train(options.data, options.out, seconds, recipes, device=options.device):
        print(f"Weights: {path}")


if __name__ == "__main__":
    main()
