"""The log marginal likelihood against dense integrals, the prior's draws, and between methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import comb, expit, gammaln, log_expit, logsumexp

import forwhom as fw
from forwhom.cells import Problem, reduce_rows
from forwhom.design import build_design
from forwhom.families import FAMILIES
from forwhom.fitted import CellPredictor, Fitted
from forwhom.methods.diagnostics import LogMass
from forwhom.methods.importance.scales import log_lkj
from forwhom.methods.prior import PRIOR
from forwhom.methods.priors import CoefficientPriors, ParameterPrior
from tests.reference.nuts.cases import SINGLE, Case

METHODS = ("exact", "collapse", "quadrature")


def told(fit: fw.Fit) -> tuple[float, float]:
    table = fit.table("evidence")
    assert table["n"][0] == fit.fitted.cells.n_rows
    assert table["reliable"][0]
    return float(table["log_evidence"][0]), float(table["std_error"][0])


def legendre(low: float, high: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(count)
    return low + (x + 1) / 2 * (high - low), w * (high - low) / 2


def hermite(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of a standard normal."""
    x, w = np.polynomial.hermite_e.hermegauss(count)
    return x, w / w.sum()


def measured(n: int = 24) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    g, d = rng.integers(0, 3, n), rng.integers(0, 2, n)
    x = rng.normal(size=n)
    y = 12 + 2.0 * g + d * (1 + 1.5 * g) + 3 * rng.normal(size=n)
    return {"y": y, "d": d, "g": np.array(["a", "b", "c"])[g], "x": x}


GAUSSIAN_PRIORS = {
    "alpha": "normal(10, 5)",
    "lambda": "normal(0, 3)",
    "sigma_b": "half_normal(2)",
    "sigma_theta": "half_normal(2)",
    "sigma": "half_normal(4)",
}


@pytest.fixture(scope="module")
def dense() -> float:
    """Rows jointly normal given three sds, which are integrated over a grid."""
    data = measured()
    y, d = data["y"] - 10.0, data["d"].astype(float)
    same = (data["g"][:, None] == data["g"]).astype(float)
    both = np.outer(d, d)
    fixed = 25.0 + 9.0 * both
    (b, wb), (t, wt), (s, ws) = legendre(0, 12, 40), legendre(0, 12, 40), legendre(0.5, 16, 60)
    log_prior = [
        stats.halfnorm(scale=scale).logpdf(x) + np.log(w)
        for scale, x, w in ((2, b, wb), (2, t, wt), (4, s, ws))
    ]
    parts = []
    for k, sigma in enumerate(s):
        spread = b[:, None, None, None] ** 2 * same + t[:, None, None] ** 2 * (same * both)
        root = np.linalg.cholesky(spread + fixed + sigma**2 * np.eye(len(y)))
        z = np.linalg.solve(root, np.broadcast_to(y[:, None], (40, 40, len(y), 1)))[..., 0]
        log_det = np.log(np.diagonal(root, axis1=2, axis2=3)).sum(axis=2)
        value = -0.5 * (z**2).sum(axis=2) - log_det - len(y) / 2 * np.log(2 * np.pi)
        weight = log_prior[0][:, None] + log_prior[1] + log_prior[2][k]
        parts.append(logsumexp(value + weight))
    return float(logsumexp(parts))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_gaussian_is_a_dense_integral_in_any_unit(method: str, unit: float, dense: float) -> None:
    data = measured()
    data["y"] = data["y"] * unit
    priors = {
        key: f"{text.split('(')[0]}({', '.join(f'{float(v) * unit:g}' for v in numbers(text))})"
        for key, text in GAUSSIAN_PRIORS.items()
    }
    fit = fw.fit(data, "y", "d", groups="g", priors=priors, method=method)
    value, error = told(fit)
    assert error < 0.02
    assert value == pytest.approx(dense - 24 * np.log(unit), abs=4 * error + 1e-4)


def numbers(text: str) -> list[str]:
    return text.rstrip(")").split("(")[1].split(",")


