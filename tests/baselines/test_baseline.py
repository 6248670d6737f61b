"""Weight files: what fits is loaded, everything else is refused in one line and never executed."""

import json
import pickle

import pytest
import torch
from safetensors.torch import save_file

from pdbench.baselines import BASELINES, SIZES, fingerprint, open_baseline
from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.rrdb.state_dict import to_mid
from pdbench.baselines.training import OBJECTIVES
from pdbench.errors import InputError, WeightsUnavailable

SMALL = {"features": 8, "blocks": 1, "growth": 4}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return RRDB(**SMALL)


def save(path, state, network=SMALL):
    save_file(state, path, metadata={"network": json.dumps(network)})
    return path


def restore(path):
    return open_baseline("rrdb", weights=path).restore(torch.full((1, 3, 8, 8), 0.5))


@pytest.mark.parametrize("name", BASELINES.ids())
def test_every_baseline_is_declared_in_full(name):
    baseline = BASELINES.get(name)
    assert "," in baseline.reference
    assert all(baseline.recipe_path(size).is_file() for size in SIZES)
    assert OBJECTIVES[name]().losses


def test_safetensors_load_with_the_network_they_record(network, tmp_path):
    path = save(tmp_path / "small.safetensors", network.state_dict())
    with torch.no_grad():
        expected = network(torch.full((1, 3, 8, 8), 0.5))
    torch.testing.assert_close(restore(path), expected, atol=1e-6, rtol=0)


def test_a_published_naming_loads_from_a_torch_file(tmp_path):
    with torch.device("meta"):
        names = RRDB().state_dict()
    state = {to_mid(n): torch.zeros(1).expand(v.shape) for n, v in names.items()}
    torch.save(state, tmp_path / "RRDB.pth")
    image = open_baseline("rrdb", "paper", weights=tmp_path / "RRDB.pth").restore(
        torch.zeros(1, 3, 2, 2)
    )
    assert image.shape == (1, 3, 8, 8)


def test_the_fingerprint_follows_the_content(network, tmp_path):
    first = save(tmp_path / "a.safetensors", network.state_dict())
    second = save(tmp_path / "b.safetensors", network.state_dict())
    assert fingerprint("rrdb", weights=first) == fingerprint("rrdb", weights=second)
    network.conv_last.bias.data += 1
    save(second, network.state_dict())
    assert fingerprint("rrdb", weights=first) != fingerprint("rrdb", weights=second)
    assert len(fingerprint("rrdb", weights=first)) == 12


def test_a_truncated_file_is_refused(network, tmp_path):
    path = save(tmp_path / "cut.safetensors", network.state_dict())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged"):
        restore(path)


def test_code_in_a_checkpoint_is_not_executed(tmp_path):
    marker = tmp_path / "executed"

    class Payload:
        def __reduce__(self):
            return (marker.touch, ())

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"conv_first.weight": Payload()}))
    with pytest.raises(InputError, match="not loaded"):
        restore(path)
    assert not marker.exists()


def test_a_missing_tensor_is_named(network, tmp_path):
    state = network.state_dict()
    del state["conv_hr.bias"]
    with pytest.raises(InputError, match=r"'conv_hr\.bias' is missing"):
        restore(save(tmp_path / "part.safetensors", state))


def test_another_size_is_named(network, tmp_path):
    path = save(tmp_path / "wide.safetensors", network.state_dict(), {**SMALL, "features": 16})
    with pytest.raises(InputError, match="has shape"):
        restore(path)


def test_a_missing_file_and_missing_paper_weights_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        open_baseline("rrdb", weights=tmp_path / "none.safetensors")
    with pytest.raises(WeightsUnavailable, match="pdbench train rrdb --config paper"):
        open_baseline("rrdb", "paper")


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="did you mean rrdb"):
        open_baseline("rrbd")
    with pytest.raises(InputError, match="unknown size"):
        open_baseline("rrdb", "huge")


@pytest.mark.parametrize("name", BASELINES.ids())
def test_compact_weights_are_small_and_float16(name):
    path = BASELINES.get(name).recipe_path("compact").with_suffix(".safetensors")
    if not path.is_file():
        pytest.skip("not trained yet")
    assert path.stat().st_size < 10 * 2**20
    network = BASELINES.get(name).load("compact", "cpu")
    assert all(value.isfinite().all() for value in network.state_dict().values())
    values = next(iter(network.parameters()))
    assert torch.equal(values, values.half().float())
