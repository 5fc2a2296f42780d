"""A table of lines with frequencies against the same rows written out: one fit, to rounding.

Both fits use one seed. Their sums differ in the order of addition only, so that draws agree to
1e-8 and everything that is printed agrees to the letter, apart from the note about weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.errors import DataError

LINES = 90
ASKED: dict[str, Any] = {"treatment": "d", "draws": 400, "seed": 4}


def lines() -> dict[str, Any]:
    """Lines whose frequencies lean on every column, so that to leave them out would show."""
    rng = np.random.default_rng(8)
    age = rng.integers(18, 60, LINES).astype(float)
    income = np.round(rng.gamma(2.0, 2.0, LINES), 1)
    x = np.round(rng.normal(size=LINES), 2)
    woman = rng.integers(0, 2, LINES).astype(float)
    d = np.arange(LINES) % 2.0
    eta = 0.02 * (age - 40) + 0.3 * x + d * (0.5 - 0.4 * woman)
    times = rng.poisson(np.exp(0.03 * (age - 35) + 0.1 * income - 0.3 * d)).astype(float)
    times[:4] = [0.0, 1.0, 40.0, 0.0]
    missing = x.copy()
    missing[10:13] = np.nan
    return {
        "gaussian": np.round(eta + rng.normal(size=LINES), 1),
        "bernoulli": (rng.random(LINES) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": rng.poisson(np.exp(eta)).astype(float),
        "ordinal": np.clip(np.round(1.5 + eta + rng.normal(size=LINES)), 0, 3),
        "d": d,
        "dose": np.round(rng.gamma(2.0, 1.0, LINES), 1) * d,
        "age": age,
        "income": income,
        "woman": woman,
        "x": missing,
        "times": times,
    }


DATA = lines()


def written_out() -> dict[str, Any]:
    times = DATA["times"].astype(int)
    return {key: np.repeat(values, times) for key, values in DATA.items() if key != "times"}


def both(outcome: str, **plan: Any) -> tuple[fw.Fit, fw.Fit]:
    asked = {"outcome": outcome, "family": outcome} | ASKED | plan
    given = {"weights": "times", "weights_kind": "frequency"}
    return fw.fit(written_out(), **asked), fw.fit(DATA, **asked, **given)


def close(one: np.ndarray, two: np.ndarray, atol: float = 1e-8) -> None:
    np.testing.assert_allclose(two, one, rtol=1e-8, atol=atol)


def summary(fit: fw.Fit) -> list[str]:
    """Paragraphs of the summary without the note about weights."""
    text = fit.summary().replace("\n    ", " ")
    lines = [line for line in text.splitlines() if line not in ("", "Notes")]
    return [line for line in lines if "frequency weights" not in line]


def the_same(rows: fw.Fit, counted: fw.Fit) -> None:
    ours, theirs = rows.estimands[0], counted.estimands[0]
    assert [entry.prior for entry in ours.priors.all] == [e.prior for e in theirs.priors.all]
    for name in ("alpha", "beta", "delta", "lambda_"):
        close(getattr(ours, name), getattr(theirs, name))
    close(ours.theta(), theirs.theta())
    close(ours.baselines(), theirs.baselines())
    for name, values in ours.parameters.items():
        close(values, theirs.parameters[name])
    tables = counted.tables()
    for key, table in rows.tables().items():
        assert list(table.columns) == list(tables[key].columns)
        for name, values in table.columns.items():
            found = tables[key].columns[name]
            if name == "k_hat":  # from differences between nearly equal weights
                close(values, np.asarray(found), 1e-5)
            elif isinstance(values, np.ndarray) and values.dtype.kind == "f":
                close(values, np.asarray(found))
            else:
                assert list(values) == list(found), (key, name)
        assert table.notes == tables[key].notes
    assert [c.text for c in rows.warnings] == [c.text for c in counted.warnings]
    assert summary(rows) == summary(counted)


FORMULAS = [
    ("scale(age) + bin(income, 3)", "scale(x)"),
    ("poly(age, 2) + woman", "center(x) + bin(x, 3)"),
    ("bs(age, 4)", "poly(x, 3)"),
    ("age + income", "bs(x, 5)"),
]


@pytest.mark.parametrize(("modifiers", "controls"), FORMULAS)
def test_gaussian(modifiers: str, controls: str) -> None:
    the_same(*both("gaussian", modifiers=modifiers, controls=controls))


@pytest.mark.parametrize(("modifiers", "controls"), FORMULAS)
@pytest.mark.parametrize("outcome", ["bernoulli", "poisson"])
def test_by_quadrature(outcome: str, modifiers: str, controls: str) -> None:
    the_same(*both(outcome, modifiers=modifiers, controls=controls))


@pytest.mark.parametrize(("modifiers", "controls"), FORMULAS[1:])
def test_ordinal(modifiers: str, controls: str) -> None:
    """Spreads are held to where the search for modes converges, so that rounding tips no draw."""
    spreads = {"sigma_theta": "half_normal(0.5)", "sigma_b": "half_normal(0.5)"}
    the_same(*both("ordinal", modifiers=modifiers, controls=controls, priors=spreads))


@pytest.mark.parametrize(
    "plan",
    [
        {"baseline": "shared"},
        {"baseline": "modifiers"},
        {"spread": "none"},
        {"preset": "alley2023"},
        {"treatment": "dose"},
        {"groups": "woman", "modifiers": "scale(age)"},
        {"bins": {"age": 5}},
        {"method": "quadrature"},
    ],
    ids=lambda plan: next(iter(plan)) + " " + str(next(iter(plan.values()))),
)
def test_every_kind_of_plan(plan: dict[str, Any]) -> None:
    the_same(*both("gaussian", **({"modifiers": "age + woman", "controls": "x"} | plan)))


@pytest.mark.parametrize("baseline", ["group", "modifiers", "shared"])
@pytest.mark.parametrize("outcome", ["bernoulli", "poisson"])
def test_every_baseline(outcome: str, baseline: str) -> None:
    the_same(*both(outcome, modifiers="age + woman", baseline=baseline))


def test_rows_are_counted_and_lines_are_told() -> None:
    _, counted = both("gaussian", modifiers="age + woman", controls="x")
    times, known = DATA["times"], ~np.isnan(DATA["x"])
    rows = counted.rows().to_dict()
    read, used = times.sum(), times[known].sum()
    assert dict(zip(rows["rows"], rows["n"], strict=True)) == {
        "read": read,
        "missing x": read - used,
        "zero weight": 0,
        "used": used,
    }
    (note,) = [note for note in counted.fitted.design.notes if "frequency" in note]
    assert note == (
        f"Weights 'times' are frequency weights: 90 lines of the table stand for {read:.0f} rows, "
        f"{(times == 0).sum()} of them for none, and rows are counted throughout."
    )
    groups = counted.groups().to_dict()
    assert sum(groups["n_treated"]) == times[known & (DATA["d"] == 1)].sum()
    assert sum(groups["n_control"]) == times[known & (DATA["d"] == 0)].sum()


def test_sampling_weights_count_lines() -> None:
    asked = {"outcome": "gaussian", "modifiers": "scale(age) + woman"} | ASKED
    weighted, plain = fw.fit(DATA, **asked, weights="times"), fw.fit(DATA, **asked)
    kept = DATA["times"] > 0
    assert sum(weighted.groups().to_dict()["n_treated"]) == (kept & (DATA["d"] == 1)).sum()
    assert weighted.fitted.cells.n_rows == pytest.approx(kept.sum())
    assert "scaled to sum to the number of rows" in weighted.summary().replace("\n    ", " ")
    assert sum(plain.groups().to_dict()["n_treated"]) == LINES / 2


def test_fractions_are_no_frequencies() -> None:
    times = DATA["times"].copy()
    times[5:8] = 1.5
    times[8] = 0.25
    with pytest.raises(DataError) as caught:
        fw.fit(
            DATA | {"times": times}, "gaussian", "d", "woman",
            weights="times", weights_kind="frequency",
        )  # fmt: skip
    assert str(caught.value) == (
        "frequency weights 'times' must be whole numbers, how many times a row counts; they hold "
        "1.5 in 3 rows, and 1 more row other fractions. Weights that say how many people a row "
        "stands for are weights_kind='sampling'."
    )
