"""Every option of the command line has its name in Python too, or docs/api.md says where not."""

import importlib
import inspect
from pathlib import Path

import click
import pytest

import pdbench
from pdbench.cli.main import COMMANDS
from pdbench.cli.submit import CARD_FIELDS
from pdbench.harness.options import OptionFields

CALLS = {
    "data export": "export_data",
    "data get": "get_data",
    "data prepare": "prepare_data",
    "eval": "evaluate",
    "leaderboard build": "build_leaderboard",
    "leaderboard crops": "make_crops",
    "leaderboard serve": "open_server",
    "leaderboard verify": "verify",
    "list": "list_all",
    "protocol show": "protocol",
    "weights import": "import_weights",
    "weights list": "list_all",
    "weights show": "show_weights",
}
"""Commands whose call has another name."""

RENAMED = {"--as": "name", "--format": "form", "--from": "start", "--id": "name"}
ONLY_SHELL = {"--json", "--keys", "--quiet", "--traceback", "--verbose", "serve --board"}
SAID = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def commands():
    for name in COMMANDS:
        found = importlib.import_module(f"pdbench.cli.{name}").command
        if isinstance(found, click.Group):
            yield from ((f"{name} {part}", one) for part, one in found.commands.items())
        else:
            yield name, found


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_an_option_has_its_name_in_python(name, command):
    call = CALLS.get(name, name)
    known = set(inspect.signature(getattr(pdbench, call)).parameters)
    if "fields" in known:
        known |= set(OptionFields.__annotations__)
    for param in command.params:
        spellings = {word.lstrip("-").replace("-", "_") for word in param.opts}
        if name == "submit" and param.name in CARD_FIELDS:
            assert "card" in known
        elif not spellings & known and f"{min(spellings)}s" not in known:
            word = max(param.opts, key=len)
            assert (
                RENAMED.get(word) in known
                or word in ONLY_SHELL
                or (f"{name.split()[-1]} {word}" in ONLY_SHELL)
            )


def test_the_docs_say_where_names_differ():
    words = {*RENAMED, *(word.split()[-1] for word in ONLY_SHELL)}
    assert not {word for word in words if f"`{word}`" not in SAID}
    missing = {f"pdbench {name}" for name in CALLS if f"`pdbench {name}`" not in SAID}
    assert not missing
