"""The collapsed log density against the dense one over rows.

y ~ Normal(F m, sigma^2 I + R D R' + F V F'), with scipy's multivariate normal: nothing shared
with the Woodbury identities and the Cholesky factor under test. Densities are compared by their
differences between points, as each is known up to a constant.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from forwhom.cells import Priors, Problem, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import build_design
from forwhom.methods.exact.build import build_model
from forwhom.methods.exact.density import CollapsedGaussian
from forwhom.plan import make_plan
from tests.reference.survey import CASES, MODIFIERS, Explicit, explicit, make_survey

DATA = make_survey(150)
REL = 1e-8  # of the differences: a dense Cholesky of 150 rows keeps about 11 digits


def built(data: dict[str, Any], **plan: Any) -> tuple[CollapsedGaussian, Priors]:
    made = make_plan(outcome="y", modifiers=MODIFIERS, **plan)
    design, rows = build_design(made, load(data, made.columns))
    cells = reduce_rows(design, rows)
    priors = resolve_priors(design, cells)
    return build_model(Problem(design, cells, priors)), priors


def scale_log_prior(text: str, x: float) -> float:
    name, _, rest = text.partition("(")
    numbers = [float(part) for part in rest.rstrip(")").split(",")] if rest else []
    if name == "flat":
        return 0.0
    if name == "exponential":
        return float(stats.expon.logpdf(x, scale=1 / numbers[0]))
    if name == "half_normal":
        return float(stats.halfnorm.logpdf(x, scale=numbers[0]))
    if name == "half_cauchy":
        return float(stats.halfcauchy.logpdf(x, scale=numbers[0]))
    assert name == "half_student_t"
    return float(np.log(2) + stats.t.logpdf(x, numbers[0], scale=numbers[1]))


def moments(priors: Priors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Location, scale and degrees of freedom (infinite: normal) of each coefficient's prior."""
    rows = []
    for entry in priors.coefficients:
        numbers = entry.prior.parameters
        heavy = entry.prior.distribution == "student_t"
        assert heavy or entry.prior.distribution == "normal"
        rows.append((numbers[1], numbers[2], numbers[0]) if heavy else (*numbers, np.inf))
    mean, sd, df = np.array(rows).T
    return mean, sd, df


def dense(
    rows: Explicit, priors: Priors, tau: np.ndarray, sigma: float, variance: np.ndarray
) -> float:
    """Log density of (tau, log sigma) in the units of the data, rows and matrices written out."""
    mean, _, _ = moments(priors)
    n = len(rows.y)
    covariance = np.diag(sigma**2 / rows.w) + rows.F @ (variance[:, None] * rows.F.T)
    same = rows.group[:, None] == rows.group[None, :]
    for r in range(rows.own.shape[1]):
        covariance += tau[r] ** 2 * same * np.outer(rows.own[:, r], rows.own[:, r])
    # weights are exponents of the likelihood: sum(w) - n more powers of 1 / sigma
    value = stats.multivariate_normal.logpdf(rows.y, rows.F @ mean, covariance)
    value -= (rows.w.sum() - n) * np.log(sigma)
    value += scale_log_prior(priors.parameters[0].prior.text, sigma) + np.log(sigma)
    for entry, at in zip(priors.spreads, tau, strict=True):
        value += scale_log_prior(entry.prior.text, float(at))
    return float(value)


