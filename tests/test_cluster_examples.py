"""The files of examples/cluster: run where that can be done here, else checked by their schema."""

import csv
import json
import os
import re
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "cluster"

# Commands of SLURM for a job of two nodes, which are two loopback addresses of this machine.
COMMANDS = {
    "scontrol": "echo 127.0.0.2; echo 127.0.0.1",
    "srun": 'shift; for node in 0 1; do SLURM_NODEID=$node "$@" & done; wait -n && wait -n',
    "torchrun": f'exec {sys.executable} -m torch.distributed.run "$@"',
}
RECIPE = """
baseline: rrdb
size: compact
network: {features: 8, blocks: 1, growth: 4}
crops: {batch: 4, lr_side: 8, validation: 2}
optimization: {steps: 2, lr: 1.0e-3, clip: 10.0, ema: 0.5}
validate_every: 1
checkpoint_every: 2
"""


@pytest.fixture
def photos(tmp_path):
    import numpy as np
    from PIL import Image

    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for index in range(5):
        pixels = np.kron(rng.integers(0, 256, (6, 7, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{index}.png")
    return tmp_path / "photos"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def losses(out):
    with (out / "log.csv").open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/sys/class/net/lo").exists(), reason="needs Linux's loopback")
def test_two_nodes_train_like_one_process(photos, tmp_path):
    from pdbench.baselines import training

    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, line in COMMANDS.items():
        (bin_folder / name).write_text(f"#!/bin/bash\n{line}\n")
        (bin_folder / name).chmod(0o755)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    options = ["--config", tmp_path / "recipe.yaml", "--data", photos, "--device", "cpu"]
    environment = {
        **os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1",
        "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_GPUS_ON_NODE": "1",
        "MASTER_PORT": str(free_port()), "GLOO_SOCKET_IFNAME": "lo",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", FOLDER / "train.sbatch", "rrdb", *options, "--out", tmp_path / "two"],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    training.train(
        "rrdb", [photos], tmp_path / "one", config=str(tmp_path / "recipe.yaml"),
        device="cpu", progress=False,
    )  # fmt: skip
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=5e-5)


@pytest.mark.parametrize("name", ["train.sbatch", "run.sbatch"])
def test_a_batch_file_is_valid_and_asks_for_nodes(name):
    subprocess.run(["bash", "-n", FOLDER / name], check=True)
    assert re.search(r"^#SBATCH --nodes=\d+$", (FOLDER / name).read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_every_option_that_a_file_shows_exists(name):
    from pdbench.cli.run import command as run
    from pdbench.cli.train import command as train

    text = re.sub(r"[#\\]\s*", " ", (FOLDER / name).read_text())
    for command, found in re.findall(
        r"(?:pdbench |sbatch examples\S+ )(run|rrdb)?([^\n']*)", text
    ):
        known = {name for one in (train if command == "rrdb" else run).params for name in one.opts}
        assert set(re.findall(r"(?<= )--?[a-z][-a-z]*", found)) <= known | {"--resume"}


def test_the_autoscaler_file_fits_rays_schema():
    pytest.importorskip("ray")
    import jsonschema

    schema = Path(find_spec("ray").origin).parent / "autoscaler" / "ray-schema.json"
    content = yaml.safe_load((FOLDER / "autoscaler.yaml").read_text())
    jsonschema.validate(content, json.loads(schema.read_text()))
    assert content["head_node_type"] in content["available_node_types"]


def test_the_kubernetes_manifest_has_what_kuberay_requires():
    # The operator's own schema is in no package: these are the fields and types of its
    # raycluster_types.go.
    content = yaml.safe_load((FOLDER / "kuberay.yaml").read_text())
    assert (content["apiVersion"], content["kind"]) == ("ray.io/v1", "RayCluster")
    spec = content["spec"]
    head, workers = spec["headGroupSpec"], spec["workerGroupSpecs"]
    numbers = {"groupName", "minReplicas", "replicas", "maxReplicas"}
    for group in (head, *workers):
        assert set(group) - {"rayStartParams", "template"} == (
            numbers if group in workers else set()
        )
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        (container,) = group["template"]["spec"]["containers"]
        assert container["image"]
        assert all(isinstance(v, str) for v in container["resources"]["limits"].values())
    for group in workers:
        assert group["groupName"]
        assert 0 <= group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    assert set(spec) == {
        "autoscalerOptions", "enableInTreeAutoscaling", "headGroupSpec", "workerGroupSpecs",
    }  # fmt: skip
    assert spec["enableInTreeAutoscaling"] is True
    assert isinstance(spec["autoscalerOptions"].pop("idleTimeoutSeconds"), int)
    assert not spec["autoscalerOptions"]
