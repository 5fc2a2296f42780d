"""LOO and WAIC from cells against the same from rows, written out, and against arviz-stats."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats
from scipy.special import logsumexp

import forwhom as fw
from forwhom.families import FAMILIES, Outcome
from forwhom.fitted import predictor_of
from tests.families.test_families import scipy_log
from tests.reference.nuts.cases import SINGLE, simulate


def fitted(name: str, dose: bool = False, **more: object) -> tuple[dict[str, np.ndarray], fw.Fit]:
    data = simulate(name, FAMILIES[name].links[0], dose)
    data["x"] = np.random.default_rng(4).integers(0, 2, 150).astype(float)
    given: dict[str, object] = {
        "family": name,
        "trials": "trials" if "trials" in data else None,
        "event": "event" if "event" in data else None,
        "bins": 12,
        "draws": 1000,
        "method": "quadrature",
    }
    return data, fw.fit(data, "y", "d", "a + m", "x", **(given | more))


def rows_by_hand(data: dict[str, np.ndarray], fit: fw.Fit) -> np.ndarray:
    """Log density of every row in every draw, from the labelled draws alone; (n, D)."""
    result = fit.estimands[0]
    groups = result.design.groups
    pairs = np.column_stack([np.asarray(groups.column_values(j)) for j in range(2)])
    rows = np.column_stack([data["a"], data["m"]])
    group = (rows[:, None, :] == pairs[None]).all(axis=2).argmax(axis=1)
    theta, b = result.theta(), result.baselines()
    eta = result.alpha + data["x"][:, None] * result.beta[:, 0] + b[group]
    eta = eta + data["d"][:, None] * theta[group]
    family, link = FAMILIES[fit.plan.family], fit.plan.link
    own = [values.T[:, None, :] for values in result.parameters.values()]
    y = data["y"][:, None]
    if family.support == "ordered":
        cdf = stats.logistic.cdf
        y = np.unique(data["y"], return_inverse=True)[1]
        c = np.concatenate([np.zeros((1, own[0].shape[2])), np.cumsum(own[0][:, 0], axis=0)])
        infinite = np.full((1, c.shape[1]), np.inf)
        c = np.concatenate([-infinite, c, infinite])
        return np.log(cdf(c[y + 1] - eta) - cdf(c[y] - eta))
    if family.name == "piecewise_exponential":  # log hazard at an event, less the hazard so far
        ends = np.r_[result.design.outcome.ends]
        log_ratio = np.log(np.concatenate([np.ones((1, eta.shape[1])), own[0][:, 0]]))
        place = np.searchsorted(ends, data["y"]).clip(0, len(ends) - 1)
        spent = np.clip(y - np.r_[0, ends[:-1]], 0, np.diff(ends, prepend=0)) @ np.exp(log_ratio)
        return data["event"][:, None] * (log_ratio[place] - eta) - spent * np.exp(-eta)
    one = np.ones_like(y)
    outcome = Outcome(
        y, data.get("trials", one[:, 0])[:, None], data.get("event", one[:, 0])[:, None]
    )
    return scipy_log(family, link, outcome, eta, own)


@pytest.mark.parametrize("name", SINGLE)
def test_cells_give_what_rows_give(name: str) -> None:
    data, fit = fitted(name)
    value = rows_by_hand(data, fit)
    elpd, k, p = array_stats.loo(value[:, None])
    found = fit.elpd("loo")
    assert found.n_rows == 150
    assert found.total == pytest.approx(elpd.sum(), abs=1e-8)
    assert found.p_total == pytest.approx(p.sum(), abs=1e-8)
    assert found.std_error == pytest.approx(np.sqrt(150 * elpd.var()), abs=1e-8)
    assert found.k.max() == pytest.approx(k.max(), abs=1e-6)
    assert found.n_unreliable == (k > 1 - 1 / 3).sum()
    lppd = logsumexp(value, axis=1) - np.log(1000)
    terms = value.var(axis=1, ddof=1)
    assert fit.elpd("waic").total == pytest.approx((lppd - terms).sum(), abs=1e-8)
    assert fit.elpd("waic").p_total == pytest.approx(terms.sum(), abs=1e-8)


def test_dose_and_frequency_weights() -> None:
    data, fit = fitted("poisson", dose=True)
    elpd = array_stats.loo(rows_by_hand(data, fit)[:, None])[0]
    assert fit.elpd().total == pytest.approx(elpd.sum(), abs=1e-8)
    keys = np.column_stack([data[key] for key in ("y", "d", "a", "m", "x")])
    distinct, times = np.unique(keys, axis=0, return_counts=True)
    counts = dict(zip(("y", "d", "a", "m", "x"), distinct.T, strict=True)) | {"times": times}
    weighted = fw.fit(
        counts,
        "y",
        "d",
        "a + m",
        "x",
        family="poisson",
        bins=12,
        draws=1000,
        weights="times",
        weights_kind="frequency",
    )
    # the same rows, counted: cells come in another order, so draws differ
    assert weighted.elpd().n_rows == 150
    assert weighted.elpd().total == pytest.approx(fit.elpd().total, abs=2.0)


def test_the_papers_preset_has_one_control_group() -> None:
    data = simulate("bernoulli", "logit", dose=False)
    fit = fw.fit(
        data, "y", "d", "a + m", family="bernoulli", bins=12, draws=500, preset="alley2023"
    )
    predictor = predictor_of(fit.fitted, "this")
    eta = predictor.eta(slice(None))
    control = predictor.arms[1] == 0
    expected = fit.estimands[0].alpha + fit.estimands[0].control_theta()
    np.testing.assert_allclose(eta[control], np.tile(expected, (control.sum(), 1)), atol=1e-12)
    theta = fit.estimands[0].theta()[predictor.group[~control]]
    np.testing.assert_allclose(eta[~control], fit.estimands[0].alpha + theta, atol=1e-12)


def test_pieces_are_the_whole_however_groups_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    _, fit = fitted("bernoulli")
    predictor = predictor_of(fit.fitted, "this")
    whole, found = predictor.eta(slice(100, 400)), predictor.eta(slice(100, 400))
    monkeypatch.setattr("forwhom.fitted.predictor.VALUES", 5000)
    for keep in (10**9, 0):
        monkeypatch.setattr("forwhom.fitted.predictor.KEPT", keep)
        found[:] = np.nan
        pieces = 0
        for cells, eta in predictor.pieces(slice(100, 400)):
            found[cells] = eta
            pieces += 1
        assert pieces > 3
        np.testing.assert_array_equal(found, whole)
        np.testing.assert_array_equal(predictor.eta(slice(100, 400)), whole)


def test_leaving_a_row_out_is_refitting_without_it() -> None:
    """The claim itself: the density of the worst predicted row under a fit to the others."""
    priors = {"alpha": "normal(0, 1.5)", "beta": "normal(0, 1)", "delta": "normal(0, 1)"}
    priors |= {"lambda": "normal(0, 0.7)", "sigma_theta": "half_normal(1)"}
    data, fit = fitted("bernoulli", draws=8000, priors=priors)
    elpd, k, _ = array_stats.loo(rows_by_hand(data, fit)[:, None])
    group = data["a"] * 8 + data["m"]
    alone = (group[:, None] == group).sum(axis=1) < 3
    row = int(np.argmin(np.where(alone, 0.0, elpd)))
    assert k[row] < 0.7
    rest = {key: np.delete(values, row) for key, values in data.items()}
    again = fw.fit(
        rest, "y", "d", "a + m", "x", family="bernoulli", bins=12, draws=8000, priors=priors
    )
    one = {key: values[row : row + 1] for key, values in data.items()}
    density = np.exp(rows_by_hand(one, again)[0])
    weights = np.exp(-rows_by_hand(data, fit)[row])
    share = weights.sum() ** 2 / (weights**2).sum()  # effective draws behind the estimate
    error = density.std() * np.sqrt(1 / 8000 + 1 / share)
    assert abs(np.exp(elpd[row]) - density.mean()) < 4 * error


def test_refusals_say_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    data = simulate("gaussian", "identity", dose=False)
    exact = fw.fit(data, "y", "d", "a + m", bins=12, draws=200)
    with pytest.raises(fw.PlanError, match=r"^loo\(\) needs .* method='quadrature'"):
        exact.loo()
    with pytest.raises(fw.PlanError, match=r"^waic\(\) needs"):
        exact.waic()
    w = np.random.default_rng(1).uniform(0.5, 2, 150)
    weighted = fw.fit(
        data | {"w": w}, "y", "d", "a + m", bins=12, draws=200, weights="w", method="quadrature"
    )
    with pytest.raises(fw.PlanError, match=r"sampling weights \('w'\).*Fit without weights"):
        weighted.loo()
    monkeypatch.setattr("forwhom.cells.likelihood.MOST_KINDS", 20)
    _, sums = fitted("poisson")
    with pytest.raises(fw.PlanError, match="keeps sums"):
        sums.loo()


def test_tables_and_storage(tmp_path) -> None:
    _, fit = fitted("poisson")
    table = fit.loo()
    row = table.row(0)
    assert row["method"] == "loo"
    assert row["n"] == 150
    assert "a Pareto k" in str(table) or "Every Pareto k" in str(table)
    points = fit.loo(pointwise=True)
    assert (points.columns["elpd"] * points.columns["n"]).sum() == pytest.approx(row["elpd"])
    assert (np.diff(points.columns["elpd"]) >= 0).all()
    again = fw.load(fit.save(tmp_path / "fit.nc"))
    assert again.loo().to_dict() == table.to_dict()
    assert again.waic(pointwise=True).to_dict() == fit.waic(pointwise=True).to_dict()
