"""Half precision, where the device computes it."""

from __future__ import annotations

import torch

__all__ = ["bf16_autocast", "computes_bf16"]


def computes_bf16(device: str) -> bool:
    """Return whether a kind of device ("cpu", "cuda") multiplies bfloat16 faster than float32.

    Processors without such arithmetic emulate it, about ten times slower.
    """
    if device != "cpu":
        return True
    has = torch.cpu.get_capabilities()
    return bool(has.get("amx_bf16") or has.get("avx512_bf16"))


def bf16_autocast(device: str) -> torch.autocast:
    """Return torch's autocast to bfloat16, off where the device does not compute it."""
    return torch.autocast(device, torch.bfloat16, enabled=computes_bf16(device))
