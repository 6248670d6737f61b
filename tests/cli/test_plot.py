"""`pdbench plot`."""

import pytest

from pdbench.api.choices import CERTAINTIES
from pdbench.plots.scene import Certainty


def test_a_results_folder_becomes_a_page(pdbench, results, tmp_path):
    outcome = pdbench("plot", results)
    assert outcome.out == "Plane: plane.html\n"
    assert "LPIPS-VGG" in (tmp_path / "plane.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_picture_is_what_its_ending_says(suffix, start, pdbench, results, tmp_path):
    words = ("-x", "lpips-vgg", "-y", "psnr", "-o", f"plane.{suffix}")
    assert pdbench("plot", results, *words).code == 0
    assert (tmp_path / f"plane.{suffix}").read_bytes().startswith(start)


def test_the_certainties_offered_are_those_there_are():
    assert Certainty.__args__ == CERTAINTIES


def test_a_missing_folder_is_one_line(refused):
    assert "folder 'nowhere' does not exist" in refused("plot", "nowhere")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-x", "psn"), "did you mean psnr?"),
        (("-y", "lpips"), "did you mean lpips-vgg?"),
        (("--method", "median-6"), "median-5"),
        (("-o", "plane.doc"), ".html"),
        (("--theory",), "PSNR of srflow-da[tau=0.9] is missing"),
        (("--certainty", "boxes"), "'boxes' is not one of"),
        (("-o", "file/plane.html"), "cannot write"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(words, says, refused, results, tmp_path):
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    assert says in refused("plot", results, *words)
    assert sorted(tmp_path.rglob("*")) == before
