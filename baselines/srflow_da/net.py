r"""SRFlow-DA x4: a conditional normalizing flow from HR images to Gaussian latents and back.

    HR (3, 4h, 4w) -> squeeze -> level 1 (12, 2h, 2w) -> split -> squeeze -> level 2 (24, h, w)
                                    ^ condition           |                    ^ condition  |
    LR (3, h, w) -> RRDB -----------+---------------------|--------------------+            |
                                            eps (6, 2h, 2w)                       z (24, h, w)

References:
    Jo, Yang, Kim, "SRFlow-DA: Super-Resolution Using Normalizing Flow with Deep Convolutional
    Block", CVPR Workshops 2021. Lugmayr, Danelljan, Van Gool, Timofte, "SRFlow: Learning the
    Super-Resolution Space with Normalizing Flow", ECCV 2020, https://arxiv.org/abs/2006.14200
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor, nn

from pdbench.baselines.arguments import Blocks, Width, checked
from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.rrdb.state_dict import from_mid, to_mid
from pdbench.baselines.srflow_da.layers import Coupling, FlowStep, Prepared, Split, Squeeze

__all__ = ["Encoded", "FlowUpsampler", "SRFlowDA"]

LEVELS = 2
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
ENCODER = "RRDB."


class Encoded(NamedTuple):
    """What `SRFlowDA.encode` returns.

    Attributes:
        latents: [eps (B, 6, 2h, 2w), z (B, 24, h, w)], standard normal under the model.
        logdet: (B,) log-determinant plus the log-likelihood of eps, in nats.
        nll: (B,) negative log-likelihood in bits per HR pixel (divide by 3 for per channel).
    """

    latents: list[Tensor]
    logdet: Tensor
    nll: Tensor


class FlowUpsampler(nn.Module):
    """The stack of invertible layers; `layers.i` are the published indices.

    Args:
        condition: Channels of the condition at either level.
        steps: Affine steps per level.
        plain_steps: Steps without a coupling before them.
        hidden: Width of the coupling nets.
        depth: Hidden convolutions of the coupling nets.
        floor: Least scale of a coupling.
        split_bound: Limit of the split's log standard deviation, or None.
        published: Carry the published, never used convolution `f`.
    """

    def __init__(
        self, condition: int, *, steps: int, plain_steps: int, hidden: int, depth: int,
        floor: float, split_bound: float | None, published: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for level in range(LEVELS):
            layers.append(Squeeze())
            channels *= 4
            layers += [FlowStep(channels, None) for _ in range(plain_steps)]
            for _ in range(steps):
                coupling = Coupling(channels, condition, hidden=hidden, depth=depth, floor=floor)
                layers.append(FlowStep(channels, coupling))
            if level < LEVELS - 1:
                layers.append(Split(channels, split_bound))
                channels //= 2
        self.layers = nn.ModuleList(layers)
        if published:
            self.f = nn.Sequential(nn.Conv2d(condition, 96, 3, padding=1))

    def prepare(self, conditions: Sequence[Tensor]) -> list[Prepared | None]:
        """Compute, per layer, what depends on the two conditions (fine, coarse) only."""
        prepared: list[Prepared | None] = []
        level = -1
        for layer in self.layers:
            level += isinstance(layer, Squeeze)
            is_step = isinstance(layer, FlowStep)
            prepared.append(layer.prepare(conditions[level]) if is_step else None)  # type: ignore[operator]
        return prepared

    def forward(
        self, hr: Tensor, prepared: Sequence[Prepared | None]
    ) -> tuple[list[Tensor], Tensor]:
        """Map an HR image to [eps, z] and the log-determinant (B,) with eps's likelihood."""
        x, latents = hr, []
        logdet = hr.new_zeros(hr.shape[0])
        for layer, cache in zip(self.layers, prepared, strict=True):
            if isinstance(layer, Squeeze):
                x = layer(x)
            elif isinstance(layer, Split):
                x, eps, more = layer(x)
                latents.append(eps)
                logdet = logdet + more
            else:
                x, more = layer(x, cache)
                logdet = logdet + more
        return [*latents, x], logdet

    def inverse(self, latents: Sequence[Tensor], prepared: Sequence[Prepared | None]) -> Tensor:
        """Map [eps, z] to the HR image."""
        *rest, x = latents
        for layer, cache in zip(reversed(self.layers), reversed(prepared), strict=True):
            if isinstance(layer, Squeeze):
                x = layer.inverse(x)
            elif isinstance(layer, Split):
                x = layer.inverse(x, rest.pop())
            else:
                x = layer.inverse(x, cache)  # type: ignore[operator]
        return x

    @torch.no_grad()
    def initialize(self, hr: Tensor, prepared: Sequence[Prepared | None]) -> None:
        """Data-dependent initialization of every actnorm, in the order data meets them."""
        x = hr
        for layer, cache in zip(self.layers, prepared, strict=True):
            if isinstance(layer, FlowStep):
                layer.actnorm.initialize(x)
                x = layer(x, cache)[0]
            else:
                x = layer(x)[0] if isinstance(layer, Split) else layer(x)


