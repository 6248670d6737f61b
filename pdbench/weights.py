"""Weight files: find, verify, fetch, and say what is missing and how to get it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CarriedFile", "WeightFile"]


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """Declaration of one file of weights that pdbench does not carry itself.

    Attributes:
        name: File name as the origin spells it ("PieAPPv0.1-0937b014.pth").
        sha256: Hex digest, or its published prefix (at least 8 digits).
        url: Official download address, or "" where `how` is the only way.
        folders: Cache folders that may already hold it, relative to the torch hub folder.
        how: One sentence: how a user gets the file by hand.
    """

    name: str
    sha256: str
    url: str
    folders: tuple[str, ...] = ()
    how: str


@dataclass(frozen=True, kw_only=True)
class CarriedFile:
    """Declaration of one file of weights inside this package.

    Attributes:
        name: File name.
        sha256: Hex digest of the file.
        package: Import name of the package whose folder holds it ("pdbench.metrics.data").
    """

    name: str
    sha256: str
    package: str
