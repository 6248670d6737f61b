"""Networks out of a file, through spandrel: small ones saved here, and files that are refused."""

import functools
import re
import sys
import warnings

import pytest
import torch
from safetensors.torch import save_file

import pdbench as api
from pdbench.baselines.baseline import fingerprint_of
from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.spandrel_adapter import Checkpoint, open_checkpoint
from pdbench.cli import main
from pdbench.errors import InputError
from pdbench.harness.bank import SampleBank
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.method import Restored
from pdbench.images import save_image
from pdbench.torchvision_guard import import_torchvision

pytest.importorskip("pandas")  # the extra `test`
import_torchvision()
pytest.importorskip("spandrel")


@functools.cache
def build(name, channels=3, scale=4):
    """Build a small random network: ours, or one of spandrel's."""
    from spandrel.architectures.Compact import Compact
    from spandrel.architectures.SPAN import SPAN
    from spandrel.architectures.SwinIR import SwinIR

    torch.manual_seed(0)
    if name == "rrdb":
        return RRDB(features=8, blocks=1, growth=32).eval()
    if name == "span":
        return SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=scale).eval()
    if name == "swinir":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its code is older than this torch
            return SwinIR(
                img_size=16, window_size=8, depths=[2], embed_dim=12, num_heads=[2], mlp_ratio=2,
                upscale=scale, upsampler="pixelshuffledirect",
            ).eval()  # fmt: skip
    return Compact(
        num_in_ch=channels, num_out_ch=channels, num_feat=8, num_conv=2, upscale=scale
    ).eval()


@pytest.fixture
def saved(tmp_path):
    """Save a state dict and return it as a checkpoint."""

    def save(state, name="net.pth"):
        path = tmp_path / name
        if name.endswith(".safetensors"):
            save_file({key: value.contiguous() for key, value in state.items()}, path)
        else:
            torch.save(state, path)
        return Checkpoint(id="net", path=path)

    return save


def photograph(height=13, width=18):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "architecture"),
    [("rrdb", "ESRGAN"), ("span", "SPAN"), ("compact", "RealESRGAN Compact")],
)
def test_a_saved_network_gives_what_it_gave_before(name, architecture, saved):
    network, lr = build(name), photograph()
    restorer = open_checkpoint(saved({"params_ema": network.state_dict()}))
    with torch.inference_mode():
        expected = network(lr).clamp(0, 1)
    assert restorer.architecture == architecture
    assert restorer.restore(lr).shape == (1, 3, 52, 72)
    assert torch.allclose(restorer.restore(lr), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("wrap", "said"),
    [
        (lambda s: s, ""),
        (lambda s: {f"_orig_mod.{key}": s[key] for key in s}, "_orig_mod.*"),
        (
            lambda s: {"state_dict": {f"generator.{key}": s[key] for key in s}},
            "state_dict, generator.*",
        ),
        (lambda s: {"params": {"params_ema": s}, "iter": 3}, "params, params_ema"),
        (
            lambda s: {"net_g": {f"module.model.{key}": s[key] for key in s}},
            "net_g, module.*, model.*",
        ),
    ],
)
def test_what_trainers_wrap_around_a_network_is_taken_off_and_said(wrap, said, saved):
    restorer = open_checkpoint(saved(wrap(build("rrdb").state_dict())))
    assert restorer.architecture == "ESRGAN"
    assert restorer.wrapping == said


def test_half_precision_is_computed_in_full(saved):
    state = {name: value.half() for name, value in build("compact").state_dict().items()}
    assert open_checkpoint(saved(state, "net.safetensors")).restore(photograph()).dtype == (
        torch.float32
    )


def test_images_are_padded_where_an_architecture_wants_multiples(saved):
    restorer = open_checkpoint(saved(build("swinir").state_dict()))
    assert restorer.restore(photograph(9, 11)).shape == (1, 3, 36, 44)


def bank(restorer, lr, memory):
    return SampleBank(lr[0], "key", 0, [Restored("net")], lambda _: restorer, max_memory=memory)


def test_tiles_give_the_image_that_the_whole_gives(saved):
    restorer = open_checkpoint(saved(build("rrdb").state_dict()))
    lr = photograph(24, 300)
    seen = []
    restore = restorer.restore
    restorer.restore = lambda tile: seen.append(tile.shape) or restore(tile)
    whole = bank(restorer, lr, 2**40).restored("net")
    tiled = bank(restorer, lr, 2 * 24 * 170 * restorer.bytes_per_pixel).restored("net")
    assert len(seen) > 2
    assert torch.allclose(whole, tiled, atol=1e-5)


def test_a_network_that_must_not_be_tiled_sees_the_whole_image(saved):
    restorer = open_checkpoint(saved(build("swinir").state_dict()))
    assert restorer.bytes_per_pixel == 1


