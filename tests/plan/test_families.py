"""The registry of families, as the plan sees it."""

from __future__ import annotations

import dataclasses

import pytest

from forwhom.families import FAMILIES
from forwhom.plan import make_plan


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
