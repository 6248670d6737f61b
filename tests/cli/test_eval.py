"""`pdbench eval`: folders of images made elsewhere, scored and refused."""

import contextlib
import io
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import correlate1d

import pdbench as api
from pdbench.cli import main
from pdbench.errors import InputError
from pdbench.harness.executors import SerialExecutor
from pdbench.harness.results import read_results

CHEAP = ("--metrics", "psnr,ssim", "-j", "1")
NAMES = ("0801", "0802", "0803")


def draw(path, seed, *, noise=0, size=(48, 40)):
    """Save a smooth image, the same for the same seed, with some noise on it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 6, 3), np.uint8)
    image = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC), float)
    image = image + noise * np.random.default_rng([seed, noise]).normal(size=image.shape)
    Image.fromarray(np.uint8(image.clip(0, 255).round())).save(path)


def draw_folders(home):
    """Make HR images, one output of each, and two samples of each."""
    for seed, name in enumerate(NAMES):
        draw(home / "hr" / f"{name}.png", seed)
        draw(home / "sr" / f"{name}x4_mynet.png", seed, noise=6)
        for sample in range(2):
            draw(home / "samples" / f"{name}_sample{sample:05d}.png", seed, noise=8 + sample)
    return home


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Working folder with HR and outputs; nothing is scored in other processes."""
    monkeypatch.setattr("pdbench.harness.runner.LocalExecutor", lambda _jobs: SerialExecutor())
    return draw_folders(tmp_path)


@dataclass
class Scored:
    """One real run in worker processes, made once."""

    home: Path
    out: str


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    home = draw_folders(tmp_path_factory.mktemp("home"))
    printed = io.StringIO()
    words = ["eval", "--sr", "sr", "--hr", "hr", "--name", "mynet", "--title", "MyNet"]
    words += ["--metrics", "psnr,ssim,lr-psnr", "-j", "2", "--export", "results", "-o", "run"]
    with contextlib.chdir(home), contextlib.redirect_stdout(printed):
        assert main(words) == 0
    return Scored(home, printed.getvalue())


def read(path):
    return np.asarray(Image.open(path).convert("RGB"), float)


def basicsr_luma(pixels):
    """Y of BasicSR's bgr2ycbcr(y_only=True) in 0-255, without its 4 border pixels."""
    scaled = pixels[4:-4, 4:-4, ::-1] / 255
    return scaled @ np.array([24.966, 128.553, 65.481]) + 16


def basicsr_psnr(one, two):
    error = np.mean((basicsr_luma(one) - basicsr_luma(two)) ** 2)
    return 20 * math.log10(255 / math.sqrt(error))


