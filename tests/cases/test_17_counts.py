"""Large counts, counts per exposure, and counts mostly zero: the rates, and what Poisson hides.

The numbers are held to the sums of events over those of exposure in each group and arm: with
some hundred rows a group and known truth, estimates lie within four of their own errors of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import forwhom as fw

N, GROUPS = 800, 8


@cache
def rows() -> dict[str, np.ndarray]:
    """Page views around 4e5 with variance mean^2 / 3, deaths per million, and nine zeros in ten."""
    rng = np.random.default_rng(71)
    g, d = rng.integers(0, GROUPS, N), rng.integers(0, 2, N)
    level, effect = rng.normal(0, 0.5, GROUPS), rng.normal(-0.3, 0.2, GROUPS)
    mean = np.exp(13 + level[g] + d * effect[g])
    people = np.round(rng.lognormal(16, 1, N))
    seldom = np.where(rng.random(N) < 0.9, 0.0, np.exp(3 + level[g] + d * effect[g]))
    return {
        "g": g,
        "d": d,
        "truth": effect[g],
        "views": rng.negative_binomial(3, 3 / (3 + mean)),
        "people": people,
        "deaths": rng.poisson(people * np.exp(-11 + 0.3 * level[g] + d * effect[g])),
        "seldom": rng.poisson(seldom),
    }


def ask(outcome: str, family: str, **more: Any) -> fw.Fit:
    return fw.fit(rows(), outcome, "d", groups="g", family=family, draws=1000, **more)


def warned(fit: fw.Fit) -> list[str]:
    return [caution.text for caution in fit.warnings if caution.code == "overdispersion"]


def rate_ratios(outcome: str, exposure: str | None) -> np.ndarray:
    """Logarithms, by group, from sums."""
    data, out = rows(), []
    for k in range(GROUPS):
        rate = []
        for arm in (0, 1):
            mine = (data["g"] == k) & (data["d"] == arm)
            size = mine.sum() if exposure is None else data[exposure][mine].sum()
            rate.append(data[outcome][mine].sum() / size)
        out.append(np.log(rate[1] / rate[0]))
    return np.array(out)


@pytest.mark.parametrize(
    ("outcome", "exposure"), [("views", None), ("deaths", "people"), ("seldom", None)]
)
def test_poisson_rates_are_those_of_sums(outcome: str, exposure: str | None) -> None:
    """Pooling pulls by little where events are many; where they are few it is within the errors."""
    found = ask(outcome, "poisson", exposure=exposure).effects(scale="link").to_dict()
    off = np.array(found["estimate"]) - rate_ratios(outcome, exposure)
    few = outcome == "seldom"
    assert (np.abs(off) < (4.0 if few else 1.0) * np.array(found["std_error"])).all()


def test_negative_binomial_covers_the_truth() -> None:
    found = ask("views", "negative_binomial")
    table = found.effects(scale="link").to_dict()
    truth = [rows()["truth"][rows()["g"] == k][0] for k in range(GROUPS)]
    off = (np.array(table["estimate"]) - truth) / np.array(table["std_error"])
    assert (np.abs(off) < 3.5).all()
    assert not warned(found)


@pytest.mark.parametrize("outcome", ["views", "seldom"])
def test_overdispersed_counts_are_said_with_the_way_out(outcome: str) -> None:
    """The ratio said is that of the variance to the mean within groups and arms."""
    (text,) = warned(ask(outcome, "poisson"))
    data = rows()
    cell = data["g"] * 2 + data["d"]
    y = data[outcome].astype(float)
    mean = (np.bincount(cell, y) / np.bincount(cell))[cell]
    ratio = ((y - mean) ** 2 / mean).sum() / (N - 2 * GROUPS)
    said = float(text.split(" are ")[1].split(" times")[0].replace(",", ""))
    assert said == pytest.approx(ratio, rel=0.1)  # two digits, and means of rates that are pooled
    assert text.startswith(f"The counts of '{outcome}' are ")
    assert "family='negative_binomial' learns the spread from the data." in text
    assert not warned(ask(outcome, "negative_binomial"))  # the way out


def test_counts_per_exposure_that_are_poisson_are_left_alone() -> None:
    assert not warned(ask("deaths", "poisson", exposure="people"))


def test_without_their_exposure_they_are_not() -> None:
    (text,) = warned(ask("deaths", "poisson"))
    assert "family='negative_binomial'" in text


def test_overdispersion_is_seen_beside_an_exposure() -> None:
    data = rows() | {"deaths": rows()["deaths"] * np.random.default_rng(5).integers(0, 3, N)}
    found = fw.fit(data, "deaths", "d", groups="g", family="poisson", exposure="people", draws=500)
    (text,) = warned(found)
    assert "around what is expected given 'people' as family 'poisson' allows" in text
