"""Preset alley2023 against a long Stan run, and against brute force.

Everything is held on the paper's data, and on their simulated twin, which is always there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.linalg import solve_triangular
from scipy.special import ndtr

import forwhom as fw
from tests import paper
from tests.paper_needed import STUDIES
from tests.studies import Study

DRAWS = 200_000


@pytest.fixture(scope="module", params=STUDIES)
def study(request: pytest.FixtureRequest) -> Study:
    found: Study = request.param
    return found


@pytest.fixture(scope="module")
def data(study: Study) -> dict[str, np.ndarray]:
    return study.rows()


@pytest.fixture(scope="module")
def fit(data: dict[str, np.ndarray]) -> fw.Fit:
    return fw.fit(
        data,
        outcome=paper.OUTCOME,
        treatment=paper.TREATMENT,
        modifiers=paper.MODIFIERS,
        preset="alley2023",
        draws=DRAWS,
        seed=1,
    )


@pytest.fixture(scope="module")
def pairs(fit: fw.Fit, study: Study) -> dict[str, tuple[np.ndarray, dict[str, Any]]]:
    """Our draws beside the reference's summary, by name: 13 scalars and 172 thetas."""
    reference = study.posterior("alley2023")
    result = fit.estimands[0]
    found = {
        "alpha": (result.alpha, reference["scalars"]["alpha"]),
        "sigma": (result.sigma, reference["scalars"]["sigma"]),
        "sigma_theta": (result.sigma_theta, reference["scalars"]["sigma_theta"]),
        "theta_control": (result.control_theta(), reference["theta"][0]),
    }
    for j, name in enumerate(result.effect.lambda_names):
        found[f"lambda[{name}]"] = (result.lambda_[:, j], reference["lambda"][name])
    groups = result.design.groups
    values = [groups.column_values(j) for j in range(len(groups.columns))]
    index = {tuple(v[g] for v in values): g for g in range(groups.count)}
    theta = result.theta()
    for entry in reference["theta"][1:]:
        g = index[tuple(float(entry["group"][name]) for name in groups.columns)]
        assert result.effect.n_treated[g] == entry["n"]
        found[f"theta[{groups.name(g)}]"] = (theta[g], entry)
    return found


def test_rows_and_groups_are_the_studys(fit: fw.Fit, study: Study) -> None:
    design = fit.fitted.design
    treated = design.effects[0].n_treated
    assert design.usage.n_used == 468
    assert treated.sum() == 228
    assert design.groups.count == study.groups
    assert (treated == 1).sum() == study.singles
    assert treated.max() == study.largest


def test_every_quantity_is_compared(pairs: dict[str, Any]) -> None:
    assert len(pairs) == 3 + 10 + 172


def test_means_within_four_joint_standard_errors(pairs: dict[str, Any]) -> None:
    z = {
        name: (draws.mean() - ref["mean"]) / np.hypot(ref["mcse"], draws.std() / np.sqrt(DRAWS))
        for name, (draws, ref) in pairs.items()
    }
    assert not {name: value for name, value in z.items() if abs(value) > 4}


def test_sds_within_four_percent(pairs: dict[str, Any]) -> None:
    ratio = {name: draws.std() / ref["sd"] for name, (draws, ref) in pairs.items()}
    assert not {name: value for name, value in ratio.items() if abs(value - 1) > 0.04}


@pytest.mark.parametrize(("key", "p"), [("q2.5", 0.025), ("q97.5", 0.975)])
def test_interval_ends_within_five_percent_of_an_sd(
    pairs: dict[str, Any], key: str, p: float
) -> None:
    """5 % of an sd, or 4 joint standard errors of the two quantiles where that is more.

    The twin's reference knows its quantiles' standard errors. Otherwise one is
    sqrt(p (1 - p) / ess) / density: about 1.6 % of an sd for the paper's thetas and 2.9 % for
    alpha, whose left tail is long. Over 370 points the reference's own noise puts a few beyond
    5 %. ``test_against_brute_force`` holds every one of them to an exact calculation, without it.
    """
    wrong = {}
    for name, (draws, ref) in pairs.items():
        below, above = np.quantile(draws, [max(p - 0.01, 0.001), min(p + 0.01, 0.999)])
        density = (min(p + 0.01, 0.999) - max(p - 0.01, 0.001)) / (above - below)
        ours, theirs = (np.sqrt(p * (1 - p) / count) / density for count in (DRAWS, ref["ess"]))
        error = np.hypot(ours, ref.get(f"mcse_{key}", theirs)) / ref["sd"]
        distance = (np.quantile(draws, p) - ref[key]) / ref["sd"]
        if abs(distance) > max(0.05, 4 * error):
            wrong[name] = (distance, error)
    assert not wrong


