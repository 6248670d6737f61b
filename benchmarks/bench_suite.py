"""Suite `table1` on one image: one run of pdbench, and its rows one method at a time.

Both make the same outputs with the same networks, from the same noise, and score them by pyiqa's
defaults (protocol `pyiqa`) in this process. One run is all that `pdbench run` does: it checks the
images, opens networks and metrics once, draws each sample once for all rows, keeps the features of
each reference and stores the scores. One method at a time, each row opens its networks, draws its
own samples, each by a full pass as published code does, and makes and calls pyiqa's metrics. Ma
and PieAPP, most of pyiqa's time, are left out. Needs the extra `test` and VGG16.
"""

import pytest
from bench_sampling import FullPasses
from offline_pyiqa import NAMES, offline_pyiqa
from skimage import data
from skimage.io import imsave

from pdbench.baselines import open_baseline
from pdbench.data.datasets import open_dataset
from pdbench.data.pairs import pixel_sha256
from pdbench.harness.config import RunConfig
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.options import EvalOptions
from pdbench.harness.runner import run
from pdbench.images import quantize
from pdbench.methods import SUITES, resolve
from pdbench.methods.catalog import MethodCatalog
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS

PROTOCOL = "pyiqa"
SCORED = ("psnr", "ssim", "lpips-vgg", "dists", "niqe")
SIDE = 208
GAP = {"niqe": 0.01}
"""Metric -> largest difference allowed, else 1e-4: NIQE's last digits hang on rounding."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """The middle of one photograph."""
    folder = tmp_path_factory.mktemp("images")
    imsave(folder / "chelsea.png", data.chelsea()[46 : 46 + SIDE, 120 : 120 + SIDE])
    with offline_pyiqa(SCORED):
        yield open_dataset(str(folder))


@pytest.fixture(scope="module")
def scores():
    """What was timed -> its scores, (method, sample, metric) -> value."""
    return {}


def outputs(name, pair):
    """Return what a method makes with nothing shared, (n, 3, H, W), and the HR."""
    lr, hr = pair.load()
    bank = FullPasses(lr, pixel_sha256((lr,)), 0, [], open_baseline)
    made = resolve(name).run(lr, bank)
    whole = made if made.ndim == 4 else made[None]
    return quantize(whole, PROTOCOLS.get(PROTOCOL).quantization), hr


def score_alone(name, pair):
    """Score one row with nothing shared."""
    import pyiqa

    found = {}
    restored, hr = outputs(name, pair)
    for metric in SCORED:
        judge = pyiqa.create_metric(NAMES[metric], device="cpu")
        for sample, one in enumerate(restored):
            images = (one[None], hr[None])[: 1 + METRICS.get(metric).needs_reference]
            found[name, sample, metric] = judge(*images).item()
    return found


def test_one_method_at_a_time(benchmark, dataset, scores):
    def rows():
        for name in SUITES["table1"]:
            scores.setdefault("alone", {}).update(score_alone(name, dataset.pairs[0]))

    benchmark.group = "table1"
    benchmark.pedantic(rows, rounds=1)


def test_one_run(benchmark, dataset, scores, tmp_path):
    benchmark.group = "table1"
    options = EvalOptions(protocol=PROTOCOL, metrics=SCORED)
    config = RunConfig(
        dataset=dataset, catalog=MethodCatalog(), methods=SUITES["table1"], options=options
    )
    benchmark.pedantic(
        lambda: scores.update(run=run(config, tmp_path / "run", executor=SerialExecutor())),
        rounds=1,
    )
    found = {(s.method, s.sample, s.metric): s.value for s in scores["run"].record.scores}
    for key, value in scores.get("alone", {}).items():
        assert found[key] == pytest.approx(value, abs=GAP.get(key[-1], 1e-4)), key