def basicsr_ssim(one, two):
    """SSIM as BasicSR's _ssim: 11-pixel Gaussian of 1.5, means over where it fits wholly."""
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()

    def blur(plane):
        return correlate1d(correlate1d(plane, taps, 0), taps, 1)[5:-5, 5:-5]

    x, y = basicsr_luma(one), basicsr_luma(two)
    mean_x, mean_y = blur(x), blur(y)
    var_x, var_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    both = blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return (top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean()


def test_a_folder_becomes_a_row_under_its_title(scored):
    assert "MyNet" in scored.out
    assert "3/3" in scored.out
    assert "Scores: run (9 scores computed, 0 kept)" in scored.out


def test_the_row_is_in_the_table_the_plane_and_the_export(scored, pdbench, tmp_path):
    assert pdbench("table", scored.home / "run").out.strip() in scored.out
    folder = next((scored.home / "results").iterdir())
    plain = [pdbench("table", each, "--no-ci").out for each in (scored.home / "run", folder)]
    assert plain[0] == plain[1]
    assert pdbench("plot", scored.home / "run", "-y", "ssim", "-o", "p.html").code == 0
    assert "MyNet" in (tmp_path / "p.html").read_text()
    record = read_results(folder)
    assert set(record.methods[0].outputs) == set(NAMES)


def test_scores_are_those_of_the_files_as_they_are(scored):
    record = read_results(next((scored.home / "results").iterdir()))
    values = {score.image: score.value for score in record.scores if score.metric == "psnr"}
    for name in NAMES:
        hr = read(scored.home / "hr" / f"{name}.png")
        sr = read(scored.home / "sr" / f"{name}x4_mynet.png")
        expected = 10 * math.log10(255**2 / np.mean((hr - sr) ** 2))
        assert values[name] == pytest.approx(expected, abs=1e-6)


def evaluated(home, folder="sr", **changes):
    options = {"hr": home / "hr", "name": "mynet", "metrics": ["psnr"], "output": home / "run"}
    return api.evaluate(home / folder, **(options | changes))


def values(report, metric="psnr"):
    return {s.image: s.value for s in report.record.scores if s.metric == metric}


def test_basicsr_y_is_basicsrs_arithmetic(home):
    report = evaluated(home, protocol="basicsr-y", metrics=["psnr", "ssim"])
    for name in NAMES:
        both = [read(home / "hr" / f"{name}.png"), read(home / "sr" / f"{name}x4_mynet.png")]
        assert values(report)[name] == pytest.approx(basicsr_psnr(*both), abs=1e-4)
        assert values(report, "ssim")[name] == pytest.approx(basicsr_ssim(*both), abs=1e-5)


@pytest.mark.parametrize("protocol", ["paper", "srflow"])
def test_files_are_on_the_grid_and_no_protocol_moves_them(protocol, home):
    levels = np.arange(256, dtype=np.uint8).repeat(9).reshape(48, 48)
    ramp = np.stack([levels, levels[::-1], levels.T], axis=2)
    for folder, name in (("ramp", "0801"), ("other", "0801_sr")):
        (home / folder).mkdir()
        Image.fromarray(ramp).save(home / folder / f"{name}.png")
    report = evaluated(home, "other", hr=home / "ramp", protocol=protocol)
    assert values(report) == {"0801": math.inf}


def test_the_same_files_are_not_scored_twice_and_a_changed_one_is(home):
    first = evaluated(home)
    assert (first.computed, first.kept) == (3, 0)
    again = evaluated(home)
    assert (again.computed, again.kept) == (0, 3)
    assert again.record.scores == first.record.scores
    draw(home / "sr" / "0802x4_mynet.png", 1, noise=30)
    changed = evaluated(home)
    assert (changed.computed, changed.kept) == (1, 2)
    before, after = values(first), values(changed)
    assert {name for name in NAMES if before[name] != after[name]} == {"0802"}
    assert len(changed.record.scores) == 3


def test_a_file_with_a_new_date_and_a_new_name_is_the_same_file(home):
    evaluated(home)
    os.utime(home / "sr" / "0801x4_mynet.png", (1, 1))
    (home / "sr" / "0802x4_mynet.png").rename(home / "sr" / "0802.png")
    assert evaluated(home).computed == 0


@pytest.mark.parametrize("between", [False, True])
def test_outputs_are_checked_again_against_other_hr_images_of_the_same_name(between, home):
    evaluated(home)
    for name in NAMES:
        image = Image.open(home / "hr" / f"{name}.png").crop((4, 4, 44, 36))
        (home / "other" / "hr").mkdir(parents=True, exist_ok=True)
        image.save(home / "other" / "hr" / f"{name}.png")
    if between:  # the folder has seen the other images, though not beside these outputs
        other = str(home / "other" / "hr")
        api.run(["bicubic"], dataset=other, metrics=["psnr"], output=home / "run")
    with pytest.raises(InputError, match=r"has 48x40 pixels but its HR .* asks for 40x32"):
        evaluated(home, hr=home / "other" / "hr")


def test_a_run_that_was_stopped_goes_on_where_it_stopped(home, monkeypatch):
    class Stopping(SerialExecutor):
        def run(self, setup, tasks):
            yield next(super().run(setup, tasks))
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pdbench.harness.runner.LocalExecutor", lambda _jobs: Stopping())
        with pytest.raises(KeyboardInterrupt):
            evaluated(home)
    assert evaluated(home).computed == 2


def test_samples_are_scored_one_by_one_and_averaged_per_image(home):
    report = evaluated(home, "samples", name="mysamples")
    assert [method.kind for method in report.record.methods] == ["stochastic"]
    assert len(report.record.scores) == 6
    hr, first = read(home / "hr" / "0801.png"), read(home / "samples" / "0801_sample00000.png")
    (score,) = [s for s in report.record.scores if (s.image, s.sample) == ("0801", 0)]
    assert score.value == pytest.approx(10 * math.log10(255**2 / np.mean((hr - first) ** 2)), 1e-6)


def test_rows_of_run_and_eval_share_a_table(home):
    evaluated(home)
    api.run(["bicubic"], dataset=str(home / "hr"), metrics=["psnr"], output=home / "run")
    text = api.table(home / "run")
    assert "mynet" in text
    assert "Bicubic" in text


def test_lr_images_beside_hr_are_used_and_said_to_differ(home, pdbench):
    made = evaluated(home, metrics=["lr-psnr"])
    assert made.record.dataset.lr_text == "made from the HR by MATLAB's bicubic"
    for name in NAMES:
        image = Image.open(home / "hr" / f"{name}.png").resize((12, 10), Image.Resampling.LANCZOS)
        (home / "lr").mkdir(exist_ok=True)
        image.save(home / "lr" / f"{name}x4.png")
    found, given = (
        evaluated(home, metrics=["lr-psnr"], lr=lr, output=home / output)
        for lr, output in ((None, "beside"), (home / "lr", "given"))
    )
    assert values(found, "lr-psnr") == values(given, "lr-psnr") != values(made, "lr-psnr")
    assert found.record.dataset == given.record.dataset
    says = "given in 'lr', not MATLAB's bicubic of the HR in 3 of 3 images (down to "
    assert says in pdbench("table", home / "beside").out
    again = pdbench("eval", *GOOD[:-1], "beside", "--metrics", "lr-psnr", "--export", "out")
    assert f"LR:     {says}" in again.out
    stored = json.loads(next((home / "out").glob("*/provenance.json")).read_text())["dataset"]
    assert stored["lr"] == "lr"
    assert stored["lr_psnr"].keys() == set(NAMES)


def test_settings_become_rows_on_request(home, pdbench, refused):
    for name in NAMES:
        for tau in ("0.1", "0.9"):
            draw(home / "many" / f"{name}_tau{tau}.png", 0)
    command = ("eval", "--sr", "many", *GOOD[2:], "--metrics", "psnr")
    assert "'tau0.1' (of 3), 'tau0.9' (of 3) images" in refused(*command)
    outcome = pdbench(*command, "--group-by", "tau")
    assert "mynet tau0.9" in outcome.out
    assert "Outputs: 1 per image, 3 images" in outcome.out


def test_a_named_dataset_brings_its_hr_images(home, monkeypatch):
    (home / "root" / "Set5").mkdir(parents=True)
    (home / "hr").rename(home / "root" / "Set5" / "HR")
    report = evaluated(home, hr=None, dataset="set5", data_root=home / "root")
    assert report.record.dataset.id == "set5"
    assert report.computed == 3


GOOD = ("--sr", "sr", "--hr", "hr", "--name", "mynet", "-o", "run")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--hr", "hr", "--name", "n"), "--sr"),
        (("--sr", "sr", "--hr", "hr"), "--name"),
        (("--sr", "sr", "--name", "n"), "either --hr or --dataset"),
        (("--sr", "sr", "--name", "n", "--hr", "hr", "--dataset", "set5"), "either --hr or"),
        (("--sr", "sr", "--name", "n", "--dataset", "builtin", "--lr", "hr"), "--lr goes with"),
        (("--sr", "none", "--hr", "hr", "--name", "n"), "cannot read folder 'none'"),
        (("--sr", "sr", "--hr", "none", "--name", "n"), "HR folder 'none' does not exist"),
        (("--sr", "sr", "--dataset", "set6", "--name", "n"), "did you mean set5"),
        ((*GOOD, "--name", "rrdb"), "'rrdb' is the name of a method of pdbench"),
        ((*GOOD, "--name", "median-5x"), "'median-5x' is the name of a method of pdbench"),
        ((*GOOD, "--name", "srflow-da"), "'srflow-da' is the name of a method of pdbench"),
        ((*GOOD, "--name", "table1"), "'table1' is the name of a method of pdbench"),
        ((*GOOD, "--name", "My Net"), "'My Net' is not an id for a method"),
        ((*GOOD, "--name", "../up"), "'../up' is not an id for a method"),
        ((*GOOD, "--metrics", "lpips"), "did you mean lpips-vgg"),
        ((*GOOD, "--protocol", "papers"), "did you mean paper?"),
        ((*GOOD, "-j", "0"), "-j"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(words, says, home, refused):
    assert says in refused("eval", *words)
    assert not (home / "run").exists()
    assert not (home / "runs").exists()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda sr: (sr / "0801x4_mynet.png").unlink(), "no output for '0801.png'"),
        (lambda sr: draw(sr / "0900.png", 0), "no HR image for '0900.png'"),
        (lambda sr: draw(sr / "0801_b.png", 0), "2 settings, not samples of one: 'b' (of 1)"),
        (lambda sr: draw(sr / "0801x4_mynet.png", 0, size=(12, 10)), "has 12x10 pixels but"),
        (lambda sr: (sr / "0801x4_mynet.png").write_bytes(b"no image"), "cannot read image"),
    ],
)
def test_a_bad_folder_is_one_line_and_writes_nothing(spoil, says, home, refused):
    spoil(home / "sr")
    assert says in refused("eval", *GOOD)
    assert not (home / "run").exists()


def test_the_help_states_what_is_read(pdbench):
    text = " ".join(pdbench("eval", "--help").out.split())
    assert "PNG, JPEG, WebP, TIFF and BMP are read, at 8 bits per channel" in text


def test_a_file_that_changes_during_the_run_is_refused(home, monkeypatch):
    from pdbench.harness import external_images

    digests = iter(["1" * 12] * 3)
    monkeypatch.setattr(external_images, "digest_of", lambda files: next(digests, "2" * 12))
    reasons = [reason for _, _, reason in evaluated(home).failed]
    assert len(reasons) == 3
    assert all("changed during the run" in reason for reason in reasons)


def test_the_folder_itself_is_left_alone(home):
    before = {path: path.stat().st_mtime_ns for path in Path(home / "sr").iterdir()}
    evaluated(home)
    assert {path: path.stat().st_mtime_ns for path in Path(home / "sr").iterdir()} == before
