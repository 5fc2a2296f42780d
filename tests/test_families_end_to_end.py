"""Fits of every family from rows to tables: invariances, weights, storage, the response scale."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw
from forwhom.families import FAMILIES
from tests.reference.nuts.cases import simulate

NAMES = list(FAMILIES)


def options(name: str, data: dict[str, np.ndarray]) -> dict[str, object]:
    return {
        "family": name,
        "trials": "trials" if "trials" in data else None,
        "event": "event" if "event" in data else None,
        "bins": 12,
        "draws": 1000,
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_family_fits_saves_and_tells(name: str, tmp_path) -> None:
    data = simulate(name, FAMILIES[name].links[0], dose=False)
    fit = fw.fit(data, "y", "d", "a + m", **options(name, data))
    assert fit.passed
    tables = fit.tables()
    text = str(fit)
    for words in ("Average effect", f"Model: {name}", "Effect spread"):
        assert words in text
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    for key, table in again.tables().items():
        assert table.to_dict() == tables[key].to_dict(), key
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
    assert exact.result.diagnostics.method == "exact"
    assert other.result.diagnostics.method == "quadrature"
    pairs = [
        (exact.result.lambda_.T, other.result.lambda_.T),
        (exact.result.delta.T, other.result.delta.T),
        (exact.result.local.theta(), other.result.local.theta()),
        (exact.result.sigma[None], other.result.sigma[None]),
        (exact.result.sigma_theta[None], other.result.sigma_theta[None]),
        (exact.result.local.baselines(), other.result.local.baselines()),
    ]
    for one, two in pairs:
        error = np.hypot(one.std(axis=1), two.std(axis=1)) / np.sqrt(12_000)
        assert (np.abs(one.mean(axis=1) - two.mean(axis=1)) < 4.5 * error).all()
        assert np.allclose(one.std(axis=1), two.std(axis=1), rtol=0.05)


@pytest.mark.parametrize("name", ["bernoulli", "poisson", "ordinal", "negative_binomial"])
def test_rows_and_counts_give_the_same_posterior(name: str) -> None:
    data = simulate(name, FAMILIES[name].links[0], dose=False)
    keys = np.column_stack([data[key] for key in ("y", "d", "a", "m")])
    counted, times = np.unique(keys, axis=0, return_counts=True)
    counts = dict(zip(("y", "d", "a", "m"), counted.T, strict=True)) | {"times": times}
    given = options(name, data)
    priors = {"alpha": "normal(0, 2)", "delta": "normal(0, 1)", "lambda": "normal(0, 1)"}
    rows = fw.fit(data, "y", "d", "a + m", **given, priors=priors)
    cells = fw.fit(
        counts, "y", "d", "a + m", **given, priors=priors, weights="times", weights_kind="frequency"
    )
    np.testing.assert_allclose(rows.result.lambda_, cells.result.lambda_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(
        rows.result.local.theta(), cells.result.local.theta(), rtol=0, atol=1e-8
    )


def test_binomial_cells_are_bernoulli_rows() -> None:
    data = simulate("bernoulli", "logit", dose=False)
    cells = np.column_stack([data[key] for key in ("d", "a", "m")])
    distinct, where = np.unique(cells, axis=0, return_inverse=True)
    counts = dict(zip(("d", "a", "m"), distinct.T, strict=True))
    counts |= {"y": np.bincount(where, data["y"]), "n": np.bincount(where)}
    priors = {"alpha": "normal(0, 2)", "delta": "normal(0, 1)", "lambda": "normal(0, 1)"}
    shared = {"bins": 12, "draws": 1000, "priors": priors}
    rows = fw.fit(data, "y", "d", "a + m", family="bernoulli", **shared)
    sums = fw.fit(counts, "y", "d", "a + m", family="binomial", trials="n", **shared)
    # centred on different means, a change of coordinates: the same posterior, not the same draws
    one, two = rows.result.lambda_, sums.result.lambda_
    error = np.hypot(one.std(axis=0), two.std(axis=0)) / np.sqrt(600)
    assert (np.abs(one.mean(axis=0) - two.mean(axis=0)) < 4.5 * error).all()


def test_centring_and_scaling_modifiers_changes_no_effect() -> None:
    data = simulate("bernoulli", "logit", dose=False)
    moved = data | {"a": (data["a"] - 2.0) * 1e-9, "m": 10.0 - 3.0 * data["m"]}
    flat = {"alpha": "flat", "delta": "flat", "lambda": "flat"}
    given = options("bernoulli", data) | {"priors": flat, "draws": 4000}
    first = fw.fit(data, "y", "d", "a + m", **given).result
    second = fw.fit(moved, "y", "d", "a + m", **given).result

    def order(result) -> np.ndarray:
        a, m = (np.asarray(result.design.groups.column_values(j)) for j in range(2))
        return np.lexsort([m if result is first else -m, a])  # m was turned round

    one = first.local.theta()[order(first)]
    back = second.local.theta()[order(second)]
    error = np.hypot(one.std(axis=1), back.std(axis=1)) / np.sqrt(2500)
    assert (np.abs(one.mean(axis=1) - back.mean(axis=1)) < 4.5 * error).all()
    assert np.allclose(one.std(axis=1), back.std(axis=1), rtol=0.12)


@pytest.mark.parametrize("name", ["gaussian", "student"])
def test_a_huge_outcome_gives_the_same_standardised_answer(name: str) -> None:
    data = simulate(name, "identity", dose=False)
    given = options(name, data) | {"method": "quadrature"}
    one = fw.fit(data, "y", "d", "a + m", **given)
    two = fw.fit(data | {"y": data["y"] * 1e9}, "y", "d", "a + m", **given)
    np.testing.assert_allclose(two.result.lambda_ / 1e9, one.result.lambda_, rtol=0, atol=5e-3)


def test_response_effects_are_differences_of_the_groups_own_rows() -> None:
    data = simulate("bernoulli", "logit", dose=False)
    data["x"] = np.random.default_rng(4).normal(size=150)
    fit = fw.fit(data, "y", "d", "a + m", "x", **options("bernoulli", data))
    result = fit.result
    theta, b = result.local.theta(), result.local.baselines()
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
    with pytest.raises(fw.PlanError, match=r"scale='log' is not known. Known: 'response', 'link'."):
        fit.effects(scale="log")


def test_ordered_categories_are_told_one_by_one() -> None:
    data = simulate("ordinal", "logit", dose=False)
    fit = fw.fit(data, "y", "d", "a + m", **options("ordinal", data))
    average = fit.average()
    assert [average.row(i)["outcome"] for i in range(3)] == [f"{k} or above" for k in (1, 2, 3)]
    assert fit.average(scale="link").n_rows == 1


def test_an_exposure_is_a_rate_and_an_offset_is_added() -> None:
    data = simulate("poisson", "log", dose=False)
    data["years"] = np.random.default_rng(1).uniform(0.5, 2.0, 150)
    data["log_years"] = np.log(data["years"])
    given = options("poisson", data)
    one = fw.fit(data, "y", "d", "a + m", **given, exposure="years")
    two = fw.fit(data, "y", "d", "a + m", **given, offset="log_years")
    np.testing.assert_allclose(one.result.lambda_, two.result.lambda_, atol=1e-10)
    assert "the rate of y" in str(one.average())


def test_sampling_weights_do_not_care_for_their_unit() -> None:
    data = simulate("bernoulli", "logit", dose=False)
    w = np.random.default_rng(9).uniform(0.5, 3.0, 150)
    given = options("bernoulli", data)
    fits = [
        fw.fit(data | {"w": w * unit}, "y", "d", "a + m", **given, weights="w") for unit in (1, 1e6)
    ]
    np.testing.assert_allclose(fits[0].result.lambda_, fits[1].result.lambda_, atol=1e-8)
    assert "pseudo-posterior" in str(fits[0])
