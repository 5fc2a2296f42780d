"""Every family in the registry: slopes against differences, densities against scipy, draws."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from forwhom.families import FAMILIES, Family, Outcome

PAIRS = [(family, link) for family in FAMILIES.values() for link in family.links]
IDS = [f"{family.name}-{link}" for family, link in PAIRS]
LEVELS = 5


def parameters(family: Family, shape: tuple[int, ...] = ()) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    sizes = [parameter.size(LEVELS) for parameter in family.parameters]
    return [rng.uniform(0.6, 2.0, (size, *shape)) for size in sizes]


def outcome_of(family: Family, n: int = 40) -> Outcome:
    rng = np.random.default_rng(7)
    trials = None
    event = None
    y = {
        "numeric": lambda: rng.normal(size=n),
        "positive": lambda: rng.gamma(2.0, size=n),
        "binary": lambda: rng.integers(0, 2, n),
        "successes": lambda: rng.integers(0, 6, n),
        "ordered": lambda: np.arange(n) % LEVELS,
        "count": lambda: rng.poisson(3.0, n),
        "unit": lambda: rng.uniform(0.02, 0.98, n),
        "time": lambda: rng.exponential(2.0, n),
    }[family.support]()
    if family.support == "successes":
        trials = np.full(n, 6.0)
    if family.support == "time":
        event = rng.integers(0, 2, n).astype(float)
    levels = LEVELS if family.support == "ordered" else 0
    return Outcome.of(np.asarray(y, dtype=float), trials, event, levels)


@pytest.mark.parametrize("shape", [(), (5,), (3, 4)], ids=str)
@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_slopes_are_those_of_the_value(family: Family, link: str, shape: tuple[int, ...]) -> None:
    outcome = outcome_of(family)
    rng = np.random.default_rng(3)
    eta = rng.normal(size=(40, *shape)) * 1.5
    own = parameters(family, (1,) * (len(shape) - 1) + shape[-1:])
    found = family.derivatives(outcome, eta, link, own)
    value = family.log_likelihood(outcome, eta, link, own)
    np.testing.assert_allclose(found.value, value, rtol=1e-12, atol=1e-12)
    step = 1e-4  # the error of a central difference is of the order of step^2, here 1e-8

    def at(e: np.ndarray) -> np.ndarray:
        return family.log_likelihood(outcome, e, link, own)

    first = (at(eta + step) - at(eta - step)) / (2 * step)
    np.testing.assert_allclose(found.first, first, rtol=1e-6, atol=1e-6)

    def slope(e: np.ndarray) -> np.ndarray:
        return family.derivatives(outcome, e, link, own).first

    second = (slope(eta + step) - slope(eta - step)) / (2 * step)
    np.testing.assert_allclose(np.broadcast_to(found.second, eta.shape), second, 1e-6, 1e-6)
    quick = family.slopes_of(outcome, eta, link, own)
    np.testing.assert_allclose(quick[0], found.first, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(quick[1], found.second, rtol=1e-12, atol=1e-12)
    assert len(found.parameters) == len(own)
    for j, values in enumerate(own):
        for i in range(len(values)):
            moved = []
            for sign in (1, -1):
                changed = [v.copy() for v in own]
                changed[j][i] += sign * step
                moved.append(family.log_likelihood(outcome, eta, link, changed))
            difference = (moved[0] - moved[1]) / (2 * step)
            np.testing.assert_allclose(found.parameters[j][i], difference, rtol=1e-6, atol=1e-6)


def scipy_log(
    family: Family, link: str, outcome: Outcome, eta: np.ndarray, own: list
) -> np.ndarray:
    """The same log likelihood, constants included, by scipy's distributions."""
    p = {
        "logit": lambda: 1 / (1 + np.exp(-eta)),
        "probit": lambda: stats.norm.cdf(eta),
        "cloglog": lambda: 1 - np.exp(-np.exp(eta)),
    }.get(link, lambda: eta)()
    y, mean = outcome.y, np.exp(eta)
    first = own[0][0] if own else None
    if family.name in ("bernoulli", "binomial"):
        return stats.binom.logpmf(y, outcome.trials, p)
    if family.name == "poisson":
        return stats.poisson.logpmf(y, mean)
    if family.name == "negative_binomial":
        return stats.nbinom.logpmf(y, first, first / (first + mean))
    if family.name == "gaussian":
        return stats.norm.logpdf(y, eta, first)
    if family.name == "lognormal":
        return stats.lognorm.logpdf(y, first, scale=mean)
    if family.name == "student":
        return stats.t.logpdf(y, own[1][0], eta, first)
    if family.name == "gamma":
        return stats.gamma.logpdf(y, first, scale=mean / first)
    if family.name == "beta":
        return stats.beta.logpdf(y, p * first, (1 - p) * first)
    if family.name == "exponential":
        d = stats.expon(scale=mean)
        return np.where(outcome.event == 1, d.logpdf(y), d.logsf(y))
    if family.name == "weibull":
        from scipy.special import gamma

        d = stats.weibull_min(first, scale=mean / gamma(1 + 1 / first))
        return np.where(outcome.event == 1, d.logpdf(y), d.logsf(y))
    if family.name == "ordinal":
        cdf = stats.logistic.cdf if link == "logit" else stats.norm.cdf
        c = np.r_[-np.inf, 0.0, np.cumsum(own[0]), np.inf]
        level = y.astype(int)
        return np.log(cdf(c[level + 1] - eta) - cdf(c[level] - eta))
    raise AssertionError(f"no scipy density for {family.name}")


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_densities_are_scipys_up_to_a_constant(family: Family, link: str) -> None:
    outcome = outcome_of(family)
    rng = np.random.default_rng(5)
    own = parameters(family)
    other = [values * 1.3 for values in own]
    one, two = rng.normal(size=40), rng.normal(size=40)
    ours = family.log_likelihood(outcome, one, link, own) - family.log_likelihood(
        outcome, two, link, other
    )
    theirs = scipy_log(family, link, outcome, one, own) - scipy_log(
        family, link, outcome, two, other
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_draws_have_the_mean_they_should(family: Family, link: str) -> None:
    rng = np.random.default_rng(6)
    own = [values + 2.0 for values in parameters(family)]  # finite variances throughout
    count = 40_000
    eta = np.array([-0.8, 0.3, 0.9])
    outcome = Outcome.of(np.zeros(3), levels=LEVELS if family.support == "ordered" else 0)
    draws = family.draw(rng, np.repeat(eta[:, None], count, axis=1), link, own, outcome)
    mean = family.mean(eta, link, own)
    if mean.ndim == 2:  # categories: one frequency each
        np.testing.assert_allclose(mean.sum(axis=0), 1.0, rtol=1e-12)
        for k in range(LEVELS):
            error = np.sqrt(mean[k] * (1 - mean[k]) / count)
            assert (np.abs((draws == k).mean(axis=1) - mean[k]) < 4.5 * error).all()
        return
    error = draws.std(axis=1) / np.sqrt(count)
    assert (np.abs(draws.mean(axis=1) - mean) < 4.5 * error).all()


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_extreme_predictors_are_survived(family: Family, link: str) -> None:
    outcome = outcome_of(family)
    eta = np.tile(np.array([-1e4, -800.0, -60.0, 60.0, 800.0, 1e4]), (40, 1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        value = family.log_likelihood(outcome, eta, link, parameters(family, (1,)))
    assert not np.isnan(value).any()


@pytest.mark.parametrize(
    "family", [f for f in FAMILIES.values() if f.sufficient], ids=lambda f: f.name
)
def test_added_cells_equal_their_rows(family: Family) -> None:
    rows = outcome_of(family)
    cell = Outcome.of(
        rows.y.sum(keepdims=True), rows.trials.sum(keepdims=True), rows.event.sum(keepdims=True)
    )
    eta = np.array([-0.4, 0.7])
    link = family.links[0]
    apart = family.log_likelihood(rows, np.tile(eta, (40, 1)), link, []).sum(axis=0)
    together = family.log_likelihood(cell, eta[None], link, [])[0]
    np.testing.assert_allclose(np.diff(apart), np.diff(together), rtol=1e-12)


def test_importing_families_leaves_scipy_alone() -> None:
    code = "import sys, forwhom.families; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
