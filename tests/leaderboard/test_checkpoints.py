"""Checkpoints: read without executing anything in them, and run again by the board."""

import pickle
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

import pdbench as api
from pdbench.errors import InputError
from pdbench.leaderboard import read_board

from .conftest import CARD, failures, submit

pytestmark = pytest.mark.skipif(find_spec("spandrel") is None, reason="needs spandrel")

OTHER = {**CARD, "name": "From a file", "authors": ["C"]}


class Trap:
    """Pickled, it calls what it names when it is loaded."""

    def __reduce__(self):
        return Path.touch, (Path("owned"),)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A tiny x4 network by the keys of SRVGGNetCompact, as a .pth file."""
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "body.0.weight": (8, 3, 3, 3), "body.0.bias": (8,), "body.1.weight": (8,),
        "body.2.weight": (8, 8, 3, 3), "body.2.bias": (8,), "body.3.weight": (8,),
        "body.4.weight": (48, 8, 3, 3), "body.4.bias": (48,),
    }  # fmt: skip
    state = {key: 0.05 * torch.randn(size, generator=generator) for key, size in shapes.items()}
    path = tmp_path_factory.mktemp("network") / "tiny.pth"
    torch.save({"params": state}, path)
    return path


@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_is_submitted_and_reproduced(board, network, data_root, tmp_path):
    done = submit(board, "tiny", None, data_root, OTHER, checkpoint=network)
    assert done.entry.provenance.way == "checkpoint"
    assert len(done.entry.provenance.source) == 64
    (found,) = api.verify(
        "tiny", board=board, data_root=data_root, checkpoint=network, jobs=1, record=True
    )
    assert found.level == "reproduced"
    assert read_board(board).level(done.entry) == "reproduced"
    other = tmp_path / "other.pth"
    other.write_bytes(network.read_bytes() + b"x")
    text = failures(board, "tiny", data_root=data_root, checkpoint=other)
    assert "not the checkpoint that was submitted" in text
    assert "--checkpoint" in failures(board, "tiny", data_root=data_root, reproduce=True)


@pytest.mark.parametrize("write", [pickle.dumps, None], ids=["pickle", "torch"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".pt"])
@pytest.mark.filterwarnings("ignore")
def test_code_in_a_checkpoint_is_refused_and_not_run(
    write, suffix, board, data_root, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"net{suffix}"
    if write is None:
        torch.save({"params": {"weight": torch.zeros(1), "trap": Trap()}}, path)
    else:
        path.write_bytes(write({"params": Trap()}))
    with pytest.raises(InputError, match="weight file"):
        submit(board, "trap", None, data_root, OTHER, checkpoint=path)
    assert not (tmp_path / "owned").exists()
    assert not (board / "submissions" / "trap").exists()


def test_images_have_no_weights_to_run(board, data_root):
    text = failures(board, data_root=data_root, reproduce=True)
    assert "submitted as images, which the board does not run" in text
