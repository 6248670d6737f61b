"""Random weights of the published structure and size, for metrics whose real files are not here.

The tests use them too: `pythonpath` in pyproject.toml makes this module importable there.
"""

import math

import numpy as np
import torch

from pdbench.metrics.ma_features import FEATURE_COUNTS
from pdbench.metrics.pieapp import parameter_shapes

PUBLISHED = {"trees": 2000, "rows": 2881, "nodes": 1201}
"""Size of Ma's forests: 2000 trees grown on 1440 images, about 600 inner nodes each."""


def random_forest(rng, features, *, trees=7, rows=120, nodes=61):
    """Grow trees in the tables of Ma's model file: random leaves are split, unused rows stay 0.

    Args:
        rng: numpy's random generator.
        features: Length of the vectors the trees look at.
        trees: Number of trees.
        rows: Room for nodes in the tables.
        nodes: Nodes of each tree, odd.
    """
    shape = (rows, trees)
    left, right, asked = (np.zeros(shape, np.int32) for _ in range(3))
    threshold, value = np.zeros(shape), np.zeros(shape)
    value[:nodes] = rng.uniform(0, 10, (nodes, trees))
    every = np.arange(trees)
    # All trees grow at once: leaves[i] holds each tree's leaf at position i.
    leaves = np.zeros(((nodes + 1) // 2, trees), np.int64)
    for count, node in enumerate(range(1, nodes - 1, 2), start=1):
        chosen = rng.integers(count, size=trees)
        split = leaves[chosen, every]
        left[split, every], right[split, every] = node + 1, node + 2
        asked[split, every] = rng.integers(1, features + 1, trees)
        threshold[split, every] = rng.uniform(0, 2, trees)
        leaves[chosen, every], leaves[count] = node, node + 1
    # In this order: pyiqa goes by position.
    return {
        "lDau": left,
        "rDau": right,
        "nodestatus": np.zeros(shape, np.int8),
        "nrnodes": float(rows),
        "upper": threshold,
        "avnode": value,
        "mbest": asked,
        "ndtree": np.full((trees, 1), nodes, np.int32),
        "ntree": float(trees),
    }


def random_ma_model(**sizes):
    """Make what Ma's model file holds, with random trees: {"model": struct} for savemat."""
    rng = np.random.default_rng(1)
    forests = np.empty((1, 3), dtype=object)
    for index, features in enumerate(FEATURE_COUNTS):
        forests[0, index] = random_forest(rng, features, **sizes)
    return {"model": {"rf": forests, "linear": np.array([[-0.6], [0.3], [0.3], [0.6]])}}


def random_pieapp():
    """Make parameters of PieAPP's structure, scaled so that no layer dies."""
    generator = torch.Generator().manual_seed(0)
    made = {}
    for name, shape in parameter_shapes().items():
        fan_in = math.prod(shape[1:])
        made[name] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        if name.startswith("conv1.") or name.endswith("bias"):
            made[name] *= 0.01
    made["fc2_weight.weight"].abs_()
    return made
