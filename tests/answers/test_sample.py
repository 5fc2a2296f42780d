"""Draws behind tables: every estimate is what its own draws say, chains in their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers import sample
from tests.answers.test_contract import table_of
from tests.chains import short_chains


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table_of(), "y", "d", "a + m", draws=300)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("effects", {}),
        ("effects", {"where": "a == 1", "scale": "link"}),
        ("effects", {"by": "m"}),
        ("average", {}),
        ("average", {"weights": "equal", "where": "m >= 2"}),
        ("modifiers", {}),
        ("parameters", {}),
        ("predict", {"new": {"a": [0, 1], "m": [1, 3]}}),
    ],
)
def test_a_table_is_what_its_draws_say(name: str, given: dict[str, Any], fit: fw.Fit) -> None:
    ask = getattr(fit, name)
    table, drawn = ask(**given), ask(**given, draws=True)
    assert drawn.n_rows == table.n_rows * 300
    assert drawn.title == f"Draws: {table.title}"
    values = np.asarray(drawn.columns["value"]).reshape(table.n_rows, 300)
    for column, q in (("conf_low", 0.025), ("estimate", 0.5), ("conf_high", 0.975)):
        expected = np.quantile(values, q, axis=1)
        np.testing.assert_allclose(table.columns[column], expected, rtol=1e-9, atol=1e-12)
    assert np.asarray(drawn.columns["chain"]).max() == 0
    assert np.asarray(drawn.columns["draw"])[:300].tolist() == list(range(300))
    keys = [c for c in table.columns if c in drawn.columns]
    assert keys
    for key in keys:
        assert list(drawn.columns[key])[::300] == list(table.columns[key])


def test_chains_are_told_apart() -> None:
    with short_chains(5, depth=2, CHAINS=2, KEEP_EVERY=2):
        fit = fw.fit(table_of(120), "x", "d", "a", method="nuts", draws=40)
    drawn = fit.modifiers(draws=True)
    expected = fit.posterior["posterior"]["lambda"]
    for j in range(2):
        mine = slice(40 * j, 40 * (j + 1))
        chain, draw = (np.asarray(drawn.columns[n])[mine] for n in ("chain", "draw"))
        values = np.asarray(drawn.columns["value"])[mine]
        own = expected.isel(treatment=0, modifier=j).values
        np.testing.assert_array_equal(values, own[chain, draw])


def test_too_many_are_refused_with_a_way_out(fit: fw.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "MOST_VALUES", 1000)
    with pytest.raises(fw.PlanError, match="Ask for fewer rows by where="):
        fit.effects(draws=True)
