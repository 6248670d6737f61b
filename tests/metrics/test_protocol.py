import dataclasses

import pytest

from pdbench.errors import InputError
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import (
    PAPER,
    PROTOCOLS,
    PYIQA,
    Protocol,
    Rule,
    preset_hash,
    protocol_choices,
    protocol_hash,
    protocol_hashes,
)


def with_choice(metric, **choices):
    rule = Rule(choices={**PAPER.rule(metric).choices, **choices}, source="a test")
    return dataclasses.replace(PAPER, id="other", rules={**PAPER.rules, metric: rule})


# Scores were published under these: a change here makes them incomparable, and must be meant.
PUBLISHED = {
    "psnr": "158af7346930d702",
    "ssim": "55df3dd6c6c32b92",
    "lpips-vgg": "c0fbe2a0659a1848",
    "pieapp": "828dc5cc41643ae7",
    "dists": "ced8110b37fb4d73",
    "niqe": "21cab6595d82d319",
    "ma": "0d334bb4ba72a310",
    "pi": "369dd37f96fb9015",
    "lr-psnr": "2d835a117f6f6bca",
}
IDS = ["paper", "pirm", "basicsr-y", "basicsr-rgb", "srflow", "pyiqa"]


def test_the_presets_are_these_and_paper_comes_first():
    assert PROTOCOLS.ids() == IDS


def test_papers_own_columns_and_hashes_stay():
    hashes = protocol_hashes(PAPER)
    assert {name: hashes[name] for name in PAPER.metric_ids} == PUBLISHED


def test_every_metric_is_covered_by_a_preset():
    assert {name for one in PROTOCOLS for name in one.rules} == set(METRICS.ids())


def test_a_preset_lists_only_what_its_source_has():
    listed = {one.id: one.metric_ids for one in PROTOCOLS}
    del listed["paper"]
    assert listed == {
        "pirm": ["psnr", "mse", "niqe", "ma", "pi"],
        "basicsr-y": ["psnr", "ssim", "lpips-vgg", "niqe"],
        "basicsr-rgb": ["psnr", "ssim", "lpips-vgg", "niqe"],
        "srflow": ["psnr", "ssim", "lpips-alex", "lr-psnr"],
        "pyiqa": [
            "psnr", "ssim", "lpips-vgg", "lpips-alex", "pieapp", "dists", "niqe", "ma", "pi",
        ],
    }  # fmt: skip


def test_every_preset_has_its_own_hash():
    hashes = {preset_hash(protocol) for protocol in PROTOCOLS}
    assert len(hashes) == len(IDS)
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in hashes)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.id)
def test_every_metric_of_a_preset_has_its_own_hash(protocol):
    hashes = protocol_hashes(protocol)
    assert len(set(hashes.values())) == len(hashes)
    assert all(len(value) == 16 and int(value, 16) >= 0 for value in hashes.values())


def test_what_becomes_of_the_image_changes_every_hash():
    truncated = protocol_hashes(dataclasses.replace(PAPER, quantization="truncate"))
    assert not set(truncated.items()) & set(protocol_hashes(PAPER).items())


def test_choices_of_a_part_change_the_whole_alone():
    rule = Rule(choices={}, source="a test", parts={"niqe": PYIQA.rule("niqe").choices})
    changed = dataclasses.replace(PAPER, rules={**PAPER.rules, "pi": rule})
    hashes, plain = protocol_hashes(changed), protocol_hashes(PAPER)
    assert [name for name in hashes if hashes[name] != plain[name]] == ["pi"]


def test_the_named_choices_are_all_a_hash_covers():
    named = protocol_choices(PYIQA, METRICS.get("pi"))
    assert named["image"] == "none"
    assert (named["niqe.colour"], named["ma.border"]) == ("bt601-rounded", 4)
    assert {"revision", "niqe.revision", "niqe.niqe.safetensors", "ma.NRQM_model.mat"} <= set(
        named
    )


def test_a_preset_cannot_be_changed():
    with pytest.raises(TypeError):
        PAPER.rules["psnr"] = PAPER.rule("ssim")
    with pytest.raises(TypeError):
        PAPER.rule("psnr").choices["border"] = 4
    with pytest.raises(TypeError):
        PYIQA.rule("pi").parts["ma"]["border"] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        PAPER.quantization = "none"


def test_a_choice_changes_its_metrics_hash_and_no_other():
    changed = protocol_hashes(with_choice("psnr", border=4))
    assert [name for name, value in protocol_hashes(PAPER).items() if changed[name] != value] == [
        "psnr"
    ]


def test_a_part_changes_the_hash_of_the_whole():
    changed = protocol_hashes(with_choice("niqe", border=0))
    assert [name for name, value in protocol_hashes(PAPER).items() if changed[name] != value] == [
        "niqe",
        "pi",
    ]


def test_name_and_source_do_not_change_the_hash():
    assert protocol_hashes(with_choice("psnr")) == protocol_hashes(PAPER)


def test_revision_and_weights_change_the_hash():
    metric = METRICS.get("pieapp")
    revised = dataclasses.replace(metric, revision=metric.revision + 1)
    file = dataclasses.replace(metric.weights[0], sha256="00000000")
    other = dataclasses.replace(metric, weights=(file,))
    assert len({protocol_hash(PAPER, each) for each in (metric, revised, other)}) == 3


def test_a_metric_without_a_rule_is_named():
    bare = Protocol(id="bare", title="nothing but PSNR", rules={"psnr": PAPER.rule("psnr")})
    with pytest.raises(InputError, match="protocol 'bare' has no metric 'ssim'; it has psnr"):
        protocol_hash(bare, METRICS.get("ssim"))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.id)
def test_every_choice_has_a_source(protocol):
    assert protocol.title
    assert protocol.quantization_source
    assert all(rule.source for rule in protocol.rules.values())
