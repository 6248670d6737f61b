"""Weights ESRGAN+ can be filled from: the authors' files as they are, and any RRDB.

References:
    Rakotonirina, Rasoanaivo, "ESRGAN+: Further Improving Enhanced Super-Resolution Generative
    Adversarial Network", ICASSP 2020, https://arxiv.org/abs/2001.08073
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from pdbench.baselines.rrdb import state_dict as rrdb
from pdbench.errors import InputError

__all__ = ["from_rrdb", "to_pdbench", "to_start"]

log = logging.getLogger(__name__)

PLAIN = {ours: theirs for theirs, ours in rrdb.OLD_PLAIN.items()}
BLOCK = re.compile(r"body\.(\d+)\.rdb(\d)\.conv(\d)\.(weight|bias)")
LAST_OF_BLOCK = re.compile(r"(model\.1\.sub\.\d+\.RDB\d)\.conv5\.0\.weight")


def to_pdbench(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Check that a state dict is ESRGAN+ or nESRGAN+ and return its tensors; names are our own.

    Raises:
        InputError: It is another network; for RRDB and ESRGAN the message says what to do.
    """
    flat = rrdb.unwrap(state)
    if "model.0.weight" not in flat or not any(".conv1x1." in name for name in flat):
        raise InputError(
            "the checkpoint holds no ESRGAN+: it lacks model.0 or the 1x1 convolutions of its "
            "dense blocks; an RRDB or ESRGAN file can only be what training starts from (--from)"
        )
    return flat


def _old_name(name: str, blocks: int) -> str:
    if match := BLOCK.fullmatch(name):
        block, dense, conv, part = match.groups()
        return f"model.1.sub.{block}.RDB{dense}.conv{conv}.0.{part}"
    module, _, part = name.rpartition(".")
    if module == "conv_body":
        return f"model.1.sub.{blocks}.{part}"
    if module not in PLAIN:
        raise InputError(f"the checkpoint holds no RRDB: '{name}' is not part of one")
    return f"{PLAIN[module]}.{part}"


def from_rrdb(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Return all tensors of the ESRGAN+ whose output, in eval mode, is that of an RRDB or ESRGAN.

    ESRGAN+ adds x2 to x4, and 1x1 convolutions to x2. With the latter zero, subtracting conv5's
    kernel for x4 from its kernel for x2 undoes the former: training starts where RRDB ended.

    Raises:
        InputError: It is not an RRDB checkpoint.
    """
    flat = rrdb.to_pdbench(state)
    blocks = 1 + max(
        (int(match.group(1)) for name in flat if (match := BLOCK.fullmatch(name))), default=-1
    )
    made = {_old_name(name, blocks): value.float() for name, value in flat.items()}
    missing = []
    for name in list(made):
        if match := LAST_OF_BLOCK.fullmatch(name):
            first = made[f"{match.group(1)}.conv1.0.weight"]
            growth, features = first.shape[:2]
            kernel = made[name].clone()
            x2 = slice(features + growth, features + 2 * growth)
            kernel[:, x2] -= kernel[:, -growth:]
            made[name] = kernel
            key = f"{match.group(1)}.conv1x1.weight"
            made[key] = torch.zeros(growth, features, 1, 1)
            missing.append(key)
    log.info("%d tensors filled from RRDB, %d of them adapted; missing there and set to zero: %s",
             len(flat), len(missing), ", ".join(missing))  # fmt: skip
    return made


def to_start(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Bring whatever training may start from, ESRGAN+ or RRDB, to ESRGAN+'s tensors.

    Raises:
        InputError: It is neither.
    """
    if any(".conv1x1." in name for name in rrdb.unwrap(state)):
        return to_pdbench(state)
    return from_rrdb(state)
