"""`pdbench weights`: reports every tensor, writes where it is found, refuses in one line."""

from dataclasses import replace

import pytest
import torch
import yaml

from pdbench.baselines import BASELINES
from pdbench.baselines.rrdb.net import RRDB

SMALL = {"features": 8, "blocks": 2, "growth": 4}


@pytest.fixture
def checkpoint(monkeypatch, tmp_path):
    """A published file of an RRDB whose paper size is tiny, in the mid naming."""
    baseline = BASELINES.get("rrdb")
    recipe = yaml.safe_load(baseline.recipe_path("paper").read_text())
    (tmp_path / "paper.yaml").write_text(yaml.safe_dump({**recipe, "network": SMALL}))
    monkeypatch.setitem(BASELINES._entries, "rrdb", replace(baseline, folder=tmp_path))
    state = RRDB(**SMALL).state_dict()
    torch.save({"params": state, "step": 7}, tmp_path / "RRDB.pth")
    return state


def test_an_imported_file_lies_where_it_is_looked_for(pdbench, checkpoint, monkeypatch, tmp_path):
    outcome = pdbench("weights", "import", "RRDB.pth")
    assert outcome.code == 0
    assert outcome.out.endswith("Weights: rrdb-paper.safetensors\n")
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path / "weights"))
    pdbench("weights", "import", "RRDB.pth")
    assert "rrdb paper" in pdbench("weights", "list").out
    assert (tmp_path / "weights" / "rrdb-paper.safetensors").is_file()


def test_the_report_accounts_for_every_tensor(pdbench, checkpoint):
    out = pdbench("weights", "show", "RRDB.pth", "--keys").out
    filled = [line.split()[1] for line in out.splitlines() if line.startswith("filled")]
    assert filled == list(checkpoint)
    assert "step: beside params" in out
    assert f"{len(checkpoint)} filled, 1 ignored, 0 missing" in out


def test_the_short_report_folds_numbers(pdbench, checkpoint):
    out = pdbench("weights", "show", "RRDB.pth").out
    name = "body.{0-1}.rdb{1-3}.conv{1-5}.weight"
    assert f"{name} <- {name} (30)" in out
    assert len(out.splitlines()) < 20


def test_showing_writes_nothing(pdbench, checkpoint, tmp_path):
    before = sorted(tmp_path.iterdir())
    pdbench("weights", "show", "RRDB.pth")
    assert sorted(tmp_path.iterdir()) == before


def test_our_own_file_is_described(pdbench, checkpoint):
    pdbench("weights", "import", "RRDB.pth", "--out", "mine.safetensors")
    out = pdbench("weights", "show", "mine.safetensors").out
    assert "imported" in out
    assert "RRDB.pth sha256" in out
    assert "fingerprint" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("import", "none.pth"), "no weight file 'none.pth'"),
        (("show", "none.pth"), "no weight file 'none.pth'"),
        (("import", "RRDB.pth", "--as", "srflow-da"), "no SRFlow-DA"),
        (("import", "RRDB.pth", "--as", "rrbd"), "did you mean rrdb"),
        (("import", "RRDB.pth", "--out", "a.pth"), "does not end in .safetensors"),
        (("import", "paper.yaml"), "damaged"),
        (("import",), "FILE"),
    ],
)
def test_a_mistake_is_one_line(words, says, refused, checkpoint):
    assert says in refused("weights", *words)