def test_memory_is_estimated_from_the_largest_layer(saved):
    restorer = open_checkpoint(saved(build("rrdb").state_dict()))
    largest = 4 * 8 * 16  # float32, 8 features, 16 HR pixels for one of the LR
    assert restorer.bytes_per_pixel == 8 * largest


def refusal(checkpoint):
    with pytest.raises(InputError) as caught:
        open_checkpoint(checkpoint)
    assert "\n" not in str(caught.value)
    assert str(checkpoint.path) in str(caught.value)
    return str(caught.value)


def test_another_scale_is_refused(saved):
    assert "for x2, not x4" in refusal(saved(build("compact", scale=2).state_dict()))


def test_other_channels_are_refused(saved):
    state = build("compact", channels=1).state_dict()
    assert "from 1 to 1 channels, not RGB" in refusal(saved(state))


def test_an_unknown_architecture_is_refused(saved):
    line = refusal(saved({"w": torch.zeros(2)}))
    assert "of no architecture that spandrel knows: 1 tensors ('w'); run its code" in line
    assert "FILE.py:NAME" in line


def test_the_nearest_architecture_of_an_unknown_one_is_named(saved):
    state = dict(build("swinir").state_dict())
    state["another.head"] = state.pop("layers.0.residual_group.blocks.0.norm1.weight")
    line = refusal(saved(state))
    assert re.search(r"\d+ tensors \('conv_first.weight', .*'another.head', \.\.\.\)", line)
    assert "nearest is SwinIR (3 of 4 telling keys, without 'layers.0.residual_group" in line


def test_weights_that_do_not_fit_their_architecture_are_refused(saved):
    state = build("compact").state_dict() | {"body.2.weight": torch.zeros(3, 3)}
    assert "cannot be made a network" in refusal(saved(state))


class Bomb:
    """A pickle that would run code when it is loaded."""

    def __reduce__(self):
        return (open, ("/nonexistent/it-ran", "w"))


def test_a_file_that_holds_code_is_refused_unexecuted(saved):
    line = refusal(saved(build("compact").state_dict() | {"bomb": Bomb()}))
    assert "holds more than tensors" in line


def test_a_missing_file_is_refused(tmp_path):
    assert "does not exist" in refusal(Checkpoint(id="net", path=tmp_path / "none.pth"))


def test_without_spandrel_the_extra_is_named(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(InputError, match=r"pip install 'pdbench\[checkpoints\]'"):
        open_checkpoint(saved(build("compact").state_dict()))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Working folder with two photographs and a checkpoint; nothing runs in other processes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pdbench.harness.runner.LocalExecutor", lambda _jobs: SerialExecutor())
    (tmp_path / "photos").mkdir()
    for index in range(2):
        save_image(photograph(24, 32 + 8 * index)[0], tmp_path / "photos" / f"{index}.png")
    torch.save(build("compact").state_dict(), tmp_path / "My_Net.pth")
    return tmp_path


CHEAP = ("--dataset", "./photos", "--metrics", "psnr", "-j", "1")


def test_a_checkpoint_becomes_a_row_named_by_its_file(home, capsys):
    words = ["run", "--method", "bicubic", "--checkpoint", "My_Net.pth", *CHEAP]
    assert main([*words, "-o", "run"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("Bicubic") < printed.index("my-net")
    assert "external networks" in printed
    assert main([*words, "-o", "run"]) == 0
    assert "(0 scores computed, 4 kept)" in capsys.readouterr().out


def test_provenance_holds_the_hash_of_the_file(home):
    report = api.run(
        checkpoint="My_Net.pth", name="mine", dataset="./photos", metrics=["psnr"], output="run"
    )
    (method,) = report.record.methods
    assert (method.id, method.size) == ("mine", "external")
    assert method.weights == fingerprint_of(home / "My_Net.pth")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--checkpoint", "none.pth"), "'none.pth' does not exist"),
        (("--checkpoint", "My_Net.pth", "--name", "rrdb"), "'rrdb' is the name of a method"),
        (("--checkpoint", "My_Net.pth", "--name", "a b"), "'a b' is not an id"),
        (("--method", "bicubic", "--name", "mine"), "--name is for the row of a --checkpoint"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(words, says, home, capsys):
    assert main(["run", *words, *CHEAP, "-o", "run"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert not (home / "run").exists()


@pytest.mark.slow
def test_a_checkpoint_runs_in_worker_processes(home, monkeypatch, capsys):
    monkeypatch.undo()
    monkeypatch.chdir(home)
    assert main(["run", "--checkpoint", "My_Net.pth", *CHEAP]) == 0
    assert "my-net" in capsys.readouterr().out
