"""Fusion-L1 and Fusion-LPIPS: one network that fuses flow samples, trained with two losses."""

from pathlib import Path

from pdbench.baselines.baseline import Baseline
from pdbench.baselines.fusion.fuser import FusionFuser
from pdbench.baselines.fusion.net import Fusion
from pdbench.baselines.rrdb.state_dict import unwrap

__all__ = ["L1", "LPIPS"]

REFERENCE = (
    "Korkmaz, Tekalp, Dogan, Erdem, Erdem, 'Perception-Distortion Trade-off in the SR Space "
    "Spanned by Flow Models', ICIP 2022, https://arxiv.org/abs/2209.08564"
)

L1 = Baseline(
    id="fusion-l1",
    title="Fusion-L1",
    reference=REFERENCE,
    folder=Path(__file__).parent / "l1",
    network=Fusion,
    wrap=FusionFuser,
    convert_state_dict=unwrap,
    after=("srflow-da",),
)
LPIPS = Baseline(
    id="fusion-lpips",
    title="Fusion-LPIPS",
    reference=REFERENCE,
    folder=Path(__file__).parent / "lpips",
    network=Fusion,
    wrap=FusionFuser,
    convert_state_dict=unwrap,
    after=("srflow-da",),
)
