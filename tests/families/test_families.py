"""Every family in the registry: slopes against differences, densities against scipy, draws."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from scipy.special import log_softmax, polygamma

from forwhom.families import FAMILIES, Family, Outcome
from forwhom.families.piecewise import lay_out
from forwhom.families.special import trigamma

PAIRS = [(family, link) for family in FAMILIES.values() for link in family.links]
IDS = [f"{family.name}-{link}" for family, link in PAIRS]
LEVELS = 5
ENDS = np.array([0.4, 1.1, 2.0, 3.5, 30.0])  # of a time's intervals


def parameters(family: Family, shape: tuple[int, ...] = ()) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    sizes = [parameter.size(LEVELS) for parameter in family.parameters]
    return [rng.uniform(0.6, 2.0, (size, *shape)) for size in sizes]


def predictors(rng: np.random.Generator, family: Family, *shape: int) -> np.ndarray:
    """Linear predictors of cells, (C, *S), or (L, C, *S) for a family with several."""
    return rng.normal(size=(LEVELS - 1, *shape) if family.several else shape)


def has_levels(family: Family) -> bool:
    return family.support in ("ordered", "unordered")


def in_intervals(family: Family, outcome: Outcome, ends: np.ndarray = ENDS) -> Outcome:
    if family.name != "piecewise_exponential":
        return outcome
    return outcome.in_intervals(ends, *lay_out(outcome.y, outcome.event, ends))


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
        "unordered": lambda: np.arange(n) % LEVELS,
        "count": lambda: rng.poisson(3.0, n),
        "unit": lambda: rng.uniform(0.02, 0.98, n),
        "closed unit": lambda: np.clip(rng.uniform(-0.5, 1.5, n), 0.0, 1.0),
        "time": lambda: rng.exponential(2.0, n),
    }[family.support]()
    if family.support == "successes":
        trials = np.full(n, 6.0)
    if family.support == "time":
        event = rng.integers(0, 2, n).astype(float)
    levels = LEVELS if has_levels(family) else 0
    return in_intervals(family, Outcome.of(np.asarray(y, dtype=float), trials, event, levels))


@pytest.mark.parametrize("shape", [(), (5,), (3, 4)], ids=str)
@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_slopes_are_those_of_the_value(family: Family, link: str, shape: tuple[int, ...]) -> None:
    outcome = outcome_of(family)
    rng = np.random.default_rng(3)
    eta = predictors(rng, family, 40, *shape) * 1.5
    own = parameters(family, (1,) * (len(shape) - 1) + shape[-1:])
    found = family.derivatives(outcome, eta, link, own)
    value = family.log_likelihood(outcome, eta, link, own)
    np.testing.assert_allclose(found.value, value, rtol=1e-12, atol=1e-12)
    step = 1e-4  # the error of a central difference is of the order of step^2, here 1e-8

    def at(e: np.ndarray) -> np.ndarray:
        return family.log_likelihood(outcome, e, link, own)

    def slope(e: np.ndarray) -> np.ndarray:
        return family.derivatives(outcome, e, link, own).first

    for each in range(len(eta)) if family.several else (...,):
        up, down = eta.copy(), eta.copy()
        up[each] += step
        down[each] -= step
        first = (at(up) - at(down)) / (2 * step)
        np.testing.assert_allclose(found.first[each], first, rtol=1e-6, atol=1e-6)
        second = (slope(up) - slope(down)) / (2 * step)
        ours = np.broadcast_to(found.second[each], second.shape)
        np.testing.assert_allclose(ours, second, 1e-6, 1e-6)
    if not family.several:
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


def one_time(
    time: float, event: float, hazard: float, ratios: np.ndarray, ends: Sequence[float] = ENDS
) -> float:
    """Log density or survival of one time: exponential lives, one interval after the other."""
    begin = total = 0.0
    for end, ratio in zip((*ends[:-1], np.inf), (1.0, *ratios), strict=True):
        life = stats.expon(begin, scale=1 / (hazard * ratio))
        if time <= end:
            return total + (life.logpdf(time) if event else life.logsf(time))
        total += life.logsf(end)
        begin = end
    raise AssertionError


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
    if family.name == "ordered_beta":
        low, high = own[1][0], own[1][0] + own[2][0]
        share = stats.beta.logpdf(np.clip(y, 1e-9, 1 - 1e-9), p * first, (1 - p) * first)
        between = stats.logistic.cdf(eta - low) - stats.logistic.cdf(eta - high)
        inside = np.log(between) + share
        edges = np.where(y == 0, stats.logistic.logsf(eta - low), stats.logistic.logcdf(eta - high))
        return np.where((y == 0) | (y == 1), edges, inside)
    if family.name == "piecewise_exponential":
        return np.array(
            [
                one_time(t, e, np.exp(-x), own[0])
                for t, e, x in zip(y, outcome.event, eta, strict=True)
            ]
        )
    if family.name == "categorical":
        weights = np.exp(np.concatenate([np.zeros((1, eta.shape[1])), eta]))
        share = (weights / weights.sum(axis=0)).T
        return stats.multinomial.logpmf(np.eye(LEVELS)[y.astype(int)], 1, share)
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
    one, two = predictors(rng, family, 40), predictors(rng, family, 40)
    ours = family.log_likelihood(outcome, one, link, own) - family.log_likelihood(
        outcome, two, link, other
    )
    theirs = scipy_log(family, link, outcome, one, own) - scipy_log(
        family, link, outcome, two, other
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_with_the_constant_densities_are_scipys(family: Family, link: str) -> None:
    outcome, own = outcome_of(family), parameters(family)
    eta = predictors(np.random.default_rng(5), family, 40)
    ours = family.log_likelihood(outcome, eta, link, own) + family.constant(outcome)
    np.testing.assert_allclose(ours, scipy_log(family, link, outcome, eta, own), 1e-9, 1e-9)


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_draws_have_the_mean_they_should(family: Family, link: str) -> None:
    rng = np.random.default_rng(6)
    own = [values + 2.0 for values in parameters(family)]  # finite variances throughout
    count = 40_000
    eta = np.array([-0.8, 0.3, 0.9])
    if family.several:
        eta = eta + np.linspace(-1, 1, LEVELS - 1)[:, None]
    outcome = Outcome.of(np.zeros(3), levels=LEVELS if has_levels(family) else 0)
    ends = ENDS / 20  # so that some times are longer than the last
    outcome = in_intervals(family, outcome, ends)
    draws = family.draw(rng, np.repeat(eta[..., None], count, axis=-1), link, own, outcome)
    assert draws.shape == (3, count)
    mean = family.mean(eta, link, own, outcome)
    if family.response == "restricted time":
        assert (draws.max(axis=1) > ends[-1]).any()
        draws = np.minimum(draws, ends[-1])
    if has_levels(family):  # one frequency each
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
    if family.several:
        eta = np.stack([eta, *[np.roll(eta, k, axis=1) for k in range(1, LEVELS - 1)]])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        value = family.log_likelihood(outcome, eta, link, parameters(family, (1,)))
    assert not np.isnan(value).any()


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=IDS)
def test_no_cells_give_nothing(family: Family, link: str) -> None:
    """A segment may have no untreated cells, or none at all."""
    none = np.empty(0, dtype=np.int64)
    outcome = outcome_of(family).take(none)
    eta = predictors(np.random.default_rng(1), family, 0, 3, 2)
    found = family.derivatives(outcome, eta, link, parameters(family, (1, 2)))
    assert found.value.shape == (0, 3, 2)
    assert found.first.shape == eta.shape
    for parameter, slopes in zip(family.parameters, found.parameters, strict=True):
        assert slopes.shape == (parameter.size(LEVELS), 0, 3, 2)


@pytest.mark.parametrize(
    "family", [f for f in FAMILIES.values() if f.sufficient], ids=lambda f: f.name
)
def test_added_cells_equal_their_rows(family: Family) -> None:
    rows = outcome_of(family)
    cell = Outcome.of(
        rows.y.sum(keepdims=True), rows.trials.sum(keepdims=True), rows.event.sum(keepdims=True)
    )
    if len(rows.ends):
        sums = (values.sum(axis=0, keepdims=True) for values in (rows.at_risk, rows.ended))
        cell = cell.in_intervals(rows.ends, *sums)
    eta = np.array([-0.4, 0.7])
    link, own = family.links[0], parameters(family, (1,))
    apart = family.log_likelihood(rows, np.tile(eta, (40, 1)), link, own).sum(axis=0)
    together = family.log_likelihood(cell, eta[None], link, own)[0]
    np.testing.assert_allclose(np.diff(apart), np.diff(together), rtol=1e-12)


def test_piecewise_times_follow_their_survival_curve() -> None:
    """Kolmogorov and Smirnov's distance from the curve that adds up the hazards."""
    family, ratios = FAMILIES["piecewise_exponential"], np.array([0.5, 3.0, 1.0, 0.2])
    outcome = in_intervals(family, Outcome.of(np.zeros(1)))
    rng = np.random.default_rng(8)
    times = family.draw(rng, np.full((1, 20_000), 0.4), "log", [ratios], outcome)[0]

    corners = np.r_[0.0, ENDS[:-1], 1e3]
    hazards = np.exp(-0.4) * np.r_[1.0, ratios]
    passed = np.r_[0.0, np.cumsum(hazards * np.diff(corners))]

    def died(t: np.ndarray) -> np.ndarray:
        return -np.expm1(-np.interp(t, corners, passed))

    assert stats.kstest(times, died).pvalue > 1e-3


