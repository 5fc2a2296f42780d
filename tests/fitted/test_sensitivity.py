"""Power-scaling: densities against rows, gradients against known laws and arviz-stats, words."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

import forwhom as fw
from forwhom.fitted import log_densities, power_sensitivity
from tests.reference.nuts.cases import simulate


def normal_distance(
    one: tuple[float, float], other: tuple[float, float], ends: tuple[float, float]
) -> float:
    """Cumulative Jensen-Shannon distance of two normals, base 2, over the range of the draws."""
    x = np.linspace(*ends, 200_001)

    def half(p: np.ndarray, q: np.ndarray) -> float:
        m = (p + q) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(p > 0, p * np.log2(p / m), 0) + np.where(q > 0, q * np.log2(q / m), 0)
        return float(np.sqrt(np.trapezoid(terms, x) / np.trapezoid(p + q, x)))

    p, q = (stats.norm(*law) for law in (one, other))
    return max(half(p.cdf(x), q.cdf(x)), half(p.sf(x), q.sf(x)))


def test_the_gradient_of_a_normal_posterior_is_the_one_it_has() -> None:
    """Normal prior and likelihood: a power only changes precisions, so the answer is known."""
    prior, likelihood = (1.0, 1.0), (2.0, 0.5)

    def posterior(a: float, b: float) -> tuple[float, float]:
        w = np.array([a / prior[1] ** 2, b / likelihood[1] ** 2])
        return float(w @ [prior[0], likelihood[0]] / w.sum()), float(w.sum() ** -0.5)

    base = posterior(1, 1)
    # quantiles instead of random draws, in random order: no Monte Carlo error to speak of
    x = stats.norm(*base).ppf((np.arange(40_000) + 0.5) / 40_000)
    x = np.random.default_rng(1).permutation(x)
    for which, law in enumerate((prior, likelihood)):
        ours = power_sensitivity(x[None], stats.norm(*law).logpdf(x))[0]
        powers = [(u, 1.0) if which == 0 else (1.0, u) for u in (0.99, 1.01)]
        low, high = (normal_distance(base, posterior(*p), (x.min(), x.max())) for p in powers)
        expected = (-low / np.log2(0.99) + high / np.log2(1.01)) / 2
        assert ours == pytest.approx(expected, rel=0.01)
    assert power_sensitivity(x[None], np.zeros(40_000)).tolist() == [0.0]


@pytest.mark.parametrize("method", ["exact", "quadrature"])
def test_densities_are_those_of_rows(method: str) -> None:
    """Prior and likelihood written out from the tables of a fit; differences between draws."""
    data = simulate("gaussian", "identity", dose=False)
    priors = {
        "alpha": "normal(0, 1)",
        "delta": "normal(0.2, 0.5)",
        "lambda": "student_t(4, 0, 0.6)",
        "sigma_theta": "half_normal(0.5)",
        "sigma_b": "exponential(2)",
        "sigma": "half_student_t(3, 2)",
    }
    fit = fw.fit(data, "y", "d", "a + m", bins=12, draws=40, method=method, priors=priors)
    result = fit.estimands[0]
    found = log_densities(fit.fitted)
    sd = {"theta": result.sigma_theta, "b": result.sigma_b}
    expected = stats.norm(0, 1).logpdf(result.alpha)
    expected = expected + stats.norm(0.2, 0.5).logpdf(result.delta).sum(axis=1)
    expected += stats.t(4, 0, 0.6).logpdf(result.lambda_).sum(axis=1)
    expected += stats.halfnorm(scale=0.5).logpdf(sd["theta"]) + stats.expon.logpdf(2 * sd["b"])
    expected += stats.t(3, scale=2).logpdf(result.sigma)
    np.testing.assert_allclose(np.diff(found.prior), np.diff(expected), rtol=0, atol=1e-9)
    z = np.column_stack([data["a"], data["m"]])
    d, group = data["d"], data["a"] * 8 + data["m"]
    same = group[:, None] == group
    likelihood = []
    for k in range(40):
        mean = result.alpha[k] + z @ result.delta[k]
        mean += d * (result.lambda_[k, 0] + z @ result.lambda_[k, 1:])
        covariance = same * (sd["b"][k] ** 2 + sd["theta"][k] ** 2 * np.outer(d, d))
        covariance = covariance + result.sigma[k] ** 2 * np.eye(150)
        likelihood.append(stats.multivariate_normal.logpdf(data["y"], mean, covariance))
    # the quadrature holds all groups together to 0.001
    near = 1e-7 if method == "exact" else 3e-3
    np.testing.assert_allclose(np.diff(found.likelihood), np.diff(likelihood), rtol=0, atol=near)


def test_the_same_as_arviz() -> None:
    data = simulate("poisson", "log", dose=False)
    fit = fw.fit(data, "y", "d", "a + m", family="poisson", bins=12, draws=1000)
    found = log_densities(fit.fitted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from arviz_base import from_dict
        from arviz_stats import psense

        tree = from_dict(
            {
                "posterior": {"lam": fit.estimands[0].lambda_[None]},
                "log_prior": {"all": found.prior[None]},
                "log_likelihood": {"all": found.likelihood[None]},
            }
        )
        theirs = [psense(tree, group=group)["lam"].values for group in ("prior", "likelihood")]
    table = fit.sensitivity()
    ours = [table.row(i) for i in range(table.n_rows) if table.row(i)["conclusion"] == "lambda"]
    np.testing.assert_allclose([row["prior"] for row in ours], theirs[0], rtol=1e-9)
    np.testing.assert_allclose([row["likelihood"] for row in ours], theirs[1], rtol=1e-9)


def survey(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(6)
    data = {"d": rng.integers(0, 2, n), "a": rng.integers(0, 6, n)}
    data["y"] = 1.0 + (0.5 + 0.3 * data["a"]) * data["d"] + rng.normal(size=n)
    return {key: np.asarray(values, dtype=float) for key, values in data.items()}


@pytest.mark.parametrize("method", ["exact", "quadrature"])
def test_the_diagnoses_of_three_priors(method: str) -> None:
    """Far from the data, tight where data say little, and weak."""

    def diagnosis(prior: str, n: int) -> dict[str, object]:
        priors = {"lambda": {"a": prior}}
        fit = fw.fit(survey(n), "y", "d", "a", method=method, draws=2000, priors=priors)
        table = fit.sensitivity()
        return next(table.row(i) for i in range(table.n_rows) if table.row(i)["term"] == "a")

    assert diagnosis("normal(-1, 0.1)", 600)["diagnosis"] == "prior-data conflict"
    assert diagnosis("normal(0.3, 0.002)", 60)["diagnosis"] == "strong prior / weak likelihood"
    weak = diagnosis("normal(0, 5)", 600)
    assert weak["diagnosis"] == "-"
    assert weak["prior"] < 0.02
    assert weak["likelihood"] > 0.05


def test_table_names_conclusions_and_survives_storage(tmp_path) -> None:
    data = simulate("ordinal", "logit", dose=False)
    fit = fw.fit(data, "y", "d", "a + m", family="ordinal", bins=12, draws=500)
    table = fit.sensitivity()
    named = list(zip(table.columns["conclusion"], table.columns["term"], strict=True))
    assert named == [
        *(("average effect", f"{k} or above") for k in (1, 2, 3)),
        *(("lambda", term) for term in ("Intercept", "a", "m")),
        ("sigma_theta", ""),
    ]
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    assert again.sensitivity().to_dict() == table.to_dict()
    flat = dict.fromkeys(("alpha", "delta", "lambda"), "flat")
    flat |= {"sigma_theta": "flat", "sigma_b": "flat", "sigma": "flat"}
    gaussian = simulate("gaussian", "identity", dose=False)
    none = fw.fit(gaussian, "y", "d", "a + m", bins=12, draws=500, priors=flat).sensitivity()
    assert (none.columns["prior"] == 0).all()
    assert "Flat priors" in none.notes[-1]
