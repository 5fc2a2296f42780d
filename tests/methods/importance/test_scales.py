"""Coordinates of sds and correlations: slopes by differences, the LKJ density by integration."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.importance.edge import fall, rise
from forwhom.methods.importance.scales import FactorScales, Scales
from forwhom.methods.priors import ScalePrior
from forwhom.methods.shrinkage import Shrinkage

HALF = ScalePrior("half_normal", (1.0,))


def scales(columns: int, lkj: float, heavy: tuple[float, ...] = ()) -> Scales:
    units = np.ones(columns)
    factor = FactorScales((HALF,) * columns, units, lkj)
    sds = columns + 1
    return Scales(1, False, HALF, 1.0, (factor,), np.array(heavy), np.full(sds, 0.7))


def test_sds_rise_from_zero_and_come_back() -> None:
    x = np.linspace(-6, 8, 57)
    value, slope = rise(x)
    assert (np.diff(value) > 0).all()
    step = 1e-5
    differences = (rise(x + step)[0] - rise(x - step)[0]) / (2 * step)
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(fall(value), x, atol=1e-7)


def test_slopes_of_the_sds() -> None:
    model = scales(2, 0.0)
    x = np.array([[-1.0, 0.4, 2.5]])
    step = 1e-6
    total = 0.0
    for k in range(3):
        move = np.zeros(3)
        move[k] = step
        up, down = model.values(x + move)[0, k], model.values(x - move)[0, k]
        total += np.log((up - down) / (2 * step))
    assert model.log_slope(x)[0] == pytest.approx(total, abs=1e-6)
    np.testing.assert_allclose(model.coordinates(model.values(x)), x, atol=1e-7)


@pytest.mark.parametrize("shape", [1.0, 2.0])
def test_two_correlate_as_lkj_says(shape: float) -> None:
    """The marginal of r is a beta on (-1, 1): (1 - r^2)^(shape - 1)."""
    model = scales(2, shape)
    z = np.linspace(-12, 12, 4001)
    x = np.zeros((len(z), 4))
    x[:, 3] = z
    at = model.points(x)
    root = at.root[0]
    assert root is not None
    r = root[1, 0] * root[0, 0]
    log = at.log_prior + at.log_jacobian
    density = np.exp(log - log.max())
    density /= density.sum()
    second = float(density @ r**2)
    assert second == pytest.approx(1 / (2 * shape + 1), rel=1e-4)


def test_three_correlate_alike() -> None:
    """Every correlation of an LKJ matrix has the same beta marginal, whatever its place."""
    model = scales(3, 1.5)
    rng = np.random.default_rng(3)
    partial = rng.standard_t(5, (400_000, 3))
    x = np.zeros((len(partial), 7))
    x[:, 4:] = partial
    at = model.points(x)
    log = at.log_prior + at.log_jacobian + 3 * np.log(1 + partial**2 / 5).sum(axis=1)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    root = at.root[0]
    assert root is not None
    for i, j in ((1, 0), (2, 0), (2, 1)):
        r = (root[i] * root[j]).sum(axis=0)
        # beta(1.5 + 0.5, 1.5 + 0.5) on (-1, 1) has variance 1 / (2 * 1.5 + 2)
        assert weight @ r**2 == pytest.approx(1 / 5, rel=0.02)


def test_covariances_are_those_of_sds_and_correlations() -> None:
    model = scales(2, 2.0)
    at = model.points(np.array([[0.0, 0.5, 1.0, 0.3]]))
    covariance = at.covariance(0)[..., 0]
    tau = at.tau[0][:, 0]
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), tau)
    np.testing.assert_allclose(covariance[0, 1] / tau.prod(), np.tanh(0.3))


def test_far_coordinates_are_no_numbers_and_no_warnings() -> None:
    model = scales(2, 2.0, heavy=(4.0,))
    x = np.full((2, model.size), 900.0)
    x[1] = -900.0
    at = model.points(x)
    assert not np.isnan(at.log_w).any()


SETS = {
    "learnt": Shrinkage("learnt", (0.4,), np.arange(1, 4)),
    "horseshoe": Shrinkage("horseshoe", (0.5, 2.0, 4.0), np.arange(1, 4)),
    "r2d2": Shrinkage("r2d2", (0.4, 3.0), np.arange(1, 4)),
}


@pytest.mark.parametrize("kind", SETS)
def test_scales_that_are_learnt_have_their_prior(kind: str) -> None:
    """Weighted by their density the coordinates give the scales the law they are drawn from."""
    shrinkage = SETS[kind]
    model = Scales(1, True, HALF, 1.0, (), np.empty(0), np.empty(0), (shrinkage,))
    rng, n = np.random.default_rng(5), shrinkage.size
    proposed = 2 * rng.standard_t(6, (400_000, n))
    at = model.points(proposed)
    log = at.log_prior + at.log_jacobian + 3.5 * np.log1p(proposed**2 / 24).sum(axis=1)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    size = np.exp(np.minimum(at.log_s[0], 5.0))
    drawn = np.exp(np.minimum(shrinkage.log_scales(shrinkage.draw(rng, (400_000,))), 5.0)).T
    few = float((weight**2).sum())
    for function in (lambda s: s / (1 + s), lambda s: np.exp(-3 * s), lambda s: s < 0.05):
        ours, theirs = function(size), function(drawn)
        error = np.sqrt(ours.var(axis=1) * few + theirs.var(axis=1) / len(drawn[0]))
        assert (np.abs(ours @ weight - theirs.mean(axis=1)) < 4 * error).all()


@pytest.mark.parametrize("kind", SETS)
def test_slopes_of_scales_that_are_learnt(kind: str) -> None:
    shrinkage = SETS[kind]
    model = Scales(1, True, HALF, 1.0, (), np.empty(0), np.empty(0), (shrinkage,))
    x = np.random.default_rng(6).normal(0, 2, (1, shrinkage.size))
    step = 1e-6 * np.eye(shrinkage.size)
    differences = (model.values(x + step) - model.values(x - step)) / 2e-6
    assert model.log_slope(x)[0] == pytest.approx(np.linalg.slogdet(differences)[1], abs=1e-5)
    np.testing.assert_allclose(model.coordinates(model.values(x)), x, atol=1e-6)
    # the same density as NUTS has, in its coordinates
    values = model.values(x + np.array([[0.0], [0.3]]))
    ours = shrinkage.log_prior(values) + shrinkage.log_jacobian(values)
    theirs = [shrinkage.log_density(v, np.zeros(len(shrinkage.where)))[0] for v in values]
    assert ours[1] - ours[0] == pytest.approx(theirs[1] - theirs[0], rel=1e-9)
