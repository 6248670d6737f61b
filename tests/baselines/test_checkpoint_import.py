"""Published checkpoints: recognized whatever their naming and wrapping, all else refused by name.

The real key lists are tested with tensors of one stored number each, which cost no memory.
"""

import json
import pickle
from dataclasses import replace

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from pdbench.baselines import BASELINES, checkpoint_import, open_baseline
from pdbench.baselines.baseline import describe_weights
from pdbench.baselines.checkpoint_import import import_checkpoint, write_checkpoint
from pdbench.baselines.esrgan_plus.net import ESRGANPlus
from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.rrdb.state_dict import to_mid
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.errors import InputError

SMALL = {"features": 8, "blocks": 2, "growth": 4}
FLOW = {**SMALL, "taps": [0], "steps": 1, "hidden": 4, "depth": 1, "floor": 0.1}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Declare tiny networks as the published size."""
    kinds = {
        "rrdb": (RRDB, SMALL),
        "esrgan-plus": (ESRGANPlus, SMALL),
        "srflow-da": (SRFlowDA, FLOW),
    }

    for name, (_, arguments) in kinds.items():
        baseline = BASELINES.get(name)
        recipe = yaml.safe_load(baseline.recipe_path("paper").read_text())
        folder = tmp_path / "recipes" / name
        folder.mkdir(parents=True)
        (folder / "paper.yaml").write_text(yaml.safe_dump({**recipe, "network": arguments}))
        monkeypatch.setitem(BASELINES._entries, name, replace(baseline, folder=folder))

    def state(name):
        torch.manual_seed(0)
        build, arguments = kinds[name]
        return build(**arguments).state_dict()

    return state


def old_name(name):
    """The oldest naming of RRDB, written down independently of the importer."""
    parts = name.split(".")
    plain = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    if parts[0] in plain:
        return f"model.{plain[parts[0]]}.{parts[1]}"
    if parts[0] == "conv_body":
        return f"model.1.sub.2.{parts[1]}"
    return f"model.1.sub.{parts[1]}.{parts[2].upper()}.{parts[3]}.0.{parts[4]}"


def save(path, content):
    torch.save(content, path)
    return path


def refusal(path, name=None):
    with pytest.raises(InputError) as error:
        import_checkpoint(path, name)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("wrapper", [None, "params", "params_ema"])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("naming", [old_name, to_mid, str])
def test_rrdb_is_recognized_in_every_naming_and_wrapping(small, tmp_path, naming, prefix, wrapper):
    state = small("rrdb")
    content = {prefix + naming(name): value for name, value in state.items()}
    path = save(tmp_path / "net.pth", {wrapper: content} if wrapper else content)
    imported = import_checkpoint(path)
    assert imported.baseline.id == "rrdb"
    assert {ours: naming(ours) for ours in state} == dict(imported.filled)
    assert all(torch.equal(imported.state[name], state[name]) for name in state)
    assert not imported.ignored
    assert not imported.missing


@pytest.mark.parametrize("name", ["esrgan-plus", "srflow-da"])
def test_the_other_networks_are_recognized(small, tmp_path, name):
    state = small(name)
    imported = import_checkpoint(save(tmp_path / "net.pth", state))
    assert imported.baseline.id == name
    assert imported.values == sum(value.numel() for value in state.values())
    assert all(torch.equal(imported.state[key], state[key]) for key in state)


def test_what_lies_beside_the_averaged_weights_is_reported(small, tmp_path):
    content = {"params_ema": small("rrdb"), "params": small("rrdb"), "iteration": 5}
    imported = import_checkpoint(save(tmp_path / "net.pth", content))
    assert dict(imported.ignored) == dict.fromkeys(["params", "iteration"], "beside params_ema")


def test_tensors_a_flow_never_uses_are_reported_and_may_be_missing(small, tmp_path):
    state = small("srflow-da")
    unused = [name for name in state if name.startswith(checkpoint_import.UNUSED)]
    assert len(unused) == 8
    imported = import_checkpoint(save(tmp_path / "all.pth", state))
    assert [name for name, _ in imported.ignored] == unused
    less = {name: value for name, value in state.items() if name not in unused}
    imported = import_checkpoint(save(tmp_path / "less.pth", less))
    assert [name for name, _ in imported.missing] == unused
    assert imported.state.keys() == state.keys()


def test_imported_weights_are_found_and_give_the_same_image(small, tmp_path, monkeypatch):
    state = {old_name(name): value for name, value in small("rrdb").items()}
    path = write_checkpoint(import_checkpoint(save(tmp_path / "net.pth", state)), tmp_path)
    assert path == tmp_path / "rrdb-paper.safetensors"
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path))
    network = RRDB(**SMALL)
    network.load_state_dict(small("rrdb"))
    lr = torch.full((1, 3, 8, 8), 0.5)
    with torch.no_grad():
        torch.testing.assert_close(open_baseline("rrdb", "paper").restore(lr), network(lr))


def test_a_second_import_changes_nothing_and_another_file_is_not_overwritten(small, tmp_path):
    state = small("rrdb")
    first = import_checkpoint(save(tmp_path / "net.pth", state))
    assert write_checkpoint(first, tmp_path) == write_checkpoint(first, tmp_path)
    state["conv_last.bias"] = state["conv_last.bias"] + 1
    with pytest.raises(InputError, match="holds other weights"):
        write_checkpoint(import_checkpoint(save(tmp_path / "other.pth", state)), tmp_path)


def test_a_missing_folder_is_made(small, tmp_path):
    imported = import_checkpoint(save(tmp_path / "net.pth", small("rrdb")))
    path = write_checkpoint(imported, tmp_path / "new" / "weights")
    assert path == tmp_path / "new" / "weights" / "rrdb-paper.safetensors"
    assert path.is_file()


def test_halves_are_taken_as_float32_and_the_origin_is_recorded(small, tmp_path):
    state = {name: value.half() for name, value in small("rrdb").items()}
    path = write_checkpoint(
        import_checkpoint(save(tmp_path / "net.pth", state)), tmp_path / "new" / "a.safetensors"
    )
    assert all(value.dtype == torch.float32 for value in load_file(path).values())
    facts = dict(describe_weights(path))
    assert (facts["baseline"], facts["size"]) == ("rrdb", "paper")
    assert facts["imported"].startswith("net.pth sha256 ")


def rename(state, old, new):
    return {name.replace(old, new): value for name, value in state.items()}


FLOWS = "flowUpsamplerNet.layers."
VARIANTS = {
    "SRFlow-DA x8": lambda s: {**s, "RRDB.upconv3.weight": torch.zeros(1)},
    "SRFlow-DA-R x4": lambda s: rename(s, ".fAffine.", ".fAffine1."),
    "SRFlow-DA-D x4": lambda s: rename(
        {**s, FLOWS + "3.affine.fAffine2.0.0.weight": torch.zeros(1)}, ".fAffine.", ".fAffine1."
    ),
    "SRFlow-DA-S x4": lambda s: {**s, FLOWS + "1.actnorm.bias": torch.zeros(1, 48, 1, 1)},
    "the original SRFlow x4": lambda s: {
        **s, FLOWS + "4.affine.fAffine.0.actnorm.bias": torch.zeros(1)
    },
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_the_flow_are_refused_by_name(small, tmp_path, variant):
    state = VARIANTS[variant](small("srflow-da"))
    assert f"is {variant}, which" in refusal(save(tmp_path / "net.pth", state))


SCALES = [
    ("an x2 network", {"conv_first.weight": torch.zeros(8, 12, 3, 3)}),
    ("an x1 network", {"conv_first.weight": torch.zeros(8, 48, 3, 3)}),
    ("an x8 network", {"conv_first.weight": torch.zeros(1), "upconv3.weight": torch.ones(1)}),
    ("an x8 network", {"model.0.weight": torch.zeros(1), "model.13.bias": torch.zeros(1)}),
    ("an x2 network", {"model.0.weight": torch.zeros(1), "model.7.bias": torch.zeros(1)}),
]  # fmt: skip


@pytest.mark.parametrize(("scale", "state"), SCALES)
def test_other_scales_are_refused_by_name(small, tmp_path, scale, state):
    assert f"is {scale}, which" in refusal(save(tmp_path / "net.pth", state))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s.pop("conv_hr.bias"), "1 tensors are missing, the first is 'conv_hr.bias'"),
        (lambda s: s.update(head=torch.zeros(1)), "a tensor 'head' too many"),
        (lambda s: s.update({"conv_hr.bias": torch.zeros(9)}), "the shape (9,) instead of (8,)"),
        (lambda s: s["conv_hr.bias"].fill_(float("nan")), "no finite numbers"),
        (lambda s: s.update({"conv_hr.bias": torch.zeros(8, dtype=torch.int64)}), "no finite"),
    ],
)
def test_a_network_that_is_not_exactly_the_published_one_is_refused(small, tmp_path, change, says):
    state = small("rrdb")
    change(state)
    assert says in refusal(save(tmp_path / "net.pth", state))


def test_a_network_is_not_taken_for_another(small, tmp_path):
    path = save(tmp_path / "net.pth", small("rrdb"))
    assert "no ESRGAN+" in refusal(path, "esrgan-plus")
    assert "no SRFlow-DA" in refusal(path, "srflow-da")
    assert "did you mean rrdb" in refusal(path, "rrbd")


def test_anything_else_is_refused(small, tmp_path):
    assert "no weight file" in refusal(tmp_path / "none.pth")
    assert "no network pdbench knows" in refusal(save(tmp_path / "a.pth", {"x": torch.zeros(1)}))
    assert "flat dictionary" in refusal(save(tmp_path / "b.pth", {"step": 1, "network": {}}))
    assert "not a dictionary" in refusal(save(tmp_path / "c.pth", [torch.zeros(1)]))
    (tmp_path / "d.pth").write_bytes(b"GIF89a")
    assert "damaged" in refusal(tmp_path / "d.pth")


def test_code_in_a_pickle_is_not_executed(tmp_path):
    marker = tmp_path / "executed"

    class Payload:
        def __reduce__(self):
            return (marker.touch, ())

    (tmp_path / "evil.pth").write_bytes(pickle.dumps({"conv_first.weight": Payload()}))
    assert "not loaded" in refusal(tmp_path / "evil.pth")
    assert not marker.exists()


def test_our_own_files_need_no_import(small, tmp_path):
    facts = {"network": json.dumps(SMALL), "baseline": "rrdb", "size": "compact"}
    for name, says in (
        ("own", f"name it rrdb-compact.safetensors and give its folder with --size compact "
         f"--weights-dir {tmp_path}, or"),
        ("compact", f"already; give its folder with --size compact --weights-dir {tmp_path}, or"),
        ("rrdb-compact", "already; give its folder"),
    ):  # fmt: skip
        path = tmp_path / f"{name}.safetensors"
        save_file(small("rrdb"), path, metadata=facts)
        assert "has pdbench's form already" in refusal(path)
        assert says in refusal(path)
        assert "--from" in refusal(path)


@pytest.mark.parametrize(
    ("file", "part", "name", "values"),
    [
        ("keys_basicsr_rrdb_full.json", "keys", "rrdb", 16_697_987),
        ("keys_basicsr_rrdb_full.json", "keys_old_arch", "rrdb", 16_697_987),
        ("keys_basicsr_rrdb_full.json", "keys_mid_arch_SRFlow_RRDB", "rrdb", 16_697_987),
        ("keys_esrganplus_full.json", "keys", "esrgan-plus", 16_839_299),
        ("keys_SRFlow-DA_DF2K_4X.json", "keys", "srflow-da", 25_388_627),
    ],
)
def test_the_real_key_lists_fill_every_tensor(test_data, tmp_path, file, part, name, values):
    keys = json.loads((test_data / "golden" / file).read_text())[part]
    state = {f"module.{key}": torch.zeros(1).expand(*shape) for key, shape in keys}
    imported = import_checkpoint(save(tmp_path / "net.pth", state))
    assert imported.baseline.id == name
    assert imported.values == values
    assert len(imported.filled) == len(keys)
    assert not imported.missing
