"""Every method: one id, declared, referenced, right shape; rules equal their formulas."""

import numpy as np
import pytest
import torch

from pdbench.analysis.paper_tables import in_paper_order
from pdbench.errors import InputError
from pdbench.harness.method import Method
from pdbench.methods import FAMILIES, METHODS, SUITES, list_ids, resolve
from pdbench.methods.average import average
from pdbench.methods.blend import blend
from pdbench.methods.median import median


class FakeBank:
    """Samples and restorations that are plain noise of the right shape."""

    def restored(self, baseline):
        return torch.rand(3, 32, 40)

    def samples(self, baseline, *, tau, count):
        return torch.rand(count, 3, 32, 40)

    def fused(self, baseline, samples):
        return samples.mean(0)


def test_every_listed_method_runs_and_is_declared():
    for name in list_ids():
        method = resolve(name)
        assert isinstance(method, Method)
        assert method.id == name
        assert "," in method.reference
        image = method.run(torch.rand(3, 8, 10), FakeBank())
        expected = (5, 3, 32, 40) if method.kind == "stochastic" else (3, 32, 40)
        assert tuple(image.shape) == expected, name


def test_suites_name_existing_methods():
    for names in SUITES.values():
        assert [resolve(name).id for name in names] == list(names)


def test_families_take_any_parameter():
    flow = ("srflow-da[tau=0.35]", "srflow-da[tau=0]", "srflow-da[tau=0.9,samples=10]")
    for name in ("median-7", "average-1", *flow, "blend[alpha=0.1]"):
        assert resolve(name).id == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("median-0", "from 1"),
        ("average--2", "from 1"),
        ("median-x", "whole number"),
        ("average-2.5", "whole number"),
        ("srflow-da[tau=-1]", "from 0"),
        ("srflow-da[tau=nan]", "from 0"),
        ("srflow-da[tau=warm]", "number"),
        ("srflow-da[tau=0.90]", "srflow-da[tau=0.9]"),
        ("srflow-da[tau=0.9,samples=5]", "srflow-da[tau=0.9]"),
        ("srflow-da[tau=0.9,samples=0]", "from 1"),
        ("srflow-da[tau=0.9,samples=all]", "whole number"),
        ("median-05", "median-5"),
        ("blend[alpha=1.5]", "from 0 to 1"),
        ("blend[alpha=half]", "from 0 to 1"),
        ("blend[alpha=.5]", "blend[alpha=0.5]"),
        ("medain-5", "median-5"),
        ("rrbd", "rrdb"),
    ],
)
def test_bad_ids_are_refused_with_a_hint(name, hint):
    with pytest.raises(InputError, match=r"^[^\n]+$") as raised:
        resolve(name)
    assert hint in str(raised.value)


def test_ids_are_unique():
    ids = [*METHODS.ids(), *FAMILIES.ids()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_median_is_numpys(k):
    samples = torch.rand(k, 3, 4, 5, dtype=torch.float64)
    expected = torch.from_numpy(np.median(samples.numpy(), axis=0))
    torch.testing.assert_close(median(samples), expected)


def test_squared_error_of_the_average_is_at_most_the_mean_squared_error():
    samples, truth = torch.rand(6, 3, 8, 8), torch.rand(3, 8, 8)
    of_average = (average(samples) - truth).square().mean()
    assert of_average <= (samples - truth).square().mean() + 1e-7


def test_blend_runs_from_the_average_to_the_first_sample():
    samples = torch.rand(5, 3, 4, 4)
    torch.testing.assert_close(blend(samples, 0.0), average(samples))
    torch.testing.assert_close(blend(samples, 1.0), samples[0])
    middle = (average(samples) + samples[0]) / 2
    torch.testing.assert_close(blend(samples, 0.5), middle)


def test_rows_of_the_suites_stand_in_the_papers_order():
    for names in SUITES.values():
        assert in_paper_order(names, names) == list(names)
