"""`pdbench train`: what it passes on, and what it refuses."""

import pytest

from pdbench.baselines import BASELINES, training


def test_options_arrive_at_the_library(pdbench, monkeypatch, tmp_path):
    seen = {}

    def train(name, data, out, **options):
        seen.update(options, name=name, data=data, out=out)
        return out / "compact.safetensors"

    monkeypatch.setattr(training, "train", train)
    words = ("--data", "a", "--data", "b", "--out", "o", "--steps", "3", "--threads", "1")
    outcome = pdbench("train", "rrdb", *words, "--resume", "--workers", "2", "--tensorboard")
    assert outcome.out == "Weights: o/compact.safetensors\n"
    assert [str(path) for path in seen["data"]] == ["a", "b"]
    assert (seen["name"], seen["steps"], seen["threads"]) == ("rrdb", 3, 1)
    assert (seen["resume"], seen["device"], seen["config"]) == (True, None, "compact")
    assert (seen["workers"], seen["tensorboard"]) == (2, True)


@pytest.mark.parametrize(
    ("time", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400)]
)
def test_a_time_arrives_in_seconds(pdbench, monkeypatch, tmp_path, time, seconds):
    seen = {}
    monkeypatch.setattr(training, "train", lambda *_, **options: seen.update(options) or tmp_path)
    pdbench("train", "rrdb", "--data", "a", "--out", "o", "--time", time)
    assert (seen["time_limit"], seen["steps"]) == (seconds, None)


def test_all_trains_every_network_and_says_where(pdbench, monkeypatch):
    seen = {}

    def train_all(data, out, **options):
        seen.update(options, data=data)
        return [out / name / "compact.safetensors" for name in ("rrdb", "srflow-da")]

    monkeypatch.setattr(training, "train_all", train_all)
    outcome = pdbench(
        "train", "all", "--data", "a", "--out", "o", "--device", "cpu", "--steps", "3"
    )
    assert outcome.out == (
        "Weights: o/rrdb/compact.safetensors\nWeights: o/srflow-da/compact.safetensors\n"
    )
    assert (seen["device"], seen["steps"], seen["resume"]) == ("cpu", 3, False)


def test_only_the_first_of_several_processes_speaks(pdbench, monkeypatch, tmp_path):
    monkeypatch.setattr(training, "train", lambda *_, **__: tmp_path)
    monkeypatch.setenv("RANK", "1")
    assert pdbench("train", "rrdb", "--data", "a", "--out", "o").out == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rrbd", "--data", "."), "did you mean rrdb?"),
        (("rrdb", "--data", "nowhere"), "'nowhere' does not exist"),
        (("rrdb", "--data", "."), "no images"),
        (("rrdb", "--data", "odd.yaml"), "'odd.yaml' is a file; give --data its folder"),
        (
            ("rrdb", "--data", ".", "--device", "banana"),
            "unknown device 'banana'; known: auto, cpu",
        ),
        (("rrdb", "--data", ".", "--device", "cuda:1"), "unknown device 'cuda:1'"),
        (
            ("rrdb", "--data", ".", "--steps", "100"),
            "optimization: warmup must be less than steps",
        ),
        (("rrdb", "--data", ".", "--steps", str(10**10)), "optimization.steps is 10000000000"),
        (("rrdb",), "--data"),
        (("rrdb", "--data", ".", "--config", "missing.yaml"), "missing.yaml"),
        (("rrdb", "--data", ".", "--config", "odd.yaml"), "unknown key 'color'"),
        (("rrdb", "--data", ".", "--steps", "0"), "--steps"),
        (("rrdb", "--data", ".", "--workers", "-1"), "--workers"),
        (("rrdb", "--data", ".", "--time", "soon"), "give seconds, or 90s, 10m, 1.5h"),
        (("rrdb", "--data", ".", "--time", "0m"), "time is '0m'"),
        (("rrdb", "--data", ".", "--time", "1m", "--steps", "3"), "give one of them"),
        (("fusion-l1", "--data", ".", "--config", "rrdb.yaml"), "is for rrdb, not for fusion-l1"),
        (("all", "--data", "nowhere"), "'nowhere' does not exist"),
        (("all", "--data", ".", "--config", "odd.yaml"), "--config is compact or paper"),
        (("all", "--data", ".", "--from", "odd.yaml"), "--from and --at are for one network"),
        (("all", "--data", ".", "--at", "3"), "--from and --at are for one network"),
        (("rrdb", "--data", ".", "--at", "3"), "give --from"),
    ],
)
def test_a_mistake_is_one_line(words, says, refused, tmp_path):
    (tmp_path / "odd.yaml").write_text("color: 1\n")
    shipped = BASELINES.get("rrdb").recipe_path("compact")
    (tmp_path / "rrdb.yaml").write_text(shipped.read_text())
    assert says in refused("train", *words, "--out", "o")


def test_a_gpu_that_is_not_there_is_one_line(refused, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    line = refused("train", "rrdb", "--data", ".", "--out", "o", "--device", "cuda")
    assert "no CUDA device here; use --device cpu" in line


@pytest.mark.parametrize("network", ["rrdb", "all"])
@pytest.mark.parametrize("out", ["file", "file/below"])
def test_an_output_that_cannot_be_a_folder_is_one_line(network, out, refused, tmp_path):
    (tmp_path / "file").touch()
    words = ("train", network, "--data", ".", "--device", "cpu", "--out", out)
    assert "cannot make folder 'file" in refused(*words)


@pytest.mark.parametrize("network", ["rrdb", "all"])
def test_an_interrupted_run_says_how_it_continues(network, pdbench, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", interrupted)
    outcome = pdbench("train", network, "--data", "a", "--out", "o")
    assert outcome.code == 130
    assert "interrupted; add --resume" in outcome.line