def test_against_brute_force(data: dict[str, np.ndarray], fit: fw.Fit, study: Study) -> None:
    """All 183 linear quantities, their posterior computed by brute force.

    On a fine grid of (sigma, sigma_theta) alpha, the 10 lambdas and the 172 thetas are jointly
    normal with a dense 183 x 183 precision matrix, written down from the model as the paper has it:
    no Woodbury identity, no group shapes, no importance sampling. Each quantity's posterior is then
    a mixture of normals over the grid, whose probability below our quantile must be the quantile's,
    to Monte Carlo error.
    """
    d, y = data[paper.TREATMENT], data[paper.OUTCOME]
    result = fit.estimands[0]
    names = [name.split(":") for name in result.effect.lambda_names[1:]]
    z = np.column_stack([np.ones(len(d))] + [np.prod([data[c] for c in n], axis=0) for n in names])
    keys = np.column_stack([data[c] for c in result.design.groups.columns])
    _, first, group = np.unique(
        np.where(d[:, None] == 1, keys, -1.0), axis=0, return_index=True, return_inverse=True
    )
    ours = np.column_stack([result.alpha, result.lambda_, *_thetas(fit, data, first)])
    own = (group[:, None] == np.arange(len(first))).astype(float)
    z = d[first, None] * z[first]  # the control group's is zero
    grid = _brute_force(y, own, z, study)
    assert ours.shape[1] == grid.mean.shape[1] == 183
    for p in (0.025, 0.5, 0.975):
        point = np.quantile(ours, p, axis=0)
        probability = grid.share @ ndtr((point - grid.mean) / grid.sd)
        standard_error = np.sqrt(p * (1 - p) / DRAWS)
        grid_error = 5e-5  # a grid twice as fine on both sides moves no probability by more
        assert np.abs(probability - p).max() < 4.5 * standard_error + grid_error  # 549 comparisons


@dataclass(frozen=True)
class Grid:
    """Points of a grid: their shares of the posterior, and means and sds (points, quantities)."""

    share: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def _brute_force(y: np.ndarray, own: np.ndarray, z: np.ndarray, study: Study) -> Grid:
    """alpha, lambda and theta given (sigma, tau), over Gauss-Legendre points of both.

    y ~ normal(alpha + own theta, sigma), theta ~ normal(Z lambda, tau), alpha ~ normal(0, 1),
    lambda ~ normal(0, 0.5), tau ~ half_normal(0.5), sigma flat.
    """
    groups, terms = z.shape
    columns = np.hstack([np.ones((len(y), 1)), np.zeros((len(y), terms)), own])
    apart = np.hstack([np.zeros((groups, 1)), -z, np.eye(groups)])  # theta - Z lambda
    prior = np.diag(np.r_[1.0, np.full(terms, 0.5**-2.0), np.zeros(groups)])
    gram, right, pull = columns.T @ columns, columns.T @ y, apart.T @ apart
    taus, widths = _legendre(30, 0.0, study.tau)
    sigmas, others = _legendre(16, *study.sigmas)
    weight, mean, sd = [], [], []
    for (tau, width), (sigma, other) in product(
        zip(taus, widths, strict=True), zip(sigmas, others, strict=True)
    ):
        factor = np.linalg.cholesky(gram / sigma**2 + pull / tau**2 + prior)
        root = solve_triangular(factor, np.eye(len(factor)), lower=True)
        center = root.T @ (root @ right) / sigma**2
        log_density = (
            -len(y) * np.log(sigma)
            - 0.5 * (y @ y - right @ center) / sigma**2
            - np.log(np.diag(factor)).sum()
            - groups * np.log(tau)
            - 0.5 * (tau / 0.5) ** 2
        )
        weight.append(log_density + np.log(width * other))
        mean.append(center)
        sd.append(np.sqrt((root**2).sum(axis=0)))
    share = np.exp(np.array(weight) - max(weight))
    share /= share.sum()
    at_ends = share.reshape(len(taus), -1)
    assert max(at_ends[-1].sum(), at_ends[:, 0].sum(), at_ends[:, -1].sum()) < 1e-6  # wide enough
    return Grid(share, np.array(mean), np.array(sd))


def _legendre(points: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of Gauss-Legendre quadrature between two ends."""
    at, weights = np.polynomial.legendre.leggauss(points)
    return low + (high - low) * (at + 1) / 2, weights


def _thetas(fit: fw.Fit, data: dict[str, np.ndarray], first: np.ndarray) -> list[np.ndarray]:
    """Draws of theta in the brute force's order of groups, the control group where it stands."""
    groups, theta = fit.fitted.design.groups, fit.estimands[0].theta()
    values = [groups.column_values(j) for j in range(len(groups.columns))]
    index = {tuple(v[g] for v in values): g for g in range(groups.count)}
    return [
        theta[index[tuple(data[c][row] for c in groups.columns)]]
        if data[paper.TREATMENT][row] == 1
        else fit.estimands[0].control_theta()
        for row in first
    ]
