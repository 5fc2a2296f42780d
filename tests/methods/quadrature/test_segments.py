"""Sums by group, modes and draws of groups' own parameters, each against the long way round."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forwhom.families import FAMILIES, Outcome
from forwhom.methods.quadrature.local_draws import draw_locals
from forwhom.methods.quadrature.modes import find_modes
from forwhom.methods.quadrature.segments import MOST_BLOCKS, CellData, Integrand, Runs, Segment

LENGTHS = {
    "one cell each": [1] * 6,
    "equal": [3] * 5,
    "blocks": [1, 1, 2, 2, 2, 5],
    "some without": [0, 0, 1, 3, 0],
    "all different": list(range(1, MOST_BLOCKS + 10)),
    "all different, some without": [*range(MOST_BLOCKS + 10), 0],
}


@pytest.mark.parametrize("name", LENGTHS)
def test_sums_by_group(name: str) -> None:
    lengths = LENGTHS[name]
    index = np.repeat(np.arange(len(lengths)), lengths)
    values = np.random.default_rng(1).normal(size=(len(index), 3, 4))
    expected = np.zeros((len(lengths), 3, 4))
    np.add.at(expected, index, values)
    np.testing.assert_allclose(Runs.of(index, len(lengths)).sums(values), expected, atol=1e-12)


def one_group(rank: int) -> tuple[Segment, CellData]:
    """Six successes in six trials without treatment and, for rank two, one in nine with it."""
    cells = np.arange(rank)
    own = np.array([[1.0, 0.0], [1.0, 1.0]])[:rank]
    outcome = Outcome.of(np.array([6.0, 1.0])[:rank], np.array([6.0, 9.0])[:rank])
    segment = Segment.make(
        rank, np.zeros(1, dtype=int), cells, np.zeros(rank, dtype=int), own, own[:1], rank - 1
    )
    return segment, CellData(FAMILIES["binomial"], "logit", outcome, np.ones(rank))


def loading_of(rank: int, tau: float, points: int) -> np.ndarray:
    loading = np.full((rank, rank, points), tau)
    loading[0, 1:] = 0.0  # the untreated cell does not see the effect
    return loading


@pytest.mark.parametrize("tau", [0.3, 3.0, 8.0])
@pytest.mark.parametrize("rank", [1, 2])
def test_modes_have_no_slope(rank: int, tau: float) -> None:
    segment, data = one_group(rank)
    loading, fixed = loading_of(rank, tau, 1), np.zeros((rank, 1))
    z, spread = find_modes(Integrand(segment, data, fixed, loading, ()), close=1e-6)
    eta = np.einsum("crk,rk->ck", loading, z[0])
    first, second = data.family.slopes_of(data.outcome, eta, "logit", ())
    slope = np.einsum("crk,ck->rk", loading, first) - z[0]
    precision = np.eye(rank) - np.einsum("crk,csk,ck->rs", loading, loading, second)
    np.testing.assert_allclose(slope, 0.0, atol=1e-5)
    covariance = spread[0, :, :, 0] @ spread[0, :, :, 0].T
    np.testing.assert_allclose(covariance @ precision, np.eye(rank), atol=1e-4)


@pytest.mark.parametrize("tau", [0.5, 4.0])
@pytest.mark.parametrize("rank", [1, 2])
def test_draws_of_a_skewed_group_follow_its_law(rank: int, tau: float) -> None:
    draws = 20_000
    segment, data = one_group(rank)
    loading, fixed = loading_of(rank, tau, draws), np.zeros((rank, draws))
    z = draw_locals(Integrand(segment, data, fixed, loading, ()), np.random.default_rng(3))[0]
    grid = np.linspace(-7, 7, 1401)
    mesh = np.stack(np.meshgrid(*[grid] * rank, indexing="ij")).reshape(rank, -1)
    eta = np.einsum("cr,rk->ck", loading[:, :, 0], mesh)
    log_density = data.family.log_likelihood(data.outcome, eta, "logit", ()).sum(axis=0)
    density = np.exp(log_density - 0.5 * (mesh**2).sum(axis=0)).reshape([len(grid)] * rank)
    for r in range(rank):
        marginal = density.sum(axis=tuple(k for k in range(rank) if k != r))
        law = np.cumsum(marginal) - 0.5 * marginal
        distance = stats.kstest(z[r], lambda x, law=law: np.interp(x, grid, law / law[-1]))
        assert distance.statistic < 1.95 / np.sqrt(draws)  # the 0.1 % point of Kolmogorov's law
