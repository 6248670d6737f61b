import dataclasses
import hashlib
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pdbench import weights
from pdbench.errors import InputError, WeightsUnavailable
from pdbench.weights import (
    BundledFile,
    WeightFile,
    bundled_bytes,
    fetch,
    find,
    is_offline,
    settings,
)

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def declare(url="", *, sha256=SHA256[:8], build=None):
    return WeightFile(
        name="net.pth",
        sha256=sha256,
        url=url,
        folders=("checkpoints",),
        how="ask its author",
        build=build,
    )


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """A machine with empty caches that has met no host yet."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(weights, "_unreachable", {})
    monkeypatch.setattr(weights, "_failed", {})
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("PDBENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("PDBENCH_OFFLINE", "")


class Host(BaseHTTPRequestHandler):
    """Serves `content`, with ranges, and remembers what it was asked."""

    content = CONTENT
    asked: list[str]

    def do_GET(self):
        wanted = self.headers.get("Range", "")
        self.asked.append(wanted)
        if self.path == "/missing":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
        if start >= len(self.content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        self.wfile.write(self.content[start:])

    def log_message(self, *_):
        pass


@pytest.fixture
def host():
    """Run a host in this process; yields (its address, what it was asked, its handler)."""
    handler = type("Handler", (Host,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/net.pth", handler
    server.shutdown()
    thread.join()
    server.server_close()


def place(folder, content=CONTENT):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "net.pth"
    path.write_bytes(content)
    return path


def test_the_named_folder_is_believed_before_the_caches(tmp_path):
    place(tmp_path / "cache")
    named = place(tmp_path / "named")
    with settings(weights_dir=tmp_path / "named"):
        assert find(declare()) == named


@pytest.mark.parametrize(
    "folder", ["cache", "torch/hub/checkpoints", "hub/models--a--b/snapshots/0"]
)
def test_a_copy_in_any_cache_is_found(tmp_path, folder):
    path = place(tmp_path / folder)
    assert find(declare()) == path
    assert fetch(declare()) == path


def test_a_copy_with_another_sha256_is_passed_over_with_a_warning(tmp_path, caplog):
    place(tmp_path / "torch/hub/checkpoints", b"not it")
    with caplog.at_level(logging.WARNING):
        assert find(declare()) is None
    assert "is not the file wanted" in caplog.text


def test_a_file_that_changes_is_hashed_again(tmp_path):
    path = place(tmp_path / "cache")
    before = weights.sha256_of(path)
    path.write_bytes(b"changed")
    assert weights.sha256_of(path) != before


def test_a_download_is_verified_and_kept(tmp_path, host):
    url, handler = host
    path = fetch(declare(url))
    assert path == tmp_path / "cache" / "net.pth"
    assert path.read_bytes() == CONTENT
    fetch(declare(url))
    assert len(handler.asked) == 1


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path, host):
    url, handler = host
    place(tmp_path / "cache", CONTENT[:1000]).rename(tmp_path / "cache" / "net.pth.part")
    assert fetch(declare(url)).read_bytes() == CONTENT
    assert handler.asked == ["bytes=1000-"]


def test_a_spoilt_beginning_is_thrown_away(tmp_path, host):
    url, _ = host
    place(tmp_path / "cache", b"spoilt").rename(tmp_path / "cache" / "net.pth.part")
    assert fetch(declare(url)).read_bytes() == CONTENT


@pytest.mark.parametrize("more", [0, 10])
def test_a_wrong_beginning_as_long_as_the_file_is_thrown_away(tmp_path, host, more):
    url, handler = host
    spoilt = bytes(len(CONTENT) + more)
    place(tmp_path / "cache", spoilt).rename(tmp_path / "cache" / "net.pth.part")
    assert fetch(declare(url)).read_bytes() == CONTENT
    assert handler.asked == [f"bytes={len(spoilt)}-", ""]


def test_a_download_with_another_sha256_is_not_kept(tmp_path, host):
    url, handler = host
    handler.content = b"something else"
    with pytest.raises(WeightsUnavailable, match="sent has another sha256; ask its author"):
        fetch(declare(url))
    assert not [path for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"]


def test_a_host_that_answers_no_is_quoted(host):
    url, _ = host
    with pytest.raises(WeightsUnavailable, match=r"127\.0\.0\.1 answers 404"):
        fetch(declare(url.replace("net.pth", "missing")))


def test_an_unreachable_host_is_asked_once(monkeypatch):
    calls = []

    def refuse(*_, **__):
        calls.append(1)
        raise OSError("no route")

    monkeypatch.setattr(weights.urllib.request, "urlopen", refuse)
    for name in ("net.pth", "other.pth"):
        file = dataclasses.replace(declare(f"https://nowhere.invalid/{name}"), name=name)
        with pytest.raises(WeightsUnavailable, match=r"cannot be reached \(no route\)"):
            fetch(file)
    assert len(calls) == 1


def test_a_silent_host_costs_no_more_than_the_limit(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(weights, "_CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(weights.urllib.request, "urlopen", lambda *_, **__: over.wait(20))
    start = time.monotonic()
    with pytest.raises(WeightsUnavailable, match="no answer"):
        fetch(declare("https://nowhere.invalid/net.pth"))
    assert time.monotonic() - start < 5
    over.set()


def test_offline_asks_nobody(monkeypatch, host):
    url, handler = host
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    with pytest.raises(WeightsUnavailable, match="PDBENCH_OFFLINE"):
        fetch(declare(url))
    assert handler.asked == []


def test_the_error_is_one_sentence_with_name_digest_reason_and_remedy():
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(declare())
    text = str(caught.value)
    assert text == (
        f"net.pth (sha256 {SHA256[:8]}...) is not on this machine and it has no download address; "
        "ask its author"
    )


def test_a_file_of_another_sha256_is_said_to_be_here(tmp_path, monkeypatch):
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path))
    (tmp_path / "net.pth").write_bytes(b"other weights")
    found = hashlib.sha256(b"other weights").hexdigest()[:8]
    says = rf"net.pth \(sha256 {SHA256[:8]}...\) is here with sha256 {found}... only and it has no"
    with pytest.raises(WeightsUnavailable, match=says):
        fetch(declare())


def test_a_file_that_can_be_built_is_built_once(tmp_path):
    calls = []
    file = declare(build=lambda: calls.append(1) or CONTENT)
    assert fetch(file) == fetch(file) == tmp_path / "cache" / "net.pth"
    assert len(calls) == 1


def test_a_file_built_wrong_is_not_kept(tmp_path):
    with pytest.raises(WeightsUnavailable, match="another sha256"):
        fetch(declare(build=lambda: b"wrong"))
    assert not (tmp_path / "cache" / "net.pth").exists()


def failing_build(calls, *, seconds=0.0):
    def build():
        calls.append(1)
        time.sleep(seconds)
        raise WeightsUnavailable("no source has it")

    return build


def test_what_failed_is_not_tried_again_but_looked_for_again(tmp_path):
    calls = []
    file = declare(build=failing_build(calls))
    for _ in range(2):
        with pytest.raises(WeightsUnavailable, match="no source has it"):
            fetch(file)
    assert len(calls) == 1
    path = place(tmp_path / "cache")
    assert fetch(file) == path


@pytest.mark.skipif(weights.fcntl is None, reason="no file locks on this system")
def test_who_waited_for_one_that_failed_does_not_try_again(monkeypatch):
    calls, errors = [], []
    file = declare(build=failing_build(calls, seconds=0.3))
    # Two processes have no table in common; a table that forgets stands for that.
    monkeypatch.setattr(weights, "_failed", type("Forgetful", (dict,), {"__contains__": never})())

    def ask():
        with pytest.raises(WeightsUnavailable) as caught:
            fetch(file)
        errors.append(str(caught.value))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(set(errors)) == 1
    with pytest.raises(WeightsUnavailable):
        fetch(file)
    assert len(calls) == 2


def never(*_):
    return False


def test_a_cache_that_cannot_be_written_is_a_reason(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(WeightsUnavailable, match=r"^net\.pth"):
        fetch(declare(build=lambda: CONTENT))


def test_a_weights_folder_that_does_not_exist_is_an_error(tmp_path):
    with (
        pytest.raises(InputError, match="no weights folder"),
        settings(weights_dir=tmp_path / "absent"),
    ):
        raise AssertionError


def test_settings_end_with_their_block(tmp_path):
    place(tmp_path / "named")
    with settings(weights_dir=tmp_path / "named", offline=True):
        assert is_offline()
    assert find(declare()) is None
    assert not is_offline()


def test_a_carried_file_that_was_altered_is_refused():
    altered = BundledFile(name="niqe.safetensors", sha256="0" * 64, package="pdbench.metrics")
    with pytest.raises(WeightsUnavailable, match="damaged; install pdbench again"):
        bundled_bytes(altered)
