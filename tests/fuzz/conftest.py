"""Small stored scores, and the command line called with what it must refuse."""

import pytest

from pdbench.cli import main
from pdbench.harness.results import export_results
from pdbench.harness.run_info import DatasetRecord, ImageFingerprint, MethodRecord, RunRecord
from pdbench.harness.store import RunStore
from pdbench.scores import MetricFacts

IMAGES = {"a": "1" * 64, "b": "2" * 64}
DATASET = DatasetRecord(id="toy", title="Toy", scale=4, images=IMAGES, sha256="3" * 64)
FACTS = MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion", unit="dB")
METHOD = MethodRecord(
    id="m", title="M", kind="single", size="", weights="", seed=0, protocol="paper",
    hashes={"psnr": "0123abcd"}, dataset_sha256=DATASET.sha256, versions={},
)  # fmt: skip
SCORES = tuple(
    METHOD.score("toy", image, 0, 0, "psnr", value=value, reason="")
    for image, value in zip(IMAGES, (30.0, 31.0), strict=True)
)


@pytest.fixture
def results(tmp_path):
    """Folder of exported scores."""
    record = RunRecord(dataset=DATASET, metrics=(FACTS,), methods=(METHOD,), scores=SCORES)
    return export_results(record, tmp_path / "results")[-1].parent


@pytest.fixture
def run_folder(tmp_path):
    """Run folder with the same scores."""
    with RunStore(tmp_path / "run") as store:
        seen = {n: ImageFingerprint(content=n, sha256=s, pixels=1) for n, s in IMAGES.items()}
        store.begin(DATASET, seen, [METHOD], [FACTS])
        for score in SCORES:
            store.write(IMAGES[score.image], METHOD, [score])
    return tmp_path / "run"


@pytest.fixture
def refused(capsys, tmp_path, monkeypatch):
    """Call `pdbench WORDS...`, which must refuse in one printable line and write nothing.

    Returns the line.
    """
    monkeypatch.chdir(tmp_path)

    def call(*words):
        before = set(tmp_path.rglob("*"))
        code = main([str(word) for word in words])
        said = capsys.readouterr().err
        assert code == 2, said
        assert said.count("\n") == 1, said
        assert said[:-1].isprintable()
        assert set(tmp_path.rglob("*")) == before
        return said

    return call