@pytest.mark.parametrize("method", METHODS)
def test_lognormal_is_gaussian_on_logarithms_with_their_jacobian(method: str, dense: float) -> None:
    data = measured()
    data["y"] = np.exp(data["y"])
    fit = fw.fit(
        data, "y", "d", groups="g", priors=GAUSSIAN_PRIORS, family="lognormal", method=method
    )
    value, error = told(fit)
    assert value == pytest.approx(dense - measured()["y"].sum(), abs=4 * error + 1e-4)


def counted(family: str, n: int = 20) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    g, d = rng.integers(0, 2, n), rng.integers(0, 2, n)
    eta = -0.3 + d * (0.4 + 0.5 * g)
    if family == "bernoulli":
        y = rng.binomial(1, expit(eta))
    elif family == "binomial":
        y = rng.binomial(4, expit(eta))
    else:
        y = rng.poisson(np.exp(eta))
    trials = {"trials": np.full(n, 4)} if family == "binomial" else {}
    return {"y": y, "d": d, "g": np.array(["a", "b"])[g], **trials}


ROW_LOG: dict[str, Callable[..., Any]] = {
    "bernoulli": lambda y, eta: y * eta + log_expit(-eta),
    "binomial": lambda y, eta: y * eta + 4 * log_expit(-eta) + np.log(comb(4, y)),
    "poisson": lambda y, eta: y * eta - np.exp(eta) - gammaln(y + 1),
}


@pytest.mark.parametrize("family", list(ROW_LOG))
def test_counts_are_a_dense_integral_of_rows_one_by_one(family: str) -> None:
    """Two groups whose effects differ, over alpha, lambda, sigma_theta and both effects."""
    data = counted(family)
    (x, w), (u, v), (s, ws) = hermite(80), hermite(40), legendre(0, 6, 40)
    alpha, lam = 1.5 * x, 0.8 * x
    log_ws = stats.halfnorm.logpdf(s) + np.log(ws)

    def rows(keep: np.ndarray, eta: np.ndarray) -> np.ndarray:
        y, times = np.unique(data["y"][keep], return_counts=True)
        return sum(t * ROW_LOG[family](one, eta) for one, t in zip(y, times, strict=True))

    total = rows(data["d"] == 0, alpha)[:, None, None]
    middle = alpha[:, None] + lam
    eta = middle[:, :, None, None] + s[:, None] * u
    for group in ("a", "b"):
        treated = (data["d"] == 1) & (data["g"] == group)
        total = total + logsumexp(rows(treated, eta) + np.log(v), axis=-1)
    expected = logsumexp(total + np.log(w)[:, None, None] + np.log(w)[:, None] + log_ws)
    priors = {
        "alpha": "normal(0, 1.5)",
        "lambda": "normal(0, 0.8)",
        "sigma_theta": "half_normal(1)",
    }
    given = {"trials": "trials"} if family == "binomial" else {}
    fit = fw.fit(
        data, "y", "d", groups="g", family=family, baseline="shared", priors=priors, **given
    )
    value, error = told(fit)
    assert fit.diagnostics()["method"][0] == "quadrature"
    assert error < 0.02
    assert value == pytest.approx(expected, abs=4 * error + 1e-3)


def prior_average(fit: fw.Fit, data: Any, draws: int = 60_000) -> LogMass:
    """The rows' likelihood averaged over draws of the prior, groups and all."""
    plan = replace(fit.plan, draws=draws, method="auto")
    design, rows = build_design(plan, fw.data.load(data, plan.columns))
    problem = Problem(design, reduce_rows(design, rows, "rows"), fit.fitted.priors)
    predictor = CellPredictor(Fitted(problem, PRIOR.sample(problem, "", lambda words: None)))
    assert predictor.kinds is not None
    total = np.zeros(draws)
    for some, value in predictor.log_likelihood(slice(None)):
        total += predictor.kinds.count[some] @ value
    return LogMass.of(total)


