"""Protocols: everything that has to be said before two numbers can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pdbench.errors import InputError
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Choices, Metric
from pdbench.registry import Registry

__all__ = ["PAPER", "PROTOCOLS", "Protocol", "Rule", "protocol_hash", "protocol_hashes"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a protocol decides for one metric.

    Attributes:
        choices: Options the metric is opened with; part of the hash.
        source: Where these choices come from, one sentence; not part of the hash.
    """

    choices: Choices
    source: str


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A named set of rules, one for each metric it covers.

    Attributes:
        id: Lowercase id ("paper").
        title: What it stands for, one line.
        rules: Metric id -> rule, in the order of the table's columns.
    """

    id: str
    title: str
    rules: Mapping[str, Rule]

    @property
    def covered_ids(self) -> list[str]:
        """Ids of the metrics the protocol covers and this version has, in order."""
        return [name for name in self.rules if name in METRICS]

    @property
    def metric_ids(self) -> list[str]:
        """Ids of those that are computed unless others are named, in order."""
        return [name for name in self.covered_ids if not METRICS.get(name).on_request]

    def rule(self, metric: str) -> Rule:
        """Return the rule for a metric; raises InputError if the protocol has none."""
        if metric not in self.rules:
            covered = ", ".join(self.covered_ids)
            raise InputError(f"protocol '{self.id}' has no metric '{metric}'; it has {covered}")
        return self.rules[metric]


def protocol_hash(protocol: Protocol, metric: Metric) -> str:
    """Return the fingerprint of everything that defines a metric's number under a protocol.

    It covers the metric's id and revision, the protocol's choices, the sha256 of every weight
    file, and, for a metric made of parts, the fingerprints of its parts. Two protocols that decide
    alike for a metric give it the same fingerprint, and their numbers may be compared.

    Args:
        protocol: Must have a rule for the metric.
        metric: A declared metric.

    Returns:
        16 hexadecimal digits.

    Raises:
        InputError: The protocol has no rule for the metric.
    """
    facts = {
        "metric": metric.id,
        "revision": metric.revision,
        "choices": dict(protocol.rule(metric.id).choices),
        "weights": [
            *(file.sha256 for file in metric.weights),
            *(file.sha256 for file in metric.carried),
        ],
        "parts": [protocol_hash(protocol, METRICS.get(part)) for part in metric.parts],
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def protocol_hashes(protocol: Protocol) -> dict[str, str]:
    """Return metric id -> fingerprint for every metric the protocol covers, in order."""
    return {name: protocol_hash(protocol, METRICS.get(name)) for name in protocol.covered_ids}


_PIRM = "PIRM 2018 (calc_scores.m): Y of rgb2ycbcr rounded to uint8, 4 pixels shaved off each side"
_PIRM_LUMA: Mapping[str, Any] = {"colour": "bt601-rounded", "border": 4}

PAPER = Protocol(
    id="paper",
    title="the conventions that best explain the paper's Table 1",
    rules={
        "psnr": Rule(
            choices={"colour": "rgb", "border": 0},
            source="SRFlow's Measure.py: scikit-image on uint8 RGB, no crop",
        ),
        "ssim": Rule(
            choices={
                "colour": "rgb",
                "border": 0,
                "window": 7,
                "k1": 0.01,
                "k2": 0.03,
                "sample_covariance": True,
            },
            source="SRFlow's Measure.py: scikit-image's default 7x7 uniform window, RGB, no crop",
        ),
        "lpips-vgg": Rule(
            choices={"version": "0.1"},
            source="the authors' lpips package: net='vgg', version 0.1, whole image in [-1, 1]",
        ),
        "pieapp": Rule(
            choices={"channels": "bgr", "patch": 64, "stride": 27},
            source="pyiqa's trained file wants BGR * 255; 64-pixel patches, stride 27",
        ),
        "dists": Rule(
            choices={"resize_short_side": 256},
            source="the authors' prepare_image with resize: Pillow bilinear, short side to 256",
        ),
        "niqe": Rule(choices={**_PIRM_LUMA, "block": 96}, source=f"{_PIRM}; blocks of 96 pixels"),
        "ma": Rule(choices=_PIRM_LUMA, source=_PIRM),
        "pi": Rule(
            choices={},
            source="PIRM 2018: ((10 - Ma) + NIQE) / 2, both under this protocol's own rules",
        ),
        "lr-psnr": Rule(
            choices={"against": "given-lr", "kernel": "matlab-bicubic-uint8", "scale": 4},
            source="SRFlow's LRC PSNR: the shrunk result against the LR image that was given",
        ),
    },
)

PROTOCOLS: Registry[Protocol] = Registry("protocol", [PAPER])
