"""Outputs made elsewhere: which file belongs to which image, and which are refused."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from pdbench.bicubic import bicubic_upsample
from pdbench.data.datasets import open_dataset
from pdbench.data.pairs import Pair
from pdbench.data.sr_checks import check_outputs
from pdbench.data.sr_folders import digest_of, group_outputs, match_outputs
from pdbench.errors import InputError
from pdbench.images import save_image, to_uint8


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


ENDINGS = (
    "",
    "x4",
    "X4",
    "_SRFlow",
    "_x4_SR",
    "-x4-mynet",
    "x4_mynet",
    " copy",
    ".sr",
    "_HR",
    "_7",
)


def test_an_output_is_named_by_its_image_and_any_ending(tmp_path):
    pairs = pairs_of(tmp_path, "0801", "0802")
    for number, ending in enumerate(ENDINGS):
        files = {"0801": [f"0801{ending}.png"], "0802": [f"0802{ending}.jpg"]}
        folder = tmp_path / f"sr{number}"
        folder.mkdir()
        for (name,) in files.values():
            (folder / name).touch()
        assert matched(folder, pairs) == files


@pytest.mark.parametrize("name", ["img_001_SRF_4_SRFlow.png", "img_001.png", "img_001_x4.png"])
def test_the_ending_of_an_hr_file_need_not_be_repeated(name, outputs, tmp_path):
    pair = Pair(name="img_001", hr=tmp_path / "img_001_SRF_4_HR.png")
    assert matched(outputs(name), [pair]) == {"img_001": [name]}


def test_the_longest_image_name_wins(outputs, tmp_path):
    names = ("img_1", "img_10", "img_1_b")
    folder = outputs("img_1_sr.png", "img_10_sr.png", "img_1_b_sr.png")
    found = matched(folder, pairs_of(tmp_path, *names))
    assert found == {name: [f"{name}_sr.png"] for name in names}


@pytest.mark.parametrize(
    ("style", "numbers"),
    [
        ("_sample{:05d}", (10, 2, 0)),
        ("_SR_s{}", (10, 2, 0)),
        ("x4_sample_{}", (10, 2, 0)),
        ("_{}", (2, 1, 0)),
        ("_x4_{:03d}", (2, 1)),
        ("_0.9_{}", (1, 0)),
        ("_tau0.9_sample{}", (7, 3)),
    ],
)
def test_samples_are_told_apart_by_number_and_sorted_by_it(style, numbers, outputs, tmp_path):
    names = [f"000000{style.format(number)}.png" for number in numbers]
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
        (
            ["a_A.png", "a_B.png", "b_A.png"],
            "2 settings, not samples of one: 'A' (of 2), 'B' (of 1) images",
        ),
        (["a_1.png", "a_x_2.png", "b_1.png", "b_x_2.png"], "2 settings, not samples of one"),
        (["a_s1.png", "a_s01.png", "b_s1.png", "b_s2.png"], "2 files are outputs of 'a'"),
        (["a_1.png", "a_2.png", "b_1.png"], "'b' has 1 outputs and 'a' 2: they differ in 'sample"),
        (["a_s1.png", "a_s2.png", "b_s1.png", "b_s3.png"], "differ in 'sample 2', 'sample 3'"),
        (["readme.txt"], "holds no image"),
    ],
)
def test_what_does_not_match_up_is_named(files, says, outputs, tmp_path):
    with pytest.raises(InputError) as caught:
        match_outputs(outputs(*files), pairs_of(tmp_path, "a", "b"))
    assert says in str(caught.value)


SETTINGS = {
    "_tau{}": ("0.1", "0.5", "0.9"),
    "_w{}": ("0.5", "1.0"),
    "_v{}": ("1.0", "1.1"),
    "_{}": ("0.1", "0.9"),
    "_{}_mynet": ("5000", "10000"),
    "_iter_{}": ("5000", "10000"),
    "x4_{}": ("100000", "200000"),
}


@pytest.mark.parametrize(("style", "values"), SETTINGS.items())
def test_settings_in_names_are_never_pooled(style, values, outputs, tmp_path):
    names = [f"{image}{style.format(value)}.png" for image in "ab" for value in values]
    folder, pairs = outputs(*names), pairs_of(tmp_path, "a", "b")
    with pytest.raises(InputError, match=f"{len(values)} settings, not samples") as caught:
        match_outputs(folder, pairs)
    assert all(f"{value}' (of 2)" in str(caught.value) for value in values)
    groups = group_outputs(folder, pairs)
    assert [[file.name for file in found["b"]] for found in groups.values()] == [
        [f"b{style.format(value)}.png"] for value in sorted(values)
    ]


def test_settings_may_have_samples_and_one_setting_is_no_setting(outputs, tmp_path):
    names = [f"a_tau{tau}_sample{i}.png" for tau in (0.1, 0.9) for i in range(3)]
    groups = group_outputs(outputs(*names), pairs_of(tmp_path, "a"), parameter="tau")
    assert {label: len(found["a"]) for label, found in groups.items()} == {
        "tau0.1": 3,
        "tau0.9": 3,
    }
    with pytest.raises(InputError, match="which 'w' does not name"):
        group_outputs(tmp_path / "sr", pairs_of(tmp_path, "a"), parameter="w")


def test_images_under_different_settings_are_refused(outputs, tmp_path):
    folder = outputs("a_tau0.1.png", "b_tau0.9.png")
    with pytest.raises(InputError, match="2 settings"):
        match_outputs(folder, pairs_of(tmp_path, "a", "b"))


def test_a_prefix_may_stand_before_the_name(outputs, tmp_path):
    folder = outputs("SR_0801_0.9_0.png", "SR_0801_0.9_1.png")
    found = matched(folder, pairs_of(tmp_path, "0801"))
    assert found == {"0801": ["SR_0801_0.9_0.png", "SR_0801_0.9_1.png"]}


def test_names_are_matched_by_order_on_request(outputs, tmp_path):
    names = [f"00000{image}_sample0000{sample}.png" for image in (0, 1) for sample in (0, 1)]
    folder, pairs = outputs(*names), pairs_of(tmp_path, "0801", "0802")
    with pytest.raises(InputError, match="--by-order"):
        match_outputs(folder, pairs, by_order=False)
    with pytest.raises(InputError, match=r"names of their HR images$"):
        match_outputs(folder, pairs)
    found = match_outputs(folder, pairs, by_order=True)
    assert [file.name for file in found["0802"]] == names[2:]
    with pytest.raises(InputError, match="2 names but there are 3 HR"):
        match_outputs(folder, pairs_of(tmp_path, "a", "b", "c"), by_order=True)


def test_accents_composed_or_not_are_one_name(outputs, tmp_path):
    composed = "caf\u00e9"
    name = unicodedata.normalize("NFD", composed)
    found = matched(outputs(f"{name}.png"), pairs_of(tmp_path, composed))
    assert found == {composed: [f"{name}.png"]}


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


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_gray_output_of_a_color_image_is_refused_by_its_pixels(mode, tmp_path):
    pair = photo_pair(tmp_path)
    with Image.open(pair.hr) as image:
        image.convert("L").convert(mode).save(tmp_path / "sr.png")
    with pytest.raises(InputError, match="is gray but its HR"):
        check_outputs(pair, [tmp_path / "sr.png"])


def photo_pair(folder):
    """A smooth color image of 96x64 pixels."""
    coarse = np.random.default_rng(3).integers(0, 256, (10, 14, 3), dtype=np.uint8)
    path = folder / "photo.png"
    Image.fromarray(coarse).resize((96, 64), Image.Resampling.BICUBIC).save(path)
    return Pair(name="photo", hr=path)


WAYS = {
    "": lambda p: p,
    "like BGR, red and blue swapped": lambda p: p[..., ::-1],
    "turned by 180 degrees": lambda p: p[::-1, ::-1],
    "mirrored": lambda p: p[:, ::-1],
    "squeezed into the video range 16-235": lambda p: (16 + p * (219 / 255)).astype(np.uint8),
    "upside down": lambda p: p[::-1],
    "shifted by 2 pixels down and -1 right against the HR": lambda p: np.roll(p, (2, -1), (0, 1)),
    "far from their LR (another image, value range or color space)": lambda p: p // 3,
}


@pytest.mark.parametrize(("cause", "change"), WAYS.items())
def test_a_likely_cause_is_named_for_what_is_hardly_meant(cause, change, tmp_path):
    pair = photo_pair(tmp_path)
    lr, _ = pair.load()
    pixels = to_uint8(bicubic_upsample(lr)).permute(1, 2, 0).numpy()
    Image.fromarray(np.ascontiguousarray(change(pixels))).save(tmp_path / "sr.png")
    assert check_outputs(pair, [tmp_path / "sr.png"]) == ({cause} - {""})


def test_an_output_equal_to_the_hr_is_named(tmp_path):
    pair = photo_pair(tmp_path)
    assert check_outputs(pair, [pair.hr]) == {"equal to the HR in every pixel"}


def test_a_turned_output_of_another_size_says_so(tmp_path):
    pair = photo_pair(tmp_path)
    with Image.open(pair.hr) as image:
        image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "sr.png")
    with pytest.raises(InputError, match="turned by an orientation tag"):
        check_outputs(pair, [tmp_path / "sr.png"])


@pytest.mark.parametrize("name", ["set5", "set14", pytest.param("bsd100", marks=pytest.mark.slow)])
def test_no_honest_output_is_suspected(test_data, tmp_path, name):
    for pair in open_dataset(name, test_data / "data" / "test").pairs:
        save_image(bicubic_upsample(pair.load()[0]), tmp_path / "sr.png")
        assert check_outputs(pair, [tmp_path / "sr.png"]) == set()


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
