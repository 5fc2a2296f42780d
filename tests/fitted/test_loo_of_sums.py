"""LOO and WAIC of fits that keep sums of their rows, which are asked for again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats
from typer.testing import CliRunner

import forwhom as fw
from forwhom.cli import app
from forwhom.fitted import predictor_of

PRIORS = {
    "alpha": "normal(0, 5)",
    "beta": "normal(0, 1)",
    "lambda": "normal(0, 2)",
    "sigma_b": "half_normal(1)",
    "sigma_theta": "half_normal(1)",
    "sigma": "half_normal(3)",
}
ASKED: dict[str, Any] = {
    "outcome": "y",
    "treatment": "d",
    "controls": "x",
    "groups": "g",
    "priors": PRIORS,
    "method": "exact",
}


def table(n: int = 20) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    g, d = rng.integers(0, 4, n), np.arange(n) % 2
    x = rng.normal(size=n)
    y = 0.5 * g + d * (1 + 0.4 * g) + 0.3 * x + 1.5 * rng.normal(size=n)
    return {"y": y, "d": d, "g": np.array(list("abcd"))[g], "x": x}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table(), **ASKED, draws=20_000)


def by_hand(data: dict[str, np.ndarray], fit: fw.Fit) -> np.ndarray:
    """Log density of every row in every draw, (n, D)."""
    one = fit.estimands[0]
    group = np.searchsorted(list("abcd"), data["g"])
    eta = one.alpha + one.baselines()[group] + data["x"][:, None] * one.beta[:, 0]
    eta = eta + data["d"][:, None] * one.theta()[group]
    return stats.norm(eta, one.parameters["sigma"][:, 0]).logpdf(data["y"][:, None])


def place(data: dict[str, np.ndarray], found: Any) -> np.ndarray:
    """Which kind each row is, by its outcome; no two are equal."""
    return np.argsort(found.kinds.outcome.y)[np.argsort(np.argsort(data["y"]))]


def test_it_is_what_arviz_says_of_the_same_draws(fit: fw.Fit) -> None:
    """Whose weights leave a row out of whole draws; ours of the scales alone."""
    value = by_hand(table(), fit)
    elpd, k, p = array_stats.loo(value[:, None])
    found = fit.elpd("loo", table())
    rows = place(table(), found)
    np.testing.assert_allclose(found.elpd[rows], elpd, atol=0.03)
    np.testing.assert_allclose(found.p[rows], p, atol=0.03)
    assert found.k.max() < 0.5 < k.max()
    told = fit.table("loo", data=table())
    assert told["elpd"][0] == pytest.approx(found.total)
    assert told["n"][0] == 20
    assert fit.table("loo", data=table(), pointwise=True).n_rows == 20
    waic = fit.elpd("waic", table())
    lppd = np.log(np.exp(value).mean(axis=1))
    np.testing.assert_allclose(waic.elpd[rows], lppd - value.var(axis=1, ddof=1), atol=1e-8)


def test_where_a_coefficient_has_heavy_tails_it_is_arviz_to_the_digit() -> None:
    priors = PRIORS | {"beta": "student_t(4, 0, 1)"}
    fit = fw.fit(table(), **(ASKED | {"priors": priors}), draws=2000)
    elpd, k, _ = array_stats.loo(by_hand(table(), fit)[:, None])
    found = fit.elpd("loo", table())
    np.testing.assert_allclose(found.elpd[place(table(), found)], elpd, atol=1e-8)
    np.testing.assert_allclose(found.k[place(table(), found)], k, atol=1e-6)


def test_it_is_refitting_without_the_row(fit: fw.Fit) -> None:
    """All 20 rows, each left out of a fit and predicted by it, and by what evidence they add."""
    data, found = table(), fit.elpd("loo", table())
    elpd = found.elpd[place(data, found)]
    whole = fit.table("evidence")["log_evidence"][0]
    for row in range(20):
        again = fw.fit(without(data, row), **ASKED, draws=20_000)
        gained = whole - again.table("evidence")["log_evidence"][0]
        assert elpd[row] == pytest.approx(gained, abs=0.01)
        density = left_out(again, {key: values[row] for key, values in data.items()})
        assert elpd[row] == pytest.approx(density, abs=0.02)  # a mean over its draws


def without(data: dict[str, np.ndarray], row: int) -> dict[str, np.ndarray]:
    return {key: np.delete(values, row) for key, values in data.items()}


@pytest.mark.parametrize(
    "more",
    [
        {"priors": PRIORS | {"beta": "normal(0.5, 0.001)"}},
        {"spread": "none", "priors": {k: v for k, v in PRIORS.items() if k != "sigma_theta"}},
        {"baseline": "shared", "priors": {k: v for k, v in PRIORS.items() if k != "sigma_b"}},
        {"family": "lognormal"},
        {"treatment": "dose"},
        {"priors": PRIORS | {"alpha": "normal(1e3, 1e3)", "beta": "normal(0, 100)"}},
    ],
    ids=["tight", "no spread", "shared", "lognormal", "dose", "vague"],
)
def test_of_every_design_it_is_what_evidence_a_row_adds(more: dict[str, Any]) -> None:
    data = table()
    data["dose"] = data["d"] * (1 + np.abs(data["x"]))
    if more.get("family") == "lognormal":
        data["y"] = np.exp(data["y"])
    fit = fw.fit(data, **(ASKED | more), draws=20_000)
    found = fit.elpd("loo", data)
    elpd, whole = found.elpd[place(data, found)], fit.table("evidence")["log_evidence"][0]
    for row in (0, 7, 14, int(np.argmin(elpd))):
        again = fw.fit(without(data, row), **(ASKED | more), draws=20_000)
        gained = whole - again.table("evidence")["log_evidence"][0]
        assert elpd[row] == pytest.approx(gained, abs=0.015)


def left_out(fit: fw.Fit, row: dict[str, Any]) -> float:
    """Log density of a row of a known group, over the draws of a fit to the others."""
    one = fit.estimands[0]
    names = np.asarray(one.design.groups.column_values(0)).tolist()
    group = names.index(row["g"])
    eta = one.alpha + one.baselines()[group] + row["x"] * one.beta[:, 0]
    eta = eta + row["d"] * one.theta()[group]
    return float(np.log(stats.norm(eta, one.parameters["sigma"][:, 0]).pdf(row["y"]).mean()))


def test_it_agrees_with_a_method_that_keeps_rows(fit: fw.Fit) -> None:
    other = fw.fit(table(), **(ASKED | {"method": "quadrature"}), draws=20_000)
    assert fit.elpd("loo", table()).total == pytest.approx(other.elpd().total, abs=0.1)


@pytest.mark.parametrize("name", ["loo", "waic"])
def test_without_the_data_it_says_how_to_give_them(name: str) -> None:
    fit = fw.fit(table(), **ASKED, draws=200)
    with pytest.raises(fw.PlanError, match=rf"{name}\(\) needs .*data="):
        getattr(fit, name)()


def test_other_data_are_refused(fit: fw.Fit) -> None:
    other = fw.fit(table(), **ASKED, draws=200)
    changed = table() | {"y": table()["y"] + 1}
    with pytest.raises(fw.DataError, match="fingerprints differ"):
        other.loo(data=changed)
    assert other.loo(data=table()).n_rows == 1


def test_a_saved_fit_and_the_command_line_take_a_file(tmp_path: Path) -> None:
    lines = ["y,d,g,x", *(",".join(map(str, row)) for row in zip(*table().values(), strict=True))]
    source = tmp_path / "rows.csv"
    source.write_text("\n".join(lines))
    fit = fw.fit(str(source), **ASKED, draws=500)
    path = fit.save(tmp_path / "fit.nc")
    run = CliRunner().invoke(app, ["loo", str(path), "--data", str(source), "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)[0]["elpd"] == pytest.approx(fit.elpd("loo", str(source)).total)


def test_fits_by_sums_are_compared(fit: fw.Fit) -> None:
    priors = {key: text for key, text in PRIORS.items() if key != "beta"}
    without = fw.fit(table(), **(ASKED | {"controls": None, "priors": priors}), draws=2000)
    told = fw.compare_fits({"with x": fit, "without": without}, data=table())
    assert set(told["fit"]) == {"with x", "without"}
    diff = np.min(np.asarray(told["elpd_diff"]))
    expected = fit.elpd("loo", table()).total - without.elpd("loo", table()).total
    assert abs(diff) == pytest.approx(abs(expected))
    values = {"with x": fit.table("evidence"), "without": without.table("evidence")}
    first, second = (values[name]["log_evidence"][0] for name in told["fit"])
    assert told["log_bayes_factor"][0] == told["evidence_error"][0] == 0
    assert told["log_bayes_factor"][1] == pytest.approx(second - first)
    assert 0 < told["evidence_error"][1] < 0.05


def test_a_lognormal_outcome_and_a_fit_that_keeps_rows_anyway() -> None:
    data = table()
    data["y"] = np.exp(data["y"])
    fit = fw.fit(data, **ASKED, family="lognormal", draws=2000)
    value = by_hand(table(), fit).mean(axis=1).sum() - np.log(data["y"]).sum()
    rows = fit._workings.with_rows(data).predictor
    found = np.zeros(len(data["y"]))
    assert rows.kinds is not None
    for some, one in rows.log_likelihood(slice(None)):
        found[some] = one.mean(axis=1)
    assert found.sum() == pytest.approx(value)
    other = fw.fit(data, **(ASKED | {"method": "quadrature"}), family="lognormal", draws=500)
    assert predictor_of(other.fitted, "it").n_groups == 4
    assert other.loo(data=data).n_rows == other.loo().n_rows
