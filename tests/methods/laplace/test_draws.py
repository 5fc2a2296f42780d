"""Points in the units of the data against those that NUTS' coordinates stand for."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.diagnostics import Diagnostics
from forwhom.methods.joint import factor_names
from forwhom.methods.laplace.build import build_levels
from forwhom.methods.laplace.draws import to_data
from forwhom.methods.laplace.sampler import Points
from forwhom.methods.nuts.build import build_joint
from forwhom.methods.nuts.sampler import unpack
from tests.methods.laplace.cases import CASES, problem
from tests.methods.laplace.test_density import coordinates

POINTS = 4


@pytest.mark.parametrize("name", CASES)
def test_draws_mean_what_chains_mean(name: str) -> None:
    given = problem(name)
    levels, joint = build_levels(given), build_joint(given)
    rng = np.random.default_rng(6)
    x = rng.normal(0, 0.7, (POINTS, levels.n_x))
    v = rng.normal(0, 0.8, (POINTS, levels.n_v))
    points = Points(levels, x, v, Diagnostics("laplace", "", POINTS, None))
    ours = to_data(points, factor_names(given.design))
    pairs = zip(x, v, strict=True)
    theirs = unpack(joint, np.stack([coordinates(levels, joint, *pair) for pair in pairs]), 1)
    assert ours.factors == theirs.factors
    for what in ("parameters", "spreads", "levels", "nu", "correlation"):
        for one, other in zip(getattr(ours, what), getattr(theirs, what), strict=True):
            assert one.shape == other.shape, what
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-9)
    # up to a constant
    np.testing.assert_allclose(
        ours.log_prior - ours.log_prior[0], theirs.log_prior - theirs.log_prior[0], atol=1e-8
    )
