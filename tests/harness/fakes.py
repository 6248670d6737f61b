"""Stand-ins for networks and methods, importable by worker processes. They steer by variables:

FAKE_LOG: file that gets a line "<method> <height>x<width>" for every image a method makes.
FAKE_DELAY: seconds each method takes.
FAKE_STALL: file; while it exists, methods hang.
FAKE_KILL: file; the first method that finds it deletes it and kills its own process.
FAKE_MEMORY: bytes above which the restorer is out of memory.
"""

import os
import signal
import time
from pathlib import Path

from pdbench.bicubic import bicubic_upsample
from pdbench.errors import WeightsUnavailable
from pdbench.harness.method import Method, Restored, Sampled
from pdbench.registry import Registry


class FakeRestorer:
    scale = 4
    overlap = 8
    bytes_per_pixel = 1000

    def restore(self, lr):
        limit = os.environ.get("FAKE_MEMORY")
        if limit and lr[0, 0].numel() * self.bytes_per_pixel > int(limit):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return bicubic_upsample(lr) * 0.98


class FakeSampler:
    scale = 4
    overlap = 8
    latents = ((3, 4),)
    bytes_per_pixel = 1000
    bytes_per_sample_pixel = 1000

    def prepare(self, lr):
        return bicubic_upsample(lr)

    def decode(self, latents, prepared):
        return prepared + 0.05 * latents[0]


NETWORKS = {"restorer": FakeRestorer, "sampler": FakeSampler}


def steered(name, rule):
    """Wrap a rule: log the call, take time, die, as the variables say."""

    def run(lr, bank):
        if log := os.environ.get("FAKE_LOG"):
            with Path(log).open("a") as stream:
                stream.write(f"{name} {lr.shape[-2]}x{lr.shape[-1]}\n")
        time.sleep(float(os.environ.get("FAKE_DELAY", "0")))
        stall = os.environ.get("FAKE_STALL")
        while stall and Path(stall).exists():
            time.sleep(0.1)
        kill = os.environ.get("FAKE_KILL")
        if kill and Path(kill).exists():
            Path(kill).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return rule(lr, bank)

    return run


def nan_where_dark(lr, bank):
    """NaN for images with a mean below 0.3."""
    return bicubic_upsample(lr) * (float("nan") if lr.mean() < 0.3 else 1)


def explode_where_dark(lr, bank):
    """Finite values, a quarter of them far outside [0, 1], for images with a mean below 0.3."""
    image = bicubic_upsample(lr)
    if lr.mean() < 0.3:
        image[..., : image.shape[-1] // 4] = -21
    return image


def one_bad_sample(lr, bank):
    samples = bank.samples("sampler", tau=0.9, count=3).clone()
    samples[1, 0, 0, 0] = float("inf")
    return samples


def declare(name, kind, needs, rule):
    return Method(
        id=name,
        title=name.title(),
        kind=kind,
        needs=tuple(needs),
        reference="none",
        run=steered(name, rule),
    )


def crash(lr, bank):
    raise ZeroDivisionError("a bug")


def kill_this_process(lr, bank):
    os.kill(os.getpid(), signal.SIGKILL)


METHODS = Registry(
    "method",
    [
        declare("up", "single", [], lambda lr, bank: bicubic_upsample(lr)),
        declare("network", "single", [Restored("restorer")], lambda lr, b: b.restored("restorer")),
        declare(
            "samples",
            "stochastic",
            [Sampled("sampler", 0.9, 3)],
            lambda lr, bank: bank.samples("sampler", tau=0.9, count=3),
        ),
        declare(
            "mean",
            "fused",
            [Sampled("sampler", 0.9, 5)],
            lambda lr, bank: bank.samples("sampler", tau=0.9, count=5).mean(0),
        ),
        declare("nan", "single", [], nan_where_dark),
        declare("bad-sample", "stochastic", [Sampled("sampler", 0.9, 3)], one_bad_sample),
        declare("exploded", "single", [], explode_where_dark),
        declare("small", "single", [], lambda lr, bank: lr),
        declare("crash", "single", [], crash),
        declare("deadly", "single", [], kill_this_process),
    ],
)


class FakeCatalog:
    """Fake methods and networks, as `pdbench.harness.config.Catalog` wants them."""

    def method(self, name):
        return METHODS.get(name)

    def network(self, name, size, device):
        return NETWORKS[name]()

    def fingerprint(self, name, size):
        if size == "paper":
            raise WeightsUnavailable(f"{name} has no paper weights here; train them")
        return os.environ.get("FAKE_WEIGHTS", "0123456789ab")

    def implementation(self, name):
        return (NETWORKS[name],)

    def weight_files(self, method, size):
        return ()
