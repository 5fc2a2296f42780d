"""Factors of the precision against the whole matrix, built from the predictor's own columns."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.laplace.build import build_levels
from forwhom.methods.laplace.centre import Smoothing, slopes
from forwhom.methods.laplace.precision import precision_of
from forwhom.methods.laplace.triangular import Triangles
from tests.methods.laplace.cases import CASES, problem

POINTS = 3


@pytest.mark.parametrize("name", CASES)
def test_factors_are_those_of_the_whole(name: str) -> None:
    model = build_levels(problem(name))
    rng = np.random.default_rng(7)
    x = rng.normal(0, 0.6, (POINTS, model.n_x))
    at = model.at(x)
    n, lp = model.n_v, model.predictors
    unit = np.repeat(np.eye(n)[None], POINTS, axis=0)
    columns = model.moved(unit, at.mixes).reshape(lp, -1, POINTS, n)
    v = rng.normal(0, 0.3, (POINTS, n))
    eta = model.predictor(v[:, :, None], at.mixes)
    pull, curvature = slopes(model, eta, at.parameters, Smoothing.none(model))
    slope, prior = model.prior_slopes(v, at)
    found = precision_of(model, curvature, prior, at)
    whole = np.einsum("lckn,lmck,mckq->knq", columns, curvature, columns, optimize=True)
    low = model.columns.m - model.columns.p
    for i in range(lp):
        start = model.n_own + i * model.columns.m
        levels, own = slice(start, start + low), slice(start + low, start + model.columns.m)
        whole[:, levels, levels] += np.eye(low)
        whole[:, own, own] += prior[:, i]
    eliminated = np.arange(model.n_own)
    whole[:, eliminated, eliminated] += 1.0
    right = rng.normal(size=(POINTS, n))
    expected = np.linalg.solve(whole, right[:, :, None])[:, :, 0]
    np.testing.assert_allclose(found.solve(right), expected, rtol=1e-7, atol=1e-8)
    half = 0.5 * np.linalg.slogdet(whole)[1]
    np.testing.assert_allclose(found.half_log_det, half, rtol=1e-9)
    root = found.spread(unit)
    covariance = root @ root.swapaxes(1, 2)
    np.testing.assert_allclose(covariance, np.linalg.inv(whole), rtol=1e-6, atol=1e-8)
    gradient = np.einsum("lckn,lck->kn", columns, pull)
    np.testing.assert_allclose(model.pulled(pull, at.mixes), gradient, rtol=1e-8, atol=1e-8)
    # slopes of the whole density in v, by differences
    step = 1e-5
    up, down = (model.log_density((v + sign * step * right)[:, :, None], at) for sign in (1, -1))
    along = np.einsum("kn,kn->k", gradient + slope, right)
    np.testing.assert_allclose((up - down)[:, 0] / (2 * step), along, rtol=2e-5, atol=2e-5)


def test_triangles_of_more_columns_than_a_block() -> None:
    rng = np.random.default_rng(2)
    root = rng.normal(size=(2, 130, 130))
    matrices = root @ root.swapaxes(1, 2) + np.eye(130)
    found = Triangles.of(matrices)
    right = rng.normal(size=(2, 130, 4))
    whole = found.backward(found.forward(right))
    np.testing.assert_allclose(matrices @ whole, right, atol=1e-8)
    np.testing.assert_allclose(2 * found.log_diagonal, np.linalg.slogdet(matrices)[1])


def test_one_that_is_not_positive_spoils_no_other() -> None:
    matrices = np.stack([np.eye(3), -np.eye(3), 4 * np.eye(3)])
    found = Triangles.of(matrices).log_diagonal
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2]], [0, 3 * np.log(2)])
