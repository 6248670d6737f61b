"""Two processes on one machine, as torchrun starts them, share each batch."""

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMON = """
size: compact
crops: {batch: 4, lr_side: 8, validation: 2}
validate_every: 2
checkpoint_every: 2
"""
RECIPES = {
    "rrdb": """
baseline: rrdb
network: {features: 8, blocks: 1, growth: 4}
optimization: {steps: 4, lr: 1.0e-3, clip: 10.0, ema: 0.5, accumulate: 2}
""",
    "esrgan-plus": """
baseline: esrgan-plus
network: {features: 8, blocks: 1, growth: 4, noise: 0.0}
objective:
  {pixel: 1.0, perceptual: 0.0, adversarial: 0.3,
   discriminator: {features: 8, levels: 2, norm: spectral}}
optimization: {steps: 4, lr: 1.0e-3, adversary_lr: 1.0e-3, clip: 10.0, ema: 0.5}
""",
}


def start(network, rank, world, port, arguments):
    """Start `pdbench train` with the environment torchrun gives to one of its processes."""
    environment = {
        **os.environ,
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(world),
        "LOCAL_WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "pdbench", "train", network, *arguments],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def rows(out):
    with (out / "log.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(not Path("/sys/class/net/lo").exists(), reason="needs Linux's loopback")
@pytest.mark.parametrize("network", RECIPES)
def test_two_processes_give_the_losses_of_one(network, five_photos, tmp_path):
    from pdbench.baselines import training

    (tmp_path / "recipe.yaml").write_text(RECIPES[network] + COMMON)
    options = ["--config", str(tmp_path / "recipe.yaml"), "--data", str(five_photos)]
    port = free_port()
    pair = [
        start(network, r, 2, port, [*options, "--out", str(tmp_path / "two")]) for r in range(2)
    ]
    training.train(
        network, [five_photos], tmp_path / "one", config=str(tmp_path / "recipe.yaml"),
        device="cpu", progress=False,
    )  # fmt: skip
    said = [process.communicate(timeout=120) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], said
    assert said[0][0].startswith("Weights: ")  # said once, by the first process
    assert said[1][0] == ""
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert [row["step"] for row in two] == ["2", "4"]
    # rounding grows where two networks answer each other
    rival, bound = (["adversary_loss"], 2e-4) if network == "esrgan-plus" else ([], 5e-5)
    for name in ("loss", "gradient_norm", "val_psnr_y", *rival):
        values = [[float(row[name]) for row in run] for run in (one, two)]
        assert values[1] == pytest.approx(values[0], rel=bound), name
