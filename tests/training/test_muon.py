"""Muon: updates are near-orthogonal, and it minimizes."""

import torch

from pdbench.training.muon import Muon, orthogonalize


def test_singular_values_come_near_one():
    matrix = torch.randn(12, 30, generator=torch.Generator().manual_seed(0))
    for m in (matrix, matrix.T):
        values = torch.linalg.svdvals(orthogonalize(m))
        assert values.min() > 0.5
        assert values.max() < 1.5


def test_the_gram_matrix_stands_for_the_matrix():
    matrix = torch.randn(12, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    direct = matrix / matrix.norm()
    for _ in range(5):
        gram = direct @ direct.T
        direct = 3.4445 * direct + (-4.7750 * gram + 2.0315 * gram @ gram) @ direct
    torch.testing.assert_close(orthogonalize(matrix), direct, rtol=1e-6, atol=1e-6)


def test_it_minimizes_a_least_squares_problem():
    torch.manual_seed(0)
    target, kernel = torch.randn(8, 4, 3, 3), torch.nn.Parameter(torch.zeros(8, 4, 3, 3))
    optimizer = Muon([kernel], lr=0.1)
    before = (kernel - target).square().mean().item()
    for _ in range(100):
        loss = (kernel - target).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert (kernel - target).square().mean().item() < 0.05 * before
