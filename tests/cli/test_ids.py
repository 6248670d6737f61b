"""Ids on the command line: those of the registries, answered and completed without torch."""

import re

import pytest

from pdbench import methods
from pdbench.cli.ids import FAMILIES, IDS, spelled_out
from pdbench.data.datasets import DATASETS
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS

from .test_main import completed, modules_after


def test_the_ids_are_those_of_the_registries():
    registered = [method.id for method in methods.METHODS if not method.source]
    assert list(IDS["method"][: len(registered)]) == registered
    assert all(methods.resolve(name).id == name for name in IDS["method"])
    assert list(IDS["metric"]) == [metric.id for metric in METRICS if not metric.source]
    assert IDS["protocol"] == tuple(protocol.id for protocol in PROTOCOLS)
    assert IDS["dataset"] == tuple(DATASETS)
    assert IDS["suite"] == tuple(methods.SUITES)
    examples = [example for family in methods.FAMILIES for example in family.examples]
    assert all(any(re.fullmatch(one, name) for one in FAMILIES) for name in examples)
    assert len(FAMILIES) == len(list(methods.FAMILIES))


@pytest.mark.parametrize(
    ("short", "canonical"),
    [
        ("srflow-da:0.9", "srflow-da[tau=0.9]"),
        ("blend:0.25", "blend[alpha=0.25]"),
        ("median-5", "median-5"),
        ("other:1", "other:1"),
    ],
)
def test_an_id_without_brackets_is_spelled_out(short, canonical):
    assert spelled_out(short) == canonical
    if short != "other:1":
        assert methods.resolve(short).id == canonical


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--method", "bicubik"],
        ["run", "--method", "bicubic", "--metrics", "lpips"],
        ["run", "--suite", "table2"],
        ["eval", "--sr", "x", "--name", "y", "--dataset", "set6"],
        ["compare", "--image", "x", "--crop", "0,0,9,9", "--protocol", "papers"],
    ],
)
def test_an_unknown_id_is_answered_without_torch(words):
    assert not modules_after(words) & {"torch", "numpy", "pandas"}


def test_a_known_id_is_spelled_out_for_readers(pdbench, results):
    line = pdbench("table", results, "--method", "srflow-da:0.9").line
    assert "'srflow-da[tau=0.9]'; known: bicubic, median-5" in line


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("run --method med", {"median-5", "median-25"}),
        ("run --metrics psnr,nio", set()),
        ("run --metrics psnr,ni", {"psnr,niqe"}),
        ("run --protocol basicsr", {"basicsr-y", "basicsr-rgb"}),
        ("run --suite t", {"table1", "tau-sweep"}),
        ("table --method fus", {"fusion-l1", "fusion-lpips"}),
        ("eval --dataset set", {"set5", "set14"}),
    ],
)
def test_ids_are_completed(words, found):
    assert completed(words) == found
