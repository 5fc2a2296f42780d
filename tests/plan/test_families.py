"""The registry of families, as the plan sees it."""

from __future__ import annotations

import dataclasses

import pytest

from forwhom.errors import PlanError
from forwhom.families import FAMILIES
from forwhom.plan import make_plan
from forwhom.plan.family import implied_family


@pytest.mark.parametrize("name", list(FAMILIES))
def test_every_family_row(name: str) -> None:
    family = FAMILIES[name]
    assert family.name == name
    assert family.words
    assert family.links
    assert isinstance(family.parameters, tuple)
    beside = {"trials": "n"} if name == "binomial" else {}
    plan = make_plan(outcome="y", treatment="d", modifiers="a", family=name, **beside)
    assert plan.family == name
    assert plan.link == family.links[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        family.name = "other"  # type: ignore[misc]


SMALL = {"outcome": "y", "treatment": "d", "modifiers": "a"}


def test_auto_waits_for_the_outcome_and_takes_every_prior_it_may_need() -> None:
    plan = make_plan(**SMALL)
    assert (plan.family, plan.link) == ("auto", "auto")
    assert {"sigma", "gaps"} <= set(plan.prior_keys)
    assert "phi" not in plan.prior_keys
    priors = {"sigma": "exponential(1)", "gaps": "gamma(2, 1)"}
    assert make_plan(**SMALL, priors=priors).prior("sigma") is not None
    assert make_plan(**SMALL, link="probit").link == "probit"
    with pytest.raises(PlanError, match=r"link 'probt' is not known\. Did you mean 'probit'"):
        make_plan(**SMALL, link="probt")


@pytest.mark.parametrize(
    ("given", "family", "why"),
    [
        ({}, None, None),
        ({"offset": "o"}, None, None),
        ({"trials": "n"}, "binomial", "trials are given"),
        ({"std_error": "s", "treatment": None}, "gaussian", "std_error is given"),
        ({"sigma_by": "arm"}, "gaussian", "sigma_by is given"),
        ({"preset": "alley2023"}, "gaussian", "the published analyses are of means"),
        ({"preset": "alley2026"}, "gaussian", "the published analyses are of means"),
        ({"method": "exact"}, "gaussian", "method 'exact' is asked for"),
        ({"method": "nuts"}, None, None),
        ({"breaks": 3, "event": "e"}, "piecewise_exponential", "breaks are given"),
        ({"reference_category": "x"}, "categorical", "reference_category is given"),
        ({"success": "x"}, "bernoulli", "success names a level of the outcome"),
    ],
)
def test_what_a_plan_alone_says_of_its_family(
    given: dict[str, object], family: str | None, why: str | None
) -> None:
    plan = make_plan(**SMALL | given)
    assert plan.family == "auto"  # until the data are read, when it is said why
    assert implied_family(plan.keywords()) == (None if family is None else (family, why))
    assert make_plan(**plan.keywords()) == plan


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"exposure": "n"}, "exposure belongs to families 'poisson', 'negative_binomial', and "
         "which one is not guessed. Add family='poisson' (as a flag --family poisson), or name"),
        ({"event": {"status": 2}}, "event belongs to families 'exponential', 'weibull', "
         "'piecewise_exponential', and which one is not guessed. Add family='exponential'"),
        # what belongs to another family than the one implied is refused at once, with the reason
        ({"trials": "n", "exposure": "m"}, "not to family 'binomial'. Leave out exposure, or "
         "choose another family. (Family 'binomial', because trials are given.)"),
        ({"trials": "n", "method": "exact"}, "(Family 'binomial', because trials are given.)"),
        ({"success": "x", "link": "identity"}, "family 'bernoulli' has no link 'identity'"),
        ({"success": "x", "family": "ordinal"}, "success (the level of a two-level outcome that "
         "counts as 1) belongs to 'bernoulli', not to family 'ordinal'. Leave out success, or say"),
        ({"family": "weibull", "event": {"a": 1, "b": 2}}, "event names one column and its level"),
        ({"family": "weibull", "event": {"a": [1, 2]}}, "event of 'a' is one value of the column"),
        ({"family": "weibull", "event": {}}, "event names one column and its level"),
        ({"success": [1, 2]}, "success is one value of the outcome"),
        ({"priors": {"phi": "flat"}}, "'phi' is not a parameter that takes a prior"),
    ],
)  # fmt: skip
def test_what_auto_refuses(given: dict[str, object], words: str) -> None:
    with pytest.raises(PlanError) as caught:
        make_plan(**SMALL | given)
    assert words in str(caught.value)
