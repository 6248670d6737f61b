"""The command line called in-process, and stored scores made without networks."""

from dataclasses import dataclass

import pytest

from pdbench.cli import main
from pdbench.harness.results import export_results
from pdbench.harness.run_info import DatasetRecord, MethodRecord, RunRecord
from pdbench.scores import MetricFacts, Score

FACTS = (
    MetricFacts(
        id="psnr", title="PSNR", better="higher", kind="distortion", unit="dB", decimals=2
    ),
    MetricFacts(id="lpips-vgg", title="LPIPS-VGG", better="lower", kind="perception"),
)
VALUES = {
    "bicubic": {"psnr": (26.0, 28.0), "lpips-vgg": (0.5, 0.4)},
    "median-5": {"psnr": (27.0, 29.5), "lpips-vgg": (0.3, 0.2)},
}
HASHES = {fact.id: "0123456789abcdef" for fact in FACTS}


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def line(self):
        """The one line of stderr an error consists of."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, f"expected one line on stderr, got: {self.err!r}"
        return lines[0]


@pytest.fixture
def pdbench(capsys, monkeypatch, tmp_path):
    """Call `pdbench WORDS...` in an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def refused(pdbench):
    """Call a command that must fail as a user error; returns its one line."""

    def call(*words):
        outcome = pdbench(*words)
        assert outcome.code == 2, outcome
        assert outcome.line.startswith("pdbench: ")
        return outcome.line

    return call


def _method(name):
    return MethodRecord(
        id=name,
        title=name.title(),
        kind="single",
        size="compact",
        weights="",
        seed=0,
        protocol="paper",
        hashes=HASHES,
        dataset_sha256="3" * 64,
        versions={},
    )


def _score(image, method, metric, value):
    return Score(
        dataset="toy",
        image=image,
        method=method,
        seed=0,
        sample=0,
        metric=metric,
        protocol="paper",
        protocol_hash=HASHES[metric],
        weights="",
        value=value,
    )


@pytest.fixture
def results(tmp_path):
    """Folder of exported scores of two methods on two images."""
    images = {"one": "1" * 64, "two": "2" * 64}
    record = RunRecord(
        dataset=DatasetRecord(id="toy", title="Toy", scale=4, images=images, sha256="3" * 64),
        metrics=FACTS,
        methods=tuple(_method(name) for name in VALUES),
        scores=tuple(
            _score(image, method, metric, value)
            for method, metrics in VALUES.items()
            for metric, values in metrics.items()
            for image, value in zip(images, values, strict=True)
        ),
    )
    return export_results(record, tmp_path / "results")[-1].parent
