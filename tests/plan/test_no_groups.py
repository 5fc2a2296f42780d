"""Plans that name no modifiers and no groups: one group of all rows, settled and said."""

from __future__ import annotations

from typing import Any

import pytest

from forwhom.errors import PlanError
from forwhom.plan import Plan, make_plan, plan_from_toml, plan_to_toml
from forwhom.plan.flags import check_facets

NAME = 'or name what the effect may differ by, such as modifiers="age + region" or groups="region".'


def plan(**keywords: object) -> Plan:
    return make_plan(**{"outcome": "y", "treatment": "d", **keywords})


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"modifiers": []},
        {"modifiers": "", "groups": []},
        {"treatment": ["d", "e"]},
        {"treatment": {"d": "", "e": ""}},
    ],
)
def test_one_group_of_all_rows(nothing: dict[str, object]) -> None:
    made = plan(**nothing)
    assert made.ungrouped
    assert (made.baseline, made.spread, made.groups) == ("shared", "none", None)
    assert not made.modifiers


def test_as_a_plan_file_and_asked_for_in_words() -> None:
    made = plan(controls="c", clusters="s", cluster_effects="s", weights="w", sigma_by="arm")
    assert plan_from_toml(plan_to_toml(made), "plan.toml") == made
    assert make_plan(**made.keywords()) == made
    assert plan(spread="none", baseline="shared") == plan()
    assert plan_from_toml('outcome = "y"\ntreatment = "d"\n', "plan.toml") == plan()


def test_with_columns_named_nothing_is_settled_so() -> None:
    for named in ({"modifiers": "a"}, {"groups": "g"}, {"treatment": {"d": "a", "e": ""}}):
        made = plan(**named)
        assert not made.ungrouped
        assert (made.baseline, made.spread) == ("group", "normal")


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"spread": "normal"}, "spread 'normal' lets effects vary by group"),
        ({"spread": "student"}, "spread 'student' lets effects vary by group"),
        ({"baseline": "group"}, "baseline 'group' lets groups differ without treatment"),
        ({"baseline": "modifiers"}, "baseline 'modifiers' lets groups differ"),
        ({"preset": "alley2023"}, "preset 'alley2023' has effects vary by group"),
        ({"preset": "alley2026"}, "preset 'alley2026' has effects vary by group"),
        ({"correlated": True}, "correlated is about parameters that vary by group"),
        ({"sigma_by": "group"}, "sigma_by 'group' is a residual sd by group"),
    ],
)
def test_what_needs_groups_is_refused(keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(**keywords)
    (key,) = keywords
    said = str(caught.value)
    assert said.startswith(words)
    assert "with no modifiers and no groups all rows are one group" in said
    assert said.endswith(f"Leave out {key}, {NAME}")


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"bins": {"a": 3}}, "bins: 'a' is not among the modifiers or groups"),
        ({"priors": {"sigma_theta": "flat"}}, "spread 'none' fixes it at zero"),
        ({"priors": {"sigma_b": "flat"}}, "baseline 'shared' has no group baselines"),
        ({"priors": {"delta": "flat"}}, "baseline 'shared' has no main effects"),
        (
            {"priors": {"lambda": "normal(0, 1)"}},
            "priors: 'normal(0, 1)' for lambda is for the modifiers, and there are none. For the "
            'effect itself say priors={"lambda": {"Intercept": "normal(0, 1)"}}',
        ),
        (
            {"treatment": ["d", "e"], "priors": {"lambda_e": "flat"}},
            'say priors={"lambda_e": {"Intercept": "flat"}}',
        ),
        (
            {"priors": {"lambda": "r2d2(0.5, 2)"}},
            "shrinks the coefficients of modifiers, and there are no modifiers",
        ),
        (
            {"treatment": None, "std_error": "se"},
            "a plan needs modifiers, groups or both where the outcome is itself an estimated",
        ),
    ],
)
def test_what_is_not_there_is_refused(keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(**keywords)
    assert words in str(caught.value)


def test_the_effect_takes_a_prior() -> None:
    made = plan(priors={"lambda": {"Intercept": "normal(0, 0.1)"}})
    found = made.prior("lambda", "Intercept")
    assert found is not None and found.text == "normal(0, 0.1)"


def test_a_figure_cannot_be_split() -> None:
    with pytest.raises(PlanError, match="--row age: the figure can be split by the columns that"):
        check_facets({"row": "age"}, plan(), "out")
