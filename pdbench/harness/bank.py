"""Sample bank: everything networks make of one image, made once for all methods.

A sample is a pure function of (run seed, image, network, sample index, temperature): its noise
comes from a generator seeded by a hash of these, drawn for the whole image on the CPU. So it is
the same whatever the order, number, batch, tile or device; temperatures share their noise.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor

from pdbench.errors import NonFiniteImage
from pdbench.harness.method import Need, Sampled
from pdbench.harness.options import DEFAULT_MEMORY

__all__ = [
    "DEFAULT_MEMORY",
    "Fuser",
    "Restorer",
    "SampleBank",
    "Sampler",
    "latent_noise",
    "tiles",
]


class Restorer(Protocol):
    """A deterministic network as the bank calls it; see pdbench.baselines.rrdb.restorer."""

    scale: int
    overlap: int
    bytes_per_pixel: int

    def restore(self, lr: Tensor) -> Tensor:
        """Map (1, 3, h, w) in [0, 1] to (1, 3, scale*h, scale*w)."""
        ...


class Fuser(Protocol):
    """A network that makes one image of samples; see pdbench.baselines.fusion.fuser."""

    scale: int
    overlap: int
    bytes_per_pixel: int

    def fuse(self, samples: Tensor) -> Tensor:
        """Map (k, 3, scale*h, scale*w) to (3, scale*h, scale*w)."""
        ...


class Sampler(Protocol):
    """A generative network as the bank calls it; see pdbench.baselines.srflow_da.sampler."""

    scale: int
    overlap: int
    latents: Sequence[tuple[int, int]]
    bytes_per_pixel: int

    def prepare(self, lr: Tensor) -> Any:  # noqa: ANN401
        """Do all work that depends on lr (1, 3, h, w) only."""
        ...

    def decode(self, latents: Sequence[Tensor], prepared: Any) -> Tensor:  # noqa: ANN401
        """Map latents, each (S, channels, factor*h, factor*w), to (S, 3, scale*h, scale*w)."""
        ...


def latent_noise(key: str, index: int, shapes: Sequence[tuple[int, int, int]]) -> list[Tensor]:
    """Draw the standard-normal latents of sample `index` of the image called `key`."""
    digest = hashlib.blake2b(f"{key}|{index}".encode(), digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def _check_finite(images: Tensor, what: str) -> None:
    # here, because the median of many samples would hide one that is not finite
    for image in images:
        if not torch.isfinite(image.sum()):
            raise NonFiniteImage(f"{what} holds NaN or infinite values")


@dataclass(frozen=True)
class Tile:
    """One tile, in LR pixels: the window a network sees, and the core it answers for.

    Attributes:
        top: First row of the window.
        bottom: Row after the window's last.
        left: First column of the window.
        right: Column after the window's last.
        core: (top, bottom, left, right) of the part of the image this tile fills.
    """

    top: int
    bottom: int
    left: int
    right: int
    core: tuple[int, int, int, int]

    def window(self, factor: int = 1) -> tuple[slice, slice]:
        """Rows and columns of the window in an image `factor` times as large."""
        return (
            slice(self.top * factor, self.bottom * factor),
            slice(self.left * factor, self.right * factor),
        )

    def target(self, factor: int) -> tuple[slice, slice]:
        """Rows and columns of the core in the whole image, `factor` times as large."""
        top, bottom, left, right = self.core
        return slice(top * factor, bottom * factor), slice(left * factor, right * factor)

    def source(self, factor: int) -> tuple[slice, slice]:
        """Rows and columns of the core within the window, `factor` times as large."""
        top, bottom, left, right = self.core
        rows = slice((top - self.top) * factor, (bottom - self.top) * factor)
        return rows, slice((left - self.left) * factor, (right - self.left) * factor)


def _spans(length: int, parts: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    edges = [round(length * i / parts) for i in range(parts + 1)]
    for start, stop in pairwise(edges):
        yield max(0, start - overlap), min(length, stop + overlap), start, stop


def tiles(height: int, width: int, *, pixels: float, overlap: int) -> list[Tile]:
    """Cover an image with the fewest near-square tiles whose windows stay within a size.

    Args:
        height: Rows of the LR image.
        width: Columns of the LR image.
        pixels: Largest window in LR pixels; windows below four overlaps a side are not made.
        overlap: LR pixels seen beyond the core on every inner side.

    Returns:
        Tiles in reading order; one tile when the whole image fits.
    """
    least = 4 * overlap
    rows = columns = 1
    while True:
        tile_height = min(height, math.ceil(height / rows) + (2 * overlap if rows > 1 else 0))
        tile_width = min(width, math.ceil(width / columns) + (2 * overlap if columns > 1 else 0))
        if tile_height * tile_width <= pixels or max(tile_height, tile_width) <= least:
            break
        if tile_height >= tile_width:
            rows += 1
        else:
            columns += 1
    return [
        Tile(top, bottom, left, right, (first_row, last_row, first_column, last_column))
        for top, bottom, first_row, last_row in _spans(height, rows, overlap)
        for left, right, first_column, last_column in _spans(width, columns, overlap)
    ]


class SampleBank:
    """Lazily computed outputs of networks for one LR image.

    Args:
        lr: (3, h, w) float32 RGB in [0, 1].
        image_key: Identifies the image; part of every sample's seed.
        seed: Run seed.
        needs: What the methods of this run will ask for; lets one pass serve all.
        baselines: Maps a baseline id to a loaded restorer or sampler; called when first needed.
        device: Where the networks are.
        max_memory: Working memory to stay within, in bytes; larger images are tiled.
        image: Name of the image within its dataset, for methods that read it from files.
    """

    def __init__(
        self, lr: Tensor, image_key: str, seed: int, needs: Iterable[Need],
        baselines: Callable[[str], Any], device: str = "cpu", max_memory: int = DEFAULT_MEMORY,
        image: str = "",
    ) -> None:  # fmt: skip
        self.lr = lr[None]
        self.image_key = image_key
        self.seed = seed
        self.baselines = cache(baselines)
        self.device = device
        self.max_memory = max_memory
        self.image = image
        self._copies = False
        self._restored: dict[str, Tensor] = {}
        self._samples: dict[str, dict[float, Tensor]] = {}
        self._planned: dict[str, dict[float, int]] = {}
        for need in needs:
            if isinstance(need, Sampled):
                self._plan(need.baseline, need.tau, need.count)

    def copying(self) -> SampleBank:
        """Return this bank as code that may change what it gets should see it: it gives copies."""
        twin = copy.copy(self)
        twin.lr, twin._copies = self.lr.clone(), True
        return twin

    def _given(self, images: Tensor) -> Tensor:
        return images.clone() if self._copies else images

    def _plan(self, baseline: str, tau: float, count: int) -> None:
        wanted = self._planned.setdefault(baseline, {})
        wanted[tau] = max(count, wanted.get(tau, 0))

    def restored(self, baseline: str) -> Tensor:
        """Return a deterministic network's output (3, scale*h, scale*w), float, not clipped."""
        if baseline not in self._restored:
            self._restored[baseline] = self._restore(self.baselines(baseline))
        return self._given(self._restored[baseline])

    def samples(self, baseline: str, *, tau: float, count: int) -> Tensor:
        """Return samples 0..count-1 of a generative network at temperature tau.

        Args:
            baseline: Baseline id of the sampler.
            tau: Standard deviation of the latents; 0 gives the mode `count` times.
            count: How many samples.

        Returns:
            (count, 3, scale*h, scale*w), float, not clipped.

        Raises:
            ValueError: count < 1 or tau < 0.
            NonFiniteImage: A sample holds NaN or infinite values.
        """
        if count < 1 or tau < 0:
            raise ValueError(f"expected count >= 1 and tau >= 0, got {count} and {tau}")
        self._plan(baseline, tau, count)
        drawn = self._samples.setdefault(baseline, {})
        if tau not in drawn or len(drawn[tau]) < count:
            drawn.update(self._draw(baseline))
        return self._given(drawn[tau][:count])

    def fused(self, baseline: str, samples: Tensor) -> Tensor:
        """Return what a fusion network makes of samples of this image.

        Args:
            baseline: Baseline id of the network.
            samples: (k, 3, scale*h, scale*w), as many as the network was trained for.

        Returns:
            (3, scale*h, scale*w), float, not clipped.

        Raises:
            NonFiniteImage: The result holds NaN or infinite values.
        """
        network: Fuser = self.baselines(baseline)
        out = self._empty(1, network.scale)[0]
        for tile in self._tiles(network):
            window = samples[..., *tile.window(network.scale)].to(self.device)
            image = network.fuse(window)[..., *tile.source(network.scale)]
            out[..., *tile.target(network.scale)] = image.to(out.device)
        _check_finite(out[None], "the output")
        return out

    def _tiles(self, network: Restorer | Sampler | Fuser) -> list[Tile]:
        # Half the memory is for the outputs. Never what is left of it: tiles, and with them the
        # last bits of a sample, would then depend on how many samples were asked for.
        pixels = self.max_memory / 2 / network.bytes_per_pixel
        return tiles(*self.lr.shape[-2:], pixels=pixels, overlap=network.overlap)

    def _window(self, tile: Tile) -> Tensor:
        return self.lr[..., *tile.window()].to(self.device)

    def _restore(self, network: Restorer) -> Tensor:
        out = self._empty(1, network.scale)
        for tile in self._tiles(network):
            image = network.restore(self._window(tile))
            out[..., *tile.target(network.scale)] = image[..., *tile.source(network.scale)]
        _check_finite(out, "the output")
        return out[0]

    def _empty(self, count: int, scale: int) -> Tensor:
        height, width = self.lr.shape[-2:]
        return torch.empty(count, 3, scale * height, scale * width)

    def _draw(self, baseline: str) -> dict[float, Tensor]:
        """Draw all planned samples of one network in one pass over the image."""
        network: Sampler = self.baselines(baseline)
        wanted = {
            tau: count
            for tau, count in self._planned[baseline].items()
            if len(self._samples[baseline].get(tau, ())) < count
        }
        out = {tau: self._empty(count, network.scale) for tau, count in wanted.items()}
        height, width = self.lr.shape[-2:]
        shapes = [(c, factor * height, factor * width) for c, factor in network.latents]
        key = f"{self.seed}|{self.image_key}|{baseline}"
        noise = [latent_noise(key, index, shapes) for index in range(max(wanted.values()))]
        for tile in self._tiles(network):
            prepared = network.prepare(self._window(tile))
            for tau, images in out.items():
                # one by one: a batch would change the last bits, and gains nothing on a CPU
                for image, latents in zip(images, noise, strict=False):
                    self._fill(network, prepared, tile, [tau * x for x in latents], image)
        for tau, images in out.items():
            _check_finite(images, f"a sample at tau {tau:g}")
        return out

    def _fill(
        self,
        network: Sampler,
        prepared: Any,  # noqa: ANN401
        tile: Tile,
        latents: Sequence[Tensor],
        image: Tensor,
    ) -> None:
        """Decode one sample of one tile into its place in the image."""
        windows = [
            x[..., *tile.window(factor)][None].to(self.device)
            for x, (_, factor) in zip(latents, network.latents, strict=True)
        ]
        decoded = network.decode(windows, prepared)[0]
        target, source = tile.target(network.scale), tile.source(network.scale)
        image[..., *target] = decoded[..., *source].to(image.device)
