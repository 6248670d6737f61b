"""Code of the caller's own is scored like any method and metric, and is known by its source."""

import functools
import math
import re
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
import torch
from torch import nn

import pdbench
from pdbench import methods
from pdbench.api.local_code import open_catalog
from pdbench.cli.main import main
from pdbench.errors import InputError
from pdbench.harness.fingerprint import fingerprint
from pdbench.harness.local import is_importable
from pdbench.harness.method import Given, Method, Sampled
from pdbench.images import load_image, save_image
from pdbench.metrics import METRICS


def nearest(lr):
    return lr.repeat_interleave(4, -1).repeat_interleave(4, -2)


def image_only(lr):
    assert lr.ndim == 3
    return nearest(lr).numpy()


class Net(nn.Module):
    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Conv2d(3, 48, 3, padding=1)
        self.drop = nn.Dropout()

    def forward(self, lr):
        return nn.functional.pixel_shuffle(self.drop(self.layer(lr)), 4)


class Buffered(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.register_buffer("value", torch.tensor(value), persistent=False)


@dataclass(frozen=True, slots=True)
class Slotted:
    gain: float


def hooked(net):
    net.register_forward_hook(lambda module, given, made: made * 0)
    return net


def uses_global(lr):
    return lr * GAIN.sum()


GAIN = torch.ones(2)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in range(2):
        image = torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(name))
        save_image(image, folder / f"{name}.png")
    return folder


def run(methods, photos, metrics=("psnr",), **options):
    options = {"dataset": str(photos), "output": photos.parent / "run", "jobs": 1, **options}
    return pdbench.run(methods, metrics=metrics, **options)


def test_a_callable_is_a_row_marked_local(photos):
    methods = ["bicubic", {"mine": lambda lr: nearest(lr), "image": image_only, "net": Net()}]
    metrics = ["psnr", {"mae": lambda sr, hr: (sr - hr).abs().mean()}]
    results = run(methods, photos, metrics)
    assert not results.failed
    wide = results.summary()
    assert list(wide.index) == ["bicubic", "image", "mine", "net"]
    assert wide.loc["mine"].equals(wide.loc["image"])
    assert "mine (local)" in results.table()
    assert "mae of local" in results.table()
    sizes = {method.id: method.size for method in results.record.methods}
    assert sizes == {"bicubic": "", "mine": "local", "image": "local", "net": "local"}


def test_stored_scores_are_kept_until_the_code_changes(photos):
    def scored(gain):
        return run({"mine": lambda lr: gain * nearest(lr)}, photos).computed

    assert [scored(1.0), scored(1.0), scored(0.5), scored(0.5)] == [2, 0, 2, 0]


def test_a_network_in_training_mode_is_scored_in_evaluation_mode_and_left_as_it_was(photos):
    net = Net()
    first = run({"net": net}, photos).scores.value
    assert net.training
    again = run({"other": net.eval()}, photos).scores.value
    assert first.equals(again)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda lr: lr + 1, lambda lr: lr + 2),
        (Net(0), Net(1)),
        (functools.partial(nearest, 1), functools.partial(nearest, 2)),
        (torch.zeros(2), torch.ones(2)),
        ({"a": 1}, {"a": 2}),
        ({1: 21}, {11: 2}),
        (functools.partial(nearest, (1, 21)), functools.partial(nearest, (11, 2))),
        ([zeros := torch.zeros(2), ones := torch.ones(2), ones], [ones, zeros, ones]),
        (nn.Sequential(Net(0)), nn.Sequential(hooked(Net(0)))),
        (Buffered(0.5), Buffered(2.0)),
        (Slotted(0.5), Slotted(2.0)),
        (Fraction(1, 2), Fraction(3, 2)),
        (re.compile("a"), re.compile("b")),
        (torch.float16, torch.bfloat16),
        (deque([1]), deque([2])),
        (frozenset({nearest, uses_global}), frozenset({nearest})),
    ],
)
def test_a_fingerprint_tells_code_and_values_apart(one, other):
    assert fingerprint(one) == fingerprint(one) != fingerprint(other)


def test_a_fingerprint_looks_into_nested_networks_and_classes():
    def block(gain):
        class Block(nn.Module):
            slope = gain

            def forward(self, x):
                return x * self.slope

        return nn.Sequential(Block())

    assert fingerprint(block(1.0)) == fingerprint(block(1.0)) != fingerprint(block(0.2))


