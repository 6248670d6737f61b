from hypothesis import given, settings
from hypothesis import strategies as st

from pdbench.analysis import pareto_front
from pdbench.scores import MetricFacts

PSNR = MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion")
LPIPS = MetricFacts(id="lpips", title="LPIPS", better="lower", kind="perception")

points = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.tuples(*[st.integers(0, 5).map(float)] * 2),
    min_size=1,
    max_size=12,
)


def test_front_of_a_small_plane_by_hand():
    plane = {
        "bicubic": (26.0, 0.40),
        "rrdb": (29.0, 0.27),
        "sample": (27.0, 0.22),
        "average": (28.5, 0.23),
        "worse": (28.4, 0.24),
    }
    assert pareto_front(plane, x=PSNR, y=LPIPS) == ["rrdb", "average", "sample"]


def test_directions_come_from_the_metrics():
    plane = {"a": (1.0, 1.0), "b": (2.0, 2.0)}
    assert pareto_front(plane, x=PSNR, y=PSNR) == ["b"]
    assert pareto_front(plane, x=LPIPS, y=LPIPS) == ["a"]


def test_equal_points_share_the_front():
    assert pareto_front({"a": (1.0, 1.0), "b": (1.0, 1.0)}, x=PSNR, y=LPIPS) == ["a", "b"]


@settings(deadline=None, database=None)
@given(points)
def test_every_method_is_on_the_front_or_beaten_by_one_that_is(plane):
    front = pareto_front(plane, x=PSNR, y=LPIPS)
    for name, point in plane.items():
        beaten = any(
            plane[other][0] >= point[0] and plane[other][1] <= point[1] and plane[other] != point
            for other in front
        )
        assert beaten == (name not in front)
