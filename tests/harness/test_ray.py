"""Ray on the loopback address: the same bytes as here, and nothing lost whoever goes."""

import contextlib
import os
import random
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from processes import alive, descendants, start, stored, wait_for
from run_folders import make_config, write_images

from pdbench import __version__
from pdbench.api.compare import compare
from pdbench.api.inventory import doctor
from pdbench.api.run import run as api_run
from pdbench.errors import InputError
from pdbench.harness.executors import KILLED, SerialExecutor
from pdbench.harness.results import export_results
from pdbench.harness.runner import run

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.ray,
    # Ray's own, in the process that starts its nodes
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SIZES = [(16, 16), (24, 20), (20, 36), (32, 32), (20, 16)]
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "memory": 2**30}
MEMORY = 2**29


class Nodes:
    """A cluster whose head does no work."""

    def __init__(self, cluster, variables):
        self._cluster, self.variables = cluster, variables
        self.client = f"ray://127.0.0.1:{cluster.head_node._ray_params.ray_client_server_port}"
        self.address = cluster.address
        self._nodes = []

    def set(self, count):
        while len(self._nodes) < count:
            self.add()
        while len(self._nodes) > count:
            self.remove(0)

    def add(self, folder=""):
        """Add a node; it imports from one more folder."""
        path = os.pathsep.join([str(folder), self.variables["PYTHONPATH"]])
        variables = {**self.variables, "PYTHONPATH": path}
        self._nodes.append(self._cluster.add_node(**NODE, env_vars=variables))

    def remove(self, index):
        self._cluster.remove_node(self._nodes.pop(index), allow_graceful=False)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="module")
def steering(tmp_path_factory):
    """Folder of the files that steer the fakes on all nodes."""
    folder = tmp_path_factory.mktemp("ray")
    (folder / "log").touch()
    return folder


