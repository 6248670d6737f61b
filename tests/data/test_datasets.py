"""Test sets: layouts that are found, how files are matched, and what is refused by name."""

import math
import unicodedata

import numpy as np
import pytest
import torch
from PIL import Image

from pdbench.bicubic import bicubic_downsample
from pdbench.data.datasets import DATASETS, check_pairs, combine_sha256, open_dataset
from pdbench.data.layouts import find_pairs, image_name
from pdbench.data.pairs import Pair, degradation_psnr
from pdbench.errors import InputError
from pdbench.images import load_image, save_image


def picture(height=32, width=40, seed=0):
    """Smooth random image (3, height, width) on the 8-bit grid."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(smooth)).permute(2, 0, 1).float() / 255


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_image(image, path)
    return path


def write_set(folder, hr="HR/{}.png", lr="LR_bicubic/X4/{}x4.png", names=("a", "b", "c")):
    """Write a set of `names`; lr None writes HR only."""
    for seed, name in enumerate(names):
        high = picture(seed=seed)
        write(folder / hr.format(name), high)
        if lr is not None:
            write(folder / lr.format(name), bicubic_downsample(high))
    return folder


LAYOUTS = {
    "HR/{}.png": [
        "LR_bicubic/X4/{}x4.png",
        "LR_bicubic_x4/{}.png",
        "LRbicx4/{}.png",
        "LR/X4/{}.png",
        "LR/{}_LR.png",
        "lr_BICUBIC/x4/{}x4.png",
    ],
    "GTmod4/{}.png": ["LRbicx4/{}.png"],
    "DIV2K_valid_HR/{}.png": ["DIV2K_valid_LR_bicubic/X4/{}x4.png"],
    "image_SRF_4/{}_SRF_4_HR.png": ["image_SRF_4/{}_SRF_4_LR.png"],
    "{}_HR.png": ["{}_LR.png"],
}


@pytest.mark.parametrize(("hr", "lr"), [(hr, lr) for hr, lrs in LAYOUTS.items() for lr in lrs])
def test_usual_layouts_give_the_same_pairs(tmp_path, hr, lr):
    pairs = find_pairs(write_set(tmp_path, hr, lr))
    assert [pair.name for pair in pairs] == ["a", "b", "c"]
    for pair in pairs:
        assert pair.lr is not None
        low, high = pair.load()
        assert torch.equal(bicubic_downsample(high), low)


def pillow_lr(high):
    image = Image.fromarray((high * 255).byte().permute(1, 2, 0).numpy())
    small = image.resize((image.width // 4, image.height // 4), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255


def write_lr(folder, lr, names=("a", "b", "c")):
    """Write the LR that Pillow makes of the images of `write_set`."""
    for seed, name in enumerate(names):
        write(folder / lr.format(name), pillow_lr(picture(seed=seed)))


@pytest.mark.parametrize(
    ("hr", "top", "lr"),
    [
        ("GT/{}.png", ".", "LQ/{}.png"),
        ("GT/{}.png", ".", "low/{}.png"),
        ("target/{}.png", ".", "input/{}.png"),
        ("HR/{}.png", ".", "lr_4x/{}.png"),
        ("Set5_HR/{}.png", ".", "Set5_LRBI/{}.png"),
        ("HR/{}.png", "HR", "LR/{}.png"),
        ("GT/{}.png", "GT", "LQ/{}.png"),
        ("HR/{}.png", "HR", "LR_bicubic/X4/{}x4.png"),
        ("set/{}.png", "set", "set_LR/{}.png"),
        ("set/{}.png", "set", "set/LQ/{}.png"),
        ("{}_HR_x4.png", ".", "{}_LRBI_x4.png"),
        ("{}_gt.png", ".", "{}_lq.png"),
        ("HR_{}.png", ".", "LR_{}.png"),
        ("{}_GT.png", ".", "{}_bicubic_x4.png"),
        ("{}.png", ".", "{}_bicLRx4.png"),
        ("{}.png", ".", "{}x4.png"),
    ],
)
def test_given_lr_is_found(tmp_path, hr, top, lr):
    write_set(tmp_path, hr, None)
    write_lr(tmp_path, lr)
    dataset = open_dataset(str(tmp_path / top))
    assert [pair.name for pair in dataset.pairs] == ["a", "b", "c"]
    assert all(torch.equal(p.load()[0], pillow_lr(p.load()[1])) for p in dataset.pairs)
    assert dataset.lr_source in lr or lr.startswith("{}") or lr.startswith("LR_{}")


@pytest.mark.parametrize("other", ["LR_x2/{}.png", "small/{}.png", "SR/{}.png"])
def test_what_is_no_x4_lr_is_none(tmp_path, other):
    write_set(tmp_path, "HR/{}.png", None)
    for seed, name in enumerate("abc"):
        size = 1 if other.startswith("SR") else 2
        write(tmp_path / other.format(name), picture(seed=seed)[:, ::size, ::size])
    assert open_dataset(str(tmp_path)).lr_source == ""
    assert open_dataset(str(tmp_path / "HR")).lr_source == ""


@pytest.mark.parametrize(
    ("hr", "lr", "says"),
    [
        ("HR/{}.png", ("thumbs/{}.png",), "thumbs' may be the LR of .*call the one to use"),
        ("HR/{}.png", ("lq_a/{}.png", "lq_b/{}.png"), "lq_a', .*lq_b' may be the LR"),
        ("{}_big.png", ("{}_small.png",), "a_small.png' looks like the LR of .*a_big.png"),
        ("HR_a/{}.png", (), "HR_a', .*HR_b' may each be the HR folder"),
        ("clean/{}.png", ("degraded/{}.png",), "degraded' may be the LR of .*clean"),
    ],
)
def test_what_may_be_the_lr_is_asked_for(tmp_path, hr, lr, says):
    write_set(tmp_path, hr, None)
    for names in lr:
        write_lr(tmp_path, names)
    if not lr:
        write_set(tmp_path, "HR_b/{}.png", None)
    with pytest.raises(InputError, match=says):
        open_dataset(str(tmp_path / "clean" if hr.startswith("clean") else tmp_path))


def test_other_methods_beside_hr_and_lr_are_left_out_by_name(tmp_path, caplog):
    folder = tmp_path / "Set5" / "image_SRF_4"
    write_set(folder, "{}_SRF_4_HR.png", "{}_SRF_4_LR.png")
    for method in ("bicubic", "SRCNN"):
        write_set(folder, f"{{}}_SRF_4_{method}.png", None)
    pairs = open_dataset("set5", tmp_path).pairs
    assert [pair.name for pair in pairs] == ["a", "b", "c"]
    assert all(pair.lr is not None for pair in pairs)
    assert "6 files" in caplog.text
    assert "a_SRF_4_SRCNN.png" in caplog.text


def test_a_stranger_beside_marked_pairs_is_refused(tmp_path):
    write_set(tmp_path, "{}_HR.png", "{}_LR.png")
    write(tmp_path / "holiday.png", picture())
    with pytest.raises(InputError, match=r"holiday\.png' are neither HR nor LR"):
        find_pairs(tmp_path)


def test_loose_images_are_the_set_whatever_folder_lies_among_them(tmp_path):
    write_set(tmp_path, "{}.png", None)
    write_set(tmp_path / "originals", "{}.png", None, ("x",))
    assert [pair.name for pair in find_pairs(tmp_path)] == ["a", "b", "c"]


def test_names_that_only_look_marked_are_hr(tmp_path):
    write_set(tmp_path, "{}.png", None, ("car_gt", "lr", "low_tide"))
    assert [pair.lr for pair in find_pairs(tmp_path)] == [None] * 3


def test_composed_and_decomposed_accents_are_one_name(tmp_path):
    composed = "caf\u00e9"
    write(tmp_path / f"HR/{composed}.png", picture())
    write(tmp_path / f"LR/{unicodedata.normalize('NFD', composed)}.png",
          bicubic_downsample(picture()))  # fmt: skip
    assert [pair.name for pair in find_pairs(tmp_path)] == [composed]


@pytest.mark.parametrize("hr", ["HR/{}.png", "{}.png"])
def test_folder_of_hr_images_gets_its_lr_made(tmp_path, hr):
    pairs = find_pairs(write_set(tmp_path, hr, None))
    assert [pair.lr for pair in pairs] == [None] * 3
    low, high = pairs[1].load()
    assert torch.equal(high, picture(seed=1))
    assert torch.equal(low, bicubic_downsample(high))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("0801x4.png", "0801"),
        ("img_001_SRF_4_LR.png", "img_001"),
        ("baby_HR.png", "baby"),
        ("comic-x4.png", "comic"),
        ("butterfly_bicubic_x4.png", "butterfly"),
        ("hr.png", "hr"),
        ("thriller.png", "thriller"),
    ],
)
def test_name_endings_of_published_sets_are_dropped(tmp_path, file, name):
    assert image_name(tmp_path / file) == name


def test_equal_stems_are_kept_whole(tmp_path):
    pairs = find_pairs(write_set(tmp_path, "HR/{}.png", "LR/{}.png", names=("matrix4",)))
    assert [pair.name for pair in pairs] == ["matrix4"]


def test_hr_without_lr_is_named(tmp_path):
    write_set(tmp_path)
    (tmp_path / "LR_bicubic/X4/bx4.png").unlink()
    with pytest.raises(InputError, match=r"1 HR image has no LR .*HR/b\.png"):
        find_pairs(tmp_path)


def test_lr_without_hr_is_named(tmp_path):
    write_set(tmp_path)
    (tmp_path / "HR/a.png").unlink()
    (tmp_path / "HR/c.png").unlink()
    with pytest.raises(InputError, match=r"2 LR images have no HR .*ax4\.png.*cx4\.png"):
        find_pairs(tmp_path)


def test_two_files_of_one_name_are_refused(tmp_path):
    write_set(tmp_path, "{}.png", None)
    (tmp_path / "a.bmp").write_bytes((tmp_path / "a.png").read_bytes())
    with pytest.raises(InputError, match=r"a\.bmp' and .*a\.png' share"):
        find_pairs(tmp_path)


def test_empty_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden.png").write_text("no image")
    with pytest.raises(InputError, match="holds no image"):
        find_pairs(tmp_path)


def test_hr_is_cut_to_a_multiple_of_4(tmp_path):
    image = picture(35, 42)
    pair = Pair(name="a", hr=write(tmp_path / "a.png", image))
    lr, hr = pair.load()
    assert torch.equal(hr, image[:, :32, :40])
    assert lr.shape == (3, 8, 10)


def test_lr_of_the_uncut_hr_is_cut_too(tmp_path):
    image = picture(33, 42)
    low = bicubic_downsample(image[:, :32, :40])
    larger = torch.cat([low, low[:, -1:]], dim=1)
    larger = torch.cat([larger, larger[:, :, -1:]], dim=2)
    pair = Pair(
        name="a", hr=write(tmp_path / "a.png", image), lr=write(tmp_path / "a_LR.png", larger)
    )
    assert torch.equal(pair.load()[0], low)


@pytest.mark.parametrize("shape", [(7, 10), (10, 10), (16, 20), (32, 40)])
def test_lr_of_a_wrong_size_is_named(tmp_path, shape):
    pair = Pair(
        name="a",
        hr=write(tmp_path / "a.png", picture()),
        lr=write(tmp_path / "a_LR.png", picture(*shape)),
    )
    with pytest.raises(InputError, match=rf"a_LR\.png' has {shape[1]}x{shape[0]} .*asks for 10x8"):
        pair.load()


def test_hr_below_4_pixels_is_refused(tmp_path):
    pair = Pair(name="a", hr=write(tmp_path / "a.png", picture(3, 40)))
    with pytest.raises(InputError, match="smaller than 4x4"):
        pair.load()


def test_large_image_is_cut_to_its_center(tmp_path):
    image = picture(32, 40)
    pair = Pair(name="a", hr=write(tmp_path / "a.png", image), largest=16)
    assert torch.equal(pair.load()[1], image[:, 8:24, 12:28])


def test_lr_of_another_image_is_refused_by_name(tmp_path):
    write_set(tmp_path)
    a, b = tmp_path / "LR_bicubic/X4/ax4.png", tmp_path / "LR_bicubic/X4/bx4.png"
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)
    with pytest.raises(InputError, match=r"2 LR of 3 .*ax4\.png', .*bx4\.png'; give"):
        check_pairs(find_pairs(tmp_path))


def test_lr_of_another_kernel_is_used_with_a_warning(tmp_path, caplog):
    high = write(tmp_path / "HR/a.png", picture(64, 64))
    with Image.open(high) as image:
        low = image.resize((16, 16), Image.Resampling.BILINEAR)
    (tmp_path / "LR").mkdir()
    low.save(tmp_path / "LR/a.png")
    pair = find_pairs(tmp_path)[0]
    assert 30 < degradation_psnr(*pair.load()) < 45
    check_pairs([pair])
    assert "the LR of 'a' is not the bicubic LR" in caplog.text


def test_right_lr_raises_no_warning(tmp_path, caplog):
    check_pairs(find_pairs(write_set(tmp_path)))
    assert not caplog.records


def test_degradation_psnr_of_the_true_lr_is_infinite():
    high = picture()
    assert degradation_psnr(bicubic_downsample(high), high) == math.inf


def test_hash_is_over_pixels_not_files(tmp_path):
    write_set(tmp_path / "one")
    write_set(tmp_path / "two", "{}.bmp.png", None)
    for file in (tmp_path / "two").iterdir():
        Image.fromarray(np.array(Image.open(file))).save(file.with_name(file.name[:5]))
        file.unlink()
    one, two = (open_dataset(str(tmp_path / name)) for name in ("one", "two"))
    assert one.sha256() == two.sha256()


def test_hash_changes_with_one_pixel(tmp_path):
    write_set(tmp_path, "{}.png", None)
    before = open_dataset(str(tmp_path)).sha256()
    image = load_image(tmp_path / "b.png")
    image[0, 5, 5] = 1 - image[0, 5, 5].round()
    save_image(image, tmp_path / "b.png")
    assert open_dataset(str(tmp_path)).sha256() != before


def test_combined_hash_does_not_depend_on_order():
    digests = {"a": "1", "b": "2"}
    assert combine_sha256(digests) == combine_sha256(dict(reversed(digests.items())))
    assert combine_sha256(digests) != combine_sha256({"a": "2", "b": "1"})


def test_content_decides_whether_a_pair_is_the_same(tmp_path):
    pair = Pair(name="a", hr=write(tmp_path / "a.png", picture()))
    before = pair.content()
    assert pair.content() == before
    write(tmp_path / "a.png", picture(seed=1))
    assert pair.content() != before


def test_content_of_a_removed_file_names_it(tmp_path):
    with pytest.raises(InputError, match=r"gone\.png"):
        Pair(name="a", hr=tmp_path / "gone.png").content()


@pytest.mark.parametrize("folder", ["Set5", "SET5", "set5"])
def test_named_set_is_found_in_any_case(tmp_path, folder):
    write_set(tmp_path / folder)
    dataset = open_dataset("set5", tmp_path)
    assert (dataset.id, dataset.title, len(dataset.pairs)) == ("set5", "Set5", 3)


def test_named_set_is_found_through_the_variable(tmp_path, monkeypatch):
    write_set(tmp_path / "B100")
    monkeypatch.setenv("PDBENCH_DATA", str(tmp_path))
    assert len(open_dataset("bsd100").pairs) == 3


@pytest.mark.parametrize("top", [".", "DIV2K"])
def test_div2k_is_found_as_it_unpacks(tmp_path, top):
    write_set(
        tmp_path / top, "DIV2K_valid_HR/{}.png", "DIV2K_valid_LR_bicubic/X4/{}x4.png", ("0801",)
    )
    assert [pair.name for pair in open_dataset("div2k-val", tmp_path).pairs] == ["0801"]


def test_named_set_without_a_root_says_how_to_give_one():
    with pytest.raises(InputError, match="--data-root"):
        open_dataset("set5")


def test_missing_named_set_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(InputError, match=rf"'set14' is not under '{tmp_path}'"):
        open_dataset("set14", tmp_path)


def test_unknown_set_names_the_close_ones():
    with pytest.raises(InputError, match="unknown dataset 'builtn'; did you mean builtin"):
        open_dataset("builtn")


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"'.*nowhere' does not exist"):
        open_dataset(str(tmp_path / "nowhere"))


def test_folder_set_takes_its_id_from_the_folder(tmp_path):
    write_set(tmp_path / "My Photos (2)", "HR/{}.png", None)
    assert open_dataset(str(tmp_path / "My Photos (2)")).id == "my-photos-2"
    assert open_dataset(str(tmp_path / "My Photos (2)" / "HR")).id == "my-photos-2"


def test_every_listed_set_is_titled():
    assert next(iter(DATASETS)) == "builtin"
    assert all(DATASETS.values())
