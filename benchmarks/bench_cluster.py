"""A Ray cluster: its efficiency beside `-j`, what its driver can feed, and the bytes it sends.

Needs the extra `ray`. Two nodes of one core each lie on this machine. Events are in CPU seconds
of this process, the driver here; the efficiency and the store are in wall time.
"""

import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pdbench.data.datasets import open_dataset
from pdbench.harness.config import Progress, RunConfig, Task, missing_scores
from pdbench.harness.executors import LocalExecutor
from pdbench.harness.method_records import method_records
from pdbench.harness.options import EvalOptions
from pdbench.harness.run_info import DatasetRecord, ImageFingerprint
from pdbench.harness.store import RunStore
from pdbench.methods import SUITES
from pdbench.methods.catalog import MethodCatalog
from pdbench.metrics import METRICS

pytest.importorskip("ray")

from pdbench.harness.ray_cluster import connect
from pdbench.harness.ray_driver import Pool
from pdbench.harness.ray_executor import RayExecutor
from pdbench.harness.ray_worker import RayWorker

NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "memory": 2**30}
MEMORY = 2**29
SECONDS_PER_MEGAPIXEL = 500.0
"""CPU seconds of table1 by compact networks, metrics of `paper` but PI and PieAPP; recorded."""
DIV2K_MEGAPIXELS = 2.8
"""HR of a mean image of DIV2K's validation set."""


class Idle(RayWorker):
    """A worker that takes tasks and says at once that each method is done."""

    def join(self, *_arguments):
        return ""

    def begin(self, task, paths, *contents):
        work = self._unpack(task).work
        size = len(task) + sum(map(len, contents))
        self._progress = (
            Progress(image="", method=record.id, scores=(), outside=size) for record, _ in work
        )

    def step(self):
        return next(self._progress), {}


@pytest.fixture(scope="module")
def address():
    from ray.cluster_utils import Cluster

    quiet = {"RAY_memory_monitor_refresh_ms": "0", "PYTHONPATH": str(Path(__file__).parent)}
    head = {**NODE, "num_cpus": 0, "include_dashboard": False, "env_vars": quiet}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        cluster.add_node(**NODE, env_vars=quiet)
    yield cluster.address
    cluster.shutdown()


@pytest.fixture
def connected(address):
    import ray

    connect(address)
    yield
    ray.shutdown()


def make_run(folder, *, side, count, methods, **options):
    """Return a run on equal images, and its tasks with all that a store wants to know."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    for index in range(count):
        image = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
        image.save(folder / f"{index:04d}.png")
    config = RunConfig(
        dataset=open_dataset(str(folder)),
        methods=tuple(methods),
        catalog=MethodCatalog(),
        options=EvalOptions(max_memory=MEMORY, **options),
    )
    records = method_records(config)
    metrics = tuple(next(iter(records.values())).hashes)
    work = tuple((record, metrics) for record in records.values())
    tasks = [
        Task(
            pair=pair,
            image=ImageFingerprint(content=pair.content(), sha256=pair.name, pixels=side**2),
            work=work,
        )
        for pair in config.dataset.pairs
    ]
    return config, tasks


@pytest.mark.benchmark(group="efficiency", timer=time.perf_counter)
@pytest.mark.parametrize("engine", ["-j 2", "two nodes"])
def test_efficiency(benchmark, engine, address, tmp_path):
    config, tasks = make_run(
        tmp_path / "images", side=192, count=18, methods=["average-5", "median-5", "rrdb"],
        metrics=("psnr", "ssim", "lr-psnr"), engine="ray", address=address,
    )  # fmt: skip
    executor = LocalExecutor(2) if engine == "-j 2" else RayExecutor(config.options)
    running = []

    def start():
        running.append(executor.run(config, tasks))
        for _ in range(2 * len(config.methods)):  # both workers have opened their networks
            next(running[-1])

    def rest():
        assert sum(1 for _ in running[-1]) == (len(tasks) - 2) * len(config.methods)

    benchmark.pedantic(rest, setup=start, rounds=2)


@pytest.mark.benchmark(group="events", timer=time.process_time)
def test_driver(benchmark, connected, tmp_path):
    config, tasks = make_run(
        tmp_path / "images", side=32, count=200, methods=SUITES["table1"], engine="ray",
        metrics=("psnr", "ssim", "lr-psnr"),
    )  # fmt: skip
    events = len(tasks) * len(config.methods) - 1
    running = []

    def start():
        running.append(progress(Pool(config, tuple(tasks), worker=Idle).run()))
        next(running[-1])

    def rest():
        assert sum(1 for _ in running[-1]) == events

    benchmark.pedantic(rest, setup=start, rounds=3)
    report(benchmark, events, len(config.methods))


def progress(messages):
    return (message for message in messages if isinstance(message, Progress))


@pytest.mark.benchmark(group="events", timer=time.perf_counter)
def test_store(benchmark, tmp_path):
    """The same events into the store, with as many scores as the suite gives."""
    config, tasks = make_run(
        tmp_path / "images", side=32, count=20, methods=SUITES["table1"], engine="ray"
    )
    rng = random.Random(0)
    events = [
        (task, record, scored(config, task, record, metrics, rng))
        for task in tasks
        for record, metrics in task.work
    ]
    images = {task.pair.name: task.image for task in tasks}
    digests = {name: image.sha256 for name, image in images.items()}
    dataset = DatasetRecord(id=config.dataset.id, title="", scale=4, images=digests, sha256="")
    records = [record for record, _ in tasks[0].work]
    facts = [METRICS.get(name).facts for name in tasks[0].work[0][1]]

    with RunStore(tmp_path / "run") as store:
        store.begin(dataset, images, records, facts)

        def run():
            for task, record, scores in events:
                store.write(task.image.sha256, record, scores)

        benchmark.pedantic(run, rounds=3, warmup_rounds=1)
    report(benchmark, len(events), len(config.methods))


def scored(config, task, record, metrics, rng):
    lacking = missing_scores(config, record, task.pair.name, dict.fromkeys(metrics, "x"))
    return [replace(score, value=rng.random(), reason="") for score in lacking]


def report(benchmark, events, methods):
    """Note events a second, and how many workers give as many in table1 on DIV2K."""
    rate = events / benchmark.stats.stats.min
    each = SECONDS_PER_MEGAPIXEL * DIV2K_MEGAPIXELS / methods
    benchmark.extra_info["events per second"] = round(rate)
    benchmark.extra_info["workers on DIV2K"] = round(rate * each)


@pytest.mark.benchmark(group="bytes")
@pytest.mark.parametrize("shared_files", [False, True])
def test_bytes_per_image(benchmark, shared_files, connected, tmp_path):
    config, tasks = make_run(
        tmp_path / "images", side=512, count=8, methods=SUITES["table1"], engine="ray",
        metrics=("psnr",), shared_files=shared_files,
    )  # fmt: skip

    def run():
        done = progress(Pool(config, tuple(tasks), worker=Idle).run())
        return [one.outside for one in done]

    sizes = benchmark.pedantic(run, rounds=1)
    files = sum(task.pair.hr.stat().st_size for task in tasks) / len(tasks)
    benchmark.extra_info["bytes per image"] = round(sum(sizes) / len(sizes))
    benchmark.extra_info["bytes of its file"] = round(files)
    assert (sum(sizes) / len(sizes) > files) is not shared_files
