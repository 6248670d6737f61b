"""Downloaded sets: whole, verified, in their place, from a host of the test's own."""

import hashlib
import io
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from pdbench import weights
from pdbench.data import ARCHIVES, Archive, downloads
from pdbench.data.datasets import DATASETS, open_dataset
from pdbench.data.downloads import get_set
from pdbench.errors import InputError


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch):
    monkeypatch.setattr(weights, "_unreachable", {})
    monkeypatch.setenv("PDBENCH_OFFLINE", "")


def png(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


MEMBERS = {
    "Toy_HR/a.png": png(0),
    "../../b.png": png(1),
    "Toy_HR/readme.txt": b"text",
    "Toy_HR/._a.png": b"junk of another system",
}


def as_tar(members=MEMBERS):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as bundle:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            bundle.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("Toy_HR/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        bundle.addfile(link)
    return file.getvalue()


def as_zip(members=MEMBERS):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def host():
    """Serve `content` at any path, with ranges; yields the handler and its address."""

    class Host(BaseHTTPRequestHandler):
        content = as_tar()
        asked: list[str] = []  # noqa: RUF012 (one class per test)

        def do_GET(self):
            wanted = self.headers.get("Range", "")
            self.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(self.content) - start))
            self.end_headers()
            self.wfile.write(self.content[start:])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Host, f"http://127.0.0.1:{server.server_port}/data/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def declare(host, monkeypatch):
    """Declare a downloadable set "toy" of one archive on the host."""

    def with_facts(name="Toy_HR.tar.gz", images=2, digest=""):
        archive = Archive(url=host[1] + name, folder="Set5/HR", images=images, digest=digest)
        monkeypatch.setattr(downloads, "ARCHIVES", {"toy": (archive,)})
        return host[0]

    return with_facts


def test_images_arrive_under_their_bare_names_and_nothing_else_does(declare, tmp_path):
    declare()
    (folder,) = get_set("toy", tmp_path / "root")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.png": png(0),
        "b.png": png(1),
    }
    everything = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert everything == {
        *("root", "root/Set5", "root/Set5/HR"),
        *("root/Set5/HR/a.png", "root/Set5/HR/b.png"),
    }


def test_a_digest_that_is_not_published_is_said_with_the_one_found(declare, tmp_path, caplog):
    found = hashlib.sha256(declare().content).hexdigest()
    get_set("toy", tmp_path)
    assert "no digest of Toy_HR.tar.gz is published" in caplog.text
    assert f"its sha256 is {found}" in caplog.text


def test_a_downloaded_set_is_found_by_its_name(declare, tmp_path):
    declare()
    get_set("toy", tmp_path)
    assert [pair.name for pair in open_dataset("set5", tmp_path).pairs] == ["a", "b"]


def test_a_zip_file_serves_as_well(declare, tmp_path):
    declare("Toy.zip").content = as_zip()
    (folder,) = get_set("toy", tmp_path)
    assert len(list(folder.iterdir())) == 2


def test_what_is_there_is_not_asked_for_again(declare, tmp_path):
    host = declare()
    get_set("toy", tmp_path)
    get_set("toy", tmp_path)
    assert len(host.asked) == 1


def test_a_download_that_broke_off_is_continued(declare, tmp_path):
    host = declare()
    (tmp_path / "Set5").mkdir()
    (tmp_path / "Set5" / "Toy_HR.tar.gz.part").write_bytes(host.content[:100])
    get_set("toy", tmp_path)
    assert host.asked == ["bytes=100-"]


def test_a_download_that_was_only_not_renamed_is_taken_as_it_is(declare, tmp_path):
    host = declare()
    (tmp_path / "Set5").mkdir()
    (tmp_path / "Set5" / "Toy_HR.tar.gz.part").write_bytes(host.content)
    get_set("toy", tmp_path)
    assert host.asked == []


