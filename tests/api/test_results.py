"""Results: scores as frames, tables, figures and tests, from a run or from a folder."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest
from matplotlib import pyplot

import pdbench
from pdbench.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
SET14 = ROOT / "results" / "set14_x4"


@pytest.fixture(scope="module")
def results():
    return pdbench.load(SET14)


def test_scores_are_a_tidy_frame(results):
    scores = results.scores
    assert list(scores) == ["dataset", "image", "method", "sample", "metric", "value", "reason"]
    assert scores.value.dtype == "float64"
    assert len(scores) == len(results.record.scores)
    missing = scores[scores.value.isna()]
    assert len(missing)
    assert (missing.reason != "").all()


def test_the_summary_says_what_the_table_says(results):
    wide = results.summary()
    csv = results.table("csv").splitlines()
    assert len(wide) == len(csv) - 1
    psnr = wide["psnr"]
    assert list(psnr) == ["mean", "low", "high", "n"]
    assert (psnr.low < psnr["mean"]).all()
    assert (psnr["mean"] < psnr.high).all()
    assert f"{psnr['mean']['rrdb']:.5f}" in csv[2]
    assert pd.isna(wide["ma"]["mean"]["rrdb"])


def test_planes_are_figures_to_restyle(results, monkeypatch):
    monkeypatch.setattr(pyplot, "show", lambda: None)
    pyplot.switch_backend("agg")
    figure = results.plane("psnr", "niqe")
    assert isinstance(figure, go.Figure)
    assert "NIQE" in figure.layout.yaxis.title.text
    own = pyplot.subplots(1, 2, figsize=(10, 4))[1][1]
    assert results.plane_axes("psnr", "dists", ax=own) is own
    assert "DISTS" in own.get_ylabel()
    assert "LPIPS-VGG" in results.plane_axes().get_ylabel()
    pyplot.close("all")
    with pytest.raises(InputError, match="no method has scores of both"):
        results.plane("psnr", "ma")


def test_words_are_shown_as_they_are_printed(results):
    assert repr(results.diff("rrdb", "average-25")) == pdbench.diff("rrdb", "average-25", SET14)
    assert repr(results.claims()) == pdbench.claims(SET14)
    assert repr(results).splitlines() == [
        "Results of set14 ×4, 14 images, protocol paper",
        f"methods: {', '.join(method.id for method in results.record.methods)}",
        f"metrics: {', '.join(fact.id for fact in results.record.metrics)}",
    ]
    assert "<td>24.25 ±1.65</td>" in results._repr_html_()


def test_whatever_takes_a_folder_takes_results(results, tmp_path):
    assert pdbench.table(results, methods=["rrdb"]) == pdbench.table(SET14, methods=["rrdb"])
    assert pdbench.front(results, x="psnr", y="niqe") == pdbench.front(SET14, x="psnr", y="niqe")
    page = pdbench.plot(results, output=tmp_path / "plane.svg")
    assert page.read_bytes() == pdbench.plot(SET14, output=tmp_path / "p.svg").read_bytes()


def test_importing_is_quick_and_names_are_listed():
    code = (
        "import sys, time; start = time.perf_counter(); import pdbench; "
        "print(time.perf_counter() - start < 0.1, *sorted({'torch', 'pandas'} & {*sys.modules}));"
        "print(*dir(pdbench))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    quick, names = run.stdout.splitlines()
    assert quick == "True"
    assert names.split() == sorted(pdbench.__all__)
    assert {"run", "load", "metric", "method", "sample", "network", "Results"} <= {*names.split()}
