"""BibTeX of a run: one entry for each work, and a word where the author has to be asked."""

import re

import pdbench
from pdbench.api.citations import _bibtex
from pdbench.methods import list_ids, resolve
from pdbench.metrics import METRICS


def test_every_reference_is_an_entry():
    references = {resolve(name).reference for name in list_ids()}
    for reference in references | {metric.reference for metric in METRICS}:
        entry = _bibtex(reference)
        assert re.match(r"@misc\{[a-z]+\d{4}[a-z]+,\n", entry)
        for name in ("author", "title", "howpublished", "year"):
            assert re.search(rf"^  {name} = \{{.+\}},$", entry, re.MULTILINE)
        assert entry.count("{") == entry.count("}")
        title = re.search(r"'(.+?)', ", reference)[1]
        assert title in entry


def test_works_of_a_run_are_cited_once():
    entries = pdbench.cite("results/set5_x4").split("\n\n")
    keys = [re.match(r"@misc\{(.+),", entry)[1] for entry in entries]
    assert len(keys) == len(set(keys))
    assert keys[0] == "korkmaz2022perception"
    assert {"keys1981cubic", "jo2021srflow", "mittal2013making", "ding2022image"} <= set(keys)


def test_code_of_ones_own_is_named(tmp_path):
    mine = {"mine": lambda lr: lr.repeat_interleave(4, -1).repeat_interleave(4, -2)}
    results = pdbench.run(["bicubic", mine], metrics=["psnr"], output=tmp_path / "run")
    text = pdbench.cite(results)
    assert "% 'mine': cite its authors" in text
    assert "wang2009mean" in text
