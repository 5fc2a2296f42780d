"""What the summary asks of many groups in one pass is what each question would find alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.answers import Workings
from forwhom.answers.ahead import work_ahead
from forwhom.answers.passes import GroupPass, group_draws
from forwhom.fitted import estimand
from forwhom.methods import Own
from tests.answers.test_contract import table_of

CASES: dict[str, dict[str, Any]] = {
    "exact": {"outcome": "x", "treatment": "d"},
    "no spread": {"outcome": "x", "treatment": "d", "spread": "none"},
    "rows": {"outcome": "y", "treatment": "d"},
    "percent": {"outcome": "t", "treatment": "d", "family": "lognormal"},
    "arms": {"outcome": "x", "treatment": "arm"},
    "categories": {"outcome": "o", "treatment": "d", "family": "ordinal"},
    "NUTS": {"outcome": "x", "treatment": "d", "method": "nuts", "draws": 40},
}


def fit_of(name: str) -> fw.Fit:
    data = table_of()
    rng = np.random.default_rng(1)
    data["t"] = np.exp(data["x"])
    data["arm"] = np.array(["none", "letter", "call"])[rng.integers(0, 3, len(data["x"]))]
    data["o"] = np.digitize(data["x"], [-0.5, 0.5])
    asked = {"modifiers": "a * m", "draws": 120, **CASES[name]}
    if name == "arms":
        asked["reference"] = "none"
    return fw.fit(data, **asked)


SLOW = ("NUTS",)  # sampled


@pytest.fixture(
    params=[pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in CASES],
    scope="module",
)
def fit(request: pytest.FixtureRequest) -> fw.Fit:
    return fit_of(request.param)


def parts(kept: Any) -> Iterator[np.ndarray]:
    if isinstance(kept, GroupPass):
        yield kept.average
        yield from kept.summary.values()
    else:
        yield kept


def test_numbers_are_those_of_each_question_alone(
    fit: fw.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimand, "KEPT", 0)
    ahead, alone = Workings(fit.fitted), Workings(fit.fitted)
    work_ahead(ahead)
    asked = {key: kept for key, kept in ahead.memo.items() if key[0] in KINDS}  # type: ignore[index]
    assert {"pass", "values"} <= {key[0] for key in asked}  # type: ignore[index]
    text = summary_of(alone)
    assert summary_of(ahead) == text
    for key, kept in asked.items():
        for mine, its in zip(parts(kept), parts(alone.memo[key]), strict=True):
            np.testing.assert_array_equal(mine, its)


KINDS = ("pass", "values", "outcomes")


def summary_of(workings: Workings) -> str:
    from forwhom.answers import cautions
    from forwhom.answers.average import AVERAGE
    from forwhom.output.summary import format_summary

    return format_summary(workings, cautions(workings.estimands, AVERAGE.tell(workings)), "data")


@pytest.mark.parametrize("name", ["exact", "rows"])
def test_the_summary_passes_over_many_groups_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, passes = fit_of(name), []
    kind = type(fit.fitted.draws)
    real = kind.map

    def counted(self: Any, work: Callable[[Own], Any], own: Sequence[int]) -> Iterator[Any]:
        passes.append(tuple(own))
        return real(self, work, own)

    monkeypatch.setattr(estimand, "KEPT", 0)
    monkeypatch.setattr(kind, "map", counted)
    mine = fw.Fit(fit.fitted, fit.engine, fit.source, fit.fingerprint)
    mine.summary()
    assert passes == [(0, 1)]  # baselines and effects
    mine.summary()
    assert len(passes) == 1


def test_nothing_is_worked_out_ahead_where_effects_are_kept() -> None:
    mine = Workings(fit_of("exact").fitted)
    work_ahead(mine)
    assert not [key for key in mine.memo if key[0] in KINDS]  # type: ignore[index]


def test_a_handful_of_many_groups_is_drawn_alone(
    fit: fw.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in Workings(fit.fitted).on_scale("link"):
        every = one.theta()
        monkeypatch.setattr(estimand, "KEPT", 0)
        for some in (np.array([3, 1]), np.array([0])):
            np.testing.assert_allclose(group_draws(one, some), every[some], rtol=1e-12, atol=1e-13)