def test_an_event_at_a_break_ends_the_interval_before_it() -> None:
    at_risk, ended = lay_out(np.array([1.0, 1.5]), np.array([1.0, 1.0]), np.array([1.0, 2.0]))
    assert at_risk.tolist() == [[1.0, 0.0], [1.0, 0.5]]
    assert ended.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_one_interval_is_the_exponential() -> None:
    y, event = np.array([0.3, 1.2, 2.5]), np.array([1.0, 0.0, 1.0])
    ends, eta, none = np.array([2.5]), np.array([-0.2, 0.5, 1.0]), [np.empty(0)]
    outcome = Outcome.of(y, event=event)
    one = FAMILIES["exponential"].derivatives(outcome, eta, "log", [])
    cells = outcome.in_intervals(ends, *lay_out(y, event, ends))
    two = FAMILIES["piecewise_exponential"].derivatives(cells, eta, "log", none)
    for name in ("value", "first", "second"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-14)


def test_far_categories_are_a_log_softmax() -> None:
    rng = np.random.default_rng(9)
    eta, y = 1e4 * rng.normal(size=(3, 20)), rng.integers(0, 4, 20)
    found = FAMILIES["categorical"].derivatives(Outcome.of(y, levels=4), eta, "logit", [])
    logs = log_softmax(np.concatenate([np.zeros((1, 20)), eta]), axis=0)
    np.testing.assert_allclose(found.value, logs[y, np.arange(20)], rtol=1e-12, atol=1e-12)
    assert np.isfinite(found.first).all()
    assert np.isfinite(found.second).all()


