"""`pdbench table`."""

import csv
import io
import json

import pytest

from pdbench.api.choices import TABLE_FORMATS
from pdbench.plots.tables import TableFormat


def test_a_results_folder_becomes_a_table(pdbench, results):
    outcome = pdbench("table", results)
    assert outcome.code == 0
    assert "28.25" in outcome.out
    assert "Median-5" in outcome.out


def test_the_formats_offered_are_those_there_are():
    assert TableFormat.__args__ == TABLE_FORMATS


@pytest.mark.parametrize("form", TABLE_FORMATS)
def test_every_format_is_written(form, pdbench, results):
    assert "27.0" in pdbench("table", results, "--format", form).out


def test_csv_and_json_can_be_read_back(pdbench, results):
    assert list(csv.reader(io.StringIO(pdbench("table", results, "--format", "csv").out)))
    assert json.loads(pdbench("table", results, "--format", "json").out)


def test_methods_and_metrics_are_chosen_and_ordered(pdbench, results):
    words = ("--metrics", "lpips-vgg", "--method", "median-5")
    text = pdbench("table", results, *words).out
    assert "PSNR" not in text
    assert "Bicubic" not in text


def test_a_file_is_written_instead(pdbench, results, tmp_path):
    outcome = pdbench("table", results, "--format", "md", "-o", "deep/table.md")
    assert outcome.out == "Table: deep/table.md\n"
    assert "28.25" in (tmp_path / "deep" / "table.md").read_text(encoding="utf-8")


def test_a_missing_folder_is_one_line(refused):
    assert "folder 'nowhere' does not exist" in refused("table", "nowhere")


def test_no_scores_yet_is_one_line(refused):
    assert "pdbench run" in refused("table")


def test_a_folder_without_scores_is_one_line(refused, tmp_path):
    assert "contains no scores" in refused("table", tmp_path)


def test_damaged_provenance_is_one_line(refused, results):
    (results / "provenance.json").write_text("{", encoding="utf-8")
    assert "provenance.json" in refused("table", results)


def test_a_missing_score_file_is_one_line(refused, results):
    (results / "bicubic.csv").unlink()
    assert "bicubic.csv" in refused("table", results)


def test_an_unknown_metric_names_the_close_match(refused, results):
    assert "did you mean psnr?" in refused("table", results, "--metrics", "psn")


def test_an_unknown_method_names_the_close_match(refused, results):
    assert "median-5" in refused("table", results, "--method", "median-6")


def test_an_unknown_format_is_one_line(refused, results):
    assert "latex" in refused("table", results, "--format", "word")


def test_a_place_that_cannot_be_written_is_one_line(refused, results, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot write 'file/table.md'" in refused("table", results, "-o", "file/table.md")


def test_worst_samples_are_said_to_be_the_worst(pdbench, results):
    outcome = pdbench("table", results, "--worst", "--metrics", "psnr")
    assert (outcome.code, "worst output of each image" in outcome.out) == (0, True)


@pytest.fixture
def seeds(results):
    """The folder of results with a second seed, 1 dB better on both images."""
    path = results / "median-5.csv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    for line in list(lines):
        image, _, sample, psnr, *others = line.split(",")
        lines.append(",".join([image, "1", sample, f"{float(psnr) + 1:.6f}", *others]))
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    return results


def test_several_seeds_give_their_mean_and_spread(pdbench, seeds):
    text = pdbench("table", seeds).out
    assert "seeds 0, 1" in text
    assert "28.75" in text
    assert "Median-5, sd of its mean between seeds: PSNR 0.707" in text
    stored = json.loads(pdbench("table", seeds, "--format", "json").out)
    assert stored["rows"][1]["scores"]["psnr"]["seed_std"] == pytest.approx(0.5**0.5)


@pytest.mark.parametrize("seed", ["0", "1"])
def test_a_seed_is_chosen(pdbench, seeds, seed):
    text = pdbench("table", seeds, "--method", "median-5", "--seed", seed).out
    assert ("28.25", "29.25")[int(seed)] in text
    assert "between seeds" not in text


@pytest.mark.parametrize(
    "words", [("table",), ("plot",), ("claims",), ("front",), ("report",), ("diff", "a", "b")]
)
def test_a_seed_without_scores_is_one_line(refused, results, words):
    assert "no scores of seed 7; there are some of 0" in refused(*words, results, "--seed", "7")
