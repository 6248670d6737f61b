"""Networks out of a file: any x4 RGB architecture that spandrel recognizes by its key names.

spandrel is the optional extra `pdbench[checkpoints]`. It only builds the network: the file is read
by pdbench's own reader, which executes nothing in it.

References:
    chaiNNer-org, "spandrel", https://github.com/chaiNNer-org/spandrel (MIT)
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pdbench.baselines.baseline import fingerprint_of, read_weights
from pdbench.baselines.rrdb.state_dict import open_wrapping
from pdbench.errors import InputError
from pdbench.images import SCALE
from pdbench.torchvision_guard import import_torchvision

__all__ = ["Checkpoint", "CheckpointRestorer", "open_checkpoint"]

_OVERLAP = 32
_PROBE = 32
# Largest activation to peak memory; RRDB's dense blocks need five, attention keeps more at a time.
_ACTIVATIONS = 8


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A file that stands for a network.

    Attributes:
        id: Id of the network and of the method that runs it.
        path: `.safetensors`, or a PyTorch file of tensors only.
    """

    id: str
    path: Path

    def fingerprint(self) -> str:
        """Return 12 hex digits that identify the file; raises InputError if there is none."""
        if not self.path.is_file():
            raise InputError(f"checkpoint '{self.path}' does not exist; check the path")
        return fingerprint_of(self.path)


class CheckpointRestorer:
    """A network of spandrel's as the sample bank calls it.

    Images that do not fit the network's size requirements are padded by reflection and cut back.
    A network that spandrel says should not be tiled sees every image whole.

    Args:
        descriptor: spandrel's ImageModelDescriptor, on its device, in float32.
        wrapping: What was taken off the checkpoint, "" for nothing.

    Attributes:
        scale: Magnification.
        overlap: LR pixels seen beyond each tile.
        bytes_per_pixel: Estimated working memory per LR pixel; 1 for a network that must not be
            tiled, so that no image is too large.
        architecture: Name of the architecture ("SPAN").
        wrapping: As given.
    """

    scale = SCALE

    def __init__(self, descriptor: Any, wrapping: str = "") -> None:  # noqa: ANN401  (no stubs)
        self.wrapping = wrapping
        self.architecture: str = descriptor.architecture.name
        self._descriptor = descriptor
        multiple = descriptor.size_requirements.multiple_of
        self.overlap = -(-_OVERLAP // multiple) * multiple
        tiled = descriptor.tiling.name == "SUPPORTED"
        self.bytes_per_pixel = max(1, _ACTIVATIONS * self._largest_activation()) if tiled else 1

    def restore(self, lr: Tensor) -> Tensor:
        """Map (1, 3, h, w) in [0, 1] to (1, 3, 4h, 4w) in [0, 1]."""
        with _quiet():
            restored: Tensor = self._descriptor(lr)
        return restored

    def _largest_activation(self) -> int:
        """Return the bytes per LR pixel of the largest tensor that a layer makes."""
        largest = 0

        def look(_layer: nn.Module, _given: object, made: object) -> None:
            nonlocal largest
            if isinstance(made, Tensor):
                largest = max(largest, made.nbytes)

        side = max(_PROBE, self._descriptor.size_requirements.minimum)
        hooks = [layer.register_forward_hook(look) for layer in self._descriptor.model.modules()]
        try:
            self.restore(torch.zeros(1, 3, side, side, device=self._descriptor.device))
        finally:
            for hook in hooks:
                hook.remove()
        return largest // side**2


def open_checkpoint(checkpoint: Checkpoint, device: str = "cpu") -> CheckpointRestorer:
    """Read a checkpoint and build the network it belongs to.

    Args:
        checkpoint: The file.
        device: Torch device.

    Returns:
        The network, ready to restore.

    Raises:
        InputError: spandrel is not installed; the file is missing, damaged or holds code; spandrel
            does not know the architecture; or it is not a x4 RGB network.
    """
    checkpoint.fingerprint()
    path = checkpoint.path
    spandrel = _import_spandrel()
    state, wrapping = open_wrapping(read_weights(path)[0])
    try:
        with _quiet():
            state = spandrel.canonicalize_state_dict(state)
            descriptor = spandrel.ModelLoader(device).load_from_state_dict(state)
    except spandrel.UnsupportedModelError:
        raise InputError(
            f"checkpoint '{path}' is of no architecture that spandrel knows: {_described(state)}"
            f"{_nearest(spandrel, state)}; run its code as a method of yours "
            "(FILE.py:NAME, see pdbench submit --help) or score its images with pdbench eval"
        ) from None
    except Exception as error:  # every architecture fails in its own way
        line = " ".join(" ".join(str(error).splitlines()[:2]).split()) or type(error).__name__
        raise InputError(
            f"checkpoint '{path}' cannot be made a network ({line}); give an intact file"
        ) from error
    _check(descriptor, path)
    descriptor.float().eval()
    descriptor.model.requires_grad_(requires_grad=False)
    return CheckpointRestorer(descriptor, wrapping)


def _described(state: Mapping[str, object]) -> str:
    names = list(state)
    shown = ", ".join(f"'{name:.60}'" for name in (*names[:2], *names[2:][-1:]))
    return f"{len(names)} tensors ({shown}{', ...' if len(names) > 3 else ''})"


class _Asked(dict[str, object]):
    """A state dict that has every key, and counts which it was asked for."""

    def __init__(self, state: Mapping[str, object]) -> None:
        super().__init__(state)
        self.present: dict[str, bool] = {}

    def __contains__(self, key: object) -> bool:
        self.present[str(key)] = super().__contains__(key)
        return True


def _nearest(spandrel: Any, state: Mapping[str, object]) -> str:  # noqa: ANN401
    """Name the architecture most of whose telling keys are there, half of them at least."""
    best, found = 0.5, ""
    for support in spandrel.MAIN_REGISTRY.architectures("detection"):
        asked = _Asked(state)
        with contextlib.suppress(Exception):  # some look at shapes, of tensors that are not there
            support.detect(asked)
        present = sum(asked.present.values())
        share = present / max(2, len(asked.present))
        if share > best:
            best = share
            missing = next((key for key, there in asked.present.items() if not there), "")
            found = (
                f"; nearest is {support.architecture.name} ({present} of {len(asked.present)} "
                + (f"telling keys, without '{missing}')" if missing else "telling keys)")
            )
    return found


def _check(descriptor: Any, path: Path) -> None:  # noqa: ANN401
    what = f"checkpoint '{path}' is a {descriptor.architecture.name} network"
    if descriptor.scale != SCALE:
        raise InputError(f"{what} for x{descriptor.scale}, not x4; give a x4 network")
    channels = (descriptor.input_channels, descriptor.output_channels)
    if channels != (3, 3):
        raise InputError(
            f"{what} from {channels[0]} to {channels[1]} channels, not RGB; give an RGB network"
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the warnings of old architectures' code from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _import_spandrel() -> Any:  # noqa: ANN401
    try:
        import_torchvision()
        with _quiet():
            import spandrel
    except ImportError as error:
        raise InputError(
            f"--checkpoint needs spandrel ({error}); run: pip install 'pdbench[checkpoints]'"
        ) from error
    return spandrel
