"""Ids on the command line: those of the registries, answered and completed without torch."""

import pytest

from pdbench import methods
from pdbench.metrics import METRICS

from .test_main import completed, modules_after


@pytest.mark.parametrize("registry", [methods.METHODS, METRICS], ids=lambda one: one.kind)
def test_the_ids_that_are_offered_are_those_declared(registry):
    assert [registry.get(name).id for name in registry.names()] == registry.names()


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
    assert methods.spelled_out(short) == canonical
    if short != "other:1":
        assert methods.resolve(short).id == canonical


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--method", "bicubik"],
        ["run", "--method", "bicubic", "--metrics", "lpips"],
        ["run", "--suite", "table2"],
        ["run", "--method", "median-x5"],
        ["eval", "--sr", "x", "--name", "y", "--dataset", "set6"],
        ["compare", "--image", "x", "--crop", "0,0,9,9", "--protocol", "papers"],
        ["data", "get", "set6"],
        ["train", "rrbd", "--data", "x", "--out", "y"],
        ["data", "export", "set6", "-o", "x"],
        ["protocol", "show", "papers"],
        ["submit", "--id", "x", "--sr", "x", "--dataset", "set6"],
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
        ("run --metrics lr", {"lr-psnr", "lr-psnr-challenge"}),
        ("diff srf", {f"srflow-da[tau={tau}]" for tau in (0.1, 0.5, 0.9)}),
        ("table --method fus", {"fusion-l1", "fusion-lpips"}),
        ("eval --dataset set", {"set5", "set14"}),
    ],
)
def test_ids_are_completed(words, found):
    assert completed(words) == found
