"""Prepared photographs: the same crops, resumable, and never half done."""

import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from pdbench.data import prepare
from pdbench.data.patches import Patches, PatchSettings, find_photos, load_photos, split_photos
from pdbench.data.prepare import prepare_photos
from pdbench.data.prepared import PIXELS, is_prepared, open_prepared
from pdbench.errors import InputError

SIZES = [(70, 61), (40, 100), (33, 33), (3, 50), (64, 64)]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index, size in enumerate(SIZES):
        pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


def prepared(photos, out, **options):
    return prepare_photos([photos], out, progress=False, **options)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_crops_equal_those_of_the_original_files(photos, tmp_path):
    prepared(photos, tmp_path / "out")
    settings = PatchSettings(lr_side=8, graphics=0.2, saturate=0.2)
    ours, theirs = (
        Patches(load_photos(find_photos([folder]), 8), settings)
        for folder in (tmp_path / "out", photos)
    )
    for index in range(40):
        assert all(torch.equal(a, b) for a, b in zip(ours[index], theirs[index], strict=True))


def test_the_same_photographs_are_held_out(photos, tmp_path):
    prepared(photos, tmp_path / "out")
    splits = [split_photos(find_photos([f]), 2) for f in (tmp_path / "out", photos)]
    names = [[[photo.name for photo in part] for part in split] for split in splits]
    assert names[0] == names[1]


def test_only_photographs_as_large_as_a_crop_are_used(photos, tmp_path):
    prepared(photos, tmp_path / "out")
    assert [photo.name for photo in load_photos(find_photos([tmp_path / "out"]), 15)] == [
        "0.png",
        "4.png",
    ]


def test_folders_may_be_mixed_and_files_come_first(photos, tmp_path):
    prepared(photos, tmp_path / "out")
    others = shutil.copytree(photos, tmp_path / "others")
    found = find_photos([tmp_path / "out", others])
    assert [item.name for item in found] == [f"{i}.png" for i in range(5)] * 2
    assert found[:5] == sorted(others.iterdir())


def test_a_photograph_named_twice_is_prepared_once(photos, tmp_path):
    out = tmp_path / "out"
    assert len(prepare_photos([photos, photos], out, progress=False)) == len(SIZES)


def test_a_kill_anywhere_loses_no_finished_photograph(photos, tmp_path, monkeypatch):
    prepared(photos, tmp_path / "whole")
    read, seen = prepare.read_photo, []

    def dying(path):
        seen.append(path.name)
        if len(seen) in (3, 5):
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(prepare, "read_photo", dying)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            prepared(photos, tmp_path / "cut")
    with (tmp_path / "cut" / f"{PIXELS}.part").open("ab") as file:
        file.write(b"half a photograph")
    with (tmp_path / "cut" / "journal.jsonl").open("a") as file:
        file.write('{"name": "2.p')
    prepared(photos, tmp_path / "cut")
    assert seen == [f"{i}.png" for i in (0, 1, 2, 2, 3, 3, 4)]
    assert content(tmp_path / "cut") == content(tmp_path / "whole")


def test_a_kill_before_the_index_is_mended(photos, tmp_path):
    prepared(photos, tmp_path / "out")
    before = content(tmp_path / "out")
    (tmp_path / "out" / "index.json").unlink()
    with pytest.raises(InputError, match="unfinished"):
        find_photos([tmp_path / "out"])
    prepared(photos, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_an_unfinished_folder_is_not_trained_on(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "_append", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        prepared(photos, tmp_path / "out")
    assert is_prepared(tmp_path / "out")
    with pytest.raises(InputError, match="run the same 'pdbench data prepare' again"):
        find_photos([tmp_path / "out"])


def test_a_file_that_changed_in_between_is_read_again(photos, tmp_path, monkeypatch):
    read = prepare.read_photo
    monkeypatch.setattr(prepare, "read_photo", lambda p: 1 / 0 if p.name == "2.png" else read(p))
    with pytest.raises(ZeroDivisionError):
        prepared(photos, tmp_path / "out")
    monkeypatch.setattr(prepare, "read_photo", read)
    Image.new("RGB", (80, 80), "red").save(photos / "1.png")
    found = prepared(photos, tmp_path / "out")
    assert found[1].hr.shape == (80, 80, 3)
    assert found[1].hr[0, 0].tolist() == [255, 0, 0]


def test_a_second_call_reads_nothing(photos, tmp_path, monkeypatch):
    prepared(photos, tmp_path / "out")
    monkeypatch.setattr(prepare, "read_photo", lambda _path: 1 / 0)
    assert len(prepared(photos, tmp_path / "out")) == 5


def test_other_photographs_in_the_same_folder_are_refused(photos, tmp_path):
    prepared(photos, tmp_path / "out")
    (photos / "0.png").unlink()
    with pytest.raises(InputError, match="prepared from other photographs"):
        prepared(photos, tmp_path / "out")


def test_a_prepared_folder_is_not_prepared_again(photos, tmp_path):
    prepared(photos, tmp_path / "out")
    with pytest.raises(InputError, match="prepared already"):
        prepared(tmp_path / "out", tmp_path / "twice")


def test_two_processes_in_one_folder_are_refused(photos, tmp_path, monkeypatch):
    real = prepare._append

    def meddle(*arguments):
        with pytest.raises(InputError, match="another process is preparing"):
            prepared(photos, tmp_path / "out")
        return real(*arguments)

    monkeypatch.setattr(prepare, "_append", meddle)
    assert len(prepared(photos, tmp_path / "out")) == 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "index.json").write_text("{"),
        lambda folder: (folder / "index.json").write_text('{"format": "other"}'),
        lambda folder: (folder / "index.json").write_text(json.dumps([1])),
        lambda folder: (folder / PIXELS).write_bytes(b"short"),
    ],
)
def test_a_damaged_folder_is_refused(photos, tmp_path, damage):
    prepared(photos, tmp_path / "out")
    damage(tmp_path / "out")
    with pytest.raises(InputError, match="damaged; remove it and prepare it again"):
        open_prepared(tmp_path / "out")


def test_a_broken_image_is_named(photos, tmp_path):
    (photos / "9.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"9\.png"):
        prepared(photos, tmp_path / "out")


def test_a_photo_sent_to_a_worker_process_carries_no_pixels(photos, tmp_path):
    photo = prepared(photos, tmp_path / "out")[0]
    sent = pickle.dumps(photo)
    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent).hr, photo.hr)


def test_several_processes_write_the_same_folder(photos, tmp_path):
    prepared(photos, tmp_path / "one")
    prepared(photos, tmp_path / "two", jobs=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")
