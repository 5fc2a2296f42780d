"""Intervals, bars and ranges against draws by hand and arviz's own intervals."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats

import forwhom as fw
from forwhom.answers.telling import Telling
from forwhom.fitted import Quantity
from tests.answers.test_contract import table_of

DRAWS = np.random.default_rng(2).gamma([[1.0], [3.0], [0.5]], size=(3, 999)) - 0.4


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_the_shortest_interval_is_arviz_s(level: float) -> None:
    found = Telling(level, "hdi").columns(DRAWS)
    for i, draws in enumerate(DRAWS):
        expected = array_stats.hdi(draws, prob=level)
        np.testing.assert_allclose([found["conf_low"][i], found["conf_high"][i]], expected)
    equal = Telling(level).columns(DRAWS)
    shorter = found["conf_high"] - found["conf_low"] <= equal["conf_high"] - equal["conf_low"]
    assert shorter.all()


def test_bars_and_ranges_count_draws() -> None:
    telling = Telling(0.95, above=0.5, equivalence=(-0.1, 0.2))
    found = telling.columns(DRAWS)
    assert tuple(found) == telling.names
    np.testing.assert_array_equal(found["prob_above"], (DRAWS > 0.5).mean(axis=1))
    within = ((DRAWS >= -0.1) & (DRAWS <= 0.2)).mean(axis=1)
    np.testing.assert_array_equal(found["prob_within"], within)
    assert telling.headers["prob_above"] == "P(>0.5)"
    assert telling.headers["prob_within"] == "P(-0.1 to 0.2)"


@pytest.mark.parametrize(
    ("telling", "quantity", "words"),
    [
        (Telling(0.95, above=150), Quantity(scale="response", unit=100.0), "above=150 is beyond"),
        (Telling(0.95, above=-101), Quantity(scale="percent", unit=100.0), "-100 or more"),
        (
            Telling(0.95, equivalence=(-200, 1)),
            Quantity(scale="response", unit=100.0),
            "equivalence=-200 is beyond",
        ),
    ],
)
def test_a_bar_that_is_never_reached_is_refused(
    telling: Telling, quantity: Quantity, words: str
) -> None:
    with pytest.raises(fw.PlanError) as caught:
        telling.check(quantity)
    assert words in str(caught.value)
    telling.check(Quantity())


def test_a_fit_s_tables_tell_so() -> None:
    fit = fw.fit(table_of(), "y", "d", "a + m", draws=300)
    draws = fit.estimands[0].lambda_
    shown = fit.modifiers(level=0.8, interval="hdi", above=0.1, equivalence=(-0.3, 0.3))
    assert shown.metadata["interval"] == "hdi"
    assert "80 % highest-density intervals" in repr(shown)
    np.testing.assert_array_equal(shown.columns["prob_above"], (draws > 0.1).mean(axis=0))
    groups = fit.effects(above=10, interval="hdi")
    theta = fit._workings.on_scale("response")[0].theta()
    np.testing.assert_allclose(groups.columns["prob_above"], (theta > 10).mean(axis=1))
    with pytest.raises(fw.PlanError, match="beyond the scale"):
        fit.effects(above=101)
    for bad in ({"interval": "hpd"}, {"above": "much"}, {"equivalence": (1, 0)}):
        with pytest.raises(fw.PlanError, match=next(iter(bad))):
            fit.effects(**bad)
