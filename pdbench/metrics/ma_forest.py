"""Ma's regression model: three random forests and a linear combination, from the MATLAB file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from pdbench.errors import WeightsUnavailable

__all__ = ["Forest", "MaModel", "read_model"]


@dataclass(frozen=True, eq=False)
class Forest:
    """A regression forest in flat arrays, its nodes numbered level by level, roots first.

    Attributes:
        trees: Number of trees; node n < trees is the root of tree n.
        feature: (nodes,) which feature a node asks for.
        threshold: (nodes,) what it compares with.
        child: (nodes,) the node for "at most"; the next one is for "above". 0 at a leaf.
        value: (nodes,) what a leaf predicts.
    """

    trees: int
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    child: NDArray[np.int32]
    value: NDArray[np.float64]

    def predict(self, features: NDArray[np.float64]) -> float:
        """Return the mean over trees of the leaf that one vector of features reaches."""
        node = np.arange(self.trees)
        inner = np.flatnonzero(self.child[node])
        while len(inner):
            asked = node[inner]
            above = ~(features[self.feature[asked]] <= self.threshold[asked])
            node[inner] = self.child[asked] + above
            inner = inner[self.child[node[inner]] > 0]
        return float(self.value[node].mean())


@dataclass(frozen=True, eq=False)
class MaModel:
    """Three forests, one per group of features, and the weights that combine them.

    Attributes:
        forests: For the local, global and spatial features.
        weights: (4,), a constant and one weight per forest.
    """

    forests: tuple[Forest, ...]
    weights: NDArray[np.float64]

    def predict(self, groups: Sequence[NDArray[np.float64]]) -> float:
        """Return the score; groups hold one vector of features for each forest."""
        predictions = [
            forest.predict(group) for forest, group in zip(self.forests, groups, strict=True)
        ]
        return float(self.weights @ np.array([1.0, *predictions]))


def read_model(path: Path, feature_counts: Sequence[int]) -> MaModel:
    """Read the model file.

    The published file takes some 500 MB once unpacked, most of it room for nodes that no tree
    uses; only nodes that can be reached are kept, and all of them are checked.

    Args:
        path: A MATLAB 5 file with the struct `model`.
        feature_counts: Length of the vector each forest looks at.

    Raises:
        WeightsUnavailable: The file is damaged or is not such a model.
    """
    try:
        model = loadmat(path, appendmat=False, simplify_cells=True, variable_names=["model"])
        tables = list(model["model"]["rf"])
        weights = np.asarray(model["model"]["linear"], dtype=np.float64).reshape(-1)
        if len(tables) != len(feature_counts) or len(weights) != len(tables) + 1:
            raise ValueError(f"{len(tables)} forests and {len(weights)} weights")
        forests = [
            _flatten(table, count) for table, count in zip(tables, feature_counts, strict=True)
        ]
    except Exception as error:  # damaged files raise MatReadError, zlib.error, KeyError, ...
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsUnavailable(
            f"'{path}' is not the model of Ma ({why}); delete it and fetch it again"
        ) from error
    return MaModel(tuple(forests), weights)


def _flatten(table: Mapping[str, Any], feature_count: int) -> Forest:
    """Walk all trees at once, level by level, and keep what is reached.

    The file holds one column per tree; daughters are numbered from 1, and a leaf has none.
    """
    names = ("lDau", "rDau", "mbest", "upper", "avnode")
    columns = [np.asarray(table[name]) for name in names]
    columns = [column[:, None] if column.ndim == 1 else column for column in columns]
    if len({column.shape for column in columns}) != 1:
        raise ValueError("forest tables of different sizes")
    at_most, above, asked, threshold, value = columns
    rows, trees = at_most.shape

    kept: list[tuple[NDArray[Any], ...]] = []
    row, tree = np.zeros(trees, dtype=np.int64), np.arange(trees)
    numbered = 0
    while len(row):
        if len(kept) > rows:
            raise ValueError("a tree that never ends")
        here = row, tree
        left, right = at_most[here].astype(np.int64), above[here].astype(np.int64)
        inner = left > 0
        feature = np.where(inner, asked[here].astype(np.int64) - 1, 0)
        if (
            np.any(inner != (right > 0))
            or max(left.max(), right.max()) > rows
            or not 0 <= feature.min() <= feature.max() < feature_count
            or not np.isfinite(np.where(inner, threshold[here], value[here])).all()
        ):
            raise ValueError("a tree with an impossible node")
        numbered += len(row)
        child = np.where(inner, numbered + 2 * (np.cumsum(inner) - 1), 0)
        kept.append((feature, threshold[here], child, value[here]))
        row = np.stack([left[inner], right[inner]], axis=1).reshape(-1) - 1
        tree = np.repeat(tree[inner], 2)
    feature, threshold, child, value = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    return Forest(
        trees,
        feature.astype(np.int32),
        threshold.astype(np.float64),
        child.astype(np.int32),
        value.astype(np.float64),
    )
