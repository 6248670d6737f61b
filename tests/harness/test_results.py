"""Exported results: exact, byte-identical, merged by method, and read back without torch."""

import dataclasses
import json
import subprocess
import sys

import pytest
from records import DATASET, FACTS, method, score

from pdbench.errors import InputError
from pdbench.harness.results import export_results, is_results_folder, read_results
from pdbench.harness.run_info import RunRecord


def record(*methods, scores=None):
    methods = methods or (method("m"),)
    if scores is None:
        scores = [
            score(image, metric, value, method=entry.id)
            for entry in methods
            for image in "ab"
            for metric, value in (("psnr", 20.123456), ("pieapp", None))
        ]
    return RunRecord(
        dataset=DATASET,
        metrics=tuple(FACTS),
        methods=methods,
        scores=tuple(scores),
    )


def test_files_have_their_agreed_names(tmp_path):
    paths = export_results(record(method("srflow-da[tau=0.9]")), tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "set5_x4/srflow-da[tau=0.9].csv",
        "set5_x4/provenance.json",
    ]
    assert paths[0].read_text() == (
        "image,seed,sample,psnr,pieapp\na,0,0,20.123456,\nb,0,0,20.123456,\n"
    )


def test_what_is_exported_is_read_back(tmp_path):
    exported = record(method(code={}))
    export_results(exported, tmp_path)
    read = read_results(tmp_path / "set5_x4")
    assert read == dataclasses.replace(exported, scores=read.scores)
    assert sorted(read.scores, key=str) == sorted(exported.scores, key=str)


def test_exporting_twice_gives_the_same_bytes(tmp_path):
    first = {path: path.read_bytes() for path in export_results(record(), tmp_path)}
    assert {path: path.read_bytes() for path in export_results(record(), tmp_path)} == first


