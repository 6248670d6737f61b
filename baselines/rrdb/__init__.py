"""RRDB: the deterministic, PSNR-oriented network of ESRGAN; the encoder of the flows."""

from pathlib import Path

from pdbench.baselines.baseline import Baseline
from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.rrdb.restorer import RRDBRestorer
from pdbench.baselines.rrdb.state_dict import to_pdbench

__all__ = ["BASELINE"]

BASELINE = Baseline(
    id="rrdb",
    title="RRDB",
    reference=(
        "Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy, 'ESRGAN: Enhanced Super-Resolution Generative "
        "Adversarial Networks', ECCV Workshops 2018, https://arxiv.org/abs/1809.00219"
    ),
    folder=Path(__file__).parent,
    network=RRDB,
    wrap=RRDBRestorer,
    convert_state_dict=to_pdbench,
)
