"""SRFlow-DA: a conditional normalizing flow that samples the space of plausible HR images."""

from pathlib import Path

from pdbench.baselines.baseline import Baseline
from pdbench.baselines.srflow_da.net import SRFlowDA
from pdbench.baselines.srflow_da.sampler import SRFlowDASampler
from pdbench.baselines.srflow_da.state_dict import to_pdbench

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
    wrap=SRFlowDASampler,
    convert_state_dict=to_pdbench,
    after=("rrdb",),
)
