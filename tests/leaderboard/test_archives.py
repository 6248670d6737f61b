"""Images handed in: folders and zip files, with every trick a stranger may try."""

import io
import os
import stat
import struct
import zipfile

import pytest
from PIL import Image

from pdbench.errors import InputError
from pdbench.leaderboard.archives import dataset_folder, open_images


def png(side=4):
    stream = io.BytesIO()
    Image.new("RGB", (side, side), (9, 8, 7)).save(stream, "png")
    return stream.getvalue()


def zipped(tmp_path, members, name="images.zip"):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def refused(path):
    with pytest.raises(InputError) as caught, open_images(path):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_is_taken_as_it_is(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    with open_images(tmp_path) as folder:
        assert folder == tmp_path


@pytest.mark.parametrize("prefix", ["", "wrapped/", "wrapped/set5/"])
def test_a_zip_file_is_unpacked_and_gone_afterwards(prefix, tmp_path):
    path = zipped(tmp_path, {f"{prefix}a.png": png(), f"{prefix}b.png": png()})
    with open_images(path) as folder:
        inner = dataset_folder(folder, "set5", alone=True)
        assert sorted(file.name for file in inner.iterdir()) == ["a.png", "b.png"]
    assert not folder.exists()


CLUTTER = ("__MACOSX/._a.png", "__MACOSX/Set5/._a.png", ".DS_Store", "Set5/.DS_Store",
           "Set5/._a.png", "Set5/Thumbs.db", "Set5/desktop.ini")  # fmt: skip


def test_what_finder_and_explorer_add_is_left_out(tmp_path):
    members = {"Set5/a.png": png(), **dict.fromkeys(CLUTTER, b"\x00\x05\x16\x07 no image")}
    with open_images(zipped(tmp_path, members)) as folder:
        assert [path.name for path in folder.rglob("*") if path.is_file()] == ["a.png"]
        assert [path.name for path in dataset_folder(folder, "set5", alone=True).iterdir()] == [
            "a.png"
        ]
    for name, content in members.items():
        path = tmp_path / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with open_images(tmp_path / "unpacked") as folder:
        assert dataset_folder(folder, "set5", alone=False).name == "Set5"


@pytest.mark.parametrize("name", ["set5", "Set5", "SET-5", "Set5_x4"])
def test_a_folder_of_a_dataset_is_known_in_any_spelling(name, tmp_path):
    (tmp_path / name).mkdir()
    assert dataset_folder(tmp_path, "set5", alone=False).name == name
    with pytest.raises(InputError, match="no folder 'set14'"):
        dataset_folder(tmp_path, "set14", alone=False)


def test_several_datasets_need_a_folder_each(tmp_path):
    with pytest.raises(InputError, match="no folder 'set14'"):
        dataset_folder(tmp_path, "set14", alone=False)


LEADING_ELSEWHERE = (
    "../a.png",
    "x/../../a.png",
    "/etc/a.png",
    "C:/a.png",
    "..\\a.png",
    "a\\b.png",
    "./a.png",
    "x//a.png",
    ".hidden.png",
    "a\x1b[2J.png",
    "b\u202egnp.png",
    "a/b/c/d/e.png",
    "con/../a.png",
    "x" * 300 + ".png",
)


def test_an_error_of_an_open_zip_file_names_it_and_its_member(tmp_path):
    path = zipped(tmp_path, {"set5/a.png": b"no image"})
    assert refused(path).startswith(f"'{path}/set5/a.png' is called an image but")
    path = zipped(tmp_path, {"set5/a.png": png()})
    with pytest.raises(InputError) as caught, open_images(path) as folder:
        raise InputError(f"cannot read '{folder}/a.png'")
    assert str(caught.value) == f"cannot read '{path}/set5/a.png'"


def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    for name in LEADING_ELSEWHERE:
        assert "name that could lead elsewhere" in refused(zipped(inside, {name: png()})), name
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["images.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_in_a_zip_file_is_refused(kind, tmp_path):
    info = zipfile.ZipInfo("a.png")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "link or device" in refused(tmp_path / "z.zip")


def test_only_images_are_unpacked(tmp_path):
    for name in ("run.py", "a.svg", "a.html", "a.png.exe", "card.yaml", "README"):
        assert "not an image" in refused(zipped(tmp_path, {"a.png": png(), name: b"x"})), name


def test_two_files_of_one_name_are_refused(tmp_path):
    assert "one name" in refused(zipped(tmp_path, {"a.png": png(), "A.png": png()}))


def test_a_size_that_is_a_lie_is_found_while_unpacking(tmp_path):
    path = zipped(tmp_path, {"a.png": b"\x89PNG" + b"0" * 5_000_000})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)  # the uncompressed size it claims
    path.write_bytes(content)
    assert "unpack" in refused(path)


def test_a_bomb_is_refused_by_the_size_it_admits(tmp_path):
    path = zipped(tmp_path, {"a.png": png()})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 2**31)
    path.write_bytes(content)
    assert "larger than any image" in refused(path)


def test_more_members_than_any_set_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pdbench.leaderboard.archives.MOST_MEMBERS", 3)
    assert "too much" in refused(zipped(tmp_path, {f"{i}.png": png() for i in range(4)}))


def test_an_encrypted_or_damaged_file_is_one_line(tmp_path):
    path = zipped(tmp_path, {"a.png": png()})
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "encrypted" in refused(path)
    whole = zipped(tmp_path, {"a.png": os.urandom(9000)}).read_bytes()
    path.write_bytes(whole[:200] + b"\0" * 60 + whole[260:])
    assert "cannot unpack" in refused(path)
    (tmp_path / "no.zip").write_bytes(b"PK but nothing else")
    assert "neither a folder nor a zip" in refused(tmp_path / "no.zip")
    assert "no folder" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize("place", ["a.png", "set5/a.png"])
def test_a_link_in_a_folder_is_refused(place, tmp_path):
    (tmp_path / "secret.png").write_bytes(png())
    path = tmp_path / "sr" / place
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "secret.png")
    assert "is a link" in refused(tmp_path / "sr")


def test_a_linked_folder_inside_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sr").mkdir()
    (tmp_path / "sr" / "set5").symlink_to(tmp_path / "elsewhere")
    assert "is a link" in refused(tmp_path / "sr")


def test_a_pipe_does_not_stop_the_board(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    assert "link or a device" in refused(tmp_path)


def test_a_file_of_another_kind_under_an_image_name_is_refused(tmp_path):
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n(touch owned) system"
    for content in (script, b"<svg/>", b"MZ", b"", b"GIF89a"):
        (tmp_path / "a.png").write_bytes(content)
        assert "called an image but is not" in refused(tmp_path), content
