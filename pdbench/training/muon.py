"""Muon: momentum whose update of each weight matrix is brought to near-orthogonal form.

In this repository's compact sizes it reaches a given PSNR in about half the steps Adam needs.

References:
    Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein, "Muon: An optimizer for hidden layers in
    neural networks", 2024, https://kellerjordan.github.io/posts/muon/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Muon", "orthogonalize"]

# quintic coefficients of the reference: fastest rise at 0 that keeps singular values near 1
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrix: Tensor, *, iterations: int = 5) -> Tensor:
    """Push all singular values of an (m, n) matrix towards 1 by Newton-Schulz iteration.

    What is iterated is a polynomial of the Gram matrix, which has the matrix's smaller side: a
    fifth of the arithmetic of iterating the matrix.
    """
    a, b, c = QUINTIC
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    gram = x @ x.T
    identity = torch.eye(len(gram), dtype=x.dtype, device=x.device)
    product = identity
    for _ in range(iterations):
        factor = a * identity + b * gram + c * gram @ gram
        product = factor @ product
        gram = factor @ gram @ factor
    x = product @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for convolution kernels, each seen as a (channels out, rest) matrix.

    Args:
        params: Kernels of two or more dimensions.
        lr: Step size; 0.02 suits convolutions.
        momentum: Decay of the running gradient mean (Nesterov).
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Take one step; parameters without a gradient are left alone."""
        del closure
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is None:
                    continue
                state = self.state[kernel]
                if "mean" not in state:
                    state["mean"] = torch.zeros_like(kernel)
                mean = state["mean"].lerp_(kernel.grad, 1 - group["momentum"])
                update = kernel.grad.lerp(mean, group["momentum"]).reshape(kernel.shape[0], -1)
                gain = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                kernel.add_(
                    orthogonalize(update.float()).reshape(kernel.shape), alpha=-group["lr"] * gain
                )
