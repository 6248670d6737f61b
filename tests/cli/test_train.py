"""`pdbench train`: what it passes on, and what it refuses."""

import pytest

from pdbench import baselines


def test_options_arrive_at_the_library(pdbench, monkeypatch, tmp_path):
    seen = {}

    def train(name, data, out, **options):
        seen.update(options, name=name, data=data, out=out)
        return out / "compact.safetensors"

    monkeypatch.setattr(baselines, "train", train)
    words = ("--data", "a", "--data", "b", "--out", "o", "--steps", "3", "--threads", "1")
    outcome = pdbench("train", "rrdb", *words, "--resume")
    assert outcome.out == "Weights: o/compact.safetensors\n"
    assert [str(path) for path in seen["data"]] == ["a", "b"]
    assert (seen["name"], seen["steps"], seen["threads"]) == ("rrdb", 3, 1)
    assert (seen["resume"], seen["device"], seen["config"]) == (True, None, "compact")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rrbd", "--data", "."), "did you mean rrdb?"),
        (("rrdb", "--data", "nowhere"), "'nowhere' does not exist"),
        (("rrdb", "--data", "."), "no images"),
        (("rrdb",), "--data"),
        (("rrdb", "--data", ".", "--config", "missing.yaml"), "missing.yaml"),
        (("rrdb", "--data", ".", "--config", "odd.yaml"), "unknown key 'colour'"),
        (("rrdb", "--data", ".", "--steps", "0"), "--steps"),
    ],
)
def test_a_mistake_is_one_line(words, says, refused, tmp_path):
    (tmp_path / "odd.yaml").write_text("colour: 1\n")
    assert says in refused("train", *words, "--out", "o")


def test_a_gpu_that_is_not_there_is_one_line(refused, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    line = refused("train", "rrdb", "--data", ".", "--out", "o", "--device", "cuda")
    assert "no CUDA device here; use --device cpu" in line
