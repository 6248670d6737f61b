"""The command line called in-process."""

from dataclasses import dataclass

import pytest

from pdbench.cli import main


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def line(self):
        """The one line of stderr an error consists of."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, f"expected one line on stderr, got: {self.err!r}"
        return lines[0]


@pytest.fixture
def pdbench(capsys, monkeypatch, tmp_path):
    """Call `pdbench WORDS...` in an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def refused(pdbench):
    """Call a command that must fail as a user error; returns its one line."""

    def call(*words):
        outcome = pdbench(*words)
        assert outcome.code == 2, outcome
        assert outcome.line.startswith("pdbench: ")
        return outcome.line

    return call
