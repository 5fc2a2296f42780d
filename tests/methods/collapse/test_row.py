"""What the method refuses, in words, and what is chosen in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.data import load
from forwhom.design import Design, build_design
from forwhom.methods import choose
from forwhom.methods.collapse import COLLAPSE
from forwhom.plan import make_plan
from tests.methods.collapse.cases import CASES, DATA, USUAL


def design(data: dict[str, Any] = DATA, **asked: Any) -> Design:
    plan = make_plan(**(USUAL | asked))
    return build_design(plan, load(data, plan.columns))[0]


@pytest.mark.parametrize("name", CASES)
def test_takes(name: str) -> None:
    assert COLLAPSE.refuses(design(**CASES[name])) == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"spread": "student", "clusters": "wave"}, "group effects are Student-t"),
        ({"sigma_by": "group", "clusters": "wave"}, "the residual sd differs by group"),
        ({"priors": {"lambda": "horseshoe(1, 1, 4)"}, "clusters": "wave"},
         "the prior of 'lambda' learns its own scales"),
        ({"outcome": "d", "treatment": "e", "family": "bernoulli", "clusters": "wave"},
         "only the levels of families 'gaussian', 'lognormal' integrate out in closed form"),
    ],
)  # fmt: skip
def test_refuses_and_leaves_it_to_others(asked: dict[str, Any], words: str) -> None:
    found = design(**asked)
    assert COLLAPSE.refuses(found) == words
    assert choose(found).method.name == ("laplace" if "family" in asked else "nuts")


def test_refuses_two_large_factors() -> None:
    n = 6000
    rng = np.random.default_rng(1)
    data = {"y": rng.normal(size=n), "d": rng.integers(0, 2, n)}
    data |= {"g": rng.integers(0, 1400, n), "k": rng.integers(0, 2900, n)}
    large = {"modifiers": None, "groups": "g", "clusters": "k"}
    words = "all groupings but the largest have 2,"
    assert COLLAPSE.refuses(design(data, **large)).startswith(words)
    with pytest.raises(fw.PlanError, match=r"^method 'collapse': all groupings.*Leave method to"):
        fw.fit(data, **(USUAL | large), method="collapse")


def test_refuses_more_scales_than_can_be_explored() -> None:
    data = DATA | {
        f"t{k}": np.random.default_rng(k).integers(0, 2, len(DATA["y"])) for k in range(6)
    }
    asked = {"treatment": [f"t{k}" for k in range(6)], "correlated": True, "modifiers": "a"}
    words = "29 standard deviations and correlations are too many to explore together"
    assert COLLAPSE.refuses(design(data, **asked)) == words