class SRFlowDA(nn.Module):
    """SRFlow-DA x4.

    At the defaults this is the published network: 1,067 tensors, 25,388,627 parameters, with the
    published key names in `state_dict()` and `load_state_dict()`.

    Args:
        features: Width of the encoder's trunk.
        blocks: Blocks of the encoder.
        growth: Growth of its dense blocks.
        taps: 0-based encoder blocks whose outputs join the condition.
        skip: The encoder's trunk skip, see `RRDB`.
        steps: Affine steps per level.
        plain_steps: Steps without a coupling per level.
        hidden: Width of the coupling nets.
        depth: Hidden convolutions of the coupling nets.
        floor: Least scale of a coupling; a larger one keeps a small flow's inverse from exploding.
        split_bound: Limit of the split's log standard deviation, or None.
        published: Carry the published tensors no x4 flow uses (276,576 + the encoder's head).
    """

    @checked
    def __init__(
        self, *, features: Width = 64, blocks: Blocks = 23, growth: Width = 32,
        taps: Annotated[Sequence[int], Field(max_length=128)] = (1, 8, 15, 22),
        skip: Literal["input", "trunk"] = "trunk", steps: Blocks = 6, plain_steps: Blocks = 2,
        hidden: Width = 64, depth: Blocks = 4, floor: Annotated[float, Field(gt=0, le=1)] = 1e-4,
        split_bound: Annotated[float, Field(gt=0, le=100)] | None = None, published: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if list(taps) != sorted({*taps}) or not set(taps) <= set(range(blocks)):
            raise ValueError(f"taps must increase, from 0 to {blocks - 1} at most")
        self.taps = tuple(taps)
        self.RRDB = RRDB(features, blocks, growth, skip)
        if not published:
            for unused in ("conv_up2", "conv_hr", "conv_last"):
                delattr(self.RRDB, unused)
        self.flowUpsamplerNet = FlowUpsampler(
            features * (1 + len(self.taps)), steps=steps, plain_steps=plain_steps, hidden=hidden,
            depth=depth, floor=floor, split_bound=split_bound, published=published,
        )  # fmt: skip
        self.register_state_dict_post_hook(_publish_names)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_adopt_names)  # type: ignore[no-untyped-call]

    def conditions(self, lr: Tensor) -> list[Tensor]:
        """Return what the two levels are told of an LR image (B, 3, h, w) in [0, 1].

        Returns:
            [fine (B, C, 2h, 2w), coarse (B, C, h, w)].
        """
        features, tapped = self.RRDB.trunk(lr, self.taps)
        coarse = torch.cat([features, *tapped], 1)
        larger = [F.interpolate(x, scale_factor=2, mode="nearest") for x in tapped]
        fine = torch.cat([self.RRDB.up1(features), *larger], 1)
        return [fine, coarse]

    def condition(self, lr: Tensor) -> list[Prepared | None]:
        """Do all work that depends on the LR image (B, 3, h, w) in [0, 1] only."""
        return self.flowUpsamplerNet.prepare(self.conditions(lr))

    def encode(self, hr: Tensor, prepared: Sequence[Prepared | None]) -> Encoded:
        """Map HR images (B, 3, 4h, 4w) in [0, 1] to latents and likelihood."""
        latents, logdet = self.flowUpsamplerNet(hr, prepared)
        prior = (-0.5 * latents[-1] ** 2 - HALF_LOG_2PI).flatten(1).sum(1)
        pixels = hr.shape[-2] * hr.shape[-1]
        return Encoded(latents, logdet, -(logdet + prior) / (math.log(2) * pixels))

    def decode(self, latents: Sequence[Tensor], prepared: Sequence[Prepared | None]) -> Tensor:
        """Map latents [eps (B, 6, 2h, 2w), z (B, 24, h, w)] to images (B, 3, 4h, 4w), not clipped.

        A prepared condition of one image serves any batch of latents.
        """
        return self.flowUpsamplerNet.inverse(latents, prepared)

    def initialize(self, lr: Tensor, hr: Tensor) -> None:
        """Initialize every actnorm on one batch; never after weights were loaded."""
        self.flowUpsamplerNet.initialize(hr, self.condition(lr))

    def forward(self, lr: Tensor, hr: Tensor) -> Tensor:
        """Return the NLL (B,) of HR images (B, 3, 4h, 4w), what training minimizes."""
        return self.encode(hr, self.condition(lr)).nll


def _rename(state: dict[str, Any], prefix: str, convert_state_dict: Any) -> None:  # noqa: ANN401
    start = prefix + ENCODER
    for name in list(state):
        value = state.pop(name)  # all are put back, so that the order stays
        if name.startswith(start):
            name = start + convert_state_dict(name[len(start) :])
        state[name] = value


def _publish_names(
    module: nn.Module, state: dict[str, Any], prefix: str, metadata: Mapping[str, Any]
) -> None:
    del module, metadata
    _rename(state, prefix, to_mid)


def _adopt_names(module: nn.Module, state: dict[str, Any], prefix: str, *unused: object) -> None:
    del module, unused
    _rename(state, prefix, from_mid)
