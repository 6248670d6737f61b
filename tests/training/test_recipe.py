"""Recipes: the shipped ones are valid; what is unknown, ill-typed or out of range is refused."""

import math
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
from pdbench.training.recipe import Crops, Optimization, Recipe, read_recipe
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
        ({"color": 1}, "unknown key 'color'"),
        ({"crops": {"batch": 2}}, "crops: key 'lr_side' is missing"),
        ({"crops": 3}, "crops is 3: should be an object"),
        ({"crops": {"batch": "two", "lr_side": 8}}, "crops.batch is 'two'.*integer"),
        ({"crops": {"batch": 0, "lr_side": 8}}, "crops.batch is 0"),
        ({"crops": {"batch": True, "lr_side": 8}}, "crops.batch is True"),
        ({"crops": {"batch": 2, "lr_side": 10**9}}, "crops.lr_side"),
        ({"crops": {"batch": 9999, "lr_side": 999}}, "LR pixels"),
        ({"crops": {"batch": 2, "lr_side": 8, "graphics": 1.5}}, "graphics is 1.5"),
        ({"crops": {"batch": 2, "lr_side": 8, "validation": 0}}, "validation is 0"),
        ({"optimization": {"steps": 0}}, "steps is 0"),
        ({"optimization": {"steps": 10, "optimizer": "sgd"}}, "'adam' or 'muon'"),
        ({"optimization": {"steps": 10, "milestones": 3}}, "valid array"),
        ({"optimization": {"steps": 10, "milestones": [0.5, 0.5]}}, "must increase"),
        ({"optimization": {"steps": 10, "milestones": [1.0]}}, "less than 1"),
        ({"optimization": {"steps": 10, "betas": [0.9]}}, "betas: value 2 is missing"),
        ({"optimization": {"steps": 10, "ema": 1.0}}, "ema is 1.0"),
        ({"optimization": {"steps": 10, "warmup": -1}}, "warmup is -1"),
        ({"optimization": {"steps": 10, "warmup": 10}}, "warmup must be less"),
        ({"optimization": {"steps": 10, "clip": -1.0}}, "clip is -1.0"),
        ({"optimization": {"steps": 10, "lr": math.inf}}, "finite"),
        ({"optimization": {"steps": 10, "accumulate": 0}}, "accumulate is 0"),
        ({"seed": 2**32}, "seed is 4294967296"),
        ({"validate_every": 0}, "validate_every is 0"),
        ({"size": "huge"}, "'compact' or 'paper'"),
        ({"network": [1]}, "network is"),
    ],
)
def test_wrong_recipes_are_refused_by_name(tmp_path, changes, message):
    with pytest.raises(InputError, match=message) as refused:
        read_recipe(write(tmp_path / "recipe.yaml", **changes))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", "not valid YAML"),
        (b"", "must be a mapping"),
        (b"- 1", "must be a mapping"),
        (b"network: " + b"[" * 20_000, "aliases or deep nesting"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases or deep nesting"),
        (b"steps: " + b"9" * 5000, "not valid YAML"),
        (b"a: 2020-01-01", "no number, text, list or mapping"),
        (b"a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("größe: 1".encode("latin-1"), "not UTF-8"),
        ("a: 1".encode("utf-16"), "not UTF-8"),
        (b'a: "\x1b[31m"', "not valid YAML"),
        (b"#" * 70_000, "larger than"),
    ],
)
def test_what_is_no_recipe_is_one_clear_line(tmp_path, content, message):
    (tmp_path / "broken.yaml").write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        read_recipe(tmp_path / "broken.yaml")
    assert str(refused.value).isprintable()


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
