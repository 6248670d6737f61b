"""Atomic replacement: whoever writes at the same time, one of the contents is there, whole."""

import os

from pdbench.atomic_write import replacement


def test_writers_of_one_process_id_do_not_mix(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 1)  # as in containers that share a folder
    path = tmp_path / "file"
    with replacement(path) as one, replacement(path) as two:
        one.write(b"a" * 10)
        two.write(b"b" * 5)
    assert path.read_bytes() == b"a" * 10
    assert list(tmp_path.iterdir()) == [path]
