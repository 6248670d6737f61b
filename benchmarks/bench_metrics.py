"""Each metric, and all eight together, against pyiqa's of one 512x512 pair.

Both do the same work: pyiqa's defaults, which protocol `pyiqa` follows. pyiqa's metrics are made
once and called one by one. Ours prepare the reference and score a first result, then a later
result of the same reference. Weights that are not everywhere (Ma's forests, PieAPP's network) are
random, of the published structure and size, and the same for both. Needs extra `test` and VGG16.
"""

import pytest
import torch
from offline_pyiqa import NAMES, offline_pyiqa
from skimage import data

from pdbench.bicubic import bicubic_downsample, bicubic_upsample
from pdbench.images import quantize
from pdbench.metrics import METRICS
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PROTOCOLS

ROUNDS = 3


@pytest.fixture(params=[(name,) for name in NAMES] + [tuple(NAMES)], ids=",".join)
def metrics(request, benchmark):
    """Ids of the metrics that are timed together."""
    benchmark.group = request.node.callspec.id
    return request.param


@pytest.fixture(scope="module", autouse=True)
def pyiqa_weights():
    with offline_pyiqa(NAMES):
        yield


@pytest.fixture(scope="module")
def reference():
    """scikit-image's astronaut, (1, 3, 512, 512)."""
    return torch.from_numpy(data.astronaut()).permute(2, 0, 1)[None] / 255


@pytest.fixture(scope="module")
def results(reference):
    """Two restored versions of the reference: bicubic, and bicubic with noise."""
    blurred = bicubic_upsample(bicubic_downsample(reference))
    noise = torch.randn(reference.shape, generator=torch.Generator().manual_seed(0))
    return quantize(blurred), quantize(blurred + 0.01 * noise)


def test_pyiqa(benchmark, metrics, reference, results):
    import pyiqa

    made = [
        (pyiqa.create_metric(NAMES[name], device="cpu"), 1 + METRICS.get(name).needs_reference)
        for name in metrics
    ]
    images = (results[0], reference)
    benchmark.pedantic(
        lambda: [metric(*images[:count]).item() for metric, count in made],
        rounds=ROUNDS, warmup_rounds=1,
    )  # fmt: skip


def test_first_result(benchmark, metrics, reference, results):
    collection = MetricCollection(PROTOCOLS.get("pyiqa"), metrics)

    def score():
        collection.prepare(reference, None)
        return collection.score(results[0])

    benchmark.pedantic(score, rounds=ROUNDS, warmup_rounds=1)


def test_later_result(benchmark, metrics, reference, results):
    collection = MetricCollection(PROTOCOLS.get("pyiqa"), metrics)
    collection.prepare(reference, None)
    collection.score(results[0])
    benchmark.pedantic(collection.score, (results[1],), rounds=ROUNDS, warmup_rounds=1)
