"""MATLAB bicubic x4: the reference point every plot needs."""

from torch import Tensor

from pdbench.bicubic import bicubic_upsample
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method
from pdbench.images import quantize

__all__ = ["METHOD"]


def run(lr: Tensor, bank: SampleBank) -> Tensor:
    """Enlarge lr (3, h, w) to (3, 4h, 4w)."""
    del bank
    return bicubic_upsample(quantize(lr))


METHOD = Method(
    id="bicubic",
    title="Bicubic",
    kind="single",
    needs=(),
    reference=(
        "Keys, 'Cubic convolution interpolation for digital image processing', IEEE Transactions "
        "on Acoustics, Speech, and Signal Processing 29(6), 1981; as in MATLAB's imresize"
    ),
    run=run,
)
