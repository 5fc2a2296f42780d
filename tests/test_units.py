"""Any unit: default priors follow, and what is said is the same up to the unit.

Draws agree to rounding where rounding tips none of them, else the laws agree: then estimates
within 4.5 joint Monte Carlo errors. On a log scale a factor moves alpha's prior, whose centre is
printed to a hundredth of its sd: factors are powers of exp(0.1), so that the centre moves alike.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.families import FAMILIES
from forwhom.fitted import scales
from tests.reference.nuts.cases import simulate

BIG = float(np.exp(27.6))  # 1e12
LOGS = ("lognormal", "gamma", "exponential", "weibull", "piecewise_exponential")
DRAWS = 500


def ask(name: str, data: dict[str, Any], **plan: Any) -> fw.Fit:
    given = {"family": name, "bins": 12, "draws": DRAWS, "outcome": "y", "treatment": "d"}
    given |= {key: key for key in ("trials", "event") if key in data}
    given |= {"modifiers": "a + m"} | plan
    if FAMILIES[name].several is False and name not in ("gaussian", "lognormal"):
        given["method"] = "quadrature"
    return fw.fit(data, **given)


def made(name: str, dose: bool = False) -> dict[str, Any]:
    return simulate(name, FAMILIES[name].links[0], dose=dose, rows=100)


@cache
def plain(name: str) -> fw.Fit:
    return ask(name, made(name))


def standardised(fit: fw.Fit, unit: float, shift: float) -> list[tuple[str, str, list[float]]]:
    """Default priors of an outcome in another unit, taken back to the first."""
    found = []
    for entry in fit.fitted.priors.all:
        numbers = list(entry.prior.parameters)
        keep = 1 if entry.prior.distribution == "half_student_t" else 0
        if entry.parameter not in ("shape", "nu", "hazard_ratios"):
            numbers = numbers[:keep] + [number / unit for number in numbers[keep:]]
        if entry.parameter == "alpha":
            numbers[0] -= shift
        found.append((entry.parameter, entry.term, numbers))
    return found


# 4.5 joint Monte Carlo errors of a median and of the ends of an interval, in sds:
# sqrt(2 p (1 - p) / D) / density. At the ends, the density of a Student-t of 5 degrees of freedom
# in units of its sd: effects whose spread is learnt have tails at least as heavy.
CHANCE = {
    "estimate": 4.5 * np.sqrt(0.5 / DRAWS) / 0.3989,
    "conf_low": 4.5 * np.sqrt(2 * 0.025 * 0.975 / DRAWS) / 0.0392,
    "conf_high": 4.5 * np.sqrt(2 * 0.025 * 0.975 / DRAWS) / 0.0392,
}
ROUNDING = dict.fromkeys(CHANCE, 1e-6)


def alike(
    ours: fw.Fit, theirs: fw.Fit, scale: str, unit: float, atol: dict[str, float] = ROUNDING
) -> None:
    """Tables of effects, ``ours`` in a unit of ``theirs``; ``atol`` in std. errors."""
    for ask_for in ("effects", "average"):
        one, two = (getattr(fit, ask_for)(scale=scale).to_dict() for fit in (ours, theirs))
        errors = np.array(two["std_error"], dtype=float)
        size = np.array(two["conf_high"]) - np.array(two["conf_low"])
        size = np.where(np.isnan(errors), size, errors)
        for column, most in atol.items():
            off = (np.array(one[column]) / unit - np.array(two[column])) / size
            np.testing.assert_allclose(off, 0.0, atol=most)


@pytest.mark.parametrize("factor", [1e-12, 1e12])
@pytest.mark.parametrize("name", ["gaussian", "student"])
def test_an_outcome_in_any_unit(name: str, factor: float) -> None:
    data = made(name)
    one, two = plain(name), ask(name, data | {"y": data["y"] * factor})
    priors = [standardised(fit, unit, 0.0) for fit, unit in ((one, 1.0), (two, factor))]
    for (*key, ours), (*same, theirs) in zip(*priors, strict=True):
        assert key == same
        assert theirs == pytest.approx(ours, rel=1e-9)
    alike(two, one, "response", factor, CHANCE if name == "student" else ROUNDING)


@pytest.mark.parametrize("factor", [1 / BIG, BIG])
@pytest.mark.parametrize("name", LOGS)
def test_an_outcome_on_a_log_scale_in_any_unit(name: str, factor: float) -> None:
    data = made(name)
    one, two = plain(name), ask(name, data | {"y": data["y"] * factor})
    priors = [standardised(fit, 1.0, s) for fit, s in ((one, 0.0), (two, np.log(factor)))]
    for (*key, ours), (*same, theirs) in zip(*priors, strict=True):
        assert key == same
        assert theirs == pytest.approx(ours, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(
        two.estimands[0].lambda_, one.estimands[0].lambda_, rtol=0, atol=1e-7
    )
    for scale in scales(one.fitted):
        alike(two, one, scale, factor if scale == "response" else 1.0)


@pytest.mark.parametrize("factor", [1 / BIG, BIG])
@pytest.mark.parametrize("name", ["poisson", "negative_binomial"])
def test_an_exposure_in_any_unit(name: str, factor: float) -> None:
    """Rates are per unit of it; those in percent and on the link stay."""
    data = made(name)
    data["people"] = np.random.default_rng(1).gamma(2.0, 0.5, len(data["y"]))
    one = ask(name, data, exposure="people")
    two = ask(name, data | {"people": data["people"] * factor}, exposure="people")
    priors = [standardised(fit, 1.0, s) for fit, s in ((one, 0.0), (two, -np.log(factor)))]
    for (*key, ours), (*same, theirs) in zip(*priors, strict=True):
        assert key == same
        assert theirs == pytest.approx(ours, rel=1e-9, abs=1e-9)
    for scale in scales(one.fitted):
        alike(two, one, scale, 1 / factor if scale == "response" else 1.0)


def test_rare_counts_have_their_own_rate_as_centre() -> None:
    """It was cut off at log 0.01: here 3e-4 events a row."""
    rng = np.random.default_rng(2)
    y = np.zeros(20_000)
    y[rng.choice(len(y), 6, replace=False)] = 1.0
    data = {"y": y, "d": np.arange(len(y)) % 2, "g": np.arange(len(y)) // 2 % 5}
    for family, expected in (("poisson", np.log(3e-4)), ("bernoulli", np.log(3e-4 / (1 - 3e-4)))):
        fit = fw.fit(data, "y", "d", groups="g", family=family, draws=200)
        (alpha,) = [e.prior for e in fit.fitted.priors.all if e.parameter == "alpha"]
        assert alpha.parameters[0] == pytest.approx(expected, abs=0.01 * alpha.parameters[1])


SLOW = ("student", "categorical")  # of which rounding tips draws, or NUTS makes them
DOSED = [name for name in FAMILIES if name not in SLOW]


@pytest.mark.parametrize(("name", "factor"), list(zip(DOSED, [1e-12, 1e12] * 7, strict=False)))
def test_a_dose_and_a_modifier_in_any_unit(name: str, factor: float) -> None:
    data = made(name, dose=True)
    moved = data | {"d": data["d"] * factor, "a": data["a"] / factor}
    one, two = (ask(name, some, treatment_type="dose") for some in (data, moved))
    back = two.estimands[0].lambda_ * factor * np.array([1.0, 1 / factor, 1.0])
    error = one.estimands[0].lambda_.std(axis=0) * np.sqrt(2 / DRAWS)
    off = np.abs(back.mean(axis=0) - one.estimands[0].lambda_.mean(axis=0)) / error
    assert (off < 4.5).all()  # joint Monte Carlo errors, where rounding tips a draw
    if name not in ("ordinal", "ordered_beta"):
        assert (off < 1e-2).all()
    for ours, theirs in zip(two.fitted.priors.all, one.fitted.priors.all, strict=True):
        if ours.parameter == "lambda":
            unit = 1 / factor if ours.term != "a" else 1.0
            assert ours.prior.parameters[1] == pytest.approx(
                theirs.prior.parameters[1] * unit, rel=1e-9
            )


def test_an_offset_has_the_place_of_the_outcome() -> None:
    """A Student outcome less its offset is what the model is of: place, unit and priors."""
    data = made("student")
    offset = 1e3 * np.random.default_rng(4).normal(size=len(data["y"])) + 1e6
    one = ask("student", data | {"base": np.zeros(len(offset))}, offset="base")
    two = ask("student", data | {"y": data["y"] + offset, "base": offset}, offset="base")
    assert [e.prior.text for e in two.fitted.priors.all] == [
        e.prior.text for e in one.fitted.priors.all
    ]
    alike(two, one, "response", 1.0, CHANCE)