@pytest.fixture(scope="module")
def nodes(steering):
    from ray.cluster_utils import Cluster

    variables = {
        "PYTHONPATH": str(Path(__file__).parent),
        "FAKE_LOG": str(steering / "log"),
        "FAKE_DELAY": "0.1",
        "FAKE_KILL": str(steering / "kill"),
        "RAY_memory_monitor_refresh_ms": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    head = {
        **NODE, "num_cpus": 0, "include_dashboard": False, "env_vars": variables,
        "ray_client_server_port": free_port(), "runtime_env_agent_port": free_port(),
    }  # fmt: skip
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield Nodes(cluster, variables)
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
def expected(images, tmp_path):
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


@contextlib.contextmanager
def running(config, folder):
    """Run in a thread; yields a function that waits for the result."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run, config, folder)
        yield future.result


def calls(steering):
    return len((steering / "log").read_text().splitlines())


def reached(steering, count):
    return calls(steering) > count


def test_a_node_lost_in_mid_run_loses_nothing(images, nodes, expected, steering, tmp_path):
    nodes.set(2)
    before = calls(steering)
    with running(ray_config(images, nodes), tmp_path / "run") as result:
        wait_for(partial(reached, steering, before + 4))
        nodes.remove(0)
        assert exported(result().record, tmp_path / "csv") == expected
    # what the lost worker had in hand, and what it had done but not told, is done again
    assert calls(steering) <= before + 20 + 2


@pytest.mark.slow
def test_nodes_lost_at_ten_random_moments(images, nodes, expected, steering, tmp_path):
    rng = random.Random(0)
    before = calls(steering)
    for attempt in range(10):
        nodes.set(2)
        start = calls(steering)
        moment = start + rng.randrange(19)
        with running(ray_config(images, nodes), tmp_path / f"run-{attempt}") as result:
            wait_for(partial(reached, steering, moment))
            nodes.remove(rng.randrange(2))
            assert exported(result().record, tmp_path / f"csv-{attempt}") == expected
        assert calls(steering) <= start + 20 + 2
    assert calls(steering) >= before + 200


def ray_workers():
    """Ids of the living workers of all clusters."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.read_bytes().startswith(b"ray::RayWorker"):
                found.append(entry.parent.name)
    return found


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_leaves_no_process_and_resumes(
    sign, images, nodes, expected, steering, tmp_path
):
    nodes.set(2)
    before, folder = calls(steering), tmp_path / "run"
    config = ray_config(images, nodes)
    process = start(config, folder, tmp_path)
    wait_for(partial(reached, steering, before + 5))
    with pytest.raises(InputError, match="another run is writing"):
        run(config, folder)
    children = descendants(process.pid)
    process.send_signal(sign)
    process.wait(timeout=30)
    wait_for(lambda: not any(map(alive, children)) and not ray_workers())
    assert exported(run(config, folder).record, tmp_path / "csv") == expected
    # each worker had one output in hand, and one on its way to the store
    assert calls(steering) <= before + 20 + 4


def test_a_worker_that_is_killed_is_replaced(images, nodes, expected, steering, tmp_path):
    nodes.set(1)
    (steering / "kill").touch()
    result = run(ray_config(images, nodes), tmp_path / "run")
    assert not (steering / "kill").exists()
    assert exported(result.record, tmp_path / "csv") == expected


def test_an_image_that_kills_three_workers_is_given_up(nodes, tmp_path):
    nodes.set(1)
    images = write_images(tmp_path / "images", [(16, 16)])
    result = run(ray_config(images, nodes, methods=["up", "deadly"]), tmp_path / "run")
    assert result.failed == (("image-0", "deadly", KILLED.removeprefix("failed: ")),)
    assert result.computed == 3


def test_a_node_with_another_version_is_refused(images, nodes, expected, tmp_path, caplog):
    older = tmp_path / "older"
    older.mkdir()
    (older / "sitecustomize.py").write_text("import pdbench\npdbench.__version__ = '0.0.1'\n")
    nodes.set(0)
    nodes.add(older)
    versions = rf"pdbench 0\.0\.1, this machine {re.escape(__version__)}"
    with pytest.raises(InputError, match=versions):
        run(ray_config(images, nodes), tmp_path / "run")
    nodes.add()
    result = run(ray_config(images, nodes), tmp_path / "run")
    assert exported(result.record, tmp_path / "csv") == expected
    assert len(re.findall(versions, caplog.text)) <= 1
    nodes.remove(0)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere"])
def test_a_cluster_that_cannot_be_reached_is_one_line(address, images, tmp_path, capfd):
    with pytest.raises(InputError, match=f"cannot use a Ray cluster at '{address}'") as error:
        run(make_config(images, engine="ray", address=address), tmp_path / "run")
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_without_room_for_a_worker_the_run_is_refused(images, nodes, tmp_path):
    nodes.set(1)
    with pytest.raises(InputError, match="no node of the Ray cluster has a CPU and 4 GiB"):
        run(ray_config(images, nodes, max_memory=2**32), tmp_path / "run")


def test_a_machine_outside_the_cluster_gets_the_same_bytes(images, nodes, expected, tmp_path):
    nodes.set(1)
    result = run(ray_config(images, nodes, address=nodes.client), tmp_path / "run")
    assert exported(result.record, tmp_path / "csv") == expected


def test_the_doctor_says_what_every_node_has(nodes):
    nodes.set(1)
    found = doctor(address=nodes.address)
    titles = [title.rpartition(": ")[2] for title in found]
    assert titles == ["versions", "devices", "weights"] * 2  # the head is a node, too
    assert all(("pdbench", __version__) in rows for rows in list(found.values())[::3])


def test_crops_made_on_the_cluster_are_those_made_here(images, nodes, tmp_path):
    nodes.set(1)
    options = {
        "dataset": str(images), "image": "image-3", "crop": "0,0,16,16",
        "metrics": ("psnr",), "max_memory": MEMORY,
    }  # fmt: skip
    files = [
        compare(["bicubic", "rrdb"], output=tmp_path / name, **options, **engine)
        for name, engine in (
            ("here.png", {}),
            ("there.png", {"engine": "ray", "address": nodes.address}),
        )
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_table1_gives_the_same_bytes_by_every_engine(nodes, tmp_path):
    folder = write_images(tmp_path / "images", SIZES[:3])
    found = []
    for name, engine in (
        ("one", {"jobs": 1}),
        ("two", {"jobs": 2}),
        *((f"ray-{n}", {"engine": "ray", "address": nodes.address}) for n in (1, 2, 3)),
    ):
        if "engine" in engine:
            nodes.set(int(name[-1]))
        result = api_run(
            suite="table1", dataset=str(folder), output=tmp_path / name,
            metrics=("psnr", "ssim", "lr-psnr", "diversity"), max_memory=MEMORY, **engine,
        )  # fmt: skip
        assert not result.failed
        found.append(exported(result.record, tmp_path / f"csv-{name}"))
    assert len(found[0]) > 10
    assert all(one == found[0] for one in found)


@pytest.mark.slow
def test_a_cluster_that_is_lost_is_one_line_and_loses_nothing(
    images, expected, nodes, steering, tmp_path
):
    from ray.cluster_utils import Cluster

    head = {**NODE, "num_cpus": 0, "include_dashboard": False}
    other = Cluster(initialize_head=True, head_node_args=head)
    lone = Nodes(other, nodes.variables)
    lone.add()
    before, folder = calls(steering), tmp_path / "run"
    with running(ray_config(images, lone), folder) as result:
        wait_for(partial(reached, steering, before + 4))
        other.shutdown()
        with pytest.raises(InputError, match=f"'{lone.address}' was lost; what is finished is"):
            result()
    assert stored(folder) > 0
    nodes.set(1)
    assert exported(run(ray_config(images, nodes), folder).record, tmp_path / "csv") == expected
