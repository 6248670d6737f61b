"""What reaches a terminal: any encoding, no control characters, no complaint of a closed pipe."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pdbench.cli import terminal
from pdbench.cli.main import LazyGroup
from pdbench.errors import InputError

RESULTS = Path(__file__).resolve().parents[2] / "results" / "set5_x4"
PROGRAM = "import sys, pdbench.cli; sys.exit(pdbench.cli.main(sys.argv[1:]))"


def spawn(*words, **changes):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        cwd=RESULTS.parents[1],
        env={**os.environ, **changes},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437", "utf-8"])
def test_any_encoding_takes_the_table(encoding):
    process = spawn("table", RESULTS, PYTHONIOENCODING=encoding)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    head = out.decode(encoding).splitlines()[2]
    assert ("PSNR (dB)^" in head) == (encoding != "utf-8")


@pytest.mark.parametrize("words", [["table", RESULTS], ["--help"], ["list", "metrics"]])
def test_a_reader_that_is_gone_is_not_complained_of(words):
    with spawn(*words) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_error_carries_no_control_characters(pdbench, monkeypatch):
    @click.command()
    def command():
        raise InputError("no folder '\x1b]0;owned\x07\x9b31m\u202e'")

    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: command)
    outcome = pdbench("run")
    assert outcome.code == 2
    assert outcome.line.isprintable()
    assert "\\x1b]0;owned\\x07\\x9b31m\\u202e" in outcome.line


def test_a_log_line_stands_above_a_progress_bar(monkeypatch):
    from tqdm import tqdm

    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with tqdm(total=3, desc="scoring", file=stream, mininterval=0) as bar:
        bar.update()
        record = logging.LogRecord("x", logging.WARNING, "", 0, "careful\x1b[2J", (), None)
        terminal.LogHandler().emit(record)
    assert "pdbench: careful\\x1b[2J\n" in stream.getvalue()
    before = stream.getvalue().partition("pdbench: careful")[0]
    assert before.rpartition("\r")[2].strip() == ""