def points(model: CollapsedGaussian, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Internal coordinates from zero spreads to large ones."""
    rng = np.random.default_rng(1)
    tau = rng.uniform(0, 1.5, (count, model.n_tau))
    tau[0] = 0
    easy = rng.uniform(-1.2, 0.6, (count, model.n_easy))
    return tau, easy


def in_data_units(
    model: CollapsedGaussian, tau: np.ndarray, easy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    unit = model.basis.outcome_scale
    return tau * unit / model.basis.random_scale, np.exp(easy[:, 0]) * unit


def assert_same_differences(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=REL, atol=1e-7)


def assert_density_of_rows(model: Any, priors: Any, plan: dict[str, Any]) -> None:
    rows = explicit(DATA, plan)
    _, sd, _ = moments(priors)
    tau, easy = points(model)
    theirs = [
        dense(rows, priors, t, s, sd**2)
        for t, s in zip(*in_data_units(model, tau, easy), strict=True)
    ]
    assert_same_differences(model.log_density(tau, easy), np.array(theirs))


@pytest.mark.parametrize("case", CASES)
def test_density_is_that_of_the_rows(case: str) -> None:
    model, priors = built(DATA, **CASES[case])
    assert_density_of_rows(model, priors, CASES[case])


@pytest.mark.parametrize(
    "priors",
    [
        {"sigma_theta": "half_student_t(3, 0.7)", "sigma_b": "exponential(2)", "sigma": "flat"},
        {"sigma_theta": "half_cauchy(0.4)", "sigma_b": "flat", "sigma": "exponential(0.5)"},
        {"sigma_theta": "exponential(1)", "sigma_b": "half_cauchy(2)", "sigma": "half_normal(3)"},
        {"alpha": "normal(-3, 0.2)", "beta": "normal(1, 0.01)", "lambda": "normal(0.4, 0.1)"},
        {"lambda": {"Intercept": "normal(2, 0.1)", "woman:age": "normal(0, 0.001)"},
         "delta": {"region[north]": "normal(-9, 0.5)"}},
    ],
)  # fmt: skip
def test_replaced_priors_apply_as_written(priors: dict[str, Any]) -> None:
    """Predictors as given, in the units of the data; nothing centred or rescaled behind them."""
    plan = CASES["group"] | {"priors": priors}
    model, resolved = built(DATA, **plan)
    assert_density_of_rows(model, resolved, plan)


@pytest.mark.parametrize("case", ["group", "alley2023", "dose", "spread none"])
def test_flat_coefficients_are_the_limit_of_wide_ones(case: str) -> None:
    flat = {"alpha": "flat", "lambda": "flat"}
    model, _ = built(DATA, **CASES[case], priors=flat)
    wide, _ = built(DATA, **CASES[case], priors=dict.fromkeys(flat, "normal(0, 1e5)"))
    tau, easy = points(model)
    # the prior's own constant is the same at each point; a width of 1e5 leaves 1e-6 of curvature
    ours, theirs = model.log_density(tau, easy), wide.log_density(tau, easy)
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), atol=1e-5)


HEAVY = {"lambda": {"woman": "student_t(4, 0.3, 0.2)", "age": "student_t(7, 0, 0.05)"}}


def test_student_coefficients_given_their_scales() -> None:
    plan = CASES["group"] | {"priors": HEAVY}
    model, priors = built(DATA, **plan)
    rows = explicit(DATA, plan)
    _, sd, df = moments(priors)
    heavy = np.flatnonzero(np.isfinite(df))
    tau, easy = points(model)
    theirs = []
    for at, (t, s) in enumerate(zip(*in_data_units(model, tau, easy), strict=True)):
        w = np.exp(easy[at, 1:])
        variance = sd**2
        variance[heavy] *= w
        mixing = stats.invgamma.logpdf(w, df[heavy] / 2, scale=df[heavy] / 2) + np.log(w)
        theirs.append(dense(rows, priors, t, s, variance) + mixing.sum())
    assert_same_differences(model.log_density(tau, easy), np.array(theirs))


def test_student_scales_integrate_to_the_student_density() -> None:
    """Over log w, our density gives what a t prior gives when its coefficient is integrated."""
    plan = CASES["spread none"] | {"priors": {"lambda": {"woman": "student_t(3, 1.5, 0.1)"}}}
    model, priors = built(DATA, **plan)
    rows = explicit(DATA, plan)
    mean, sd, df = moments(priors)
    (j,) = np.flatnonzero(np.isfinite(df))
    log_w = np.linspace(-12, 25, 4001)
    value = np.linspace(-40, 40, 16001)  # of the coefficient; its likelihood has an sd of 1 or so
    tau = np.array([[0.0], [0.3], [1.0]])
    ours, theirs = [], []
    for t, log_sigma in zip(tau, (-0.6, -0.2, 0.3), strict=True):
        easy = np.column_stack([np.full_like(log_w, log_sigma), log_w])
        logs = model.log_density(np.tile(t, (len(log_w), 1)), easy)
        ours.append(logs.max() + np.log(np.trapezoid(np.exp(logs - logs.max()), log_w)))
        (at,), (sigma,) = in_data_units(model, t[None], np.array([[log_sigma]]))
        without = np.where(np.arange(len(sd)) == j, 0.0, sd**2)
        # the likelihood of coefficient j with all others integrated out, by a normal in closed form
        n = len(rows.y)
        covariance = sigma**2 * np.eye(n) + rows.F @ (without[:, None] * rows.F.T)
        same = rows.group[:, None] == rows.group[None, :]
        covariance += at[0] ** 2 * same * np.outer(rows.own[:, 0], rows.own[:, 0])
        f = rows.F[:, j]
        center = rows.y - rows.F @ np.where(np.arange(len(mean)) == j, 0.0, mean)
        base = stats.multivariate_normal.logpdf(center, np.zeros(n), covariance)
        pulled = np.linalg.solve(covariance, np.column_stack([f, center]))
        likelihood = value * (f @ pulled[:, 1]) - 0.5 * value**2 * (f @ pulled[:, 0])
        logs = likelihood + stats.t.logpdf(value, df[j], mean[j], sd[j])
        total = base + logs.max() + np.log(np.trapezoid(np.exp(logs - logs.max()), value))
        total += scale_log_prior(priors.parameters[0].prior.text, sigma) + log_sigma
        total += sum(
            scale_log_prior(e.prior.text, float(a)) for e, a in zip(priors.spreads, at, strict=True)
        )
        theirs.append(total)
    # both integrals are trapezoids over smooth functions that vanish at the ends
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", ["group", "alley2023", "dose", "sites", "sampling weights"])
def test_coefficients_given_the_scales_have_the_rows_posterior(case: str) -> None:
    """Draws at one point against generalised least squares with the prior, over rows."""
    model, priors = built(DATA, **CASES[case])
    rows = explicit(DATA, CASES[case])
    mean, sd, _ = moments(priors)
    tau, easy = points(model, 2)
    (_, t), (_, sigma) = in_data_units(model, tau, easy)
    noise = np.diag(sigma**2 / rows.w)
    same = rows.group[:, None] == rows.group[None, :]
    for r in range(rows.own.shape[1]):
        noise += t[r] ** 2 * same * np.outer(rows.own[:, r], rows.own[:, r])
    solved = np.linalg.solve(noise, rows.F)
    covariance = np.linalg.inv(rows.F.T @ solved + np.diag(1 / sd**2))
    center = covariance @ (solved.T @ rows.y + mean / sd**2)
    count = 20_000
    rng = np.random.default_rng(5)
    internal = model.draw_coefficients(
        np.tile(tau[1], (count, 1)), np.tile(easy[1], (count, 1)), rng
    )
    white = np.linalg.solve(
        np.linalg.cholesky(covariance), (model.to_original(internal) - center).T
    )
    # whitened means have sd 1/sqrt(20,000) = 0.007, covariances at most 0.01: five of them
    np.testing.assert_allclose(white.mean(axis=1), 0, atol=5 * 0.0071)
    np.testing.assert_allclose(np.cov(white), np.eye(len(white)), atol=5 * 0.01)


def test_a_zero_spread_is_no_special_case() -> None:
    model, _ = built(DATA, **CASES["group"])
    easy = np.zeros((2, 1))
    tau = np.array([[0.0, 0.0], [1e-9, 1e-9]])
    at_zero, near = model.log_density(tau, easy)
    assert np.isfinite(at_zero)
    assert at_zero == pytest.approx(near, abs=1e-8)


def test_density_in_blocks_is_the_density(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = built(DATA, **CASES["group"])
    tau, easy = points(model, 11)
    whole = model.log_density(tau, easy)
    monkeypatch.setattr(type(model), "_chunk", lambda self: 4)
    np.testing.assert_allclose(model.log_density(tau, easy), whole, rtol=1e-12)
