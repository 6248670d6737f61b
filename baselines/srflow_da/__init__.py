"""SRFlow-DA: a conditional normalizing flow that samples the space of plausible HR images."""

from pathlib import Path

from pdbench.baselines.baseline import Baseline
from pdbench.baselines.srflow_da.keys import to_pdbench
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.sampler import SRFlowDASampler

__all__ = ["BASELINE"]

BASELINE = Baseline(
    id="srflow-da",
    title="SRFlow-DA",
    reference=(
        "Jo, Yang, Kim, 'SRFlow-DA: Super-Resolution Using Normalizing Flow with Deep "
        "Convolutional Block', CVPR Workshops 2021"
    ),
    folder=Path(__file__).parent,
    network=SRFlowDA,
    adapt=SRFlowDASampler,
    translate=to_pdbench,
    after=("rrdb",),
)
