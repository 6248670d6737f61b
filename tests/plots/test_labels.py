import math
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Line

from pdbench.api.tables import read_scores, scene_of
from pdbench.plots.labels import Box, estimate_size, label_scene, place_labels

BOUNDS = Box(0, 0, 600, 400)
RADIUS = 5

positions = st.tuples(st.floats(10, 590), st.floats(10, 390))
sizes = st.tuples(st.floats(20, 110), st.just(15.0))
clouds = st.lists(st.tuples(positions, sizes), min_size=1, max_size=14)


def place(points, **options):
    anchors, boxes = zip(*points, strict=True)
    return place_labels(anchors, boxes, bounds=BOUNDS, radius=RADIUS, **options)


def crowd(count, width=100):
    """Points nearly on top of each other."""
    return [((300 + index * 0.5, 200), (width, 15)) for index in range(count)]


def overlap(one, other):
    """Tell whether two boxes share more than an edge."""
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


@settings(deadline=None, database=None, max_examples=60)
@given(clouds)
def test_labels_never_overlap_labels_or_markers_or_leave_the_bounds(points):
    boxes = [label.box for label in place(points) if label]
    markers = [Box(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for (x, y), _ in points]
    for index, box in enumerate(boxes):
        assert not any(overlap(box, other) for other in boxes[index + 1 :] + markers)
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= 600
        assert box.bottom <= 400


@settings(deadline=None, database=None, max_examples=40)
@given(clouds)
def test_every_point_is_labeled_while_there_is_room(points):
    assert None not in place(points)


@settings(deadline=None, database=None, max_examples=20)
@given(clouds)
def test_label_has_the_size_asked_for_and_sits_at_its_offset(points):
    for ((x, y), (width, height)), label in zip(points, place(points), strict=True):
        box = label.box
        assert (box.right - box.left, box.bottom - box.top) == pytest.approx((width, height))
        assert box.center == pytest.approx((x + label.offset[0], y + label.offset[1]))


def test_coinciding_points_all_get_labels():
    labels = place(crowd(8))
    assert None not in labels
    assert sum(label.leader is not None for label in labels) == 8


def test_leader_runs_from_its_marker_to_its_label():
    points = crowd(6)
    for ((x, y), _), label in zip(points, place(points), strict=True):
        x0, y0, x1, y1 = label.leader
        assert math.dist((x, y), (x0, y0)) == pytest.approx(RADIUS)
        box = label.box
        assert box.left <= x1 <= box.right
        assert box.top <= y1 <= box.bottom


def test_lone_label_is_beside_its_marker_without_leader():
    (label,) = place([((300, 200), (60, 15))])
    assert label.leader is None
    assert label.box.center[1] == pytest.approx(200)
    assert label.box.left - 300 < 12


def test_label_avoids_lines_where_it_can():
    line = (300, 200, 600, 200)
    (label,) = place([((300, 200), (60, 15))], segments=[line])
    assert label.box.bottom < 200 or label.box.top > 200 or label.box.right < 300


def test_label_never_lies_on_an_arrowhead():
    point, head = [((300, 200), (60, 15))], (340, 200)
    assert overlap(place(point)[0].box, Box(335, 195, 345, 205))
    assert not overlap(place(point, arrows=[head])[0].box, Box(335, 195, 345, 205))


def test_leaders_of_two_close_points_do_not_cross():
    points = [((300, 200), (100, 15)), ((312, 200), (100, 15))]
    left, right = place(points)
    assert left.offset[0] < right.offset[0] or left.leader is None or right.leader is None


def test_label_without_room_is_left_out():
    tiny = Box(0, 0, 30, 30)
    assert place_labels([(15, 15)], [(60, 15)], bounds=tiny, radius=RADIUS) == [None]


def test_nothing_to_label_is_fine():
    assert place_labels([], [], bounds=BOUNDS, radius=RADIUS) == []


def test_same_points_give_the_same_places():
    assert place(crowd(5)) == place(crowd(5))


def test_number_of_sizes_must_match():
    with pytest.raises(ValueError, match="expected 1 label sizes, got 2"):
        place_labels([(1, 1)], [(1, 1), (2, 2)], bounds=BOUNDS, radius=RADIUS)


@pytest.mark.parametrize(("x", "y"), [("psnr", "lpips-vgg"), ("psnr", "niqe"), ("psnr", "dists")])
def test_no_leaders_cross_on_a_phone(x, y):
    record = read_scores(Path(__file__).parents[2] / "results" / "set14_x4")
    _, scene = scene_of(record, x, y)
    labels = label_scene(
        scene, Box(62, 14, 306, 332), radius=6, measure=lambda text: estimate_size(text, 12)
    )
    assert None not in labels
    lines = [Line([label.leader[:2], label.leader[2:]]) for label in labels if label.leader]
    assert not [1 for a, b in combinations(lines, 2) if a.intersects_path(b, filled=False)]
