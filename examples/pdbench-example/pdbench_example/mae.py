"""MAE: mean absolute error over all pixels and channels, in 8-bit levels."""

from __future__ import annotations

from torch import Tensor

from pdbench.metrics.color import check_batch
from pdbench.metrics.metric import Choices, Metric, required

__all__ = ["METRIC", "MeanAbsoluteError"]


class MeanAbsoluteError:
    """Mean absolute error, whatever the protocol."""

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> Tensor:
        """Keep the reference (1, 3, H, W); `lr` is not used."""
        del lr
        return required(reference)

    def score(self, restored: Tensor, prepared: Tensor) -> Tensor:
        """Return (B,) float64 levels in 0..255, lower is better, for restored (B, 3, H, W)."""
        check_batch(restored, prepared)
        return 255 * (restored.double() - prepared.double()).abs().mean(dim=(1, 2, 3))


def _open(choices: Choices, device: str) -> MeanAbsoluteError:
    del choices, device
    return MeanAbsoluteError()


METRIC = Metric(
    id="mae",
    title="MAE",
    better="lower",
    kind="distortion",
    needs_reference=True,
    reference="pdbench-example",
    open=_open,
)