def test_a_fingerprint_is_the_same_in_another_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from torch import nn\n"
        "from pdbench.harness.fingerprint import fingerprint\n"
        "def first(): pass\n"
        "def second(): pass\n"
        "hooked = [nn.Identity() for _ in range(int(sys.argv[1]))]\n"
        "for net in hooked: net.register_forward_hook(first)\n"
        "print(fingerprint([frozenset({first, second, 3.0}), hooked[-1], (1, 2), (1, 2)]))\n"
    )
    found = {
        subprocess.run([sys.executable, script, number], stdout=subprocess.PIPE, check=True).stdout
        for number in ("1", "2", "300")
    }
    assert len(found) == 1


def test_code_that_computes_in_place_changes_no_other_row(photos):
    def in_place(lr):
        return nearest(lr.sub_(0.45)).add_(0.45)

    def averaged(lr, bank):
        return bank.samples("srflow-da", tau=0.9, count=2).mul_(0.5).mean(0)

    def destroy(sr, hr):
        return float(sr.mul_(255).sub_(hr.mul_(255)).abs().mean())

    def mae(sr, hr):
        return float((sr - hr).abs().mean())

    own = Method(id="own", title="", kind="fused", needs=(Sampled("srflow-da", 0.9, 2),),
                 reference="", run=averaged)  # fmt: skip
    given = [{"mine": in_place}, own, "bicubic", "average-2"]
    crowd = run(given, photos, ["psnr", {"destroy": destroy}, {"mae": mae}]).summary()
    metrics, output = ["psnr", {"mae": mae}], photos.parent / "alone"
    alone = run(["bicubic", "average-2"], photos, metrics, output=output).summary()
    for name in alone.index:
        assert crowd.loc[name, ["psnr", "mae"]].equals(alone.loc[name])


def test_layers_that_were_frozen_stay_frozen(photos):
    net = nn.Sequential(nn.BatchNorm2d(3), Net()).train()
    net[0].eval()
    run({"net": net}, photos)
    assert [net.training, net[0].training, net[1].training] == [True, False, True]


def test_a_value_that_is_no_score_leaves_the_folder_readable(photos):
    odd = {"odd": lambda sr, hr: -math.inf}
    results = run("bicubic", photos, ["psnr", odd])
    assert "not a score" in results.record.summarize().reasons("odd")[0]
    assert results.summary().loc["bicubic"].notna().sum() > 0
    assert run("bicubic", photos).kept == 2


def test_what_a_function_reads_from_its_module_counts(monkeypatch):
    before = fingerprint(uses_global)
    assert fingerprint(uses_global) == before
    monkeypatch.setitem(globals(), "GAIN", torch.full((2,), 3.0))
    assert fingerprint(uses_global) != before


def test_what_was_typed_into_an_interpreter_is_told_apart():
    def typed(text):
        scope = {"__name__": "__nowhere__"}
        exec(text, scope)
        return fingerprint(scope["f"])

    assert typed("def f(x): return x + 1") != typed("def f(x): return x + 2")
    assert typed("def f(x): return x + 1") == typed("def f(x): return x + 1")


@pytest.mark.parametrize(
    ("methods", "finding"),
    [
        ({"rrdb": nearest}, "name of a method"),
        ({"Mine": nearest}, "not an id"),
        ({"mine": 3}, "give a callable"),
        ([nearest], "name it"),
        (["gone.py:net"], "no file"),
        ([{"mine": nearest}, {"mine": image_only}], "two pieces of code"),
    ],
)
def test_what_cannot_be_a_method_is_one_line(methods, finding, photos):
    with pytest.raises(InputError, match=finding):
        run(methods, photos)


def test_a_callable_that_fails_says_how(photos):
    results = run({"mine": lambda lr: lr}, photos)
    assert "expected (1, 3" in results.failed[0][2]


def test_a_file_of_code_is_run_by_worker_processes(photos, tmp_path):
    (tmp_path / "helper_of_mine.py").write_text("FACTOR = 4\n")
    path = tmp_path / "code_of_mine.py"
    path.write_text(
        "import os, torch\nfrom helper_of_mine import FACTOR\n"
        "class Net(torch.nn.Module):\n"
        "    def forward(self, lr):\n"
        f"        open({str(tmp_path / 'pid')!r}, 'a').write(f'{{os.getpid()}} ')\n"
        "        return lr.repeat_interleave(FACTOR, -1).repeat_interleave(FACTOR, -2)\n"
    )
    results = run([f"{path}:Net"], photos)
    assert not results.failed
    assert [method.id for method in results.record.methods] == ["net"]
    pids = set((tmp_path / "pid").read_text().split())
    assert len(pids) == 1
    assert is_importable(pdbench.method)
    assert not is_importable(lambda lr: lr)
    again = run({"mine": nearest}, photos)
    assert again.scores.value.equals(results.scores.value)


