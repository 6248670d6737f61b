import dataclasses

import pytest

from pdbench.errors import InputError
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import (
    PAPER,
    PROTOCOLS,
    Protocol,
    Rule,
    protocol_hash,
    protocol_hashes,
)


def with_choice(metric, **choices):
    rule = Rule(choices={**PAPER.rule(metric).choices, **choices}, source="a test")
    return dataclasses.replace(PAPER, id="other", rules={**PAPER.rules, metric: rule})


def test_paper_covers_every_metric_in_the_tables_order():
    assert PAPER.covered_ids == METRICS.ids()
    assert METRICS.ids() == [
        "psnr", "ssim", "lpips-vgg", "pieapp", "dists", "niqe", "ma", "pi", "lr-psnr",
    ]  # fmt: skip


def test_every_metric_has_its_own_hash_of_16_digits():
    hashes = protocol_hashes(PAPER)
    assert len(set(hashes.values())) == len(METRICS)
    assert all(len(value) == 16 and int(value, 16) >= 0 for value in hashes.values())


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
    assert all(rule.source for rule in protocol.rules.values())
