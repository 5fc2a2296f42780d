"""Draws of groups made in blocks: the same however they are asked for, and with the right law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import forwhom as fw
from forwhom.methods.exact import draws as exact_draws


def survey(groups: int = 300, rows: int = 3000, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    g = rng.integers(0, groups, rows)
    d = rng.integers(0, 2, rows).astype(float)
    y = 0.3 * d + rng.normal(size=groups)[g] + 0.4 * rng.normal(size=groups)[g] * d
    size = (np.arange(groups) % 7).astype(float)
    return {"y": y + rng.normal(size=rows), "d": d, "size": size[g], "site": g.astype(float)}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(survey(), "y", "d", "size", groups="site", draws=4000)


def test_blocks_are_the_same_in_any_pass(fit: fw.Fit) -> None:
    draws = fit.estimands[0]
    whole = draws.theta()
    assert whole.shape == (300, 4000)
    seen = 0
    for own in fit.fitted.draws.map(lambda block: block, [0, 1]):
        assert np.array_equal(own.u, fit.fitted.draws.of(own.groups, [0, 1]).u)
        assert len(own.groups) <= exact_draws.BLOCK
        seen += len(own.groups)
    assert seen == 300
    assert np.array_equal(draws.baselines(), draws.baselines())


def test_group_parameters_follow_their_conditional_law(fit: fw.Fit) -> None:
    """Given the shared draws, (u_b, u_theta) of a group is normal with a known precision.

    Computed here from the rows: precision R'R / sigma^2 + diag(1 / tau^2). Whitened by it, draws
    are standard normal.
    """
    data, result = survey(), fit.estimands[0]
    theta, b = result.theta(), result.baselines()
    sites = np.asarray(result.design.groups.column_values(0))
    modifier = np.array([data["size"][data["site"] == s][0] for s in sites])
    for g in (0, 17, 250):
        rows = data["site"] == sites[g]
        d, y = data["d"][rows], data["y"][rows]
        u_b = b[g] - result.delta[:, 0] * modifier[g]
        eta = result.lambda_ @ np.array([1.0, modifier[g]])
        u_theta = theta[g] - eta
        expected = (
            result.alpha[:, None] + result.delta[:, :1] * modifier[g] + d[None, :] * eta[:, None]
        )
        residual = y[None, :] - expected
        own = np.column_stack([np.ones(rows.sum()), d])
        variance = result.sigma**2
        precision = (own.T @ own)[None] / variance[:, None, None]
        precision[:, 0, 0] += 1 / result.sigma_b**2
        precision[:, 1, 1] += 1 / result.sigma_theta**2
        right = (residual @ own) / variance[:, None]
        center = np.linalg.solve(precision, right[..., None])[..., 0]
        root = np.linalg.cholesky(precision)
        off = np.column_stack([u_b, u_theta]) - center
        white = np.einsum("kji,kj->ki", root, off)  # root' (u - center)
        for k in range(2):
            assert stats.kstest(white[:, k], "norm").pvalue > 1e-4
        assert abs(np.corrcoef(white.T)[0, 1]) < 4.5 / np.sqrt(len(white))


def test_groups_with_no_rows_in_an_arm_have_effects(fit: fw.Fit) -> None:
    data = survey()
    keep = ~((data["site"] == 5) & (data["d"] == 1))
    thinned = fw.fit({k: v[keep] for k, v in data.items()}, "y", "d", "size", groups="site")
    sites = np.asarray(thinned.fitted.design.groups.column_values(0))
    g = int(np.flatnonzero(sites == 5)[0])
    u = thinned.estimands[0].theta()[g] - thinned.estimands[0].eta()[g]
    # nothing is known of it but the spread: u / sigma_theta is standard normal
    assert stats.kstest(u / thinned.estimands[0].sigma_theta, "norm").pvalue > 1e-4
    assert "no_treated_rows" in [c.code for c in thinned.warnings]
