"""Recipes: the shipped ones are valid; what is unknown, ill-typed or out of range is refused."""

from dataclasses import fields, replace

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdbench.baselines import BASELINES, SIZES
from pdbench.baselines.arguments import build
from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.training import OBJECTIVES
from pdbench.errors import InputError
from pdbench.training.optimizers import rate
from pdbench.training.recipe import Crops, Optimization, Recipe, read_recipe

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


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(["", "crops", "optimization"]), key=st.data(), value=VALUES)
def test_any_value_anywhere_gives_a_recipe_or_one_line(tmp_path, place, key, value):
    kind = {"": Recipe, "crops": Crops, "optimization": Optimization}[place]
    name = key.draw(st.sampled_from([field.name for field in fields(kind)]) | st.text(max_size=9))
    part = {**(VALID[place] if place else VALID), name: value}
    path = write(tmp_path / "recipe.yaml", **({place: part} if place else part))
    try:
        pixels, said = read_recipe(path).crops.pixels, "a recipe"
    except InputError as error:
        pixels, said = 0, str(error)
    assert said.isprintable()
    assert pixels <= 2**22


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"optimization": {"steps": 10, "warmup": 10}}, "optimization: warmup must be less"),
        ({"crops": {"batch": 9999, "lr_side": 999}}, "crops: batch times lr_side squared is"),
    ],
)
def test_what_several_keys_break_is_said_without_repeating_them(tmp_path, changes, says):
    with pytest.raises(InputError) as error:
        read_recipe(write(tmp_path / "r.yaml", **changes))
    assert f"r.yaml: {says}" in str(error.value)
    assert "{" not in str(error.value)


def test_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="cannot read recipe"):
        read_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": 10**9}, "blocks is 1000000000"),
        ({"features": 1024, "blocks": 128, "growth": 1024, "samples": 1}, "parameters|unknown"),
        ({"blocks": "3"}, "blocks is '3'.*integer"),
        ({"width": 3}, "unknown key 'width'"),
    ],
)
def test_networks_out_of_bounds_are_refused_before_memory_is_touched(arguments, message):
    for baseline in BASELINES:
        with pytest.raises(InputError, match=message):
            build(baseline.network, arguments, "recipe")


@pytest.mark.parametrize("name", ["srflow-da", "esrgan-plus"])
def test_a_network_that_its_start_does_not_fit_is_one_line(name):
    shipped = read_recipe(BASELINES.get(name).recipe_path("compact"))
    with pytest.raises(InputError, match=r"RRDB compact, .*does not fit"):
        OBJECTIVES[name]().build(replace(shipped, network={**shipped.network, "blocks": 4}))


def test_checking_the_arguments_leaves_the_random_numbers_alone():
    torch.manual_seed(0)
    plain = RRDB(8, 1, 4).state_dict()
    torch.manual_seed(0)
    built = build(RRDB, {"features": 8, "blocks": 1, "growth": 4}, "recipe").state_dict()
    assert all(torch.equal(plain[name], built[name]) for name in plain)


def test_cosine_falls_from_one_to_zero_after_warm_up():
    plan = Optimization(steps=100, warmup=10, schedule="cosine")
    assert rate(0, 0.0, plan) == pytest.approx(0.1)
    assert rate(50, 0.5, plan) == pytest.approx(0.5)
    assert rate(100, 1.0, plan) == pytest.approx(0.0)


def test_step_schedule_halves_at_each_milestone():
    plan = Optimization(steps=100, schedule="step", milestones=(0.5, 0.75))
    rates = [rate(step, step / 100, plan) for step in (0, 49, 50, 75, 99)]
    assert rates == [1, 1, 0.5, 0.25, 0.25]
