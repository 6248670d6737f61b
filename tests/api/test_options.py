"""Options of a call: what they may be, and what is refused in one line."""

import inspect
from pathlib import Path

import numpy as np
import pytest

import pdbench
from pdbench.data.datasets import open_dataset
from pdbench.errors import InputError
from pdbench.harness.options import _KINDS, EvalOptions, OptionFields

SET14 = Path(__file__).parents[2] / "results" / "set14_x4"


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"seed": 1.5}, "seed is 1.5; give a whole number from 0 on"),
        ({"seed": -1}, "seed is -1; give a whole number from 0 on"),
        ({"seed": True}, "seed is True; give a whole number"),
        ({"jobs": "2"}, "jobs is '2'; give a whole number"),
        ({"max_memory": "much"}, "'much' is not an amount of memory"),
        ({"max_memory": 1000}, "'1000' is not an amount of memory from 64MiB on"),
        ({"max_memory": 2.5e9}, "max_memory is 2500000000.0; give bytes"),
        ({"metrics": 3}, "metrics is 3; give ids"),
        ({"device": 0}, "device is 0; give text"),
        ({"data_root": 3}, "data_root is 3; give a folder"),
        ({"offline": "no"}, "offline is 'no'; give True or False"),
        ({"gpus_per_worker": "1"}, "gpus_per_worker is '1'; give a number"),
        ({"metric": "psnr"}, "unknown option 'metric'; did you mean metrics"),
        ({"bananas": None}, "unknown option 'bananas'; known: address, "),
    ],
)
def test_what_an_option_cannot_be_is_one_line(fields, finding):
    with pytest.raises(InputError) as caught:
        EvalOptions.of(**fields)
    assert str(caught.value).startswith(finding)
    with pytest.raises(InputError):
        pdbench.run("bicubic", **fields)


def test_options_are_brought_to_one_form():
    options = EvalOptions.of(
        seed=np.int64(3), jobs=None, max_memory="1GiB", metrics="psnr, ssim", data_root="sets"
    )
    assert (type(options.seed), options.seed, options.jobs) == (int, 3, None)
    assert options.max_memory == EvalOptions.of(max_memory=2**30).max_memory == 2**30
    assert options.metrics == ("psnr", "ssim")
    assert options.data_root == Path("sets")
    assert set(_KINDS) == set(OptionFields.__annotations__)
    assert set(_KINDS) == set(inspect.signature(EvalOptions).parameters)


def test_a_string_of_ids_is_split_as_on_the_command_line(tmp_path):
    given = {"metrics": "psnr,ssim", "output": tmp_path / "run", "jobs": 1}
    first = pdbench.run("bicubic, bicubic", **given)
    again = pdbench.run("bicubic", force="bicubic", **given)
    assert first.computed == again.computed == 24
    with pytest.raises(InputError, match="'rrdb', which this run does not score"):
        pdbench.run("bicubic", force="bicubic,rrdb", **given)
    words = {"methods": "rrdb,average-5", "metrics": "psnr,niqe"}
    lists = {name: text.split(",") for name, text in words.items()}
    assert pdbench.table(SET14, **words) == pdbench.table(SET14, **lists)


def test_a_dataset_may_be_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, hr = pdbench.export_data(Path("builtin"), output="photos")
    assert open_dataset(hr) == open_dataset(str(hr))
    with pytest.raises(InputError, match="'nowhere/HR' does not exist"):
        pdbench.run("bicubic", dataset=Path("nowhere/HR"))
