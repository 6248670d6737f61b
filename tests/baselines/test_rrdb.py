"""RRDB equals the published network: keys, counts, outputs, and all three namings."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.rrdb.state_dict import to_mid, to_pdbench
from pdbench.errors import InputError

GOLDEN = Path(__file__).parents[1] / "golden" / "rrdb_small.safetensors"


@pytest.fixture(scope="module")
def golden():
    return load_file(GOLDEN)


@pytest.fixture(scope="module")
def weights(golden):
    return {
        name.removeprefix("weights/"): value.float()
        for name, value in golden.items()
        if name.startswith("weights/")
    }


def small() -> RRDB:
    return RRDB(features=16, blocks=2, growth=32).eval()


def old_name(name: str) -> str:
    """The old naming, written down independently of the importer."""
    parts = name.split(".")
    plain = {
        "conv_first": "0",
        "conv_up1": "3",
        "conv_up2": "6",
        "conv_hr": "8",
        "conv_last": "10",
    }
    if parts[0] in plain:
        return f"model.{plain[parts[0]]}.{parts[1]}"
    if parts[0] == "conv_body":
        return f"model.1.sub.2.{parts[1]}"
    return f"model.1.sub.{parts[1]}.{parts[2].upper()}.{parts[3]}.0.{parts[4]}"


def test_paper_size_has_the_published_parameters():
    with torch.device("meta"):
        state = RRDB().state_dict()
    assert len(state) == 702
    assert sum(value.numel() for value in state.values()) == 16_697_987
    assert state["body.22.rdb3.conv5.weight"].shape == (64, 192, 3, 3)


def test_paper_size_has_the_published_keys_in_order(test_data):
    keys = json.loads((test_data / "golden/keys_basicsr_rrdb_full.json").read_text())["keys"]
    with torch.device("meta"):
        state = RRDB().state_dict()
    assert [[name, list(value.shape)] for name, value in state.items()] == keys


def test_output_equals_the_reference(golden, weights):
    network = small()
    network.load_state_dict(weights)
    with torch.no_grad():
        torch.testing.assert_close(network(golden["lr"]), golden["out"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("naming", ["old", "mid", "new"])
@pytest.mark.parametrize("wrapper", [None, "params", "params_ema"])
def test_every_published_naming_loads(weights, naming, wrapper):
    rename = {"old": old_name, "mid": to_mid, "new": str}[naming]
    published = {"module." + rename(name): value for name, value in weights.items()}
    loaded = to_pdbench({wrapper: published} if wrapper else published)
    assert loaded.keys() == weights.keys()
    assert all(loaded[name] is weights[name] for name in weights)


def test_averaged_weights_are_preferred():
    plain, averaged = torch.zeros(1), torch.ones(1)
    state = {"params": {"conv_first.weight": plain}, "params_ema": {"conv_first.weight": averaged}}
    assert to_pdbench(state)["conv_first.weight"] is averaged


@pytest.mark.parametrize("state", [{}, {"a": 1}, {"layer.weight": torch.zeros(1)}])
def test_foreign_checkpoints_are_refused(state):
    with pytest.raises(InputError):
        to_pdbench(state)


def test_trunk_skip_of_srflow_differs_from_the_standard_one(weights):
    standard, srflow = small(), RRDB(16, 2, 32, skip="trunk").eval()
    standard.load_state_dict(weights)
    srflow.load_state_dict(weights)
    lr = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        (a, taps), (b, _) = standard.trunk(lr, [1]), srflow.trunk(lr, [1])
        first = standard.conv_first(lr)
    torch.testing.assert_close(a - first, b - taps[0], atol=1e-5, rtol=0)
    assert (a - b).abs().max() > 1e-3
