"""Import of authors' published checkpoints: recognized by their tensors, checked key by key.

References:
    Layouts of ESRGAN's two generations (github.com/xinntao/ESRGAN), BasicSR
    (github.com/XPixelGroup/BasicSR), ESRGAN+ (github.com/ncarraz/ESRGANplus) and SRFlow-DA
    (github.com/yhjo09/SRFlow-DA).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pdbench.atomic_write import replace_file
from pdbench.baselines import BASELINES
from pdbench.baselines.baseline import Baseline, describe_weights, read_weights
from pdbench.baselines.rrdb.state_dict import WRAPPERS, unwrap
from pdbench.baselines.srflow_da.state_dict import variant_of
from pdbench.errors import InputError
from pdbench.safetensors_io import to_safetensors
from pdbench.weights import sha256_of

__all__ = ["SIZE", "Imported", "import_checkpoint", "write_checkpoint"]

SIZE = "paper"

UNUSED = ("flowUpsamplerNet.f.", "RRDB.HRconv.", "RRDB.conv_last.", "RRDB.upconv2.")
"""Tensors of published SRFlow-DA files that its x4 network never uses."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of every tensor of a published checkpoint.

    Attributes:
        baseline: The network it belongs to.
        source: The file.
        state: All tensors of the network under pdbench's names, as precise as in the file.
        filled: (pdbench's name, the file's name) of every tensor that was taken.
        ignored: (the file's name, why) of everything that plays no part.
        missing: (pdbench's name, why it may be) of every tensor the file lacks; zero in `state`.
    """

    baseline: Baseline
    source: Path
    state: Mapping[str, Tensor]
    filled: tuple[tuple[str, str], ...]
    ignored: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def file_name(self) -> str:
        """Name under which `--weights-dir` finds the weights."""
        return f"{self.baseline.id}-{SIZE}.safetensors"

    @property
    def values(self) -> int:
        """Number of values that were taken."""
        return sum(self.state[name].numel() for name, _ in self.filled)


def import_checkpoint(path: Path, name: str | None = None) -> Imported:
    """Recognize a published checkpoint and bring it to pdbench's form; executes nothing in it.

    Args:
        path: PyTorch or safetensors file.
        name: Baseline id it must belong to; found out when None.

    Returns:
        The weights, and what became of every tensor.

    Raises:
        InputError: The file is missing, damaged, holds code, or is of a network, variant, scale
            or size that is not supported; the message says which.
    """
    if not path.is_file():
        raise InputError(f"there is no weight file '{path}'; check the path")
    content, arguments = read_weights(path)
    if arguments is not None:
        raise InputError(
            f"'{path}' has pdbench's form already; {_how_to_use(path)}, or give the file to "
            "'pdbench train --from'"
        )
    flat = unwrap(content)
    baseline = BASELINES.get(name) if name else _recognize(flat, path)
    if variant := _unsupported(flat):
        raise InputError(f"'{path}' is {variant}, which pdbench has no network for")
    taken = baseline.convert_state_dict(content)
    with torch.device("meta"):
        network = baseline.network(**baseline.arguments(SIZE))
    expected: dict[str, Tensor] = network.state_dict()
    missing = _compare(expected, taken, path, baseline)
    theirs = {id(value): key for key, value in flat.items()}
    filled = tuple((ours, theirs[id(value)]) for ours, value in taken.items())
    return Imported(
        baseline=baseline,
        source=path,
        state={
            key: taken[key] if key in taken else torch.zeros(value.shape)
            for key, value in expected.items()
        },
        filled=filled,
        ignored=(*_left_in_wrapping(content), *_never_used(filled)),
        missing=tuple((key, "the network never uses it") for key in missing),
    )


def _how_to_use(path: Path) -> str:
    """Say what makes a file of pdbench's own weights found."""
    facts = dict(describe_weights(path))
    size = facts.get("size", SIZE)
    name = f"{facts.get('baseline', 'NETWORK')}-{size}.safetensors"
    found = path.name == name or (path.name == f"{size}.safetensors" and "baseline" in facts)
    give = f"give its folder with --size {size} --weights-dir {path.parent}"
    return give if found else f"name it {name} and {give}"


def write_checkpoint(imported: Imported, target: Path) -> Path:
    """Write the weights as float32 safetensors that record where they came from.

    Args:
        imported: What `import_checkpoint` returned.
        target: A file that ends in ".safetensors", or a folder, made if it is missing, where the
            file gets the name that is looked for.

    Returns:
        Path of the file.

    Raises:
        InputError: There is another file of that name, the name is that of a file of another kind,
            or it cannot be written.
    """
    if target.suffix in (".pth", ".pt", ".ckpt", ".bin") and not target.is_dir():
        raise InputError(f"'{target}' does not end in .safetensors; change --out")
    single = target.suffix == ".safetensors" and not target.is_dir()
    path = target if single else target / imported.file_name
    facts = {
        "baseline": imported.baseline.id,
        "size": SIZE,
        "network": json.dumps(imported.baseline.arguments(SIZE), sort_keys=True),
        "imported": f"{imported.source.name} sha256 {sha256_of(imported.source)}",
    }
    if path.is_file():
        if not facts.items() <= dict(describe_weights(path)).items():
            raise InputError(f"'{path}' exists and holds other weights; remove it or change --out")
        return path
    state = {name: value.detach().float().numpy() for name, value in imported.state.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, to_safetensors(state, facts))
    except OSError as error:
        raise InputError(f"cannot write '{path}' ({error.strerror}); change --out") from error
    return path


def _recognize(flat: Mapping[str, Tensor], path: Path) -> Baseline:
    if any(key.startswith("flowUpsamplerNet.") for key in flat):
        return BASELINES.get("srflow-da")
    if "model.0.weight" in flat or "conv_first.weight" in flat:
        plus = any(".conv1x1." in key for key in flat)
        return BASELINES.get("esrgan-plus" if plus else "rrdb")
    raise InputError(
        f"'{path}' is of no network pdbench knows ('{next(iter(flat))}', ...); "
        "it imports RRDB, ESRGAN+ and SRFlow-DA x4"
    )


def _unsupported(flat: Mapping[str, Tensor]) -> str:
    """Name the relative of a supported network that a checkpoint holds, "" for none."""
    if any(key.startswith("flowUpsamplerNet.") for key in flat):
        return variant_of(flat)
    if "model.0.weight" in flat:
        last = max(int(key.split(".")[1]) for key in flat if key.startswith("model."))
        scale = {10: "", 7: "x2", 5: "x1", 13: "x8"}.get(last, "unknown scale")
        return f"an {scale} network" if scale else ""
    first = flat.get("conv_first.weight")
    if first is None:
        return ""
    if first.ndim == 4 and first.shape[1] in (12, 48):  # BasicSR shrinks by pixel-unshuffle
        return "an x2 network" if first.shape[1] == 12 else "an x1 network"
    return "an x8 network" if "upconv3.weight" in flat else ""


def _compare(
    expected: Mapping[str, Tensor], taken: Mapping[str, Tensor], path: Path, baseline: Baseline
) -> list[str]:
    """Refuse what is not exactly the published network; return what may be missing and is."""
    what = f"'{path}' is not {baseline.title} as published"
    for key, value in taken.items():
        if key not in expected:
            raise InputError(f"{what}: it has a tensor '{key}' too many")
        if value.shape != expected[key].shape:
            shapes = f"{tuple(value.shape)} instead of {tuple(expected[key].shape)}"
            raise InputError(f"{what}: '{key}' has the shape {shapes}")
        if not value.is_floating_point() or not value.isfinite().all():
            raise InputError(f"{what}: '{key}' holds values that are no finite numbers")
    missing = [key for key in expected if key not in taken]
    if needed := [key for key in missing if not key.startswith(UNUSED)]:
        raise InputError(f"{what}: {len(needed)} tensors are missing, the first is '{needed[0]}'")
    return missing


def _left_in_wrapping(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List what lies beside the dictionary that was taken out of a training checkpoint."""
    taken = next((name for name in WRAPPERS if isinstance(content.get(name), Mapping)), None)
    return [(key, f"beside {taken}") for key in content if taken and key != taken]


def _never_used(filled: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [
        (theirs, "kept, but the network never uses it")
        for ours, theirs in filled
        if ours.startswith(UNUSED)
    ]
