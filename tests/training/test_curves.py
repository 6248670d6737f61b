"""Training curves: drawn from the log, the same log to the same bytes."""

import pytest

from pdbench.errors import InputError
from pdbench.training.curves import draw_curves

LOG = """step,seconds,lr_pixels,rate,loss,val_nll,val_psnr_y_tau0,val_psnr_y_tau0.9,val_niqe_rrdb
1,2,1000000,1,-9,-11.5,25.1,24.2,nan
2,4,2000000,1,-10,-11.9,25.3,24.4,6.1
"""


def test_each_kind_of_score_has_a_panel_and_each_column_a_curve(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    for name in ("a", "b"):
        draw_curves(tmp_path / "log.csv", tmp_path / f"{name}.svg")
    svg = (tmp_path / "a.svg").read_text()
    for said in ("training loss", "likelihood", "PSNR-Y", "τ = 0", "τ = 0.9", "NIQE"):
        assert f"<!-- {said} -->" in svg
    assert "LPIPS" not in svg
    assert svg == (tmp_path / "b.svg").read_text()


@pytest.mark.parametrize(
    ("text", "out", "says"),
    [
        (None, "a.svg", "cannot read training log"),
        ("", "a.svg", "not a training log"),
        ("step,val_nll\n1,-9\n", "a.svg", "not a training log"),
        (LOG.replace("-11.9", "low"), "a.svg", "not a training log"),
        (LOG, "a.xyz", "cannot draw"),
        (LOG, "no/such/folder.svg", "cannot draw"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(tmp_path, text, out, says):
    if text is not None:
        (tmp_path / "log.csv").write_text(text)
    with pytest.raises(InputError, match=says):
        draw_curves(tmp_path / "log.csv", tmp_path / out)
