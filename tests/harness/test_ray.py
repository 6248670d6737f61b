"""Ray on the loopback address: the same bytes as here, and nothing lost whoever goes."""

import contextlib
import os
import random
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from processes import alive, descendants, start, stored, wait_for
from run_folders import make_config, write_images

import pdbench as api
from pdbench import __version__
from pdbench.api.inventory import doctor
from pdbench.errors import InputError
from pdbench.harness.config import Progress
from pdbench.harness.executors import KILLED, SerialExecutor
from pdbench.harness.ray_cluster import connect
from pdbench.harness.ray_driver import InUse, Pool
from pdbench.harness.ray_worker import RayWorker
from pdbench.harness.results import export_results
from pdbench.harness.runner import run

from ..leaderboard.conftest import CARD, NAMES, photograph, tree
from ..leaderboard.test_checkpoints import network  # noqa: F401  (a fixture)

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.ray,
    # Ray's own, in the process that starts its nodes
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SIZES = [(16, 16), (24, 20), (20, 36), (32, 32), (20, 16)]
METHODS = 4
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

    def add(self, folder="", **more):
        """Add a node; it imports from one more folder."""
        path = os.pathsep.join([str(folder), self.variables["PYTHONPATH"]])
        variables = {**self.variables, "PYTHONPATH": path}
        self._nodes.append(self._cluster.add_node(**{**NODE, "env_vars": variables, **more}))

    def remove(self, index):
        self._cluster.remove_node(self._nodes.pop(index), allow_graceful=False)

    def shut_down(self):
        self._nodes.clear()
        self._cluster.shutdown()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Steering:
    """Files that steer the fakes on all nodes."""

    def __init__(self, folder):
        self.log, self.kill, self.stall = (folder / name for name in ("log", "kill", "stall"))
        self.log.touch()

    def calls(self):
        """Count the methods that were started on any node."""
        return len(self.log.read_text().splitlines())

    def wait_for_calls(self, count):
        wait_for(lambda: self.calls() >= count)


@pytest.fixture(scope="module")
def steering(tmp_path_factory):
    return Steering(tmp_path_factory.mktemp("ray"))


