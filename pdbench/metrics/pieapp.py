"""PieAPP: perceptual error learnt from pairwise preferences."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from pdbench.errors import WeightsUnavailable
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.metrics.planes import check_batch
from pdbench.weights import WeightFile, fetch

__all__ = ["METRIC", "TRAINED", "Pieapp", "parameter_shapes", "read_weights"]

TRAINED = WeightFile(
    name="PieAPPv0.1-0937b014.pth",
    sha256="0937b014",
    url="https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main/"
    "PieAPPv0.1-0937b014.pth",
    folders=("pyiqa", "checkpoints"),
    how="download it from https://huggingface.co/chaofengc/IQA-PyTorch-Weights and pass its "
    "folder with --weights-dir",
)

_CONVOLUTIONS = (
    (3, 64), (64, 64), (64, 64), (64, 128), (128, 128), (128, 128),
    (128, 256), (256, 256), (256, 256), (256, 512), (512, 512),
)  # fmt: skip
"""Channels in and out of conv1 to conv11; even ones are followed by a 2x2 max-pooling, the
odd ones from conv3 on give the features."""
_CHUNK = 32
"""Patches that pass through the network at a time."""


def parameter_shapes(patch: int = 64) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every parameter, for patches of this side in pixels."""
    shapes: dict[str, tuple[int, ...]] = {}
    lengths = []
    for number, (inputs, outputs) in enumerate(_CONVOLUTIONS, start=1):
        shapes[f"conv{number}.weight"] = (outputs, inputs, 3, 3)
        shapes[f"conv{number}.bias"] = (outputs,)
        if number % 2 and number > 1:
            lengths.append(outputs * (patch >> (number // 2)) ** 2)
    for name, length in (("score", sum(lengths)), ("weight", lengths[-1])):
        shapes |= {f"fc1_{name}.weight": (512, length), f"fc1_{name}.bias": (512,)}
        shapes |= {f"fc2_{name}.weight": (1, 512), f"fc2_{name}.bias": (1,)}
    return shapes | {"ref_score_subtract.weight": (1,), "ref_score_subtract.bias": (1,)}


class _Hidden(NamedTuple):
    """The two linear layers' answers to patches, before their bias: (n, 512) each."""

    score: Tensor
    weight: Tensor


class _Prepared(NamedTuple):
    reference: Tensor
    hidden: list[_Hidden]


class Pieapp:
    """PieAPP over a regular grid of patches.

    Each pair of patches gets an error and a weight from the differences of their features; the
    score is the weighted mean. The first linear layer is applied to each image alone, since it is
    linear: so the reference costs 4 kB a patch to keep.

    Args:
        state: Parameters by the names and shapes of `parameter_shapes`.
        device: Torch device to compute on.
        channels: Order of the channels the network was trained on.
        patch: Side of a patch, pixels.
        stride: Distance between patches, pixels; what is left at the right and bottom is dropped.

    References:
        Prashnani, Cai, Mostofi, Sen, "PieAPP: Perceptual image-error assessment through pairwise
        preference", CVPR 2018, https://arxiv.org/abs/1806.02067
    """

    def __init__(
        self,
        state: Mapping[str, Tensor],
        device: str = "cpu",
        *,
        channels: Literal["bgr", "rgb"] = "bgr",
        patch: int = 64,
        stride: int = 27,
    ) -> None:
        self._state = {
            name: value.to(
                device,
                memory_format=torch.channels_last if value.ndim == 4 else torch.preserve_format,
            )
            for name, value in state.items()
        }
        self._flip = channels == "bgr"
        self._patch = patch
        self._stride = stride

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> _Prepared:
        """Keep what the network says to the reference's patches; `lr` is not used."""
        reference = required(reference)
        check_batch(reference, smallest=self._patch)
        return _Prepared(reference, list(self._hidden(reference[0])))

    def score(self, restored: Tensor, prepared: _Prepared) -> Tensor:
        """Return (B,) float64, lower is better."""
        check_batch(restored, prepared.reference)
        return torch.stack([self._score_one(image, prepared.hidden) for image in restored])

    def _score_one(self, image: Tensor, kept: list[_Hidden]) -> Tensor:
        errors, weights = [], []
        for own, other in zip(self._hidden(image), kept, strict=True):
            error = self._second("score", other.score - own.score)
            scale, offset = (self._state[f"ref_score_subtract.{p}"] for p in ("weight", "bias"))
            errors.append(0.01 * error * scale + offset)
            weights.append(self._second("weight", other.weight - own.weight) + 1e-6)
        weight = torch.cat(weights).double()
        return (torch.cat(errors).double() * weight).sum() / weight.sum()

    def _second(self, name: str, difference: Tensor) -> Tensor:
        hidden = (difference + self._state[f"fc1_{name}.bias"]).relu_()
        return hidden @ self._state[f"fc2_{name}.weight"][0] + self._state[f"fc2_{name}.bias"]

    def _hidden(self, image: Tensor) -> Iterator[_Hidden]:
        """Yield, chunk by chunk, the hidden answers to an image's patches."""
        levels = (image.flip(0) if self._flip else image) * 255
        windows = levels.unfold(1, self._patch, self._stride).unfold(2, self._patch, self._stride)
        windows = windows.permute(1, 2, 0, 3, 4)
        rows, columns = windows.shape[:2]
        for start in range(0, rows * columns, _CHUNK):
            index = torch.arange(start, min(start + _CHUNK, rows * columns), device=image.device)
            chunk = windows[index // columns, index % columns]
            yield self._first(chunk.contiguous(memory_format=torch.channels_last))

    def _first(self, features: Tensor) -> _Hidden:
        """Run the convolutions and the linear part of the first dense layers; (n, 3, p, p)."""
        score, coarse, start = torch.zeros(()), features, 0
        for number in range(1, len(_CONVOLUTIONS) + 1):
            bias = self._state[f"conv{number}.bias"]
            features = conv2d(features, self._state[f"conv{number}.weight"], bias, padding=1)
            features = features.relu_()
            if number % 2 and number > 1:
                coarse = features.flatten(1)
                stop = start + coarse.shape[1]
                part = coarse @ self._state["fc1_score.weight"][:, start:stop].T
                score, start = (score + part if start else part), stop
            if number % 2 == 0:
                features = max_pool2d(features, 2)
        return _Hidden(score, coarse @ self._state["fc1_weight.weight"].T)


def read_weights(path: Path, *, patch: int = 64) -> dict[str, Tensor]:
    """Read trained parameters.

    Args:
        path: A checkpoint: a dict of tensors, or one under the key "params".
        patch: Side of the patches it was trained on, pixels.

    Returns:
        Parameters by name, float32.

    Raises:
        WeightsUnavailable: The file is not a checkpoint of this network.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsUnavailable(f"cannot read {path}; fetch it again") from error
    state = state.get("params", state)
    wanted = parameter_shapes(patch)
    if {name: tuple(value.shape) for name, value in state.items()} != wanted:
        raise WeightsUnavailable(f"{path} does not hold PieAPP's parameters; fetch it again")
    return {name: state[name].detach().float() for name in wanted}


@lru_cache(maxsize=1)
def _read_once(path: Path, patch: int) -> dict[str, Tensor]:
    return read_weights(path, patch=patch)


def _open(choices: Choices, device: str) -> Pieapp:
    return Pieapp(_read_once(fetch(TRAINED), choices["patch"]), device, **choices)


METRIC = Metric(
    id="pieapp",
    title="PieAPP",
    better="lower",
    kind="perception",
    needs_reference=True,
    reference="Prashnani, Cai, Mostofi, Sen, 'PieAPP: Perceptual image-error assessment through "
    "pairwise preference', CVPR 2018, https://arxiv.org/abs/1806.02067",
    weights=(TRAINED,),
    open=_open,
)
