"""Crops are pure functions of their number; LR is always the degradation of HR."""

import numpy as np
import pytest
import torch
from PIL import Image

from pdbench.data.patches import Patches, PatchSettings, find_photos, make_photo, split_photos
from pdbench.data.prepare import prepare_photos
from pdbench.data.synthetic_crops import draw_graphics
from pdbench.errors import InputError


@pytest.fixture(scope="module")
def photos():
    rng = np.random.default_rng(0)
    return [
        make_photo(str(i), rng.integers(0, 256, (67, 90, 3), dtype=np.uint8)) for i in range(3)
    ]


@pytest.mark.parametrize(("graphics", "saturate"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_a_crop_depends_on_its_number_and_seed_only(photos, graphics, saturate):
    settings = PatchSettings(lr_side=8, graphics=graphics, saturate=saturate, seed=3)
    patches, again = (Patches(photos, settings) for _ in range(2))
    patches[5]
    assert all(torch.equal(a, b) for a, b in zip(patches[7], again[7], strict=True))
    assert not torch.equal(patches[7][1], patches[8][1])


def test_shapes_and_range(photos):
    lr, hr = Patches(photos, PatchSettings(lr_side=8))[0]
    assert lr.shape == (3, 8, 8)
    assert hr.shape == (3, 32, 32)
    assert hr.dtype == torch.float32
    assert hr.min() >= 0
    assert hr.max() <= 1


def test_lr_lies_under_its_hr(photos):
    for index in range(20):
        lr, hr = Patches(photos, PatchSettings(lr_side=12))[index]
        coarse = torch.nn.functional.avg_pool2d(hr, 4)
        assert (coarse - lr)[:, 2:-2, 2:-2].abs().mean() < 0.08


def test_held_out_files_are_spread_and_disjoint():
    files = list(range(100))
    train, held = split_photos(files, 10)
    assert sorted(train + held) == files
    assert len(held) == 10
    assert held[0] < 10 < 90 < held[-1]


def test_holding_everything_out_is_refused():
    with pytest.raises(InputError, match="too few"):
        split_photos([1, 2], 2)


def test_graphics_are_reproducible_and_varied():
    first, same = (draw_graphics(np.random.default_rng(0), 64) for _ in range(2))
    assert np.array_equal(first, same)
    assert first.shape == (64, 64, 3)
    deviations = [draw_graphics(np.random.default_rng(i), 64).std() for i in range(20)]
    assert np.median(deviations) > 20


@pytest.fixture
def folder(tmp_path):
    """Folder of six photographs, two of them in a folder below."""
    (tmp_path / "d" / "sub").mkdir(parents=True)
    for index, place in enumerate(("", "", "sub/", "", "sub/", "")):
        Image.new("RGB", (16, 16), (index, 0, 0)).save(tmp_path / "d" / f"{place}{index}.png")
    return tmp_path / "d"


def test_an_ordinary_folder_is_listed_and_split_by_the_order_of_its_paths(folder):
    found = find_photos([folder])
    assert found == sorted(folder.rglob("*.png"))
    assert [path.name for path in split_photos(found, 2)[1]] == ["1.png", "2.png"]


def test_a_photograph_that_is_named_twice_is_never_trained_on_and_held_out(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    prepare_photos([folder], tmp_path / "ready", progress=False)
    once = find_photos([folder])
    for twice in (
        [folder, folder],
        [folder, folder / "sub"],
        [folder / "sub", folder],
        [folder, folder / "sub" / ".."],
        [tmp_path / "ready", folder],
    ):
        assert [path.resolve() for path in find_photos(twice)] == once
    assert len(find_photos([folder, tmp_path / "link"])) == 6
    ready = find_photos([tmp_path / "ready"] * 2)
    assert [photo.name for photo in ready] == [path.name for path in once]


def test_a_file_is_not_called_missing(folder):
    with pytest.raises(InputError, match=r"0\.png' is a file; give --data its folder"):
        find_photos([folder / "0.png"])


def test_a_name_to_leave_out_that_nothing_has_is_said(folder, caplog):
    assert len(find_photos([folder], exclude=("1", "2.png"))) == 5
    assert [record.getMessage() for record in caplog.records] == [
        "no photograph is named '2.png': crops.exclude leaves nothing out by it"
    ]
