"""Ray on the loopback address: the same bytes as here, and nothing lost whoever goes."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from run_folders import make_config, write_images

from pdbench.errors import InputError
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.results import export_results
from pdbench.harness.runner import run

pytest.importorskip("ray")
pytestmark = pytest.mark.ray

SIZES = [(16, 16), (24, 20), (20, 36), (32, 32), (20, 16)]
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "memory": 2**30}
MEMORY = 2**29


class Nodes:
    """A cluster whose head does no work."""

    def __init__(self, cluster):
        self._cluster = cluster
        self.address = cluster.address
        self._nodes = []

    def set(self, count):
        while len(self._nodes) < count:
            self.add()
        while len(self._nodes) > count:
            self.remove(0)

    def add(self, **fields):
        self._nodes.append(self._cluster.add_node(**NODE, **fields))

    def remove(self, index):
        self._cluster.remove_node(self._nodes.pop(index), allow_graceful=False)


@pytest.fixture(scope="module")
def steering(tmp_path_factory):
    """Variables of the fakes; workers have them from the nodes, hence for all tests alike."""
    folder = tmp_path_factory.mktemp("ray")
    (folder / "log").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.setenv("FAKE_LOG", str(folder / "log"))
        patch.setenv("FAKE_STALL", str(folder / "stall"))
        patch.setenv("FAKE_KILL", str(folder / "kill"))
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        yield folder


@pytest.fixture(scope="module")
def nodes(steering):
    from ray.cluster_utils import Cluster

    head = {**NODE, "num_cpus": 0, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield Nodes(cluster)
    cluster.shutdown()


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", SIZES)


def ray_config(images, nodes, **options):
    fields = {"engine": "ray", "address": nodes.address, "max_memory": MEMORY, **options}
    return make_config(images, **fields)


def exported(record, folder):
    return {path.name: path.read_bytes() for path in export_results(record, folder)}


@pytest.fixture
def expected(images, tmp_path, monkeypatch):
    monkeypatch.delenv("FAKE_LOG")
    config = make_config(images, max_memory=MEMORY)
    record = run(config, tmp_path / "expected", executor=SerialExecutor()).record
    return exported(record, tmp_path / "csv")


def test_any_number_of_nodes_gives_the_same_bytes(images, nodes, expected, tmp_path, capfd):
    local = run(make_config(images, max_memory=MEMORY, jobs=2), tmp_path / "two").record
    assert exported(local, tmp_path / "csv-two") == expected
    for count in (1, 2, 3):
        nodes.set(count)
        capfd.readouterr()
        result = run(ray_config(images, nodes), tmp_path / f"ray-{count}")
        assert capfd.readouterr() == ("", "")
        assert exported(result.record, tmp_path / f"csv-{count}") == expected
        assert result.computed == 90
