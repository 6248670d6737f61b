"""Which cells are marked best and second, and what the notes say."""

import math
from dataclasses import replace

import pytest

from pdbench.analysis import summarize
from pdbench.errors import InputError
from pdbench.plots.formats import format_value
from pdbench.plots.table_model import build_table
from pdbench.plots.tables import table
from pdbench.scores import MetricFacts


@pytest.fixture
def column(make_score, facts):
    """Table of one metric; each method has one image per value given."""

    def build(metric="psnr", **values):
        rows = [
            make_score(method, f"{index}", value, metric=metric)
            for method, listed in values.items()
            for index, value in enumerate(listed)
        ]
        return build_table(summarize(rows, facts), ci=False)

    return build


def ranks(table):
    return {row.method: row.cells[0].rank for row in table.rows}


def test_higher_is_better_where_the_metric_says_so(column):
    assert ranks(column(a=[1.0], b=[3.0], c=[2.0])) == {"a": 0, "b": 1, "c": 2}


def test_lower_is_better_where_the_metric_says_so(column):
    found = ranks(column("lpips-vgg", a=[1.0], b=[3.0], c=[2.0]))
    assert found == {"a": 1, "b": 0, "c": 2}


def test_means_that_read_the_same_share_a_mark(column):
    assert ranks(column(a=[29.101], b=[29.104], c=[28.0], d=[20.0])) == {
        "a": 1,
        "b": 1,
        "c": 2,
        "d": 0,
    }


def test_single_row_is_not_marked(column):
    assert ranks(column(a=[1.0])) == {"a": 0}


def test_worst_of_two_is_not_marked(column):
    assert ranks(column(a=[1.0], b=[2.0])) == {"a": 0, "b": 1}


def test_equal_rows_are_not_marked(column):
    assert ranks(column(a=[1.0], b=[1.0])) == {"a": 0, "b": 0}


def test_mean_over_fewer_images_is_not_marked(column):
    found = column(a=[90.0], b=[1.0, 3.0], c=[1.0, 1.0])
    assert ranks(found) == {"a": 0, "b": 1, "c": 0}
    assert [row.count for row in found.rows] == ["1/2", "2/2", "2/2"]


def test_missing_images_are_named(column):
    table = column(a=[1.0, None], b=[1.0, 3.0])
    assert table.notes == (("a", "a, PSNR: 1/2 images (1: the score is not a number)"),)


def test_images_not_reached_yet_are_counted(make_score, facts):
    table = build_table(summarize([make_score()], facts, images=5))
    assert table.notes == (("a", "m, PSNR: 1/5 images (4 not scored yet)"),)


def test_metrics_missing_for_the_same_reason_share_a_note(make_score, facts):
    rows = [
        make_score(metric=name, value=None, reason="no weights") for name in ("ssim", "pieapp")
    ]
    table = build_table(summarize(rows, facts))
    assert table.notes == (("a", "SSIM, PieAPP: no weights"),)
    assert [cell.text for cell in table.rows[0].cells] == ["—", "—"]
    assert table.rows[0].count == "0/1"


def test_reason_is_kept_on_one_line(make_score, facts):
    table = build_table(summarize([make_score(value=None, reason="two\nlines")], facts))
    assert table.notes == (("a", "PSNR: two lines"),)


def test_caption_names_dataset_protocol_size_and_seed(make_score, facts):
    rows = [make_score(seed=0), make_score(image="b", seed=0), make_score("n", seed=3)]
    table = build_table(summarize(rows, facts, size="compact"))
    assert table.caption == "set5 ×4, 2 images; protocol paper; compact networks; seeds 0, 3"


def test_rows_follow_the_order_asked_for(scores, facts):
    table = build_table(summarize(scores, facts), methods=["rrdb", "bicubic"], ci=False)
    assert [row.method for row in table.rows] == ["rrdb", "bicubic"]


def test_columns_follow_the_order_of_the_facts(scores, facts):
    table = build_table(summarize(scores, facts[2::-1]), ci=False)
    assert [fact.id for fact in table.columns] == ["lpips-vgg", "ssim", "psnr"]


def test_unknown_method_names_the_close_one(scores, facts):
    with pytest.raises(InputError, match="did you mean rrdb"):
        build_table(summarize(scores, facts), methods=["rrbd"])


def test_no_metric_left_is_refused(make_score, facts):
    with pytest.raises(InputError, match="none of the metrics asked for was scored"):
        build_table(summarize([make_score(metric="niqe")], facts))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.005, "1.00"), (-0.001, "0.00"), (-2.5, "-2.50"), (math.inf, "∞"), (None, "—")],
)
def test_values_are_written_with_fixed_decimals(value, text):
    assert format_value(value, 2) == text


def test_remarks_are_those_of_the_rows_shown(make_score, facts):
    remarks = [("", "LR", "of all"), ("a", "!", "of a"), ("b", "!", "of b")]
    scores = [make_score(method, "1", 20.0) for method in ("a", "b")]
    summary = summarize(scores, facts, remarks=remarks)
    assert build_table(summary, methods=["b"], ci=False).notes == (("LR", "of all"), ("!", "of b"))


def test_a_metric_outside_the_presets_is_marked_and_named(make_score):
    own = MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion")
    foreign = replace(own, id="pyiqa:musiq", title="musiq (pyiqa)", source="pyiqa 0.1.16")
    rows = [make_score("a", "1", 2.0, metric=fact.id) for fact in (own, foreign)]
    summary = summarize(rows, [own, foreign])
    content = build_table(summary, ci=False)
    assert [column.title for column in content.columns] == ["PSNR", "musiq (pyiqa)†"]
    assert content.notes == (
        ("†", "outside the protocol's presets: musiq (pyiqa) of pyiqa 0.1.16"),
    )
    assert "[†] outside the protocol's presets" in table(summary, ci=False)