def test_an_archive_got_by_other_means_is_used(declare, tmp_path):
    host = declare()
    (tmp_path / "Set5").mkdir()
    (tmp_path / "Set5" / "Toy_HR.tar.gz").write_bytes(host.content)
    get_set("toy", tmp_path)
    assert host.asked == []


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_the_published_digest_decides(declare, tmp_path, algorithm):
    digest = hashlib.new(algorithm, as_zip()).hexdigest()
    declare(digest=f"{algorithm}:{digest}").content = as_zip()
    get_set("toy", tmp_path / "right")
    declare(digest=f"{algorithm}:{'0' * len(digest)}")
    with pytest.raises(InputError, match="another sha256"):
        get_set("toy", tmp_path / "wrong")
    assert not (tmp_path / "wrong" / "Set5" / "HR").exists()


@pytest.mark.parametrize("content", [as_tar()[:-40], b"<html>", as_tar({"a.png": png(0)})])
def test_an_archive_that_is_not_whole_leaves_nothing_behind(declare, tmp_path, content):
    declare().content = content
    with pytest.raises(InputError, match="cannot get toy"):
        get_set("toy", tmp_path)
    assert [path.name for path in (tmp_path / "Set5").iterdir()] == [".Toy_HR.tar.gz.lock"]


def spoilt(content, part):
    """Flip one byte in the middle of a part of an archive."""
    at = content.index(part) + len(part) // 2
    return content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        spoilt(as_zip(), png(0)),
        spoilt(as_tar(), as_tar()[200:900]),  # zlib cannot read on, or the checksum differs
        spoilt(as_tar(), as_tar()[-8:-4]),  # the checksum itself
    ],
)
def test_a_damaged_archive_is_not_taken_for_whole(declare, tmp_path, content):
    host = declare()
    host.content = content
    with pytest.raises(InputError, match="cannot get toy"):
        get_set("toy", tmp_path)
    host.content = as_tar()
    (tmp_path / "Set5" / "Toy_HR.tar.gz").write_bytes(content)  # got by other means
    (folder,) = get_set("toy", tmp_path)
    assert {path.read_bytes() for path in folder.iterdir()} == {png(0), png(1)}


@pytest.mark.skipif(weights.fcntl is None, reason="no file locks on this system")
def test_of_two_that_want_a_set_one_downloads_it(declare, tmp_path):
    host = declare()
    with ThreadPoolExecutor() as pool:
        folders = pool.map(lambda _: get_set("toy", tmp_path), range(4))
        assert list(folders) == [[tmp_path / "Set5" / "HR"]] * 4
    assert len(host.asked) == 1
    assert [path.name for path in (tmp_path / "Set5").iterdir()] == ["HR"]


@pytest.mark.parametrize("error", [TimeoutError("timed out"), IncompleteRead(b"")])
def test_a_host_that_falls_silent_is_one_sentence(declare, tmp_path, monkeypatch, error):
    declare()

    def fall_silent(*_):
        raise error

    monkeypatch.setattr("http.client.HTTPResponse.read", fall_silent)
    with pytest.raises(InputError, match=r"cannot get toy: .*; get .* by other means"):
        get_set("toy", tmp_path)


def test_a_folder_that_holds_something_else_is_left_alone(declare, tmp_path):
    host = declare()
    (tmp_path / "Set5" / "HR").mkdir(parents=True)
    (tmp_path / "Set5" / "HR" / "mine.png").write_bytes(png(5))
    with pytest.raises(InputError, match="holds 1 images instead of 2; move it away"):
        get_set("toy", tmp_path)
    assert host.asked == []


def test_without_network_it_says_how_to_help_oneself(declare, tmp_path, monkeypatch):
    declare()
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    with pytest.raises(InputError, match=r"PDBENCH_OFFLINE.*by other means and put it into"):
        get_set("toy", tmp_path)


def test_every_declared_set_has_its_place(tmp_path):
    assert set(ARCHIVES) - set(DATASETS) == {"div2k-train"}
    for name, files in ARCHIVES.items():
        for archive in files:
            assert archive.url.startswith("https://")
            folder = tmp_path / archive.folder
            folder.mkdir(parents=True)
            (folder / "1.png").write_bytes(png(1))
        if name in DATASETS:
            assert [pair.name for pair in open_dataset(name, tmp_path).pairs] == ["1"]
