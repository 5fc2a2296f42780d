"""Fits of every family from rows to tables: invariances, weights, storage, the response scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import forwhom as fw
from forwhom.families import FAMILIES, lay_out
from forwhom.fitted import check_scale, quantities
from tests.reference.nuts.cases import SINGLE, simulate, usual


def options(name: str, data: dict[str, np.ndarray]) -> dict[str, object]:
    return {
        "family": name,
        "trials": "trials" if "trials" in data else None,
        "event": "event" if "event" in data else None,
        "bins": 12,
        "draws": 1000,
    }


@pytest.mark.parametrize("name", SINGLE)
def test_every_family_fits_saves_and_tells(name: str, tmp_path) -> None:
    data = usual(name)
    fit = fw.fit(data, "y", "d", "a + m", **options(name, data))
    assert fit.passed
    tables = fit.tables()
    text = str(fit)
    for words in ("Average effect", f"Model: {name}", "Effect spread"):
        assert words in text
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    for key, table in again.tables().items():
        np.testing.assert_equal(table.to_dict(), tables[key].to_dict(), key)  # NaN is NaN
    tree = fit.posterior
    assert tree["posterior"]["theta"].shape[-1] == 1000 or tree["posterior"]["theta"].size
    for parameter in FAMILIES[name].parameter_names:
        assert parameter in tree["posterior"]


@pytest.mark.parametrize("name", ["gaussian", "lognormal"])
def test_quadrature_equals_the_closed_form(name: str) -> None:
    """Two methods, one posterior: independent draws of both, so plain standard errors."""
    data = simulate(name, "identity", dose=False)
    given = options(name, data) | {"draws": 20_000}
    exact = fw.fit(data, "y", "d", "a + m", **given)
    other = fw.fit(data, "y", "d", "a + m", **given, method="quadrature", seed=2)
    assert exact.fitted.diagnostics.method == "exact"
    assert other.fitted.diagnostics.method == "quadrature"
    pairs = [
        (exact.estimands[0].lambda_.T, other.estimands[0].lambda_.T),
        (exact.estimands[0].delta.T, other.estimands[0].delta.T),
        (exact.estimands[0].theta(), other.estimands[0].theta()),
        (exact.estimands[0].sigma[None], other.estimands[0].sigma[None]),
        (exact.estimands[0].sigma_theta[None], other.estimands[0].sigma_theta[None]),
        (exact.estimands[0].baselines(), other.estimands[0].baselines()),
    ]
    for one, two in pairs:
        error = np.hypot(one.std(axis=1), two.std(axis=1)) / np.sqrt(12_000)
        assert (np.abs(one.mean(axis=1) - two.mean(axis=1)) < 4.5 * error).all()
        assert np.allclose(one.std(axis=1), two.std(axis=1), rtol=0.05)


@pytest.mark.parametrize(
    "name", ["bernoulli", "poisson", "ordinal", "negative_binomial", "piecewise_exponential"]
)
def test_rows_and_counts_give_the_same_posterior(name: str) -> None:
    data = usual(name)
    if name == "piecewise_exponential":
        data["y"] = np.ceil(2 * data["y"]) / 2  # so that rows are alike
    names = [key for key in ("y", "d", "a", "m", "event") if key in data]
    counted, times = np.unique(
        np.column_stack([data[key] for key in names]), axis=0, return_counts=True
    )
    assert len(counted) < len(data["y"])
    counts = dict(zip(names, counted.T, strict=True)) | {"times": times}
    given = options(name, data)
    priors = {"alpha": "normal(0, 2)", "delta": "normal(0, 1)", "lambda": "normal(0, 1)"}
    rows = fw.fit(data, "y", "d", "a + m", **given, priors=priors)
    cells = fw.fit(
        counts, "y", "d", "a + m", **given, priors=priors, weights="times", weights_kind="frequency"
    )
    np.testing.assert_allclose(
        rows.estimands[0].lambda_, cells.estimands[0].lambda_, rtol=0, atol=1e-8
    )
    np.testing.assert_allclose(
        rows.estimands[0].theta(), cells.estimands[0].theta(), rtol=0, atol=1e-8
    )


def test_response_effects_are_differences_of_the_groups_own_rows() -> None:
    data = simulate("bernoulli", "logit", dose=False)
    data["x"] = np.random.default_rng(4).normal(size=150)
    fit = fw.fit(data, "y", "d", "a + m", "x", **options("bernoulli", data))
    result = fit.estimands[0]
    theta, b = result.theta(), result.baselines()
    groups = result.design.groups
    found = fit.effects()
    for g in (0, 7, 30):
        mine = (data["a"] == groups.column_values(0)[g]) & (data["m"] == groups.column_values(1)[g])
        eta = result.alpha + b[g] + data["x"][mine][:, None] * result.beta[:, 0]
        difference = 1 / (1 + np.exp(-eta - theta[g])) - 1 / (1 + np.exp(-eta))
        expected = np.median(100 * difference.mean(axis=0))
        assert found.row(g)["estimate"] == pytest.approx(expected, abs=1e-9)
    link = fit.effects(scale="link")
    assert link.row(7)["estimate"] == pytest.approx(np.median(theta[7]))
    with pytest.raises(
        fw.PlanError, match=r"scale='log' is not known for family 'bernoulli'. Known: "
    ):
        fit.effects(scale="log")


def test_ordered_categories_are_told_one_by_one() -> None:
    data = simulate("ordinal", "logit", dose=False)
    fit = fw.fit(data, "y", "d", "a + m", **options("ordinal", data))
    average = fit.average()
    assert [average.row(i)["outcome"] for i in range(3)] == [f"{k} or above" for k in (1, 2, 3)]
    assert fit.average(scale="link").n_rows == 1
    each = fit.average(scale="categories")
    assert [each.row(k)["outcome"] for k in range(4)] == ["0", "1", "2", "3"]
    draws = [fit._workings.average(one) for one in fit._workings.on_scale("categories")]
    above = [fit._workings.average(one) for one in fit._workings.on_scale("response")]
    np.testing.assert_allclose(sum(draws), 0.0, atol=1e-10)
    for k in range(3):  # within draws the levels from k + 1 add up to "k + 1 or above"
        np.testing.assert_allclose(sum(draws[k + 1 :]), above[k], atol=1e-10)
    assert fit.effects(scale="categories").n_rows == 4 * fit.fitted.design.groups.count
    design = fit.fitted.design
    unordered = replace(design, plan=replace(design.plan, family="categorical"))
    problem = replace(fit.fitted.problem, design=unordered)
    told = quantities(replace(fit.fitted, problem=problem), "categories")
    assert [q.label for q in told] == ["0", "1", "2", "3"]  # no order, no "or above"
    assert told == quantities(fit.fitted, "categories")
    with pytest.raises(fw.PlanError, match="Did you mean 'categories'"):
        fit.average(scale="category")


@pytest.mark.parametrize(
    ("name", "sign", "on"),
    [
        ("lognormal", 1, "the mean of y, in percent,"),
        ("poisson", 1, "the rate of y, in percent,"),
        ("exponential", 1, "the mean time of y, in percent,"),
        ("piecewise_exponential", -1, "the hazard of y, in percent,"),
    ],
)
def test_percent_is_of_what_is_expected_without_treatment(name: str, sign: int, on: str) -> None:
    data = usual(name)
    fit = fw.fit(data, "y", "d", "a + m", **options(name, data))
    theta, found = fit.estimands[0].theta(), fit.effects(scale="percent")
    for g in (0, 7, 30):
        expected = np.median(100 * (np.exp(sign * theta[g]) - 1))
        assert found.row(g)["estimate"] == pytest.approx(expected, rel=1e-12)
    assert on in str(found)
    weight = fit.fitted.group_weight / fit.fitted.group_weight.sum()
    mean = np.median(weight @ (100 * np.expm1(sign * theta)))
    assert fit.average(scale="percent").row(0)["estimate"] == pytest.approx(mean, rel=1e-12)
    with pytest.raises(fw.PlanError, match="scale='percent' is not known for family 'bernoulli'"):
        bernoulli = simulate("bernoulli", "logit", dose=False)
        fw.fit(bernoulli, "y", "d", "a + m", **options("bernoulli", bernoulli)).average(
            scale="percent"
        )


def test_lognormal_is_told_in_percent_by_both_methods() -> None:
    data = simulate("lognormal", "identity", dose=False)
    given = options("lognormal", data) | {"draws": 4000}
    exact = fw.fit(data, "y", "d", "a + m", **given)
    other = fw.fit(data, "y", "d", "a + m", **given, method="quadrature", seed=2)
    one, two = (
        fit._workings.average(fit._workings.on_scale(check_scale(fit.fitted, None))[0])
        for fit in (exact, other)
    )
    error = np.hypot(one.std(), two.std()) / np.sqrt(2400)
    assert abs(one.mean() - two.mean()) < 4.5 * error
    assert "percent" in str(exact.average()) and "percent" in str(exact)
    assert "the logarithm of y" in str(exact.average(scale="link"))
    with pytest.raises(fw.PlanError, match="Fit with method='quadrature', or say scale='percent'"):
        exact.average(scale="response")
    # the difference in the mean itself, where the rows are kept: exp(eta + sigma^2 / 2)
    result, groups = other.estimands[0], other.fitted.design.groups
    theta, b = result.theta(), result.baselines()
    found = other.effects(scale="response")
    for g in (0, 7, 30):  # no controls, so a group's rows are all alike
        untreated = np.exp(result.alpha + b[g] + result.sigma**2 / 2)
        expected = np.median(untreated * np.expm1(theta[g]))
        assert found.row(g)["estimate"] == pytest.approx(expected, rel=1e-9)
    assert groups.count == len(theta)


def test_piecewise_times_are_told_as_the_mean_up_to_the_longest() -> None:
    data = simulate("piecewise_exponential", "log", dose=False)
    fit = fw.fit(data, "y", "d", "a + m", **options("piecewise_exponential", data), breaks=[1, 3])
    result, longest = fit.estimands[0], data["y"].max()
    theta, b = result.theta(), result.baselines()
    ratios = np.column_stack([np.ones(1000), dict(result.parameters)["hazard_ratios"]])
    assert ratios.shape == (1000, 3)
    grid = np.linspace(0, longest, 2001)  # the area under the survival curve, by trapezoids
    spent = np.clip(grid[:, None] - [0, 1, 3], 0, [1, 2, np.inf]) @ ratios.T
    found = fit.effects()
    for g in (0, 7, 30):
        areas = [
            np.trapezoid(np.exp(-spent * np.exp(-result.alpha - b[g] - move)), grid, axis=0)
            for move in (0.0, theta[g])
        ]
        expected = np.median(areas[1] - areas[0])
        assert found.row(g)["estimate"] == pytest.approx(expected, rel=1e-4)
    assert "on the mean time of y up to " in str(found)


def test_piecewise_times_are_poisson_counts() -> None:
    """Events in each interval, with the time at risk as exposure: one likelihood, two paths."""
    data = simulate("piecewise_exponential", "log", dose=False)
    ends = np.array([0.5, 1.5, data["y"].max()])
    at_risk, ended = lay_out(data["y"], data["event"], ends)
    row, interval = np.nonzero(at_risk)
    counts = {key: data[key][row] for key in ("d", "a", "m")}
    counts |= {"y": ended[row, interval], "t": at_risk[row, interval], "j": interval.astype(str)}
    shared = {"alpha": "normal(0, 1.5)", "delta": "normal(0, 1)", "lambda": "normal(0, 0.7)"}
    given = {"bins": 12, "draws": 10_000}
    times = fw.fit(
        data,
        "y",
        "d",
        "a + m",
        family="piecewise_exponential",
        event="event",
        breaks=ends[:-1],
        priors=shared | {"hazard_ratios": "gamma(1e-9, 1e-9)"},  # flat in the logarithm
        **given,
    )
    poisson = fw.fit(
        counts,
        "y",
        "d",
        "a + m",
        "C(j)",
        family="poisson",
        exposure="t",
        priors=shared | {"beta": "flat"},
        **given,
    )
    one, two = times.estimands[0], poisson.estimands[0]
    ratios = dict(one.parameters)["hazard_ratios"]
    pairs = [
        (one.lambda_.T, -two.lambda_.T),
        (one.delta.T, -two.delta.T),
        (one.alpha[None], -two.alpha[None]),
        (np.log(ratios).T, two.beta.T),
        (one.sigma_theta[None], two.sigma_theta[None]),
        (one.theta(), -two.theta()),
    ]
    for ours, theirs in pairs:
        error = np.hypot(ours.std(axis=1), theirs.std(axis=1)) / np.sqrt(6000)
        assert (np.abs(ours.mean(axis=1) - theirs.mean(axis=1)) < 4.5 * error).all()
        assert np.allclose(ours.std(axis=1), theirs.std(axis=1), rtol=0.06)
    terms = [times.parameters().row(i)["term"] for i in range(-2, 0)]
    assert terms == ["0.5 to 1.5", "after 1.5"]


def test_one_interval_is_the_exponential() -> None:
    """Events at one time leave one interval, which is said, and the exponential's posterior."""
    data = simulate("exponential", "log", dose=False)
    data["y"] = np.where(data["event"] == 1, 1.0, data["y"].clip(0.1, 0.9))
    given = options("exponential", data)
    one = fw.fit(data, "y", "d", "a + m", **given)
    two = fw.fit(data, "y", "d", "a + m", **given | {"family": "piecewise_exponential"})
    assert "4 were asked for; equal times left 1." in " ".join(two.fitted.design.notes)
    np.testing.assert_allclose(
        one.estimands[0].lambda_, two.estimands[0].lambda_, rtol=0, atol=1e-9
    )


def test_an_exposure_is_a_rate_and_an_offset_is_added() -> None:
    data = simulate("poisson", "log", dose=False)
    data["years"] = np.random.default_rng(1).uniform(0.5, 2.0, 150)
    data["log_years"] = np.log(data["years"])
    given = options("poisson", data)
    one = fw.fit(data, "y", "d", "a + m", **given, exposure="years")
    two = fw.fit(data, "y", "d", "a + m", **given, offset="log_years")
    np.testing.assert_allclose(one.estimands[0].lambda_, two.estimands[0].lambda_, atol=1e-10)
    assert "the rate of y" in str(one.average())


def test_sampling_weights_do_not_care_for_their_unit() -> None:
    data = simulate("bernoulli", "logit", dose=False)
    w = np.random.default_rng(9).uniform(0.5, 3.0, 150)
    given = options("bernoulli", data)
    fits = [
        fw.fit(data | {"w": w * unit}, "y", "d", "a + m", **given, weights="w") for unit in (1, 1e6)
    ]
    np.testing.assert_allclose(
        fits[0].estimands[0].lambda_, fits[1].estimands[0].lambda_, atol=1e-8
    )
    assert "pseudo-posterior" in str(fits[0])