def test_a_metric_out_of_a_file_is_computed_by_worker_processes(photos, tmp_path):
    path = tmp_path / "metrics_of_mine.py"
    path.write_text(
        "def mae(sr, hr):\n    return float((sr - hr).abs().mean())\n"
        "def closeness(sr, hr):\n    return 1 - mae(sr, hr)\n"
        "closeness.better = 'higher'\n"
    )
    metrics = ["psnr", f"{path}:mae", f"{path}:closeness"]
    results = run("bicubic", photos, metrics)
    facts = {fact.id: fact.better for fact in results.record.metrics}
    assert facts == {"psnr": "higher", "mae": "lower", "closeness": "higher"}
    wide = results.summary().loc["bicubic"]
    assert wide["mae", "mean"] + wide["closeness", "mean"] == pytest.approx(1)
    assert "mae" not in METRICS


def test_declarations_of_the_callers_own_are_local_too(photos):
    several = Method(
        id="several", title="Several", kind="stochastic", needs=(Given(2),), reference="",
        run=lambda lr, bank: torch.stack([nearest(lr), nearest(lr) / 2]),
    )  # fmt: skip
    own = replace(METRICS.get("psnr"), id="own-psnr", choices={"colour": "rgb", "border": 4})
    results = run([several], photos, ["psnr", own])
    assert not results.failed
    assert "Several (local)" in results.table()
    assert len(results.scores) == 2 * 2 * 2
    by_sample = results.scores.query("metric == 'psnr'").groupby("sample").value.mean()
    assert by_sample[0] > by_sample[1]


def test_a_stochastic_method_says_how_many_images_it_makes():
    with pytest.raises(InputError, match="'several' is stochastic and does not say how many"):
        Method(
            id="several", title="Several", kind="stochastic", needs=(), reference="", run=nearest
        )


def test_a_listed_method_as_an_object_is_the_listed_method(photos):
    given = [pdbench.method("bicubic"), methods.resolve("average-5")]
    names, catalog = open_catalog(given, None, None)
    assert (names, catalog.local) == (["bicubic", "average-5"], {})


def test_images_are_kept_when_asked(photos, tmp_path):
    folder = tmp_path / "kept"
    methods = [{"near": lambda lr: nearest(lr)}, "srflow-da[tau=0.5,samples=2]"]
    first = run(methods, photos)
    assert not folder.exists()
    second = run(methods, photos, save_images=folder)
    assert (first.computed, second.computed) == (6, 0)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert len(names) == 6
    flow = "srflow-da[tau=0.5,samples=2]"
    assert names[:3] == ["near/0.png", "near/1.png", f"{flow}/0_sample00000.png"]
    again = pdbench.evaluate(
        folder / "near", name="again", dataset=str(photos), metrics="psnr",
        output=photos.parent / "run", jobs=1,
    )  # fmt: skip
    near = second.scores.query("method == 'near'").value
    assert again.scores.value.to_list() == near.to_list()
    assert load_image(folder / "near" / "0.png").shape == (3, 48, 64)


def test_the_command_line_takes_files_of_code(photos, tmp_path, capsys):
    path = tmp_path / "nearest_of_mine.py"
    path.write_text(
        "def nearest(lr):\n    return lr.repeat_interleave(4, -1).repeat_interleave(4, -2)\n"
    )
    options = ["--metrics", "psnr", "-j", "1", "-o", str(photos.parent / "run")]
    code = ["--method", f"{path}:nearest"]
    assert main(["eval", *code, "--name", "mine", "--hr", str(photos), *options]) == 0
    assert "mine (local)" in capsys.readouterr().out
    picture = str(tmp_path / "crops.png")
    where = ["--dataset", str(photos), "--image", "0", "--crop", "8,8,16,16", "-o", picture]
    assert main(["compare", "--methods", f"bicubic,{path}:nearest", *where]) == 0
    assert load_image(picture).shape[0] == 3
    assert main(["eval", "--name", "mine", "--hr", str(photos)]) == 2
    assert "say what to score" in capsys.readouterr().err
