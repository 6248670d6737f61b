"""PieAPP: perceptual error learned from pairwise preferences."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, pad

from pdbench.errors import WeightsUnavailable
from pdbench.metrics.color import check_batch
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.weights import WeightFile, fetch

__all__ = ["METRIC", "TRAINED", "Pieapp", "parameter_shapes", "read_weights"]

TRAINED = WeightFile(
    name="PieAPPv0.1-0937b014.pth",
    sha256="0937b014",
    url="https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main/"
    "PieAPPv0.1-0937b014.pth",
    folders=("pyiqa", "checkpoints"),
    purpose="PieAPP",
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
_BAND = 4
"""Rows of patches whose first stage is computed together: more share more and take more memory."""


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
        """Yield, chunk by chunk, the hidden answers to an image's patches, row by row."""
        levels = (image.flip(0) if self._flip else image)[None] * 255
        rows = (levels.shape[-2] - self._patch) // self._stride + 1
        for first in range(0, rows, _BAND):
            top = first * self._stride
            last = min(first + _BAND, rows) - 1
            band = levels[:, :, top : last * self._stride + self._patch]
            for chunk in self._first_stage(band.contiguous(memory_format=torch.channels_last)):
                yield self._later_stages(chunk)

    def _first_stage(self, band: Tensor) -> Iterator[Tensor]:
        """Yield what conv1, conv2 and the pooling make of a band's patches, (n, 64, p / 2, p / 2).

        Patches overlap, and two pixels from its edge a patch is worked on as the band is: that is
        computed once for the band, and only the edges, next to padding, patch by patch.
        """
        features = self._convolve(2, self._convolve(1, band, (1, 1)), (1, 1))
        # Patches start at even and odd pixels, so that 2x2 pixels are pooled in four ways.
        pooled = {(y, x): max_pool2d(features[:, :, y:, x:], 2)[0] for y in (0, 1) for x in (0, 1)}
        windows = band[0].unfold(1, self._patch, self._stride)
        windows = windows.unfold(2, self._patch, self._stride).permute(1, 2, 0, 3, 4)
        rows, columns = windows.shape[:2]
        inside = self._patch // 2 - 2
        for start in range(0, rows * columns, _CHUNK):
            index = torch.arange(start, min(start + _CHUNK, rows * columns), device=band.device)
            chunk = self._edges(windows[index // columns, index % columns])
            for one, number in zip(chunk, index.tolist(), strict=True):
                y, x = (self._stride * place for place in divmod(number, columns))
                part = pooled[y % 2, x % 2][:, y // 2 + 1 :, x // 2 + 1 :]
                one[:, 1:-1, 1:-1] = part[:, :inside, :inside]
            yield chunk

    def _edges(self, patches: Tensor) -> Tensor:
        """Return (n, 64, p / 2, p / 2) with the outermost ring of the first stage filled in."""
        half = self._patch // 2
        ring = patches.new_empty(len(patches), half, half, 64).permute(0, 3, 1, 2)
        for axis in (2, 3):
            for before in (True, False):
                # Four pixels from an edge on give the two that padding has touched.
                strip = patches.narrow(axis, 0 if before else self._patch - 4, 4)
                for number in (1, 2):
                    strip = self._convolve(number, _pad_edge(strip, axis, before), _along(axis))
                place = 0 if before else half - 1
                ring.narrow(axis, place, 1).copy_(max_pool2d(strip, 2))
        return ring

    def _convolve(self, number: int, features: Tensor, padding: tuple[int, int]) -> Tensor:
        weight, bias = (self._state[f"conv{number}.{kind}"] for kind in ("weight", "bias"))
        return conv2d(features, weight, bias, padding=padding).relu_()

    def _later_stages(self, features: Tensor) -> _Hidden:
        """Run conv3 to conv11 and the linear part of the first dense layers."""
        score, coarse, start = torch.zeros(()), features, 0
        for number in range(3, len(_CONVOLUTIONS) + 1):
            features = self._convolve(number, features, (1, 1))
            if number % 2:
                coarse = features.flatten(1)
                stop = start + coarse.shape[1]
                part = coarse @ self._state["fc1_score.weight"][:, start:stop].T
                score, start = (score + part if start else part), stop
            else:
                features = max_pool2d(features, 2)
        return _Hidden(score, coarse @ self._state["fc1_weight.weight"].T)


def _pad_edge(strip: Tensor, axis: int, before: bool) -> Tensor:
    """Add the zeros a convolution sees beyond a patch's edge along one axis."""
    sides = (int(before), int(not before))
    return pad(strip, (0, 0, *sides) if axis == 2 else (*sides, 0, 0))


def _along(axis: int) -> tuple[int, int]:
    """Return the padding of a strip that is padded across already."""
    return (0, 1) if axis == 2 else (1, 0)


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
