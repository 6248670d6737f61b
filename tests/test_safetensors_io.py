"""Files of tensors: read back by the library, the same bytes for the same content."""

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import load, load_file

from pdbench.safetensors_io import to_safetensors
from pdbench.training.checkpoint import export_weights

ARRAYS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a": np.ones(1, np.float32),
    "half": np.array([0.5, 1 / 3, 65504], np.float16),
    "scalar": np.float32(7).reshape(()),
}


def test_the_library_reads_back_what_was_written(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(to_safetensors(ARRAYS, {"size": "compact", "title": "τ"}))
    read = load_file(path)
    assert set(read) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert read[name].numpy().dtype == array.dtype
        assert np.array_equal(read[name].numpy(), array)
    with safe_open(path, "np") as file:
        assert file.metadata() == {"size": "compact", "title": "τ"}


def test_a_transposed_array_keeps_its_values():
    array = ARRAYS["b"].T
    assert np.array_equal(load(to_safetensors({"x": array}))["x"].numpy(), array)


def test_order_does_not_matter():
    facts = {"network": "{}", "size": "compact", "steps": "3", "baseline": "rrdb"}
    content = to_safetensors(ARRAYS, facts)
    assert content == to_safetensors(dict(reversed(ARRAYS.items())), dict(reversed(facts.items())))


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="'x' is int64"):
        to_safetensors({"x": np.arange(3)})


def test_trained_weights_are_written_to_the_same_bytes(tmp_path):
    state = load(to_safetensors(ARRAYS))
    facts = {"network": "{}", "size": "compact", "steps": "3", "baseline": "rrdb"}
    one, other = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    export_weights(one, state, facts)
    export_weights(other, dict(reversed(state.items())), dict(reversed(facts.items())))
    assert one.read_bytes() == other.read_bytes()
