"""Checkpoints: read without executing anything in them, and run again by the board."""

import pickle
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from pdbench import api
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
    """A tiny x4 network of a published architecture, as a .pth file."""
    from pdbench.torchvision_guard import import_torchvision

    import_torchvision()
    from spandrel.architectures.Compact import SRVGGNetCompact

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("network") / "tiny.pth"
    made = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=1, upscale=4)
    torch.save({"params": made.state_dict()}, path)
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
