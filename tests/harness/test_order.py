"""A table shows the same order of methods, whatever folder its scores come from."""

from records import DATASET, FACTS, FILES, method, score

from pdbench.harness.results import export_results, read_results
from pdbench.harness.store import RunStore, read_run

NAMES = ["median-5", "own", "average-25", "average-5", "bicubic", "another", "rrdb"]
EXPECTED = ["bicubic", "rrdb", "average-5", "average-25", "median-5", "another", "own"]


def test_run_folders_and_results_show_the_papers_order(tmp_path):
    with RunStore(tmp_path / "run") as store:
        store.begin(DATASET, FILES, [method(name) for name in NAMES], FACTS)
        for name in NAMES:
            store.write("sha-a", method(name), [score(method=name)])
        record = read_run(store.folder)
    results = read_results(export_results(record, tmp_path)[-1].parent)
    for read in (record, results):
        names = [entry.id for entry in read.methods]
        assert names == EXPECTED
        assert list(dict.fromkeys(score.method for score in read.scores)) == names
