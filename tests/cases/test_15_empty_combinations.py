"""Combinations of levels that do not occur, and levels without rows of an arm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw

N = 600
RNG = np.random.default_rng(115)
REGION, PARTY = RNG.integers(0, 3, N), RNG.integers(0, 3, N)
D = RNG.integers(0, 2, N)
SITE = RNG.integers(0, 8, N)
NOISE = RNG.normal(size=N)


def survey(empty: tuple[int, int] | None = None, **extra: Any) -> dict[str, Any]:
    keep = np.ones(N, dtype=bool)
    if empty is not None:
        keep = ~((empty[0] == REGION) & (empty[1] == PARTY))
    y = 0.8 * D * (REGION == 1) + 0.3 * PARTY + NOISE
    data = {
        "y": y, "yb": (y > 0.5) * 1, "d": D, "site": SITE,
        "region": np.array(["north", "south", "west"])[REGION],
        "party": np.array(["blue", "green", "red"])[PARTY],
    } | extra  # fmt: skip
    return {name: values[keep] for name, values in data.items()}


def fit(data: dict[str, Any], **plan: Any) -> fw.Fit:
    plan = {"outcome": "y", "treatment": "d", "draws": 1000} | plan
    return fw.fit(data, **plan)


def said(found: fw.Fit) -> str:
    texts = [caution.text for caution in found.warnings if caution.code == "empty_levels"]
    assert len(texts) == 1
    return texts[0]


@pytest.mark.parametrize("formula", ["region*party", "region + party + region:party"])
@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
@pytest.mark.parametrize(
    ("empty", "name"),
    [((2, 1), "region=west with party=green"), ((0, 0), "region=north with party=blue")],
)
def test_an_interaction_with_an_empty_combination(
    formula: str, family: str, empty: tuple[int, int], name: str
) -> None:
    """Whether the missing one has a column of its own or is the reference."""
    outcome = "yb" if family == "bernoulli" else "y"
    found = fit(survey(empty), modifiers=formula, family=family, outcome=outcome)
    assert found.passed
    assert f"{name} occurs in no row" in said(found)
    assert "With groups=['region', 'party'] instead" in said(found)
    # and the way out can be gone
    groups = fit(survey(empty), groups=["region", "party"], family=family, outcome=outcome)
    assert not [c for c in groups.warnings if c.code == "empty_levels"]


def test_what_rows_say_does_not_depend_on_the_empty_combination() -> None:
    """The same groups by one factor of eight levels: the same effects, but for the priors."""
    data = survey((2, 1))
    data["both"] = np.char.add(np.char.add(data["region"], "-"), data["party"])
    one = fit(data, modifiers="region*party", spread="none", draws=8000).effects().to_dict()
    other = fit(data, modifiers="both", spread="none", draws=8000).effects().to_dict()
    place = {name: i for i, name in enumerate(other["both"])}
    at = [place[f"{r}-{p}"] for r, p in zip(one["region"], one["party"], strict=True)]
    off = (np.array(one["estimate"]) - np.array(other["estimate"])[at]) / one["std_error"]
    assert len(off) == 8
    # the priors of a group's effect differ (sums of up to four normals against two)
    assert np.abs(off).max() < 0.35


def test_controls_with_an_empty_combination() -> None:
    found = fit(survey((2, 1)), groups="site", controls="region*party")
    assert found.passed
    assert "region=west with party=green occurs in no row" in said(found)


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
@pytest.mark.parametrize(("arm", "value"), [("treated", 0), ("control", 1)])
@pytest.mark.parametrize("level", [0, 3])
def test_a_level_without_rows_of_an_arm(family: str, arm: str, value: int, level: int) -> None:
    d = np.where(level == SITE, value, D)
    found = fit(
        survey(d=d), modifiers="C(site)", family=family, spread="none",
        outcome="yb" if family == "bernoulli" else "y",
    )  # fmt: skip
    assert found.passed
    rows = int((level == SITE).sum())
    assert f"site={level} ({rows} rows) has no {arm} row:" in said(found)
    assert "With groups='site' instead" in said(found)
    table = found.effects(scale="link").to_dict()
    here = list(table["site"]).index(level)
    wide = np.array(table["std_error"]) / np.median(table["std_error"])
    assert wide[here] > 2  # of the prior, not of rows


@pytest.mark.parametrize("plan", [{"baseline": "shared"}, {"preset": "alley2023"}])
def test_without_a_baseline_of_its_own_a_level_needs_no_untreated_rows(
    plan: dict[str, Any],
) -> None:
    found = fit(survey(d=np.where(SITE == 3, 1, D)), modifiers="C(site)", **plan)
    assert not [c for c in found.warnings if c.code == "empty_levels"]
    found = fit(survey(d=np.where(SITE == 3, 0, D)), modifiers="C(site)", **plan)
    assert "site=3" in said(found)


def test_a_dose_that_a_level_never_gets() -> None:
    dose = np.where(SITE == 3, 0.0, RNG.gamma(2, 1, N))
    found = fit(survey(d=dose), modifiers="C(site)")
    assert "site=3" in said(found)
    assert "has no row with a dose" in said(found)


def test_products_of_numbers_that_never_occur() -> None:
    a, b = (SITE > 3) * 1, (SITE < 2) * 1
    found = fit(survey(a=a, b=b), modifiers="a*b", groups="site")
    assert "'a:b' never varies" in said(found)
    inside = fit(survey(a=a, b=(SITE > 5) * 1), modifiers="a*b", groups="site")
    assert "'b', 'a:b' cannot be told apart in any row" in said(inside)


@pytest.mark.parametrize(
    ("priors", "words"),
    [
        ({"delta": "flat"}, "nothing of 'delta region[west]:party[green]', and the prior, flat,"),
        ({"lambda": "flat"}, "nothing of 'lambda region[west]:party[green]', and the prior, flat,"),
        ({"lambda": "normal(0, 1e9)"}, "nothing of 'lambda region[west]:party[green]', and"),
    ],
)
def test_where_the_prior_says_nothing_either_it_is_refused(
    priors: dict[str, str], words: str
) -> None:
    with pytest.raises(fw.DataError) as caught:
        fit(survey((2, 1)), modifiers="region*party", priors=priors)
    assert words in str(caught.value)
    assert "region=west with party=green occurs in no row" in str(caught.value)
    key = next(iter(priors))
    assert f"priors={{'{key}': 'normal(0, 1)'}}" in str(caught.value)
    assert fit(survey((2, 1)), modifiers="region*party", priors={key: "normal(0, 1)"}).passed


def test_a_flat_prior_is_no_matter_where_every_combination_has_rows() -> None:
    flat = {"lambda": "flat", "delta": "flat", "alpha": "flat"}
    assert fit(survey(), modifiers="region*party", priors=flat).passed
