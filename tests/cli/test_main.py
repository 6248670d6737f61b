"""What every command shares: help, errors of the user, of the machine, and Ctrl-C."""

import errno
import json
import logging
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

import pdbench as api
from pdbench.cli.main import COMMANDS, LazyGroup
from pdbench.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def modules_after(words):
    """Return the names of the modules a fresh interpreter has loaded after `pdbench WORDS`."""
    code = (
        "import sys, pdbench, pdbench.cli\n"
        f"pdbench.cli.main({words!r})\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["-h"], ["run", "--help"], ["train", "-h"]])
def test_help_loads_neither_torch_nor_numpy(words):
    loaded = modules_after(words)
    assert not loaded & {"torch", "numpy", "scipy", "PIL", "pandas", "plotly", "pydantic", "yaml"}


def test_help_names_every_command(pdbench):
    outcome = pdbench("--help")
    assert outcome.code == 0
    assert all(f"  {name} " in outcome.out for name in COMMANDS)


def test_no_command_at_all_prints_the_help(pdbench):
    assert "Commands:" in pdbench().out


CALLS = {
    "data": "prepare_data",
    "eval": "evaluate",
    "leaderboard": "verify",
    "list": "list_all",
    "weights": "import_weights",
}


def test_every_command_has_help_and_a_public_call(pdbench):
    for name in COMMANDS:
        outcome = pdbench(name, "--help")
        assert outcome.code == 0
        assert outcome.out.startswith(f"Usage: pdbench {name}")
        assert callable(getattr(api, CALLS.get(name, name)))


def test_one_file_per_command():
    files = {path.stem for path in (ROOT / "pdbench" / "cli").glob("*.py")}
    others = {"__init__", "group", "ids", "main", "options", "outcome", "prompts", "terminal"}
    assert files - others == set(COMMANDS)


def test_version_is_the_packages(pdbench):
    import pdbench as package

    assert pdbench("--version").out == f"pdbench {package.__version__}\n"


def test_an_unknown_command_names_the_close_match(refused):
    assert "did you mean table?" in refused("tabel")


def test_an_unknown_option_is_one_line(refused):
    assert "--sed" in refused("run", "--sed", "3")


def test_a_wrong_value_is_one_line(refused):
    assert "compact" in refused("run", "--method", "bicubic", "--size", "huge")


def raising(error):
    @click.command()
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("the\nmessage"), 2, "pdbench: the message\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 2, "no space left"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 2, "'/x/y'"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_an_expected_error_is_one_line(error, code, says, pdbench, monkeypatch):
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: raising(error))
    outcome = pdbench("run")
    assert outcome.code == code
    assert says in outcome.line + "\n"


def test_a_bug_keeps_its_traceback(pdbench, monkeypatch):
    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        pdbench("run")


def completed(words):
    """Return what a shell is offered after these words."""
    environment = {
        "_PDBENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": f"pdbench {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    code = "import sys, pdbench.cli; sys.argv[0] = 'pdbench'; pdbench.cli.main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "torch" not in done.stderr
    return {line.partition(",")[2] for line in done.stdout.split()}


def test_completion_offers_the_commands():
    assert completed("t") == {"table", "train"}


@pytest.mark.parametrize("words", [["-v", "list", "methods"], ["list", "methods", "-v"]])
def test_verbosity_goes_before_and_after_the_command(words, pdbench):
    assert pdbench(*words).code == 0
    assert logging.getLogger().level == logging.INFO
    assert pdbench("list", "methods").code == 0
    assert logging.getLogger().level == logging.WARNING
    assert pdbench("list", "methods", "-q").code == 0
    assert logging.getLogger().level == logging.ERROR


@pytest.mark.parametrize("words", [["list", "suites"], ["doctor"]])
def test_lists_are_json_on_request(words, pdbench):
    found = json.loads(pdbench(*words, "--json").out)
    assert "table1" in [entry["id"] for entry in found] if words[0] == "list" else found["weights"]


def test_the_installed_script_is_this_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {"pdbench": "pdbench.cli:main"}
