"""Outcomes that a family cannot take: every message names the family, a value and a way out."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw

N = 60


def rows(**changed: object) -> dict[str, object]:
    rng = np.random.default_rng(1)
    base = {
        "y": rng.integers(0, 2, N).astype(float),
        "d": np.tile([0.0, 1.0], N // 2),
        "m": np.repeat([0.0, 1.0, 2.0], N // 3),
        "n": np.full(N, 5.0),
        "e": rng.integers(0, 2, N).astype(float),
        "t": rng.exponential(size=N) + 0.01,
        "k": rng.poisson(2.0, N).astype(float),
    }
    return base | changed


def with_value(name: str, value: float, count: int) -> dict[str, object]:
    data = rows()
    values = np.array(data[name])
    values[:count] = value
    return data | {name: values}


CASES = [
    (with_value("y", 2.0, 14), {"outcome": "y", "family": "bernoulli"},
     "bernoulli needs 0/1 or two levels; 'y' holds 2 in 14 rows. Recode it, or choose family"),
    (rows(y=["a", "b", "c"] * 20), {"outcome": "y", "family": "bernoulli"},
     "bernoulli needs 0/1 or two levels; 'y' has 3 ('a', 'b', 'c')."),
    (rows(y=["low", "high"] * 30), {"outcome": "y", "family": "ordinal"},
     "family 'ordinal' needs ordered levels; 'y' holds text ('high', 'low'), whose order is not "
     "known. Recode it to numbers in order"),
    (rows(y=np.arange(60.0)), {"outcome": "y", "family": "ordinal"},
     "outcome 'y' has 60 different values, and family 'ordinal' takes at most 50 categories."),
    (rows(y=["a", "b"] * 30), {"outcome": "y", "family": "gaussian"},
     "outcome 'y' holds text ('a', 'b'); family 'gaussian' needs numbers."),
    (with_value("k", -1.0, 3), {"outcome": "k", "family": "poisson"},
     "poisson needs whole numbers from 0; 'k' holds -1 in 3 rows. Correct it or leave it out."),
    (with_value("k", 1.5, 1), {"outcome": "k", "family": "negative_binomial"},
     "negative_binomial needs whole numbers from 0; 'k' holds 1.5 in 1 row."),
    (with_value("t", 0.0, 2), {"outcome": "t", "family": "gamma"},
     "gamma needs numbers above 0; 't' holds 0 in 2 rows. Model the zeros apart"),
    (rows(), {"outcome": "y", "family": "beta"},
     "beta needs numbers strictly between 0 and 1; 'y' holds "),
    (with_value("t", -2.0, 4), {"outcome": "t", "family": "weibull", "event": "e"},
     "weibull needs times above 0; 't' holds -2 in 4 rows."),
    (rows(e=np.zeros(N)), {"outcome": "t", "family": "exponential", "event": "e"},
     "every one of the 60 complete rows is censored ('e' is 0 throughout)"),
    (with_value("e", 3.0, 2), {"outcome": "t", "family": "exponential", "event": "e"},
     "event 'e' must be 1 (it happened) or 0 (censored); it holds 3 in 2 rows."),
    (with_value("t", 0.0, 3), {"outcome": "t", "family": "piecewise_exponential", "event": "e"},
     "piecewise_exponential needs times above 0; 't' holds 0 in 3 rows."),
    (with_value("t", -1.0, 1), {"outcome": "t", "family": "piecewise_exponential"},
     "piecewise_exponential needs times above 0; 't' holds -1 in 1 row."),
    (rows(e=np.zeros(N)), {"outcome": "t", "family": "piecewise_exponential", "event": "e"},
     "every one of the 60 complete rows is censored ('e' is 0 throughout)"),
    (rows(), {"outcome": "t", "family": "piecewise_exponential", "breaks": [1.0, 50.0]},
     "breaks: no event of 't' falls in the interval after 50, so its hazard cannot be learnt"),
    (with_value("y", 1.2, 2), {"outcome": "y", "family": "ordered_beta"},
     "ordered_beta needs numbers from 0 to 1; 'y' holds 1.2 in 2 rows. Divide a percentage by 100"),
    (rows(), {"outcome": "y", "family": "ordered_beta"},
     "outcome 'y' holds 0 and 1 only, nothing between; family 'ordered_beta' is for shares. Choose "
     "family 'bernoulli'."),
    (rows(y=["a", "b", "c"] * 20), {"outcome": "y", "family": "categorical",
                                    "reference_category": "d"},
     "reference_category='d' is not a category of 'y' in the complete rows; it has 'a', 'b', 'c'."),
    (with_value("n", 0.0, 2), {"outcome": "y", "family": "binomial", "trials": "n"},
     "trials 'n' must be whole numbers from 1; they hold 0 in 2 rows."),
    (with_value("y", 7.0, 1), {"outcome": "y", "family": "binomial", "trials": "n"},
     "'y' exceeds its trials 'n' in 1 row (for instance 7 of 5)."),
    (with_value("n", 0.0, 5), {"outcome": "k", "family": "poisson", "exposure": "n"},
     "exposure 'n' must be above 0; it holds 0 in 5 rows. Leave these rows out."),
    (rows(o=["x"] * N), {"outcome": "k", "family": "poisson", "offset": "o"},
     "offset 'o' holds text; it must hold numbers."),
    (rows(y=np.ones(N)), {"outcome": "y", "family": "bernoulli"},
     "outcome 'y' is '1' in all 60 complete rows; there is nothing to explain."),
]  # fmt: skip


@pytest.mark.parametrize(("data", "asked", "message"), CASES, ids=lambda case: None)
def test_refused(data: dict[str, object], asked: dict[str, str], message: str) -> None:
    with pytest.raises(fw.DataError) as caught:
        fw.fit(data, treatment="d", modifiers="m", **asked)
    assert message in str(caught.value)


def test_categorical_is_read_but_not_yet_fitted() -> None:
    with pytest.raises(fw.PlanError, match="does not fit it yet"):
        fw.fit(rows(y=["a", "b", "c"] * 20), "y", "d", "m", family="categorical")


def test_two_levels_of_text_are_yes_and_no() -> None:
    data = rows(y=["stay", "leave"] * 15 + ["leave", "stay"] * 15)
    fit = fw.fit(data, "y", "d", "m", family="bernoulli", draws=200)
    assert "'stay' counts as 1, 'leave' as 0." in str(fit)


@pytest.mark.parametrize("always", [0.0, 1.0])
def test_complete_separation_works_and_is_said(always: float) -> None:
    data = rows()
    y = np.where(data["d"] == 1, always, data["y"])
    fit = fw.fit(data | {"y": y}, "y", "d", "m", family="bernoulli", draws=500)
    assert fit.passed
    said = [caution.text for caution in fit.warnings if caution.code == "separation"]
    word = "always" if always else "never"
    assert len(said) == 1
    assert said[0].startswith(f"'y' {word} occurs in the treated rows (complete separation)")


def test_separation_in_a_group_is_said() -> None:
    data = rows()
    y = np.where(data["m"] == 2, data["d"], data["y"])
    fit = fw.fit(data | {"y": y}, "y", "d", "m", family="bernoulli", draws=500)
    said = [caution.text for caution in fit.warnings if caution.code == "separated_groups"]
    assert len(said) == 1
    assert "In 1 of 3 groups with at least 5 rows in each arm 'y' does not vary" in said[0]
