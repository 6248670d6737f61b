"""Ma (also NRQM): a no-reference metric learned from people's ratings of super-resolved images."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from pdbench.metrics.color import Colour, check_batch, extract_planes
from pdbench.metrics.ma_features import FEATURE_COUNTS, ma_features
from pdbench.metrics.ma_forest import MaModel, read_model
from pdbench.metrics.metric import Choices, Metric
from pdbench.weights import WeightFile, fetch, sha256_of

__all__ = ["METRIC", "MODEL", "Ma"]

_log = logging.getLogger(__name__)

# No sha256 of this file is published: any copy of the right structure is taken, and which one it
# was is part of a score's key and of provenance (see `rules`).
MODEL = WeightFile(
    name="NRQM_model.mat",
    sha256="",
    url="https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main/NRQM_model.mat",
    folders=("pyiqa", "checkpoints"),
    purpose="Ma and PI",
    how="download it from Hugging Face (chaofengc/IQA-PyTorch-Weights) where there is a network "
    "and pass its folder with --weights-dir",
)


@dataclass(frozen=True, kw_only=True)
class Ma:
    """Ma's metric with its model loaded.

    Attributes:
        colour: The plane that is judged; a Y.
        border: Pixels shaved off each side.
        model: The three forests and their weights.
    """

    colour: Colour
    border: int
    model: MaModel

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> None:
        """Nothing: Ma judges the restored image alone."""

    def score(self, restored: Tensor, prepared: None) -> Tensor:
        """Return (B,) float64, about 0 (bad) to 10, higher is better."""
        check_batch(restored)
        planes = extract_planes(restored, colour=self.colour, border=self.border)
        return torch.tensor([self._judge(plane[0]) for plane in planes], dtype=torch.float64)

    def _judge(self, plane: Tensor) -> float:
        features = ma_features(plane.to(torch.float64))
        return self.model.predict([group.cpu().numpy() for group in features])


@lru_cache(maxsize=1)
def _read(path: Path, sha256: str) -> MaModel:
    _log.info("Ma's model is %s, sha256 %s", path, sha256)
    return read_model(path, FEATURE_COUNTS)


def _open(choices: Choices, device: str) -> Ma:
    path = fetch(MODEL)
    return Ma(**choices, model=_read(path, sha256_of(path)))


METRIC = Metric(
    id="ma",
    title="Ma",
    better="higher",
    kind="perception",
    reproduce_tolerance=0.05,
    needs_reference=False,
    reference="Ma, Yang, Yang, Yang, 'Learning a no-reference quality metric for single-image "
    "super-resolution', CVIU 2017, https://doi.org/10.1016/j.cviu.2016.12.009",
    weights=(MODEL,),
    open=_open,
)
