"""The three published namings of RRDB's 702 tensors, brought to the one pdbench uses (BasicSR's).

References:
    Wang et al., "ESRGAN", 2018 (old and mid naming); BasicSR, https://github.com/XPixelGroup/BasicSR
    (new naming); Lugmayr et al., "SRFlow", ECCV 2020 (mid naming below the prefix "RRDB.").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from pdbench.errors import InputError

__all__ = [
    "WRAPPERS",
    "Naming",
    "from_mid",
    "naming_of",
    "open_wrapping",
    "to_mid",
    "to_pdbench",
    "unwrap",
]

WRAPPERS = (
    "params_ema",
    "params",
    "state_dict",
    "model_state_dict",
    "model",
    "net_g",
    "generator",
)
PREFIXES = ("_orig_mod.", "module.", "generator.", "model.", "net_g.")

Naming = Literal["old", "mid", "new"]

MID = (  # "conv_body." before "body.", which it contains
    ("conv_body.", "trunk_conv."),
    ("body.", "RRDB_trunk."),
    (".rdb", ".RDB"),
    ("conv_up1.", "upconv1."),
    ("conv_up2.", "upconv2."),
    ("conv_hr.", "HRconv."),
)
OLD_PLAIN = {
    "model.0": "conv_first",
    "model.3": "conv_up1",
    "model.6": "conv_up2",
    "model.8": "conv_hr",
    "model.10": "conv_last",
}
OLD_BLOCK = re.compile(r"model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.(weight|bias)")
OLD_TRUNK = re.compile(r"model\.1\.sub\.\d+\.(weight|bias)")


def unwrap(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Take the tensors out of a checkpoint's wrapping; see `open_wrapping`."""
    return open_wrapping(state)[0]


def open_wrapping(state: Mapping[str, object]) -> tuple[dict[str, Tensor], str]:
    """Take the tensors out of a checkpoint's wrapping, and say what that was.

    Trainers keep them under a key ("params_ema", "state_dict", ...), one in another perhaps, and
    data-parallel training, compilation and trainers put a word before every name ("module.").

    Returns:
        The tensors, and what was taken off ("state_dict, module.*"), "" for nothing.

    Raises:
        InputError: What is left is not a flat dictionary of tensors.
    """
    opened = []
    while wrapper := next((key for key in WRAPPERS if isinstance(state.get(key), Mapping)), None):
        state = state[wrapper]  # type: ignore[assignment]
        opened.append(wrapper)
    flat = dict(state)
    if not flat or not all(isinstance(value, Tensor) for value in flat.values()):
        raise InputError("the checkpoint is not a flat dictionary of tensors; export its weights")
    while prefix := next((prefix for prefix in PREFIXES if _all_begin(flat, prefix)), None):
        flat = {name.removeprefix(prefix): value for name, value in flat.items()}
        opened.append(f"{prefix}*")
    return flat, ", ".join(opened)  # type: ignore[return-value]


def _all_begin(names: Mapping[str, object], prefix: str) -> bool:
    """Tell whether a prefix wraps every name; "model.0" is the old naming of RRDB, not wrapped."""
    return all(
        name.startswith(prefix) and not name.removeprefix(prefix)[:1].isdigit() for name in names
    )


def naming_of(names: Mapping[str, Tensor]) -> Naming:
    """Tell which naming a state dict uses; raises InputError for none of the three."""
    if "model.0.weight" in names:
        return "old"
    if "conv_first.weight" in names:
        return "mid" if "trunk_conv.weight" in names else "new"
    raise InputError("the checkpoint holds no RRDB: none of its three namings fits its keys")


def from_mid(name: str) -> str:
    """Translate one key of the mid naming; other names pass unchanged."""
    for ours, theirs in MID:
        name = name.replace(theirs, ours)
    return name


def to_mid(name: str) -> str:
    """Translate one of our keys into the mid naming."""
    for ours, theirs in MID:
        name = name.replace(ours, theirs)
    return name


def _from_old(name: str) -> str:
    if match := OLD_BLOCK.fullmatch(name):
        block, dense, conv, part = match.groups()
        return f"body.{block}.rdb{dense}.conv{conv}.{part}"
    if match := OLD_TRUNK.fullmatch(name):
        return f"conv_body.{match.group(1)}"
    module, _, part = name.rpartition(".")
    return f"{OLD_PLAIN[module]}.{part}" if module in OLD_PLAIN else name


def to_pdbench(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Bring any published RRDB checkpoint to this repository's key names.

    Args:
        state: What `torch.load(..., weights_only=True)` or safetensors gave.

    Returns:
        Flat state dict for `RRDB.load_state_dict`.

    Raises:
        InputError: It is not an RRDB checkpoint.
    """
    flat = unwrap(state)
    naming = naming_of(flat)
    if naming == "new":
        return flat
    translate = _from_old if naming == "old" else from_mid
    return {translate(name): value for name, value in flat.items()}
