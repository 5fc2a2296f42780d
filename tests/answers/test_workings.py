"""What has been worked out is kept, and is what it would be if it were worked out alone."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers import Workings, workings
from forwhom.answers.passes import GroupPass
from forwhom.answers.telling import Telling
from forwhom.fitted import Estimand
from tests.answers.test_contract import table_of


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table_of(), "y", "d", "a + m", draws=200)


def test_a_thing_is_made_once(fit: fw.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []

    def counted(estimand: Estimand, telling: Telling) -> GroupPass:
        made.append(telling.level)
        return real(estimand, telling)

    real = workings.pass_over_groups
    monkeypatch.setattr(workings, "pass_over_groups", counted)
    mine = Workings(fit.fitted)
    one = mine.on_scale("response")[0]
    assert mine.group_pass(one, Telling(0.95)) is mine.group_pass(one, Telling(0.95))
    assert mine.group_pass(one, Telling(0.5)) is not mine.group_pass(one, Telling(0.95))
    assert made == [0.95, 0.5]
    assert mine.replication is mine.replication
    assert mine.elpd("loo") is mine.elpd("loo") is not mine.elpd("waic")
    assert Workings(fit.fitted).memo == {}


@pytest.mark.parametrize("scale", ["link", "response"])
def test_an_average_is_the_same_with_and_without_a_pass(fit: fw.Fit, scale: str) -> None:
    alone, beside = Workings(fit.fitted), Workings(fit.fitted)
    one = beside.on_scale(scale)[0]
    beside.group_pass(one, Telling(0.95))
    expected = one.theta().T @ one.group_weight / one.group_weight.sum()
    np.testing.assert_array_equal(alone.average(one), beside.average(one))
    np.testing.assert_allclose(alone.average(one), expected, rtol=1e-12)
