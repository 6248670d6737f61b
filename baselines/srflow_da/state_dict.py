"""Published SRFlow-DA files: taken out of their wrapping; their key names are our own."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from pdbench.baselines.rrdb.state_dict import unwrap
from pdbench.errors import InputError

__all__ = ["to_pdbench", "variant_of"]


def variant_of(flat: Mapping[str, Tensor]) -> str:
    """Name the relative of SRFlow-DA x4 that a checkpoint is of, by its keys; "" for none."""
    scale = "x8" if "RRDB.upconv3.weight" in flat else "x4"
    actnorm = flat.get("flowUpsamplerNet.layers.1.actnorm.bias")
    if any(".affine." in key and ".0.actnorm." in key for key in flat):
        return f"the original SRFlow {scale}"
    if any(".fAffine2.0.0." in key for key in flat):
        return f"SRFlow-DA-D {scale}"
    if any(".fAffine1." in key for key in flat):
        return f"SRFlow-DA-R {scale}"
    if actnorm is not None and actnorm.numel() > 12:
        return f"SRFlow-DA-S {scale}"
    return "SRFlow-DA x8" if scale == "x8" else ""


def to_pdbench(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Check that a state dict is SRFlow-DA and return its tensors.

    Raises:
        InputError: It is another network, or a variant of SRFlow that is not supported.
    """
    flat = unwrap(state)
    if variant := variant_of(flat):
        raise InputError(f"this is a checkpoint of {variant}; only SRFlow-DA x4 is supported")
    if not any(name.startswith("flowUpsamplerNet.") for name in flat):
        raise InputError("the checkpoint holds no SRFlow-DA: no key starts with flowUpsamplerNet.")
    return flat
