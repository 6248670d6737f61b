"""RRDB: the one output of the PSNR-oriented network."""

from torch import Tensor

from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method, Restored

__all__ = ["METHOD"]


def run(lr: Tensor, bank: SampleBank) -> Tensor:
    """Return RRDB's output, (3, 4h, 4w)."""
    del lr
    return bank.restored("rrdb")


METHOD = Method(
    id="rrdb",
    title="RRDB",
    kind="single",
    needs=(Restored("rrdb"),),
    reference=(
        "Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy, 'ESRGAN: Enhanced Super-Resolution Generative "
        "Adversarial Networks', ECCV Workshops 2018, https://arxiv.org/abs/1809.00219"
    ),
    run=run,
)