def test_order_of_exports_does_not_matter(tmp_path):
    for folder, names in (("one", "xy"), ("two", "yx")):
        for name in names:
            export_results(record(method(name)), tmp_path / folder)
    one, two = (tmp_path / folder / "set5_x4" / "provenance.json" for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_methods_exported_before_are_kept(tmp_path):
    export_results(record(method("x")), tmp_path)
    export_results(record(method("y")), tmp_path)
    assert [entry.id for entry in read_results(tmp_path / "set5_x4").methods] == ["x", "y"]


def psnr_only(**changes):
    """Return a record of a run with PSNR alone, 30 dB each."""
    one = method(hashes={"psnr": "hash-psnr"}, code={}, **changes)
    scores = [score(image, value=30.0, seed=one.seed) for image in "ab"]
    return dataclasses.replace(record(one, scores=scores), metrics=tuple(FACTS[:1]))


def exported(folder):
    """Return what an export holds: values, and the metrics provenance has a hash of."""
    read = read_results(folder / "set5_x4")
    cells = {(s.image, s.metric): s.value for s in read.scores}
    return cells, set(read.methods[0].hashes)


def test_columns_of_other_metrics_are_kept_while_the_outputs_are_the_same(tmp_path):
    scores = [score(image, name) for image in "ab" for name in ("psnr", "pieapp")]
    export_results(record(method(models={"p.pth": "sha"}), scores=scores), tmp_path)
    export_results(psnr_only(), tmp_path)
    cells, hashes = exported(tmp_path)
    assert cells == {
        **{("a", "psnr"): 30.0, ("a", "pieapp"): 1.5},
        **{("b", "psnr"): 30.0, ("b", "pieapp"): 1.5},
    }
    assert hashes == {"psnr", "pieapp"}
    assert read_results(tmp_path / "set5_x4").methods[0].models == {"p.pth": "sha"}


def test_reasons_of_columns_that_are_kept_are_kept(tmp_path):
    export_results(record(), tmp_path)
    export_results(psnr_only(), tmp_path)
    assert exported(tmp_path)[0]["a", "pieapp"] is None
    reasons = {s.reason for s in read_results(tmp_path / "set5_x4").scores if s.value is None}
    assert reasons == {"why"}


@pytest.mark.parametrize("change", [{"weights": "w1"}, {"max_memory": 2**26}])
def test_columns_of_other_outputs_go_with_their_hashes(tmp_path, change):
    export_results(record(), tmp_path)
    export_results(psnr_only(**change), tmp_path)
    assert exported(tmp_path) == ({("a", "psnr"): 30.0, ("b", "psnr"): 30.0}, {"psnr"})


def test_a_column_whose_hash_is_no_longer_the_methods_goes(tmp_path):
    export_results(record(), tmp_path)
    newer = psnr_only()
    hashes = {"psnr": "hash-psnr", "pieapp": "other"}
    newer = dataclasses.replace(newer, methods=(method(hashes=hashes, code={}),))
    export_results(newer, tmp_path)
    assert exported(tmp_path) == ({("a", "psnr"): 30.0, ("b", "psnr"): 30.0}, {"psnr"})


def test_scores_of_another_seed_are_not_replaced(tmp_path):
    paths = export_results(record(), tmp_path)
    before = [path.read_bytes() for path in paths]
    with pytest.raises(InputError, match="of 'm' for seed 0; export those for seed 1 to another"):
        export_results(psnr_only(seed=1), tmp_path)
    assert [path.read_bytes() for path in paths] == before


def test_a_csv_that_cannot_be_read_is_exported_again(tmp_path):
    export_results(record(), tmp_path)[0].write_text("no scores")
    export_results(psnr_only(), tmp_path)
    assert exported(tmp_path) == ({("a", "psnr"): 30.0, ("b", "psnr"): 30.0}, {"psnr"})


def test_reasons_are_kept_per_image(tmp_path):
    gone = "unavailable: p.pth (sha256 0...) is not on this machine"
    scores = [
        score("a", "psnr", 1.0),
        score("b", "psnr", None, reason="failed: NaN"),
        score("a", "pieapp", None, reason=gone),
        score("b", "pieapp", None, reason=gone),
    ]
    export_results(record(scores=scores), tmp_path)
    content = json.loads((tmp_path / "set5_x4/provenance.json").read_text())
    lost = "not computed: weights not available (p.pth)"  # nothing of the machine that ran
    assert content["methods"]["m"]["missing"] == [
        {"metric": "pieapp", "reason": lost, "images": "all"},
        {"metric": "psnr", "reason": "failed: NaN", "images": ["b"]},
    ]
    reasons = {(s.image, s.metric): s.reason for s in read_results(tmp_path / "set5_x4").scores}
    assert reasons[("b", "psnr")] == "failed: NaN"
    assert reasons[("a", "pieapp")] == lost


def test_metric_never_asked_for_is_not_read_as_missing(tmp_path):
    scores = [score("a"), score("b")]
    export_results(record(scores=scores), tmp_path)
    assert {s.metric for s in read_results(tmp_path / "set5_x4").scores} == {"psnr"}


def test_other_images_under_the_same_name_are_refused(tmp_path):
    export_results(record(), tmp_path)
    other = dataclasses.replace(record(), dataset=dataclasses.replace(DATASET, sha256="other"))
    with pytest.raises(InputError, match="other images"):
        export_results(other, tmp_path)


def test_folder_without_results_is_refused(tmp_path):
    assert not is_results_folder(tmp_path)
    with pytest.raises(InputError, match="holds no results"):
        read_results(tmp_path)


def test_missing_csv_is_named(tmp_path):
    export_results(record(), tmp_path)[0].unlink()
    with pytest.raises(InputError, match=r"cannot read '.*m\.csv'"):
        read_results(tmp_path / "set5_x4")


def test_reading_needs_no_torch():
    program = "import sys, pdbench.harness.results, pdbench.harness.store; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "pdbench.harness.results" in output
    assert "torch" not in output


def test_every_choice_is_kept_once_and_read_back(tmp_path):
    named = {"psnr": {"border": 0, "colour": "rgb"}, "pieapp": {"patch": 64}}
    exported = record(method("x", choices=named), method("y", choices=named))
    export_results(exported, tmp_path)
    stored = json.loads((tmp_path / "set5_x4" / "provenance.json").read_text())
    assert stored["choices"] == {"hash-pieapp": {"patch": 64}, "hash-psnr": named["psnr"]}
    assert [entry.choices for entry in read_results(tmp_path / "set5_x4").methods] == [named] * 2


def test_results_without_choices_are_read(tmp_path):
    export_results(record(), tmp_path)
    path = tmp_path / "set5_x4" / "provenance.json"
    stored = json.loads(path.read_text())
    del stored["choices"]
    path.write_text(json.dumps(stored))
    assert read_results(tmp_path / "set5_x4").methods[0].choices == {}


def test_results_under_another_protocol_go_to_another_folder(tmp_path):
    export_results(record(), tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="under protocol paper; export those under pirm"):
        export_results(record(method("n", protocol="pirm")), tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