@pytest.fixture(scope="module")
def nodes(steering):
    from ray.cluster_utils import Cluster

    variables = {
        "PYTHONPATH": str(Path(__file__).parent),
        "FAKE_LOG": str(steering.log),
        "FAKE_DELAY": "0.1",
        "FAKE_KILL": str(steering.kill),
        "FAKE_STALL": str(steering.stall),
        "RAY_memory_monitor_refresh_ms": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    head = {
        **NODE, "num_cpus": 0, "include_dashboard": False, "env_vars": variables,
        "ray_client_server_port": free_port(), "runtime_env_agent_port": free_port(),
    }  # fmt: skip
    found = Nodes(Cluster(initialize_head=True, head_node_args=head), variables)
    yield found
    found.shut_down()


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", SIZES)


def ray_config(images, nodes, methods=None, **options):
    fields = {"engine": "ray", "address": nodes.address, "max_memory": MEMORY, **options}
    return make_config(images, *filter(None, [methods]), **fields)


def exported(record, folder):
    return {path.name: path.read_bytes() for path in export_results(record, folder)}


def expect(images, folder):
    """Score in this process, whatever becomes of nodes."""
    config = make_config(images, max_memory=MEMORY)
    record = run(config, folder, executor=SerialExecutor()).record
    return exported(record, folder.with_name(f"{folder.name}-csv"))


@pytest.fixture
def expected(images, tmp_path):
    return expect(images, tmp_path / "expected")


def test_any_number_of_nodes_gives_the_same_bytes(images, nodes, expected, tmp_path, capfd):
    for count in (1, 3):
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


@pytest.mark.parametrize("losses", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_nodes_lost_at_random_moments_of_a_run_lose_nothing(losses, nodes, steering, tmp_path):
    images = write_images(tmp_path / "images", SIZES * 4)
    expected = expect(images, tmp_path / "expected")
    rng = random.Random(0)
    nodes.set(3)
    before, work = steering.calls(), len(SIZES) * 4 * METHODS
    moments = sorted(rng.sample(range(work - METHODS), losses))
    with running(ray_config(images, nodes), tmp_path / "run") as result:
        for moment in moments:
            steering.wait_for_calls(before + moment)
            nodes.remove(rng.randrange(3))
            steering.stall.touch()  # the others must not be done before there is a new node
            nodes.add()
            steering.stall.unlink()
        found = result()
    assert exported(found.record, tmp_path / "csv") == expected
    assert found.computed == len(found.record.scores)  # nothing twice
    # what the lost worker had in hand, and what it had done but not told, is done again
    assert steering.calls() <= before + work + 2 * losses


def ray_workers():
    """Ids of the living workers of all clusters."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.read_bytes().startswith(b"ray::RayWorker"):
                found.append(entry.parent.name)
    return found


def test_a_run_that_is_ended_leaves_no_process_and_resumes(
    images, nodes, expected, steering, tmp_path
):
    nodes.set(2)
    before, folder = steering.calls(), tmp_path / "run"
    config = ray_config(images, nodes)
    for sign in (signal.SIGINT, signal.SIGKILL):
        process = start(config, folder, tmp_path)
        steering.wait_for_calls(steering.calls() + 4)
        steering.stall.touch()
        with pytest.raises(InputError, match="another run is writing"):
            run(config, folder)
        children = descendants(process.pid)
        process.send_signal(sign)
        process.wait(timeout=30)
        wait_for(lambda gone=children: not any(map(alive, gone)) and not ray_workers())
        steering.stall.unlink()
    assert exported(run(config, folder).record, tmp_path / "csv") == expected
    # each time both workers had one output in hand, and one on its way to the store
    assert steering.calls() <= before + len(SIZES) * METHODS + 8


def test_killed_workers_are_replaced_until_an_image_has_killed_three(nodes, steering, tmp_path):
    nodes.set(1)
    images = write_images(tmp_path / "images", [(16, 16)])
    steering.kill.touch()  # the first death, of a method that will do
    result = run(ray_config(images, nodes, ["up", "deadly", "network"]), tmp_path / "run")
    assert not steering.kill.exists()
    killed = KILLED.removeprefix("failed: ")
    assert result.failed == tuple(("image-0", name, killed) for name in ("deadly", "network"))
    assert result.computed == 3  # of "up"


def test_a_node_with_another_version_is_refused(images, nodes, expected, tmp_path, caplog):
    older = tmp_path / "older"
    older.mkdir()
    (older / "sitecustomize.py").write_text("import pdbench\npdbench.__version__ = '0.0.1'\n")
    nodes.set(0)
    nodes.add(older)
    versions = rf"pdbench 0\.0\.1, this machine {re.escape(__version__)}"
    with pytest.raises(InputError, match=versions) as error:
        run(ray_config(images, nodes), tmp_path / "run")
    assert "\n" not in str(error.value)
    nodes.add()
    found = doctor(address=nodes.address)
    titles = [title.rpartition(": ")[2] for title in found]
    assert titles == ["versions", "devices", "weights"] * 3  # the head is a node, too
    told = [dict(rows)["pdbench"] for rows in list(found.values())[::3]]
    assert sorted(told) == sorted(["0.0.1", __version__, __version__])
    caplog.clear()  # of the run that failed
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


class Idle(RayWorker):
    """A worker that has a GPU, so it says, and tells which."""

    def join(self, *_arguments):
        return ""

    def begin(self, task, paths, *contents):
        import ray

        gpus = ray.get_runtime_context().get_accelerator_ids()["GPU"]
        share = ray.get_runtime_context().get_assigned_resources()["GPU"]
        name = self._unpack(task).work[0][0].id
        one = Progress(image="", method=name, scores=(), reason=f"{share} of GPU {','.join(gpus)}")
        self._progress = iter([one])

    def step(self):
        return next(self._progress), {}


@contextlib.contextmanager
def connected(address):
    import ray

    connect(address)
    try:
        yield
    finally:
        ray.shutdown()


def test_workers_share_the_gpus_of_the_nodes_that_have_some(images, nodes, tmp_path):
    nodes.set(1)
    recorder = Recorder()
    run(make_config(images, ["up"]), tmp_path / "run", executor=recorder)
    config = ray_config(images, nodes, ["up"], device="cuda", gpus_per_worker=0.5)
    with connected(nodes.address):
        with pytest.raises(InputError, match="no node of the Ray cluster has a GPU and"):
            list(Pool(config, recorder.tasks, worker=Idle).run())
        nodes.add(num_cpus=4, num_gpus=1)
        told = list(Pool(config, recorder.tasks, worker=Idle).run())
    assert {one.nodes for one in told if isinstance(one, InUse)} == {1}
    reasons = [one.reason for one in told if isinstance(one, Progress)]
    assert reasons == ["0.5 of GPU 0"] * len(SIZES)
    nodes.remove(1)


class Recorder(SerialExecutor):
    def run(self, config, tasks):
        self.tasks = tuple(tasks)
        return super().run(config, tasks)


def test_without_room_for_a_worker_the_run_is_refused(images, nodes, tmp_path):
    nodes.set(1)
    with pytest.raises(InputError, match="no node of the Ray cluster has a CPU and 4 GiB"):
        run(ray_config(images, nodes, max_memory=2**32), tmp_path / "run")


def test_a_machine_outside_the_cluster_gets_the_same_bytes(images, nodes, expected, tmp_path):
    nodes.set(1)
    result = run(ray_config(images, nodes, address=nodes.client), tmp_path / "run")
    assert exported(result.record, tmp_path / "csv") == expected


@pytest.mark.slow
@pytest.mark.skipif(find_spec("spandrel") is None, reason="needs spandrel")
@pytest.mark.filterwarnings("ignore")
def test_every_command_gives_the_same_bytes(nodes, network, tmp_path):  # noqa: F811
    nodes.set(2)
    (tmp_path / "data" / "Set5" / "HR").mkdir(parents=True)
    for seed, name in enumerate(NAMES):
        photograph(seed).save(tmp_path / "data" / "Set5" / "HR" / f"{name}.png")
    cluster = {"engine": "ray", "address": nodes.address, "max_memory": MEMORY}
    here, there = (
        every_command(tmp_path / name, network, tmp_path / "data", **engine)
        for name, engine in (("here", {"jobs": 1, "max_memory": MEMORY}), ("there", cluster))
    )
    assert len(here) > 20
    assert here == there


def every_command(folder, network, data, **engine):  # noqa: F811
    """Run, submit, verify, eval and compare; return all that is kept of it."""
    (folder / "board" / "submissions").mkdir(parents=True)
    options = {"data_root": data, "metrics": ("psnr", "ssim", "lr-psnr", "diversity"), **engine}
    suite = api.run(
        ["average-5", "srflow-da[tau=0.9]"], dataset="set5", output=folder / "run",
        export=folder / "kept" / "csv", save_images=folder / "kept" / "images", **options,
    )  # fmt: skip
    assert not suite.failed
    api.submit(
        "tiny", card=CARD, checkpoint=network, datasets=["set5"], board=folder / "board",
        work=folder / "work", **options,
    )  # fmt: skip
    (found,) = api.verify(
        "tiny", board=folder / "board", checkpoint=network, record=True, **options
    )
    assert (found.level, found.failures) == ("reproduced", [])
    api.evaluate(
        folder / "work" / "images" / "set5", name="tiny", dataset="set5",
        output=folder / "eval", export=folder / "kept" / "eval", **options,
    )  # fmt: skip
    figure = api.compare(
        ["bicubic", "rrdb"], dataset="set5", image="bird", crop="0,0,16,16", checkpoint=network,
        output=folder / "kept" / "figure.png", **options,
    )  # fmt: skip
    assert figure.exists()
    return tree(folder / "kept") | tree(folder / "board") | tree(folder / "work" / "images")


def test_a_cluster_that_is_lost_is_one_line_and_loses_nothing(
    images, expected, nodes, steering, tmp_path
):
    """The last test: it takes the cluster down."""
    nodes.set(1)
    before, folder = steering.calls(), tmp_path / "run"
    with running(ray_config(images, nodes), folder) as result:
        steering.wait_for_calls(before + 4)
        nodes.shut_down()
        with pytest.raises(InputError, match=f"'{nodes.address}' was lost; what is finished is"):
            result()
    kept = stored(folder)
    assert kept > 0
    again = run(make_config(images, max_memory=MEMORY), folder, executor=SerialExecutor())
    assert (again.kept, exported(again.record, tmp_path / "csv")) == (kept, expected)
