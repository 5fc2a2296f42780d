"""What the method takes, and what it refuses in words that lead on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.data import load
from forwhom.design import Design, build_design
from forwhom.methods import choose
from forwhom.methods.laplace import LAPLACE
from forwhom.plan import make_plan
from tests.methods.laplace.cases import CASES, DATA, USUAL


def design(data: dict[str, Any] = DATA, **asked: Any) -> Design:
    plan = make_plan(**(USUAL | asked))
    return build_design(plan, load(data, plan.columns))[0]


@pytest.mark.parametrize("name", CASES)
def test_takes(name: str) -> None:
    assert LAPLACE.refuses(design(**CASES[name])) == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"spread": "student", "clusters": "wave"}, "group effects are Student-t"),
        ({"outcome": "y", "family": "gaussian", "sigma_by": "group", "clusters": "wave"},
         "the residual sd differs by group"),
    ],
)  # fmt: skip
def test_refuses_and_leaves_it_to_chains(asked: dict[str, Any], words: str) -> None:
    found = design(**asked)
    assert LAPLACE.refuses(found) == words
    assert choose(found).method.name == "nuts"


def test_a_residual_sd_by_arm_is_left_to_the_collapsed_density() -> None:
    found = design(outcome="y", family="gaussian", sigma_by="arm", clusters="wave")
    assert LAPLACE.refuses(found) == "the residual sd differs by arm"
    assert choose(found).method.name == "collapse"


def test_refuses_two_large_factors() -> None:
    n = 6000
    rng = np.random.default_rng(1)
    data = {"voted": rng.integers(0, 2, n), "d": rng.integers(0, 2, n)}
    data |= {"g": rng.integers(0, 1400, n), "k": rng.integers(0, 2900, n)}
    large = {"modifiers": None, "groups": "g", "clusters": "k"}
    words = "all groupings but the largest have 2,"
    assert LAPLACE.refuses(design(data, **large)).startswith(words)
    with pytest.raises(fw.PlanError, match=r"^method 'laplace': all groupings.*Leave method to"):
        fw.fit(data, **(USUAL | large), method="laplace")
    small = {"g": rng.integers(0, 500, n), "k": rng.integers(0, 5000, n)}
    refusal = LAPLACE.refuses(design(data | small, **large))
    assert refusal.endswith("own parameters of groups and clusters are too many")


def test_refuses_more_scales_than_can_be_explored() -> None:
    data = DATA | {
        f"t{k}": np.random.default_rng(k).integers(0, 2, len(DATA["d"])) for k in range(6)
    }
    found = design(data, treatment=[f"t{k}" for k in range(6)], correlated=True)
    words = "28 standard deviations, correlations and other parameters are too many to explore"
    assert LAPLACE.refuses(found) == f"{words} together"


def test_a_cluster_of_every_row() -> None:
    """More than a Poisson's spread."""
    question = USUAL | {"outcome": "count", "family": "poisson", "clusters": "row"}
    fit = fw.fit(DATA, **question, draws=500)
    found = fit.fitted.diagnostics
    assert (found.method, found.passed) == ("laplace", True)
    draws = fit.fitted.draws.clusters[0]
    assert draws.u.shape == (1, 1, len(DATA["row"]), 500)
    # over all levels, draws spread as their sds say
    ratio = draws.u[0, 0].std(axis=0) / draws.spreads[:, 0, 0]
    assert abs(np.median(ratio) - 1) < 0.1


def test_a_cluster_whose_levels_have_one_row_but_one() -> None:
    data = DATA | {"lone": np.r_[np.arange(3), np.full(len(DATA["d"]) - 3, 3)]}
    found = fw.fit(data, **USUAL, clusters="lone", draws=500).fitted.diagnostics
    assert (found.method, found.passed) == ("laplace", True)


def test_separated_outcomes_under_flat_priors() -> None:
    data = DATA | {"voted": DATA["d"].astype(float)}
    flat = {"lambda": "flat", "alpha": "flat"}
    with pytest.raises(fw.InferenceError, match="a flat prior does not hold them"):
        fw.fit(data, **USUAL, clusters="state", priors=flat, method="laplace", draws=100)


def test_an_sd_that_nothing_bounds() -> None:
    few = {key: np.asarray(values)[DATA["wave"] < 2] for key, values in DATA.items()}
    question = USUAL | {"clusters": "wave", "priors": {"sigma_wave": "flat"}}
    with pytest.raises(fw.InferenceError, match="do not bound sigma_wave"):
        fw.fit(few, **question, method="laplace")
