"""Every input of the corpus is refused by the command that reads it, in one line."""

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file

from pdbench.baselines import open_baseline
from pdbench.errors import InputError
from pdbench.harness.store import FILE
from pdbench.images import save_image

from .corpus import (
    ARGUMENTS,
    CARDS,
    CHECKPOINTS,
    NETWORK,
    RECIPE,
    RECIPES,
    RESULTS,
    RUN_FOLDERS,
    SCORES,
    SUBMISSIONS,
    TABLES,
)

SUBMITTED = Path(__file__).parents[2] / "leaderboard" / "submissions" / "imdn"


def changed(valid, changes):
    """Return JSON with values replaced, or added, at the paths that `changes` names."""
    whole = json.loads(json.dumps(valid))
    for place, value in changes.items():
        *above, last = place.split(" ")
        node = whole
        for key in above:
            node = node[int(key) if isinstance(node, list) else key]
        node[last] = value
    return whole


def short(value):
    return f"{value!r:.30}"


def content(given, valid, form=json.dumps):
    """Return what an entry of the corpus puts into its file."""
    text = form(changed(valid, given)) if isinstance(given, dict) else given
    return text if isinstance(text, bytes) else text.encode()


@pytest.mark.parametrize(("given", "says"), RECIPES, ids=short)
def test_a_recipe_is_refused(given, says, refused, tmp_path):
    (tmp_path / "recipe.yaml").write_bytes(content(given, RECIPE, yaml.safe_dump))
    words = ["--config", "recipe.yaml", "--data", ".", "--out", "out", "--device", "cpu"]
    assert says in refused("train", "rrdb", *words)


@pytest.mark.parametrize(("given", "says"), CARDS, ids=short)
def test_a_card_is_refused(given, says, refused, tmp_path):
    (tmp_path / "board" / "submissions").mkdir(parents=True)
    card = yaml.safe_load((SUBMITTED / "card.yaml").read_bytes())
    (tmp_path / "card.yaml").write_bytes(content(given, card, yaml.safe_dump))
    words = ["--card", "card.yaml", "--sr", ".", "--id", "mynet", "--board", "board"]
    assert says in refused("submit", *words)


@pytest.mark.parametrize(("given", "says"), SUBMISSIONS, ids=short)
def test_a_submission_is_refused(given, says, refused, tmp_path):
    folder = shutil.copytree(SUBMITTED, tmp_path / "board" / "submissions" / "imdn")
    provenance = folder / "provenance.json"
    provenance.write_bytes(content(given, json.loads(provenance.read_bytes())))
    assert says in refused("leaderboard", "verify", "imdn", "--board", "board")


@pytest.mark.parametrize(("given", "says"), RESULTS, ids=short)
def test_results_are_refused(given, says, refused, results):
    provenance = results / "provenance.json"
    provenance.write_bytes(content(given, json.loads(provenance.read_bytes())))
    assert says in refused("table", results)


@pytest.mark.parametrize(("given", "says"), SCORES, ids=short)
def test_scores_are_refused(given, says, refused, results):
    (results / "m.csv").write_bytes(content(given, None))
    assert says in refused("table", results)


@pytest.mark.parametrize(("place", "value", "says"), RUN_FOLDERS, ids=short)
def test_a_run_folder_is_refused(place, value, says, refused, run_folder):
    table, column, key = place
    with contextlib.closing(sqlite3.connect(run_folder / FILE)) as db, db:
        if key:
            whole = json.loads(db.execute(f"SELECT {column} FROM {table}").fetchone()[0])
            value = json.dumps({**whole, key: value})
        db.execute(f"UPDATE {table} SET {column} = ?", (value,))
    assert says in refused("table", run_folder)


@pytest.mark.parametrize(("given", "says"), TABLES, ids=short)
def test_a_table_is_refused(given, says, refused, tmp_path):
    (tmp_path / "table.csv").write_bytes(content(given, None))
    assert says in refused("audit", "table.csv")


@pytest.mark.parametrize(("name", "data", "says"), CHECKPOINTS, ids=short)
@pytest.mark.parametrize("words", ["weights import", "run --dataset photos --checkpoint"])
def test_a_checkpoint_is_refused(name, data, says, words, refused, tmp_path):
    (tmp_path / "photos").mkdir()
    save_image(torch.zeros(3, 16, 16), tmp_path / "photos" / "a.png")
    (tmp_path / name).write_bytes(data)
    assert says in refused(*words.split(), name)


@pytest.mark.parametrize(("arguments", "says"), ARGUMENTS, ids=short)
def test_a_weight_file_that_describes_another_network_is_refused(arguments, says, tmp_path):
    path = tmp_path / "rrdb.safetensors"
    save_file(NETWORK, path, metadata={"network": arguments})
    with pytest.raises(InputError) as caught:
        open_baseline("rrdb", weights=path)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
