"""ESRGAN+: the perceptual network, trained with VGG features and a discriminator."""

from pathlib import Path

from pdbench.baselines.baseline import Baseline
from pdbench.baselines.esrgan_plus.net import ESRGANPlus
from pdbench.baselines.esrgan_plus.state_dict import to_pdbench, to_start
from pdbench.baselines.rrdb.restorer import RRDBRestorer

__all__ = ["BASELINE"]

BASELINE = Baseline(
    id="esrgan-plus",
    title="ESRGAN+",
    reference=(
        "Rakotonirina, Rasoanaivo, 'ESRGAN+: Further Improving Enhanced Super-Resolution "
        "Generative Adversarial Network', ICASSP 2020, https://arxiv.org/abs/2001.08073"
    ),
    folder=Path(__file__).parent,
    network=ESRGANPlus,
    wrap=RRDBRestorer,
    convert_state_dict=to_pdbench,
    convert_initial=to_start,
    after=("rrdb",),
)
