"""The test set that needs no download: photographs and text pages of the scikit-image wheel."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from pdbench.data.pairs import Pair
from pdbench.errors import InputError

__all__ = ["LARGEST_SIDE", "builtin_pairs"]

LARGEST_SIDE = 384
"""Larger images are cut to their central 384 pixels per side, so that the set stays quick."""

# Left out: microscopy, retina, sky and moon, masks and drawings, and a motion-blurred clock.
_FILES = {
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "brick.png": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    "camera.png": "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
    "chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "coins.png": "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba",
    "grass.png": "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    "gravel.png": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
    "motorcycle_left.png": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    "page.png": "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3",
    "rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    "text.png": "bd84aa3a6e3c9887850d45d606c96b2e59433fbef50338570b63c319e668e6d1",
}


def builtin_pairs() -> list[Pair]:
    """List the pairs, sorted by name; each LR is made by MATLAB's bicubic.

    Returns:
        Twelve pairs, 1.5 megapixels of HR in all.

    Raises:
        InputError: The installed scikit-image lacks a file or carries another one.
    """
    # Found, not imported: scikit-image takes long to import and the files are all that is wanted.
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("the builtin set needs scikit-image; run 'pip install scikit-image'")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    for name, sha256 in _FILES.items():
        _verify(folder / name, sha256)
    return [Pair(name=Path(name).stem, hr=folder / name, largest=LARGEST_SIDE) for name in _FILES]


def _verify(path: Path, sha256: str) -> None:
    try:
        content = path.read_bytes()
    except OSError:
        raise InputError(
            f"scikit-image is installed without its image '{path.name}'; reinstall its wheel"
        ) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InputError(f"'{path}' is not the image scikit-image ships; reinstall its wheel")