@pytest.mark.parametrize("name", SINGLE)
def test_of_every_family_it_is_the_likelihood_averaged_over_the_prior(name: str) -> None:
    case = Case(name, FAMILIES[name].links[0], "group", rows=6)
    data, priors = case.data(), case.priors()
    if name == "weibull":  # of whose shape six rows say so little that weights have long tails
        priors["shape"] = "gamma(20, 10)"
    fit = fw.fit(
        data,
        "y",
        "d",
        "a",
        family=name,
        trials="trials" if "trials" in data else None,
        event="event" if "event" in data else None,
        priors=priors,
        method="quadrature",
    )
    value, error = told(fit)
    brute = prior_average(fit, data)
    assert brute.error < 0.2
    assert value == pytest.approx(brute.value, abs=4 * np.hypot(error, brute.error))


@pytest.mark.parametrize(
    "more",
    [
        {"clusters": "x"},
        {"correlated": True},
        {"sigma_by": "arm"},
        {"treatment": "arm", "reference": "none"},
        {"clusters": "x", "cluster_effects": "x"},
        {"priors": {"lambda": "learnt(1)"}},
        {"priors": {"lambda": "horseshoe(1, 2, 4)"}},
        {"priors": {"lambda": "r2d2(0.4, 3)"}},
    ],
    ids=[
        *("clusters", "correlated", "sigma by arm", "arms", "cluster effects"),
        *("learnt", "horseshoe", "r2d2"),
    ],
)
def test_so_it_is_with_arms_clusters_and_correlations(more: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    n = 10
    data = {
        "y": 5 + 2 * rng.normal(size=n),
        "d": np.arange(n) % 2,
        "arm": np.array(["none", "mail", "call"])[np.arange(n) % 3],
        "a": rng.integers(0, 3, n),
        "x": np.array(["p", "q", "r"])[rng.integers(0, 3, n)],
    }
    priors = {
        "alpha": "normal(5, 2)",
        "lambda": "normal(0, 1)",
        "delta": "normal(0, 1)",
        "sigma": "half_normal(3)",
    }
    usual = {"outcome": "y", "treatment": "d", "modifiers": "a"}
    priors |= more.get("priors", {})
    fit = fw.fit(data, **(usual | more | {"priors": priors}))
    assert fit.diagnostics()["method"][0] == "collapse"
    value, error = told(fit)
    brute = prior_average(fit, data)
    assert brute.error < 0.2
    assert value == pytest.approx(brute.value, abs=4 * np.hypot(error, brute.error))


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "arms": ("quadrature", {"treatment": "arm", "reference": "none"}),
    "correlated": ("quadrature", {"correlated": True}),
    "Student-t": ("quadrature", {"spread": "student"}),
    "Student-t, gaussian": ("quadrature", {"spread": "student", "family": "gaussian"}),
    "clusters": ("laplace", {"clusters": "x"}),
    "cluster effects": ("laplace", {"clusters": "x", "cluster_effects": "x"}),
    "correlated beside clusters": ("laplace", {"clusters": "x", "correlated": True}),
    "Student-t priors": ("laplace", {"priors": {"lambda": "student_t(4, 0, 1)"}}),
    "plain": ("laplace", {}),
    "counts": ("laplace", {"family": "poisson"}),
    "a sigma": ("laplace", {"family": "student"}),
    "categories": ("laplace", {"family": "categorical"}),
    "learnt": ("laplace", {"priors": {"lambda": "learnt(1)"}}),
    "horseshoe": ("laplace", {"priors": {"lambda": "horseshoe(1, 2, 4)"}}),
    "r2d2": ("laplace", {"priors": {"lambda": "r2d2(0.4, 3)"}}),
    "r2d2 of a sigma": ("laplace", {"family": "student", "priors": {"lambda": "r2d2(0.4, 3)"}}),
    "no scales": ("laplace", {"spread": "none", "baseline": "modifiers"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_so_it_is_by_quadrature_and_laplace(name: str) -> None:
    method, more = OTHERS[name]
    rng = np.random.default_rng(2)
    n, family = 10, more.get("family", "bernoulli")
    y: dict[str, Any] = {
        "bernoulli": rng.integers(0, 2, n),
        "poisson": rng.poisson(1.5, n),
        "gaussian": 5 + 2 * rng.normal(size=n),
        "student": 5 + 2 * rng.normal(size=n),
        "categorical": np.array(["bus", "car", "foot"])[rng.integers(0, 3, n)],
    }
    data = {
        "y": y[family],
        "d": np.arange(n) % 2,
        "arm": np.array(["none", "mail", "call"])[np.arange(n) % 3],
        "a": rng.integers(0, 3, n),
        "x": np.array(["p", "q", "r"])[rng.integers(0, 3, n)],
    }
    continuous = family in ("gaussian", "student")
    priors = {
        "alpha": "normal(5, 2)" if continuous else "normal(0, 1)",
        "lambda": "normal(0, 1)",
        "delta": "normal(0, 1)",
    }
    priors |= {"sigma": "half_normal(3)"} if continuous else {}
    priors |= more.get("priors", {})
    usual = {"outcome": "y", "treatment": "d", "modifiers": "a", "family": family}
    fit = fw.fit(data, **(usual | more | {"priors": priors, "method": method}))
    value, error = told(fit)
    brute = prior_average(fit, data)
    assert brute.error < 0.2
    assert value == pytest.approx(brute.value, abs=4 * np.hypot(error, brute.error))


@pytest.mark.parametrize("method", ["collapse", "quadrature"])
def test_known_standard_errors(method: str) -> None:
    """Closed form given the one sd: y ~ Normal(m, error^2 + tau^2), m ~ Normal(0, 4)."""
    y, e = np.array([1.0, 2.5, 0.3, 4.0]), np.array([0.5, 1.0, 0.7, 1.5])
    tau, w = legendre(0, 12, 400)
    values = [
        stats.multivariate_normal(np.zeros(4), np.diag(e**2 + t**2) + 4.0).logpdf(y) for t in tau
    ]
    expected = logsumexp(values + stats.halfnorm(scale=2).logpdf(tau) + np.log(w))
    fit = fw.fit(
        {"y": y, "e": e, "g": ["a", "b", "c", "d"]},
        "y",
        groups="g",
        std_error="e",
        priors={"lambda": "normal(0, 2)", "sigma_theta": "half_normal(2)"},
        method=method,
    )
    value, error = told(fit)
    assert value == pytest.approx(expected, abs=4 * error + 1e-4)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_counted_rows_are_rows(family: str) -> None:
    rng = np.random.default_rng(4)
    n = 30
    data = {
        "y": rng.integers(0, 4, n) * 1.0,
        "d": rng.integers(0, 2, n),
        "g": rng.integers(0, 3, n),
    }
    keys = np.column_stack(list(data.values()))
    different, times = np.unique(keys, axis=0, return_counts=True)
    fewer = dict(zip(data, different.T, strict=True)) | {"times": times}
    assert len(different) < n
    one = told(fw.fit(data, "y", "d", groups="g", family=family))
    weighted = {"weights": "times", "weights_kind": "frequency"}
    other = told(fw.fit(fewer, "y", "d", groups="g", family=family, **weighted))
    assert one[0] == pytest.approx(other[0], abs=4 * np.hypot(one[1], other[1]))


@pytest.mark.parametrize("tails", ["normal(0, 0.8)", "student_t(3, 0, 0.8)"])
@pytest.mark.parametrize("method", METHODS)
def test_a_nested_model_by_the_density_at_zero(tails: str, method: str) -> None:
    """Savage and Dickey's ratio (Dickey 1971) for one coefficient."""
    data = measured(60)
    data["y"] = data["y"] + 0.95 * data["x"]  # then zero is amid the draws, where a kde is good
    priors = GAUSSIAN_PRIORS | {"beta": tails}
    with_it = fw.fit(
        data, "y", "d", None, "x", groups="g", priors=priors, method=method, draws=20000
    )
    without = fw.fit(data, "y", "d", groups="g", priors=GAUSSIAN_PRIORS, method=method, draws=20000)
    (one, error), (other, also) = told(with_it), told(without)
    posterior = stats.gaussian_kde(with_it.estimands[0].beta[:, 0])(0.0)[0]
    law = stats.norm if tails.startswith("normal") else stats.t(3)
    expected = np.log(posterior) - np.log(law.pdf(0) / 0.8)
    assert other - one == pytest.approx(expected, abs=4 * np.hypot(error, also) + 0.06)  # the kde's


def test_it_survives_a_file(tmp_path: Any) -> None:
    fit = fw.fit(measured(), "y", "d", groups="g", draws=200)
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    assert told(again) == told(fit)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"priors": {"alpha": "flat"}}, "that of alpha is flat"),
        ({"priors": {"sigma": "flat"}}, "that of sigma is flat.*'half_normal\\(1\\)'"),
        ({"controls": "x", "priors": {"beta": "flat"}}, "beta\\[x\\]"),
        ({"weights": "w"}, "sampling weights \\('w'\\)"),
    ],
)
def test_what_has_none_is_refused_in_words(more: dict[str, Any], words: str) -> None:
    data = measured() | {"w": np.linspace(1, 2, 24)}
    fit = fw.fit(data, "y", "d", groups="g", draws=200, **more)
    with pytest.raises(fw.PlanError, match=f"(?s)evidence\\(\\).*{words}"):
        fit.evidence()


