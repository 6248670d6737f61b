"""Model files without a published sha256: which one was used is part of key and record."""

import hashlib

import pytest
from scipy.io import savemat
from synthetic_weights import random_ma_model

from pdbench.harness.method_records import _metric_source
from pdbench.metrics.model_files import metric_files, unpublished_models
from pdbench.weights import set_weights_folder


@pytest.fixture
def folders(tmp_path):
    """Two folders with different models of Ma under the published name."""
    made = [tmp_path / "one", tmp_path / "two"]
    for trees, folder in enumerate(made, 3):
        folder.mkdir()
        savemat(folder / "NRQM_model.mat", random_ma_model(trees=trees))
    return made


@pytest.mark.parametrize("metric", ["ma", "pi"])
def test_another_model_file_gives_another_key(metric, folders):
    keys = []
    for folder in folders:
        set_weights_folder(folder)
        digest = hashlib.sha256((folder / "NRQM_model.mat").read_bytes()).hexdigest()
        assert unpublished_models([metric]) == {"NRQM_model.mat": digest}
        keys.append(_metric_source(metric))
    assert len(set(keys)) == 2


def test_files_of_parts_count_and_published_ones_are_in_the_hash_already():
    assert [file.name for file in metric_files("pi")] == ["NRQM_model.mat"]
    assert all(len(file.sha256) == 64 for file in metric_files("lpips-vgg"))
    assert unpublished_models(["lpips-vgg", "psnr"]) == {}
