"""Extreme numbers end in a finite and diagnosed result, never in a silent one; warnings are errors.

Every table of every scale is looked at: numbers are finite, and a standard error that is missing or
an interval of no width is explained in the table's notes or by a check that failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.data import Tidy
from forwhom.families import FAMILIES
from forwhom.fitted import scales
from tests.chains import short_chains
from tests.reference.nuts.cases import SINGLE

N = 80


def rows() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    d, m = rng.integers(0, 2, N).astype(float), np.repeat(np.arange(4.0), N // 4)
    eta = 0.4 * d + 0.2 * m * d + 0.3 * rng.normal(size=4)[m.astype(int)]
    share = rng.beta(2, 3, N)
    return {
        "d": d,
        "m": m,
        "dose": rng.gamma(2.0, 0.5, N),
        "numeric": eta + rng.normal(size=N),
        "positive": np.exp(eta) * rng.gamma(3.0, 1 / 3, N) + 1e-3,
        "time": np.exp(eta) * rng.gamma(3.0, 1 / 3, N) + 1e-3,
        "binary": (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float),
        "successes": rng.binomial(8, 1 / (1 + np.exp(-eta))).astype(float),
        "trials": np.full(N, 8.0),
        "ordered": np.digitize(eta + rng.logistic(size=N), [0.0, 1.0, 2.0]).astype(float),
        "count": rng.poisson(np.exp(eta)).astype(float),
        "unit": np.clip(share, 0.02, 0.98),
        "closed unit": np.clip(share * 1.4 - 0.2, 0.0, 1.0),
        "event": (rng.random(N) < 0.7).astype(float),
    }


def ask(name: str, data: dict[str, Any], **plan: Any) -> fw.Fit:
    support = FAMILIES[name].support
    given = {"outcome": support, "treatment": "d", "modifiers": "m", "method": "quadrature"}
    given |= {"trials": "trials"} if support == "successes" else {}
    given |= {"event": "event"} if support == "time" else {}
    return fw.fit(data, family=name, draws=200, **given | plan)


def questions(fit: fw.Fit) -> dict[str, Callable[[], Tidy]]:
    new = {"m": np.array([1.0, 2.0])}
    found: dict[str, Callable[[], Tidy]] = {
        "modifiers": fit.modifiers,
        "parameters": fit.parameters,
        "predict": lambda: fit.predict(new),
        "loo": fit.loo,
        "check": fit.check,
        "sensitivity": fit.sensitivity,
    }
    for scale in scales(fit.fitted):
        found[f"average {scale}"] = lambda scale=scale: fit.average(scale=scale)
        found[f"effects {scale}"] = lambda scale=scale: fit.effects(scale=scale)
    return found


def look(fit: fw.Fit) -> None:
    """Everything said is finite, and what is weak about it is said."""
    assert "nan" not in fit.summary().lower().split()
    for name, question in questions(fit).items():
        try:
            table = question()
        except fw.PlanError as error:  # censored times; draws that cannot be reweighted
            assert "censored" in str(error) or (not fit.passed and "reweights" in str(error))
            continue
        notes = " ".join(table.notes)
        for column, values in table.columns.items():
            numbers = np.asarray(values)
            if numbers.dtype.kind != "f" or (column == "std_error" and "No std. error" in notes):
                continue
            assert np.isfinite(numbers).all(), (name, column)
        if "conf_low" in table.columns and name != "check":
            flat = np.asarray(table.columns["conf_low"]) == np.asarray(table.columns["conf_high"])
            assert not flat.any() or "An interval of no width" in notes, name


@pytest.mark.parametrize("name", SINGLE)
def test_a_dose_in_tiny_units(name: str) -> None:
    """One unit is millions of sds: on a bent scale its effect is beyond bounds, which is said."""
    data = rows()
    fit = ask(name, data | {"dose": data["dose"] * 1e-9}, treatment="dose", treatment_type="dose")
    look(fit)
    said = [caution.text for caution in fit.warnings if caution.code == "dose_unit"]
    if name in ("gaussian", "student"):
        assert not said
        return
    assert len(said) == 1
    sds = float(f"{1e9 / data['dose'].std():.2g}")
    assert said[0].startswith(f"One unit of 'dose' is {sds:,.0f} standard deviations of the doses")
    assert "Multiply 'dose' by 1e9 " in said[0]
    again = ask(name, data, treatment="dose", treatment_type="dose")  # what it says to do
    assert "dose_unit" not in {caution.code for caution in again.warnings}


@pytest.mark.parametrize("method", ["exact", "quadrature"])
def test_lognormal_effects_of_a_tiny_dose_are_finite(method: str) -> None:
    data = rows()
    asked = {"treatment": "dose", "treatment_type": "dose", "method": method}
    fit = ask("lognormal", data | {"dose": data["dose"] * 1e-9}, **asked)
    for scale in scales(fit.fitted):
        row = fit.average(scale=scale).row(0)
        assert np.isfinite([row["estimate"], row["conf_low"], row["conf_high"]]).all()
        row = fit.predict({"m": np.array([1.0])}, scale=scale).row(0)
        assert np.isfinite([row["estimate"], row["conf_low"], row["conf_high"]]).all()


OUTLIERS = {"numeric": 1e15, "positive": 1e40, "time": 1e-300, "count": 1e15, "unit": 1e-300}


@pytest.mark.parametrize("name", [n for n in SINGLE if FAMILIES[n].support in OUTLIERS])
def test_one_outlier(name: str) -> None:
    data, support = rows(), FAMILIES[name].support
    values = data[support].copy()
    values[5] = OUTLIERS[support]
    look(ask(name, data | {support: values}))


@pytest.mark.parametrize("name", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("factor", [1e6, 1e12])
def test_huge_counts(name: str, factor: float) -> None:
    data = rows()
    noise = 1 + 0.3 * np.random.default_rng(1).random(N)
    fit = ask(name, data | {"count": np.round((data["count"] + 1) * factor * noise)})
    look(fit)
    if name == "poisson":  # or the draws are said to be of no use
        assert {"overdispersion", "k_hat"} & {caution.code for caution in fit.warnings}


@pytest.mark.parametrize("mean", [1e9, 1e12])
def test_huge_counts_of_poissons_law(mean: float) -> None:
    """Rate ratios of groups as those of sums, to a tenth of their own errors of 1e-6 and less."""
    rng = np.random.default_rng(2)
    g, d = np.arange(N) % 4, np.arange(N) // 4 % 2
    y = rng.poisson(mean * np.exp(0.3 * rng.normal(size=4)[g] + 0.2 * d * g))
    fit = fw.fit({"y": y, "d": d, "g": g}, "y", "d", groups="g", family="poisson",
                 method="quadrature", draws=400)  # fmt: skip
    assert fit.passed
    assert "overdispersion" not in {caution.code for caution in fit.warnings}
    table = fit.effects(scale="link").to_dict()
    sums = np.array([[y[(g == k) & (d == arm)].sum() for arm in (0, 1)] for k in range(4)])
    off = np.array(table["estimate"]) - np.log(sums[:, 1] / sums[:, 0])
    own = np.sqrt((1 / sums).sum(axis=1))
    np.testing.assert_allclose(table["std_error"], own, rtol=0.2)  # 400 draws: 4 x 3.5 %
    # medians of 400 draws: 1.25 / sqrt(400) of the error, four times
    assert (np.abs(off) < 4 * 1.2533 / 20 * own).all()


@pytest.mark.parametrize("name", ["bernoulli", "binomial", "beta", "ordinal"])
def test_a_probability_at_its_edge_has_an_interval_without_width_and_says_so(name: str) -> None:
    """An offset of 120 moves the baseline of new rows, which have none, to the edge."""
    data = rows() | {"offset": np.full(N, -120.0)}
    fit = ask(name, data, offset="offset")
    look(fit)
    table = fit.predict({"m": np.array([1.0])})
    assert np.asarray(table.columns["conf_low"] == table.columns["conf_high"]).any()
    assert any(note.startswith("An interval of no width is no certainty") for note in table.notes)


@pytest.mark.parametrize("factor", [1e-15, 1e-40])
@pytest.mark.parametrize("name", ["beta", "ordered_beta"])
def test_tiny_shares(name: str, factor: float) -> None:
    """The mean share is theirs; it was held at 1e-12."""
    data = rows()
    support = FAMILIES[name].support
    fit = ask(name, data | {support: data[support] * factor})
    look(fit)
    (alpha,) = [e.prior for e in fit.fitted.priors.all if e.parameter == "alpha"]
    expected = np.log(max((data[support] * factor).mean(), 1e-15))
    assert alpha.parameters[0] == pytest.approx(expected, abs=0.02 * alpha.parameters[1])


def test_times_whose_fit_is_steeper_than_numbers_can_square() -> None:
    """Times about 1.45e9 (seconds of a clock) under a Weibull whose scale is held near one."""
    rng = np.random.default_rng(11)
    d = np.arange(40) % 2
    times = 1.45e9 + rng.exponential(size=40) * (1 + d)
    data = {"y": times, "d": d, "a": rng.integers(0, 3, 40), "ended": np.ones(40, dtype=int)}
    asked = {"outcome": "y", "treatment": "d", "modifiers": "a", "event": "ended", "seed": 1}
    with short_chains(10, depth=3, CHAINS=2):  # its weights fail, and chains have a long way
        fit = fw.fit(data, **asked, family="weibull", priors={"alpha": "normal(0, 1)"}, draws=100)
    assert fit.passed or fit.warnings


def test_one_control_group_and_a_modifier_far_from_zero() -> None:
    """The preset's control group has no row in the equation of an effect."""
    data = {
        "y": [0.228, 0.659, 0.357, 2.613, 0.493],
        "d": [1, 1, 0, 0, 0],
        "a": [2, 1, 1, 2, 2],
        "b": [1.63, 1.48, 1.3, 1.14, 1.97],
    }
    fit = fw.fit(data, "y", "d", "a + b", family="lognormal", preset="alley2023", draws=100)
    assert fit.effects().n_rows == 2
    assert fit.estimands[0].eta().shape == (2, 100)
    near, far = (
        fw.fit(data | {"b": (np.array(data["b"]) + shift).tolist()}, "y", "d", "a + b",
               family="lognormal", preset="alley2023", draws=100)
        for shift in (0.0, 1000.0)
    )  # fmt: skip
    assert far.effects().n_rows == near.effects().n_rows == 2