def test_trigamma_is_scipys() -> None:
    x = np.r_[np.geomspace(1e-12, 1e8, 400)]
    np.testing.assert_allclose(trigamma(x), polygamma(1, x), rtol=1e-11)


def test_importing_families_leaves_scipy_alone() -> None:
    code = "import sys, forwhom.families; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("events", [1e6, 1e9, 1e12, 1e15])
@pytest.mark.parametrize("off", [0.0, 1e-7, -3e-5, 0.2])
def test_rates_of_huge_counts_are_told_apart(events: float, off: float) -> None:
    """Poisson: y (r - expm1(r)) at r off the cell's own rate, to 1e-9 of it and 1e-6 nats.

    The reference is the series of r - expm1(r), of which nothing cancels.
    """
    outcome = Outcome.of(np.array([events]), np.array([4.0]))
    eta = np.log(events / 4.0) + np.array([[off]])
    r = float(eta[0, 0] - np.log(events / 4.0))  # as it is rounded
    series = -sum(r**k / float(np.prod(np.arange(1, k + 1))) for k in range(2, 30))
    value = FAMILIES["poisson"].log_likelihood(outcome, eta, "log", ())[0, 0]
    rounding = 1e-16 * events if events < 1e8 else 4e-16 * events * abs(r)
    assert value == pytest.approx(events * series, rel=1e-9, abs=1e-6 + 10 * rounding)


@pytest.mark.parametrize("name", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("y", [0.0, 3.0, 1e4, 1.2e4, 1e7])
def test_densities_of_large_counts(name: str, y: float) -> None:
    eta, shape = np.array([[np.log(y + 1) + 0.01]]), np.array([[2.5]])
    family, outcome = FAMILIES[name], Outcome.of(np.array([y]))
    own = [] if name == "poisson" else [shape]
    ours = family.log_likelihood(outcome, eta, "log", own)[0, 0] + family.constant(outcome)[0]
    mean = float(np.exp(eta[0, 0]))
    theirs = (
        stats.poisson(mean).logpmf(y)
        if name == "poisson"
        else stats.nbinom(2.5, 2.5 / (2.5 + mean)).logpmf(y)
    )
    assert ours == pytest.approx(float(theirs), rel=1e-7, abs=1e-6)
