import numpy as np
import pytest
from scipy.io import savemat
from synthetic_weights import PUBLISHED, random_ma_model

from pdbench.errors import WeightsUnavailable
from pdbench.metrics.ma_features import FEATURE_COUNTS
from pdbench.metrics.ma_forest import read_model


def walk(table, tree, features):
    """Follow one tree of the file's tables node by node."""
    node = 0
    while table["lDau"][node, tree]:
        small = features[table["mbest"][node, tree] - 1] <= table["upper"][node, tree]
        node = table["lDau" if small else "rDau"][node, tree] - 1
    return table["avnode"][node, tree]


@pytest.fixture
def reread(tmp_path):
    """Write a model and read it back."""

    def pass_through(content):
        savemat(tmp_path / "model.mat", content)
        return read_model(tmp_path / "model.mat", FEATURE_COUNTS)

    return pass_through


def test_a_forest_predicts_the_mean_of_the_leaves_reached(reread):
    content = random_ma_model()
    model = reread(content)
    rng = np.random.default_rng(1)
    for _ in range(20):
        for index, count in enumerate(FEATURE_COUNTS):
            table, features = content["model"]["rf"][0, index], rng.uniform(0, 2, count)
            expected = np.mean([walk(table, tree, features) for tree in range(7)])
            assert model.forests[index].predict(features) == pytest.approx(expected, abs=1e-12)


def test_a_feature_at_the_threshold_goes_the_lower_way(reread):
    content = random_ma_model(trees=1, nodes=3)
    table = content["model"]["rf"][0, 0]
    features = np.zeros(18)
    features[table["mbest"][0, 0] - 1] = table["upper"][0, 0]
    assert reread(content).forests[0].predict(features) == table["avnode"][1, 0]


def test_trees_of_one_node_predict_their_value(reread):
    content = random_ma_model(nodes=1)
    predicted = reread(content).forests[2].predict(np.zeros(75))
    assert predicted == pytest.approx(content["model"]["rf"][0, 2]["avnode"][0].mean())


def test_rows_that_no_tree_reaches_do_not_matter(reread):
    content = random_ma_model()
    features = [np.full(count, 0.7) for count in FEATURE_COUNTS]
    clean = reread(content).predict(features)
    for table in content["model"]["rf"][0]:
        for name in ("lDau", "rDau", "mbest", "upper", "avnode"):
            table[name][61:] = 99
    assert reread(content).predict(features) == clean


@pytest.mark.parametrize(
    ("name", "value"),
    [("lDau", 121), ("lDau", 0), ("rDau", -1), ("mbest", 19), ("mbest", 0), ("upper", np.nan)],
)
def test_an_impossible_node_is_refused(reread, name, value):
    content = random_ma_model()
    content["model"]["rf"][0, 0][name][0, 3] = value
    with pytest.raises(WeightsUnavailable, match="impossible node"):
        reread(content)


def test_a_tree_that_leads_back_to_its_root_is_refused(reread):
    content = random_ma_model(rows=3, nodes=3, trees=1)
    content["model"]["rf"][0, 1]["lDau"][0, 0] = 1
    with pytest.raises(WeightsUnavailable, match="never ends"):
        reread(content)


def test_a_file_without_three_forests_is_refused(reread):
    content = random_ma_model()
    content["model"]["rf"] = content["model"]["rf"][:, :2]
    with pytest.raises(WeightsUnavailable, match="2 forests"):
        reread(content)


def truncated(path):
    path.write_bytes(path.read_bytes()[:2000])


def altered(path):
    content = bytearray(path.read_bytes())
    content[3000:3200] = bytes(200)
    path.write_bytes(content)


def web_page(path):
    path.write_text("<!doctype html><title>404</title>" * 9)


def empty(path):
    path.write_bytes(b"")


def another_variable(path):
    savemat(path, {"mu_prisparam": np.zeros(36)})


@pytest.mark.parametrize("damage", [truncated, altered, web_page, empty, another_variable])
def test_a_damaged_file_is_refused_in_one_sentence(tmp_path, damage):
    path = tmp_path / "NRQM_model.mat"
    savemat(path, random_ma_model(), do_compression=True)
    damage(path)
    with pytest.raises(WeightsUnavailable) as caught:
        read_model(path, FEATURE_COUNTS)
    message = str(caught.value)
    assert message.count("\n") == 0
    assert "NRQM_model.mat" in message
    assert message.endswith("delete it and fetch it again")


@pytest.mark.slow
def test_a_model_of_the_published_size_is_read_and_keeps_only_its_nodes(reread):
    model = reread(random_ma_model(**PUBLISHED))
    kept = [PUBLISHED["trees"] * PUBLISHED["nodes"]] * 3
    assert [len(forest.child) for forest in model.forests] == kept
