"""Importing torchvision beside a CPU build of torch, in the one place that knows the trap.

The torchvision wheels on PyPI are CUDA builds. Beside a CPU build of torch their library of
operators cannot be loaded, and `import torchvision` then fails at the first operator it describes:
"operator torchvision::nms does not exist". Declared by name, the operators stay without code, and
all that needs none of them (networks, transforms, and whatever imports torchvision for these)
works.
"""

from __future__ import annotations

import warnings
from types import ModuleType

__all__ = ["import_torchvision"]

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> ModuleType:
    """Import torchvision, whose compiled operators may be missing.

    To be called before the import of any package that imports torchvision itself (pyiqa, lpips,
    spandrel); calling it again costs nothing.

    Returns:
        The module.

    Raises:
        ImportError: torchvision is not installed.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the library it could not load
        try:
            import torchvision
        except RuntimeError:
            for name in _OPERATORS:
                torch.library.define(f"torchvision::{name}", _SCHEMA)
            import torchvision
    return torchvision
