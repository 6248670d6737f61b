"""Recipes: the shipped ones are valid, unknown or ill-typed keys are refused by name."""

import pytest
import yaml

from pdbench.baselines import BASELINES, SIZES
from pdbench.errors import InputError
from pdbench.training.recipe import Optimization, read_recipe
from pdbench.training.schedule import rate

VALID = {
    "baseline": "rrdb",
    "size": "compact",
    "network": {"features": 8},
    "crops": {"batch": 2, "lr_side": 8},
    "optimization": {"steps": 10},
}


def write(path, **changes):
    path.write_text(yaml.safe_dump({**VALID, **changes}))
    return path


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BASELINES.ids())
def test_shipped_recipes_are_valid(name, size):
    recipe = read_recipe(BASELINES.get(name).recipe_path(size))
    assert (recipe.baseline, recipe.size) == (name, size)
    assert recipe.optimization.steps > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"crops": {"batch": 2}}, "'lr_side' is missing"),
        ({"crops": {"batch": "two", "lr_side": 8}}, "whole number"),
        ({"crops": 3}, "must be a mapping"),
        ({"optimization": {"steps": 10, "optimizer": "sgd"}}, "expected adam or muon"),
        ({"optimization": {"steps": 10, "milestones": 3}}, "must be a list"),
    ],
)
def test_wrong_recipes_are_refused_by_name(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        read_recipe(write(tmp_path / "recipe.yaml", **changes))


def test_a_missing_or_broken_file_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="cannot read recipe"):
        read_recipe(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("a: [1")
    with pytest.raises(InputError, match="not valid YAML"):
        read_recipe(tmp_path / "broken.yaml")


def test_cosine_falls_from_one_to_zero_after_warm_up():
    plan = Optimization(steps=100, warmup=10, schedule="cosine")
    assert rate(0, plan) == pytest.approx(0.1)
    assert rate(50, plan) == pytest.approx(0.5)
    assert rate(100, plan) == pytest.approx(0.0)


def test_step_schedule_halves_at_each_milestone():
    plan = Optimization(steps=100, schedule="step", milestones=(0.5, 0.75))
    assert [rate(step, plan) for step in (0, 49, 50, 75, 99)] == [1, 1, 0.5, 0.25, 0.25]
