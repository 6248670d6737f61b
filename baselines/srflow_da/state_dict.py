"""Published SRFlow-DA files: taken out of their wrapping; their key names are our own."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from pdbench.baselines.rrdb.state_dict import unwrap
from pdbench.errors import InputError

__all__ = ["to_pdbench"]

OTHER_VARIANTS = {"affine.fAffine1.": "SRFlow-DA-R or -D", ".0.actnorm.": "the original SRFlow"}


def to_pdbench(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Check that a state dict is SRFlow-DA and return its tensors.

    Raises:
        InputError: It is another network, or a variant of SRFlow that is not supported.
    """
    flat = unwrap(state)
    for part, variant in OTHER_VARIANTS.items():
        if any(part in name and "affine" in name for name in flat):
            raise InputError(
                f"this is a checkpoint of {variant}; only SRFlow-DA itself is supported"
            )
    if not any(name.startswith("flowUpsamplerNet.") for name in flat):
        raise InputError("the checkpoint holds no SRFlow-DA: no key starts with flowUpsamplerNet.")
    return flat
