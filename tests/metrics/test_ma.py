import pytest
import torch
from scipy.io import savemat
from skimage import data
from synthetic_weights import PUBLISHED, random_ma_model

from pdbench.errors import MetricUndefined, WeightsUnavailable
from pdbench.images import luma_bt601, luma_yiq
from pdbench.metrics import METRICS
from pdbench.metrics.ma import METRIC, MODEL
from pdbench.metrics.ma_features import FEATURE_COUNTS, ma_features
from pdbench.metrics.ma_forest import read_model
from pdbench.metrics.protocol import PAPER

PIRM = {"colour": "bt601-rounded", "border": 4}
PYIQA = {"colour": "yiq-rounded", "border": 0}


@pytest.fixture
def opened(ma_model_file, monkeypatch):
    """Open Ma as the panel does, its model found in the folder of weights."""
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(ma_model_file.parent))
    return lambda choices: METRIC.open(choices, "cpu")


@pytest.fixture(scope="module")
def original(pyiqa_module, ma_model_file):
    """Call pyiqa's `nrqm` with the same model on a Y plane."""
    module = pyiqa_module("nrqm_arch")
    judge = module.NRQM(pretrained_model_path=str(ma_model_file))
    return lambda plane: module.nrqm(plane, judge.linear_param, judge.rf_params_list).item()


@pytest.mark.parametrize("choices", [PIRM, PYIQA])
def test_the_score_equals_pyiqa(opened, original, pair, choices):
    _, restored = pair(94, 107)
    border = choices["border"]
    # Its own float32 luma rounds a few near ties the other way, so both get the exact one.
    luma = luma_bt601 if choices is PIRM else luma_yiq
    planes = luma(restored, rounded=True)[..., border : 94 - border, border : 107 - border]
    expected = [original(plane[None]) for plane in planes]
    assert len(set(expected)) == 2
    assert opened(choices).score(restored, None).tolist() == pytest.approx(expected, abs=1e-5)


def test_the_sample_model_gives_pyiqas_score(pyiqa_module, pair, test_data):
    path = test_data / "golden" / "metrics" / "synth_nrqm_small.mat"
    module = pyiqa_module("nrqm_arch")
    judge = module.NRQM(pretrained_model_path=str(path))
    plane = luma_bt601(pair(94, 107)[0], rounded=True)[..., 4:-4, 4:-4]
    expected = module.nrqm(plane, judge.linear_param, judge.rf_params_list).item()
    groups = [group.numpy() for group in ma_features(plane[0, 0])]
    assert read_model(path, FEATURE_COUNTS).predict(groups) == pytest.approx(expected, abs=1e-5)


def test_a_batch_gets_the_scores_of_its_images(opened, pair):
    _, restored = pair(93, 96)
    scorer = opened(PIRM)
    batch = scorer.score(restored, scorer.prepare(None, None))
    assert batch.dtype == torch.float64
    assert batch.tolist() == [scorer.score(one[None], None).item() for one in restored]


def test_what_lies_in_the_border_does_not_count(opened, pair):
    clean, _ = pair(94, 95)
    spoilt = clean.clone()
    spoilt[..., -4:] = 0
    scorer = opened(PIRM)
    assert scorer.score(spoilt, None).item() == scorer.score(clean, None).item()


def test_the_border_is_not_part_of_the_smallest_image(opened, pair):
    scorer = opened(PIRM)
    assert scorer.score(pair(92, 92)[0], None).isfinite().all()
    with pytest.raises(MetricUndefined, match="84x84"):
        scorer.score(pair(91, 91)[0], None)


def test_a_flat_image_cannot_be_judged(opened):
    with pytest.raises(MetricUndefined, match="so regular"):
        opened(PIRM).score(torch.full((1, 3, 100, 100), 0.5), None)


def test_a_wrong_shape_is_a_programming_error(opened):
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\)"):
        opened(PIRM).score(torch.zeros(3, 100, 100), None)


def test_without_its_model_ma_says_how_to_get_it(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    with pytest.raises(WeightsUnavailable, match=r"NRQM_model\.mat.*--weights-dir"):
        METRIC.open(PIRM, "cpu")


def test_the_paper_protocol_opens_ma_as_pirm_did(opened):
    assert METRICS.get("ma") is METRIC
    scorer = opened(PAPER.rule("ma").choices)
    assert (scorer.colour, scorer.border) == ("bt601-rounded", 4)
    assert MODEL in METRIC.weights


def test_the_model_is_loaded_once_whatever_the_protocol(opened):
    assert opened(PIRM).model is opened(PYIQA).model


def crops(height, width, *, step):
    """Yield Y crops of scikit-image's photographs, text pages and drawings."""
    for name in ("astronaut", "chelsea", "coffee", "rocket", "page", "text", "brick", "grass"):
        pixels = torch.from_numpy(getattr(data, name)())
        colour = pixels[..., None].expand(-1, -1, 3) if pixels.ndim == 2 else pixels
        plane = luma_yiq(colour.permute(2, 0, 1) / 255, rounded=True)[0]
        for corner in range(0, min(plane.shape) - max(height, width), step):
            yield f"{name} {corner}", plane[corner : corner + height, corner : corner + width]


def unnatural():
    """Yield noise, planes that are flat in part, the smallest and long ones, odd sizes."""
    generator = torch.Generator().manual_seed(0)
    for height, width in ((84, 84), (85, 97), (101, 90), (46, 282), (84, 133)):
        noise = torch.randint(0, 256, (height, width), generator=generator).double()
        yield f"noise {height}x{width}", noise
        noise[: height // 2] = 128
        yield f"half flat {height}x{width}", noise


@pytest.mark.slow
def test_scores_of_30_images_equal_pyiqa_with_a_model_of_the_published_size(
    pyiqa_module, tmp_path
):
    path = tmp_path / "NRQM_model.mat"
    savemat(path, random_ma_model(**PUBLISHED))
    module = pyiqa_module("nrqm_arch")
    judge = module.NRQM(pretrained_model_path=str(path))
    model = read_model(path, FEATURE_COUNTS)
    planes = [*crops(91, 104, step=48), *unnatural()]
    assert len(planes) >= 30
    for name, plane in planes:
        expected = module.nrqm(plane[None, None], judge.linear_param, judge.rf_params_list).item()
        groups = [group.numpy() for group in ma_features(plane)]
        assert model.predict(groups) == pytest.approx(expected, abs=1e-5), name


@pytest.mark.gpu
def test_features_on_a_gpu_are_those_on_a_cpu(device):
    for _, plane in [*crops(91, 104, step=150), *unnatural()]:
        there = torch.cat(ma_features(plane.to(device))).cpu()
        assert (there - torch.cat(ma_features(plane))).abs().max().item() <= 1e-7
