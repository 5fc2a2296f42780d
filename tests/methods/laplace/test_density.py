"""The joint density against that which NUTS samples, at random points."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.laplace.build import build_levels
from forwhom.methods.laplace.density import LevelModel
from forwhom.methods.nuts.build import build_joint
from forwhom.methods.nuts.density import JointModel
from forwhom.methods.shrinkage import Shrinkage
from tests.methods.laplace.cases import CASES, problem

POINTS = 5


def coordinates(levels: LevelModel, joint: JointModel, x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The vector that NUTS moves in, at a point x (n_x,) and v (N,)."""
    values, n = levels.scales.values(x[None])[0], levels.scales.size
    lp, m, low = levels.predictors, levels.columns.m, levels.columns.m - levels.columns.p
    dense = v[levels.n_own :].reshape(lp, m)
    zeta, each = dense[:, low:].copy(), len(levels.scales.shrinkage) // lp
    for k, (one, log_s) in enumerate(learnt(levels, x)):
        zeta[k // each, one.where] /= np.exp(log_s)
    parts = [zeta.ravel(), x[n:]]
    sizes = [one.size for one in levels.scales.shrinkage]
    begins = n - np.cumsum(sizes[::-1])[::-1] if sizes else []
    sets = [values[a : a + size] for a, size in zip(begins, sizes, strict=True)]
    parts += [sets[i * each + k] for k in range(each) for i in range(lp)]
    at, hypers = 0, {}
    for i in range(lp):
        for f, factor in enumerate(joint.factors):
            tau = values[at : at + factor.columns]
            partial = values[at + factor.columns : at + factor.hyper]
            hypers[f, i] = np.r_[np.log(tau), partial]
            at += factor.hyper
    parts += [hypers[f, i] for f in range(len(joint.factors)) for i in range(lp)]
    z = {}
    for block in levels.blocks:
        if block is levels.columns.first:
            own = v[: levels.n_own].reshape(block.levels, lp, block.columns)
            z[block.factor] = own.transpose(1, 2, 0)
        else:
            z[block.factor] = dense[:, block.start : block.stop]
    parts += [z[f].ravel() for f in range(len(joint.factors))]
    return np.concatenate(parts)


def learnt(levels: LevelModel, x: np.ndarray) -> list[tuple[Shrinkage, np.ndarray]]:
    """Sets of coefficients whose scales are learnt, and their log scales in internal units."""
    n, unit = levels.scales.size, np.diag(levels.basis.matrix)
    found = levels.scales.points(x[None, :n])
    sigma = x[n] + np.log(levels.units[0]) if levels.family.parameter_names[:1] == ("sigma",) else 0
    return [
        (one, log_s[:, 0] - np.log(unit[one.where]) + sigma * one.uses_sigma)
        for one, log_s in zip(levels.scales.shrinkage, found.log_s, strict=True)
    ]


def log_slopes(levels: LevelModel, joint: JointModel, x: np.ndarray) -> float:
    """What the sds' coordinates here add to the density, and there."""
    values = levels.scales.values(x[None])
    ours = levels.scales.log_slope(x[None, : levels.scales.size])[0]
    of_scales = sum(float(log_s.sum()) for _, log_s in learnt(levels, x))
    return float(ours - np.log(values[0, levels.scales.sds]).sum() - of_scales)


@pytest.mark.parametrize("name", CASES)
def test_the_density_is_the_one_that_nuts_samples(name: str) -> None:
    given = problem(name)
    levels, joint = build_levels(given), build_joint(given)
    rng = np.random.default_rng(5)
    x = rng.normal(0, 0.7, (POINTS, levels.n_x))
    v = rng.normal(0, 0.5, (POINTS, levels.n_v, 2))
    at = levels.at(x)
    ours = levels.log_density(v, at) + at.value[:, None]
    theirs = np.array(
        [
            [
                joint.log_density(coordinates(levels, joint, x[k], v[k, :, s]))[0]
                + log_slopes(levels, joint, x[k])
                for s in range(2)
            ]
            for k in range(POINTS)
        ]
    )
    size = np.abs(theirs).max()
    np.testing.assert_allclose(ours - ours[0, 0], theirs - theirs[0, 0], atol=1e-9 * size, rtol=0)
