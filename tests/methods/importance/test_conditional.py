"""Scales explored by conditional fits: known densities, and what is learnt on the way."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.errors import UnboundedError
from forwhom.methods.importance.conditional import Edges, explore_conditionally
from forwhom.methods.importance.laplace import Target
from forwhom.methods.importance.noise import Noise
from forwhom.methods.importance.polynomial import Polynomial

NAMES = ("sigma_b", "sigma_mail", "sigma_visit")
DRAWS = 4000


def known(heavy: float = np.inf, flat: bool = False) -> Target:
    """Half-normal sds of scales 1, 0.5, 2 and a normal; xi normal given them, or t with ``heavy``.

    Its mean is (tau_1, tau_2 + x), its sds are 1 + tau_3 and 0.3.
    """
    scales = np.array([1.0, 0.5, 2.0])

    def place(tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = np.stack([tau[:, 0], tau[:, 1] + tau[:, 3]], axis=1)
        return mean, np.stack([1 + tau[:, 2], np.full(len(tau), 0.3)], axis=1)

    def prior(tau: np.ndarray) -> np.ndarray:
        if flat:
            return -0.5 * tau[:, 3] ** 2
        return -0.5 * ((tau[:, :3] / scales) ** 2).sum(axis=1) - 0.5 * tau[:, 3] ** 2

    def newton(tau: np.ndarray, xi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        mean, sd = place(tau)
        z = (xi - mean) / sd
        value = prior(tau) - np.log(sd).sum(axis=1) - 0.5 * (z**2).sum(axis=1)
        curvature = np.zeros((len(tau), 2, 2))
        curvature[:, [0, 1], [0, 1]] = 1 / sd**2
        return value, -z / sd, curvature

    def log_density(tau: np.ndarray, xi: np.ndarray) -> np.ndarray:
        mean, sd = place(tau)
        square = (((xi - mean) / sd) ** 2).sum(axis=1)
        kernel = -0.5 * square
        if np.isfinite(heavy):
            kernel = -(heavy + 2) / 2 * np.log1p(square / heavy)
        return np.asarray(prior(tau) - np.log(sd).sum(axis=1) + kernel)

    return Target(newton, log_density, np.zeros(2), NAMES)


@pytest.mark.parametrize("heavy", [np.inf, 12.0])
def test_draws_are_those_of_a_known_density(heavy: float) -> None:
    found = explore_conditionally(known(heavy), 1, DRAWS, np.random.default_rng(5))
    assert found.check.k_hat < 0.7
    assert found.check.effective_share > 0.5
    kept = DRAWS * found.check.effective_share
    half = np.sqrt(2 / np.pi)
    expected = [(half * s, s * np.sqrt(1 - 2 / np.pi)) for s in (1.0, 0.5, 2.0)]
    expected.append((0.0, 1.0))
    second = 1.0 if np.isinf(heavy) else heavy / (heavy - 2)  # variance of the noise
    wide = second * (1 + 2 * 2 * half + 4)  # of the mean square of 1 + tau_3
    expected.append((half, np.sqrt(expected[0][1] ** 2 + wide)))
    expected.append((0.5 * half, np.sqrt(expected[1][1] ** 2 + 1 + 0.09 * second)))
    for values, (mean, sd) in zip(np.hstack([found.tau, found.rest]).T, expected, strict=True):
        assert abs(values.mean() - mean) < 4 * sd / np.sqrt(kept)
        assert values.std() == pytest.approx(sd, rel=0.08)


def test_the_integral_is_told_without_bias() -> None:
    """Of three half-normals, a normal and two normals given them; twenty seeds."""
    expected = 3 * 0.5 * np.log(np.pi / 2) + 1.5 * np.log(2 * np.pi)  # scales 1, 0.5 and 2
    found = [
        explore_conditionally(known(), 1, 1500, np.random.default_rng(seed)).check.mass
        for seed in range(20)
    ]
    off = np.array([one.value for one in found if one is not None]) - expected
    assert len(off) == 20
    assert abs(off.mean()) < 4 * off.std(ddof=1) / np.sqrt(20)
    assert abs(off.mean()) < 0.01


def test_a_flat_prior_is_named() -> None:
    with pytest.raises(UnboundedError, match="sigma_"):
        explore_conditionally(known(flat=True), 1, DRAWS, np.random.default_rng(5))


def test_coordinates_and_their_slope() -> None:
    edges = Edges(np.array([0.3, 2.0]))
    x = np.random.default_rng(1).normal(size=(9, 3)) * 2
    np.testing.assert_allclose(edges.coordinates(edges.tau(x)), x, atol=1e-6)
    step, slope = 1e-6, np.zeros(9)
    for j in range(2):
        move = step * np.eye(3)[j]
        slope += np.log((edges.tau(x + move) - edges.tau(x - move))[:, j] / (2 * step))
    np.testing.assert_allclose(edges.log_slope(x), slope, atol=1e-5)


@pytest.mark.parametrize(("points", "degree"), [(400, 3), (100, 2), (30, 1)])
def test_polynomials_hold_what_they_were_fitted_to(points: int, degree: int) -> None:
    rng = np.random.default_rng(2)
    at = rng.normal(size=(points, 3))
    values = np.stack([1 + at[:, 0] ** degree, at[:, 1] - 2 * at[:, 2]], axis=1)
    found = Polynomial.fit(at, values, np.ones(points))
    assert found.degree == degree
    np.testing.assert_allclose(found.at(at), values, atol=1e-3)
    far = found.at(np.full((1, 3), 100.0))  # as at the edge
    np.testing.assert_allclose(far, found.at(at.max(axis=0)[None]))


def test_noise_has_its_density_and_learns() -> None:
    rng = np.random.default_rng(3)
    first = Noise.standard(2)
    e = first.draw(40_000, rng)
    target = -0.5 * (((e - [0.5, -1.0]) / [1.0, 0.6]) ** 2).sum(axis=1) - np.log(0.6)
    log_weight = target - np.log(2 * np.pi) - first.log_density(e)
    assert np.exp(log_weight).mean() == pytest.approx(1.0, abs=0.02)  # constants are kept
    weight = np.exp(log_weight)
    learnt = first.learn(e, weight / weight.sum())
    np.testing.assert_allclose(learnt.shift, [0.5, -1.0], atol=0.03)
    np.testing.assert_allclose(np.abs(np.diag(learnt.stretch)), [1.0, 0.6], atol=0.03)
