"""`pdbench protocol`, and `--protocol` of the commands that show stored scores."""

import dataclasses
import json

import pytest

import pdbench as package
from pdbench.harness.results import read_results
from pdbench.harness.run_info import RunRecord
from pdbench.metrics.protocol import PROTOCOLS, preset_hash


@pytest.mark.parametrize("name", PROTOCOLS.ids())
def test_every_choice_is_shown_with_its_source(name, pdbench):
    protocol = PROTOCOLS.get(name)
    outcome = pdbench("protocol", "show", name)
    assert outcome.code == 0
    assert f"hash {preset_hash(protocol)}" in outcome.out
    for metric in protocol.covered_ids:
        rule = protocol.rule(metric)
        assert f"\n{metric}: hash " in outcome.out
        assert f"source: {rule.source}" in outcome.out
        assert all(f"\n  {choice} " in outcome.out for choice in rule.choices)


def test_json_holds_the_same(pdbench):
    shown = json.loads(pdbench("protocol", "show", "pyiqa", "--format", "json").out)
    assert shown["image"]["quantization"] == "none"
    assert shown["metrics"]["psnr"]["choices"]["epsilon"] == 1e-8
    assert shown["metrics"]["pi"]["choices"]["niqe.colour"] == "bt601-rounded"
    assert shown == json.loads(package.protocol("pyiqa", form="json"))


def test_protocols_are_listed_with_their_hashes(pdbench):
    lines = pdbench("list", "protocols").out.splitlines()
    assert [line.split()[0] for line in lines] == PROTOCOLS.ids()
    assert all(preset_hash(one) in line for one, line in zip(PROTOCOLS, lines, strict=True))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "papr"), "unknown protocol 'papr'; did you mean paper"),
        (("show",), "NAME"),
        (("show", "paper", "--format", "xml"), "json"),
        ((), "Missing command"),
    ],
)
def test_a_mistake_is_one_line(words, says, refused):
    assert says in refused("protocol", *words)


@pytest.fixture
def mixed(results, monkeypatch):
    """The stored scores, with the last method under other choices of another protocol."""
    record = read_results(results)
    first, last = record.methods
    other = dataclasses.replace(
        last,
        protocol="basicsr-y",
        hashes={**last.hashes, "psnr": "f" * 16},
        choices={"psnr": {"colour": "bt601", "border": 4}},
    )
    first = dataclasses.replace(first, choices={"psnr": {"colour": "rgb", "border": 0}})
    scores = [
        dataclasses.replace(score, protocol="basicsr-y", protocol_hash=other.hashes[score.metric])
        if score.method == last.id
        else score
        for score in record.scores
    ]
    mixed = RunRecord(
        dataset=record.dataset,
        metrics=record.metrics,
        methods=(first, other),
        scores=tuple(scores),
    )
    monkeypatch.setattr("pdbench.harness.results.read_results", lambda _: mixed)
    return results


@pytest.mark.parametrize("command", ["table", "plot"])
def test_rows_of_two_protocols_are_refused_with_what_differs(command, refused, mixed):
    line = refused(command, mixed)
    assert "colour rgb against bt601, border 0 against 4" in line
    assert "--protocol" in line


def test_one_of_the_protocols_can_be_shown(pdbench, mixed):
    for name, shown, hidden in (
        ("paper", "Bicubic", "Median-5"),
        ("basicsr-y", "Median-5", "Bicubic"),
    ):
        text = pdbench("table", mixed, "--protocol", name).out
        assert f"protocol {name}" in text
        assert shown in text
        assert hidden not in text
    assert pdbench("plot", mixed, "--protocol", "paper").code == 0


@pytest.mark.parametrize("command", ["table", "plot"])
def test_a_protocol_without_scores_is_one_line(command, refused, results):
    assert "known: paper" in refused(command, results, "--protocol", "pirm")


def test_the_plane_falls_back_to_what_was_scored(pdbench, results, tmp_path):
    path = results / "provenance.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(stored).replace("lpips-vgg", "niqe").replace("LPIPS-VGG", "NIQE")
    path.write_text(text, encoding="utf-8")
    for file in results.glob("*.csv"):
        file.write_text(file.read_text(encoding="utf-8").replace("lpips-vgg", "niqe"))
    assert pdbench("plot", results).code == 0
    assert "NIQE" in (tmp_path / "plane.html").read_text(encoding="utf-8")
