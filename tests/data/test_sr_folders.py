"""Outputs made elsewhere: which file belongs to which image, and which are refused."""

import numpy as np
import pytest
from PIL import Image

from pdbench.data.pairs import Pair
from pdbench.data.sr_folders import check_outputs, digest_of, match_outputs
from pdbench.errors import InputError


@pytest.fixture
def outputs(tmp_path):
    """Make an empty file of each name in a folder."""

    def make(*names):
        folder = tmp_path / "sr"
        folder.mkdir()
        for name in names:
            (folder / name).touch()
        return folder

    return make


def pairs_of(tmp_path, *names):
    return [Pair(name=name.removesuffix("_HR"), hr=tmp_path / f"{name}.png") for name in names]


def matched(folder, pairs):
    found = match_outputs(folder, pairs)
    return {name: [file.name for file in files] for name, files in found.items()}


@pytest.mark.parametrize(
    "ending",
    ["", "x4", "X4", "_SRFlow", "_x4_SR", "-x4-mynet", "x4_mynet", " copy", ".sr", "_HR", "_7"],
)
def test_an_output_is_named_by_its_image_and_any_ending(ending, outputs, tmp_path):
    folder = outputs(f"0801{ending}.png", f"0802{ending}.jpg")
    pairs = pairs_of(tmp_path, "0801", "0802")
    assert matched(folder, pairs) == {
        "0801": [f"0801{ending}.png"],
        "0802": [f"0802{ending}.jpg"],
    }


@pytest.mark.parametrize("name", ["img_001_SRF_4_SRFlow.png", "img_001.png", "img_001_x4.png"])
def test_the_ending_of_an_hr_file_need_not_be_repeated(name, outputs, tmp_path):
    pair = Pair(name="img_001", hr=tmp_path / "img_001_SRF_4_HR.png")
    assert matched(outputs(name), [pair]) == {"img_001": [name]}


def test_the_longest_image_name_wins(outputs, tmp_path):
    names = ("img_1", "img_10", "img_1_b")
    folder = outputs("img_1_sr.png", "img_10_sr.png", "img_1_b_sr.png")
    found = matched(folder, pairs_of(tmp_path, *names))
    assert found == {name: [f"{name}_sr.png"] for name in names}


@pytest.mark.parametrize("style", ["_sample{:05d}", "_{}", "_SR_s{}", "x4_sample_{}"])
def test_samples_are_told_apart_by_number_and_sorted_by_it(style, outputs, tmp_path):
    names = [f"000000{style.format(number)}.png" for number in (10, 2, 0)]
    found = matched(outputs(*names), pairs_of(tmp_path, "000000"))
    assert found == {"000000": names[::-1]}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            ["a.png", "b.png", "c.png"],
            "does not fit the HR images: no HR image for 'c.png'; names",
        ),
        (["a.png"], "does not fit the HR images: no output for 'b.png'; names"),
        (["a.png", "bb.png"], "no HR image for 'bb.png' and no output for 'b.png'"),
        (["a.png", "a.jpg", "b.png"], "2 files are outputs of 'a' ('a.jpg', 'a.png')"),
        (["a_A.png", "a_B.png", "b_A.png"], "2 files are outputs of 'a' ('a_A.png', 'a_B.png')"),
        (["a_1.png", "a_x_2.png", "b_1.png", "b_x_2.png"], "2 files are outputs of 'a'"),
        (["a_1.png", "a_01.png", "b_1.png", "b_2.png"], "2 files are outputs of 'a'"),
        (["a_1.png", "a_2.png", "b_1.png"], "'b' has 1 outputs and 'a' 2: they differ in 'sample"),
        (["a_1.png", "a_2.png", "b_1.png", "b_3.png"], "differ in 'sample 2', 'sample 3'"),
        (["readme.txt"], "holds no image"),
    ],
)
def test_what_does_not_match_up_is_named(files, says, outputs, tmp_path):
    with pytest.raises(InputError) as caught:
        match_outputs(outputs(*files), pairs_of(tmp_path, "a", "b"))
    assert says in str(caught.value)


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot read folder"):
        match_outputs(tmp_path / "none", pairs_of(tmp_path, "a"))


def draw(path, width=22, height=17, mode="RGB"):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.fixture
def pair(tmp_path):
    """HR image of 22x17, of which 20x16 are scored."""
    return Pair(name="a", hr=draw(tmp_path / "a.png"))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff", ".bmp"])
def test_every_usual_format_is_read(suffix, pair, tmp_path):
    check_outputs(pair, [draw(tmp_path / f"a_sr{suffix}")])


@pytest.mark.parametrize("size", [(20, 16), (22, 17), (24, 20)])
def test_an_output_may_be_as_large_as_the_hr_cut_or_rounded_up(size, pair, tmp_path):
    check_outputs(pair, [draw(tmp_path / "a_sr.png", *size)])


@pytest.mark.parametrize("size", [(5, 4), (16, 20), (21, 16), (80, 64)])
def test_any_other_size_is_refused_with_both_names(size, pair, tmp_path):
    draw(tmp_path / "a_sr.png", *size)
    with pytest.raises(InputError, match=r"a_sr\.png' has .* its HR '.*a\.png' asks for 20x16"):
        check_outputs(pair, [tmp_path / "a_sr.png"])


@pytest.mark.parametrize(
    ("mode", "says"),
    [("L", "is gray but its HR"), ("I;16", "more than 8 bits"), ("CMYK", "CMYK, not RGB")],
)
def test_another_color_mode_or_depth_is_refused(mode, says, pair, tmp_path):
    path = tmp_path / "a_sr.tif"
    if mode == "I;16":
        Image.fromarray(np.zeros((16, 20), np.uint16)).save(path)
    else:
        draw(path, mode=mode)
    with pytest.raises(InputError, match=says):
        check_outputs(pair, [path])


def test_a_gray_output_of_a_gray_image_is_accepted(tmp_path):
    pair = Pair(name="a", hr=draw(tmp_path / "a.png", mode="L"))
    check_outputs(pair, [draw(tmp_path / "a_sr.png", mode="L")])


def test_see_through_pixels_are_refused(pair, tmp_path):
    Image.new("RGBA", (20, 16), (1, 2, 3, 4)).save(tmp_path / "a_sr.png")
    with pytest.raises(InputError, match="transparent in places"):
        check_outputs(pair, [tmp_path / "a_sr.png"])


def test_a_truncated_output_is_refused_though_its_header_is_fine(pair, tmp_path):
    path = draw(tmp_path / "a_sr.png")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"cannot read image '.*a_sr\.png'"):
        check_outputs(pair, [path])


def test_a_digest_is_of_contents_in_order_not_of_names(tmp_path):
    one, two = draw(tmp_path / "1.png"), draw(tmp_path / "2.png", 30, 30)
    copy = tmp_path / "copy.png"
    copy.write_bytes(one.read_bytes())
    assert digest_of([one, two]) == digest_of([copy, two])
    assert len({digest_of([one, two]), digest_of([two, one]), digest_of([one])}) == 3
