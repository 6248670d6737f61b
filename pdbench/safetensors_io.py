"""Tensors written in the safetensors format, always to the same bytes.

The library's own writer puts the entries of its header into an order that changes from run to run.
Weights are known by the sha256 of their file: the same weights must make the same file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["to_safetensors"]

_DTYPES = {"float16": "F16", "float32": "F32"}


def to_safetensors(
    tensors: Mapping[str, NDArray[np.floating[Any]]], metadata: Mapping[str, str] | None = None
) -> bytes:
    """Write arrays in the safetensors format, wide ones first, then in alphabetical order.

    Args:
        tensors: Arrays of any shape, float16 or float32.
        metadata: Texts that go into the header.

    Returns:
        The whole file.

    Raises:
        TypeError: An array of another type.
    """
    header: dict[str, Any] = {}
    if metadata:
        header["__metadata__"] = {key: metadata[key] for key in sorted(metadata)}
    blocks: list[bytes] = []
    offset = 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name)):
        array = tensors[name]
        if array.dtype.name not in _DTYPES:
            raise TypeError(f"'{name}' is {array.dtype.name}, not float16 or float32")
        block = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": _DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(block)],
        }
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *blocks])
