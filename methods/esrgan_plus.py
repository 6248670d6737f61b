"""ESRGAN+: the one output of the network trained against a discriminator."""

from torch import Tensor

from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method, Restored

__all__ = ["METHOD"]


def run(lr: Tensor, bank: SampleBank) -> Tensor:
    """Return ESRGAN+'s output, (3, 4h, 4w)."""
    del lr
    return bank.restored("esrgan-plus")


METHOD = Method(
    id="esrgan-plus",
    title="ESRGAN+",
    kind="single",
    needs=(Restored("esrgan-plus"),),
    reference=(
        "Rakotonirina, Rasoanaivo, 'ESRGAN+: Further Improving Enhanced Super-Resolution "
        "Generative Adversarial Network', ICASSP 2020, https://arxiv.org/abs/2001.08073"
    ),
    run=run,
)