def test_chains_have_no_weights() -> None:
    from tests.chains import short_chains

    with short_chains(12, depth=4):
        fit = fw.fit(measured(), "y", "d", groups="g", draws=12, method="nuts")
    with pytest.raises(fw.PlanError, match=r"method 'nuts', have none.*asked for.*loo\(\)"):
        fit.evidence()


@pytest.mark.parametrize("name", ["exact", "quadrature"])
def test_a_file_of_before_did_not_keep_it(name: str) -> None:
    from tests.reference.saved.make import folder

    with pytest.raises(fw.PlanError, match=r"was not kept.*Fit again"):
        fw.load(folder(7) / f"{name}.nc").evidence()


@pytest.mark.parametrize(("r", "shape"), [(2, 2.0), (3, 1.5), (4, 1.0)])
def test_the_constant_of_correlations(r: int, shape: float) -> None:
    """By the density of canonical partial correlations, beta distributed."""
    rng = np.random.default_rng(1)
    rows = rng.uniform(-1, 1, (400_000, r * (r - 1) // 2))
    matrix = np.tile(np.eye(r), (len(rows), 1, 1))
    i, j = np.tril_indices(r, -1)
    matrix[:, i, j] = matrix[:, j, i] = rows
    inside = np.linalg.eigvalsh(matrix)[:, 0] > 0
    value = np.where(inside, np.abs(np.linalg.det(matrix)) ** (shape - 1), 0.0)
    volume = 2.0 ** rows.shape[1]
    error = volume * value.std() / np.sqrt(len(rows))
    assert np.exp(log_lkj(r, shape)) == pytest.approx(volume * value.mean(), abs=4 * error)


@pytest.mark.parametrize(
    ("name", "given", "law"),
    [
        ("exponential", (2.0,), stats.expon(scale=0.5)),
        ("gamma", (2.0, 0.1), stats.gamma(2, scale=10)),
        ("half_normal", (1.5,), stats.halfnorm(scale=1.5)),
        ("half_student_t", (3.0, 2.5), None),
        ("half_cauchy", (2.0,), stats.halfcauchy(scale=2)),
    ],
)
def test_constants_of_parameters_priors(name: str, given: tuple[float, ...], law: Any) -> None:
    prior = ParameterPrior(name, given, positive=True)
    log_x = np.log(0.7)
    value = prior.log_density(np.array([[log_x]]))[0][0] + prior.log_constant - log_x
    expected = np.log(2) + stats.t(3, scale=2.5).logpdf(0.7) if law is None else law.logpdf(0.7)
    assert value == pytest.approx(expected)


def test_constants_of_coefficients_priors() -> None:
    inf = np.inf
    priors = CoefficientPriors(np.array([1.0, 0.0]), np.array([2.0, 3.0]), np.array([inf, 4.0]))
    x = np.array([[0.3, -0.8]])
    expected = stats.norm(1, 2).logpdf(0.3) + stats.t(4, scale=3).logpdf(-0.8)
    assert priors.log_density(x)[0] + priors.log_constant == pytest.approx(expected)
