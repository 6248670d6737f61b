"""Declaration of a trained network: a folder with net, recipes, weights and card."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from pdbench.baselines import SIZES
from pdbench.baselines.arguments import build
from pdbench.errors import InputError, WeightsUnavailable
from pdbench.weights import weights_folders

__all__ = ["Baseline", "check_fit", "describe_weights", "fingerprint_of", "read_weights"]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Declaration of one network. Builds and loads nothing until asked.

    Attributes:
        id: Lowercase id ("rrdb").
        title: Name in prose ("RRDB").
        reference: Authors, title, venue, year, URL.
        folder: Where recipes, weights and card lie.
        network: Builds the bare network from a recipe's `network` arguments.
        wrap: Turns a loaded network into what the sample bank calls (restorer or sampler).
        convert_state_dict: Brings a published state dict to the network's own key names.
        convert_initial: Brings what training may start from to the network's tensors;
            `convert_state_dict` if None.
        after: Ids of the networks whose weights its training starts from.
    """

    id: str
    title: str
    reference: str
    folder: Path
    network: Callable[..., nn.Module]
    wrap: Callable[[Any], Any]
    convert_state_dict: Callable[[Mapping[str, object]], dict[str, Tensor]]
    convert_initial: Callable[[Mapping[str, object]], dict[str, Tensor]] | None = None
    after: tuple[str, ...] = ()

    def recipe_path(self, size: str) -> Path:
        """Return the recipe of a size; raises InputError for an unknown size."""
        if size not in SIZES:
            raise InputError(f"unknown size '{size}'; known: {', '.join(SIZES)}")
        return self.folder / f"{size}.yaml"

    def arguments(self, size: str) -> dict[str, Any]:
        """Return the network's arguments of a size, as its recipe has them."""
        recipe = yaml.safe_load(self.recipe_path(size).read_text(encoding="utf-8"))
        arguments: dict[str, Any] = recipe["network"]
        return arguments

    def weights_path(self, size: str, weights: Path | None = None) -> Path:
        """Return the weight file to use.

        That is the file given; else `<id>-<size>.safetensors` or `.pth`, or what training left
        in `<id>/` or in the folder itself (`<size>.safetensors`, of this network by its header),
        in a folder that PDBENCH_WEIGHTS names; else the file that ships.

        Raises:
            InputError: A given file does not exist, one that training left is damaged, or the
                size is unknown.
            WeightsUnavailable: No file is given and none ships for this size.
        """
        recipe = self.recipe_path(size)
        if weights:
            if not Path(weights).is_file():
                raise InputError(f"weight file '{weights}' does not exist")
            return Path(weights)
        names = [f"{self.id}-{size}{suffix}" for suffix in (".safetensors", ".pth")]
        names += [f"{self.id}/{size}.safetensors"]
        for folder in weights_folders():
            for path in (folder / name for name in names):
                if path.is_file():
                    return path
            path = folder / f"{size}.safetensors"
            if path.is_file() and _metadata(path).get("baseline") == self.id:
                return path
        path = recipe.with_suffix(".safetensors")
        if path.is_file():
            return path
        raise WeightsUnavailable(
            f"{self.id} has no {size} weights here; train them with 'pdbench train {self.id} "
            f"--config {size}' or import published ones with 'pdbench weights import', and give "
            "the folder that holds them with --weights-dir"
        )

    def fingerprint(self, size: str, weights: Path | None = None) -> str:
        """Return 12 hex digits that identify the weight file `load` would read."""
        return fingerprint_of(self.weights_path(size, weights))

    def load(self, size: str, device: str, weights: Path | None = None) -> nn.Module:
        """Build the network of a size and fill it from its weight file, in eval mode.

        Raises:
            InputError: The file is damaged or belongs to another network.
            WeightsUnavailable: There is no file.
        """
        path = self.weights_path(size, weights)
        state, arguments = read_weights(path)
        if arguments is None:
            arguments = self.arguments(size)
        with torch.device("meta"):  # no random initialization: every tensor comes from the file
            network = build(self.network, arguments, f"{path.name} for {self.id} ({size})")
        state = self.convert_state_dict(state)
        check_fit(network, state, f"{path.name} for {self.id} ({size})")
        network.load_state_dict({n: value.float() for n, value in state.items()}, assign=True)
        network.eval().requires_grad_(False)
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network


def check_fit(network: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Refuse a state dict that is not exactly the network's; raises InputError."""
    expected = network.state_dict()
    for name, problem in (
        *((name, "is missing") for name in expected if name not in state),
        *((name, "is not part of this network") for name in state if name not in expected),
        *(
            (name, f"has shape {tuple(state[name].shape)}, expected {tuple(value.shape)}")
            for name, value in expected.items()
            if name in state and state[name].shape != value.shape
        ),
    ):
        raise InputError(f"{what} does not fit: '{name}' {problem}")


def _metadata(path: Path) -> dict[str, str]:
    """Return what a safetensors file says of itself; reads its header only."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except SafetensorError as error:
        raise InputError(f"weight file '{path}' is damaged: {error}") from error


def read_weights(path: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Read a weight file without executing anything in it.

    Args:
        path: `.safetensors`, or a PyTorch file that `weights_only=True` accepts.

    Returns:
        The state dict, and the network's arguments if the file records them.

    Raises:
        InputError: Truncated, of another format, or holding code.
    """
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            arguments = json.loads(metadata["network"]) if "network" in metadata else None
            if arguments is not None and not isinstance(arguments, dict):
                raise ValueError("its network is not described by a mapping")
            return state, arguments
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, ValueError) as error:
        raise InputError(f"weight file '{path}' is damaged: {error}") from error
    except Exception as error:
        raise InputError(f"weight file '{path}' {_unreadable(path, error)}") from error
    if not isinstance(state, Mapping):
        raise InputError(f"weight file '{path}' is not a dictionary of tensors")
    if any(isinstance(value, Tensor) and value.is_meta for value in state.values()):
        raise InputError(f"weight file '{path}' has tensors without values; export it again")
    return dict(state), None


def _unreadable(path: Path, error: Exception) -> str:
    """Say what a file is that torch cannot load safely."""
    start = b""
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(64).lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the file it stands for; run: git lfs pull"
    if start.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not weights; download the file itself"
    found = re.search(r"GLOBAL ([\w.]+)", str(error))
    if kind := "a numpy value" if "numpy" in str(error) else found and found[1]:
        return f"holds more than tensors ({kind}) and is not loaded; save its state dict alone"
    return "is damaged, or holds more than tensors and is not loaded"


def describe_weights(path: Path) -> list[tuple[str, str]]:
    """Return (name, text) on a weight file of pdbench's own; nothing for any other file.

    Raises:
        InputError: The file does not exist or is damaged.
    """
    if not path.is_file():
        raise InputError(f"there is no weight file '{path}'; check the path")
    if path.suffix != ".safetensors" or read_weights(path)[1] is None:
        return []
    facts = _metadata(path)
    with safe_open(path, framework="pt") as file:
        shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    count = sum(math.prod(shape) for shape in shapes)
    return [
        *sorted(facts.items()),
        ("tensors", f"{len(shapes)}, {count:,} values"),
        ("fingerprint", fingerprint_of(path)),
    ]


def fingerprint_of(path: Path) -> str:
    """Return the first 12 hex digits of a weight file's sha256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
