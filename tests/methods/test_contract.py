"""What every method owes, walked over the table of methods."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.cells import Problem
from forwhom.data import load
from forwhom.design import Design, build_design
from forwhom.errors import DataError
from forwhom.methods import METHODS, Draws, Own, blocks, choose
from forwhom.plan import make_plan
from forwhom.plan.methods import LIMITS, limits_of, refusal, refusal_of_estimates
from forwhom.plan.parts import PARTS
from tests.chains import short_chains

N = 90
RNG = np.random.default_rng(909)
DATA: dict[str, Any] = {
    "y": RNG.normal(size=N),
    "voted": RNG.integers(0, 2, N),
    "choice": np.array(["bus", "car", "foot"])[RNG.integers(0, 3, N)],
    "d": RNG.integers(0, 2, N),
    "arm": np.array(["none", "mail", "visit"])[RNG.integers(0, 3, N)],
    "a": RNG.integers(0, 3, N),
    "m": RNG.integers(0, 2, N),
    "g": RNG.integers(0, 40, N),
    "state": RNG.integers(0, 5, N),
}
DESIGNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "many groups": {"groups": "g"},
    "no spread": {"spread": "none"},
    "baseline of modifiers": {"baseline": "modifiers"},
    "one control group": {"preset": "alley2023"},
    "bernoulli": {"outcome": "voted", "family": "bernoulli", "groups": "g"},
    "arms": {"treatment": "arm", "reference": "none"},
    "clusters": {"clusters": "state", "cluster_effects": "state"},
    "categories": {"outcome": "choice", "family": "categorical"},
}


@pytest.fixture(autouse=True, scope="module")
def short() -> Iterator[None]:
    """What chains say of themselves is not looked at here."""
    with short_chains(20, depth=4):
        yield


def question(name: str, method: str = "auto") -> dict[str, Any]:
    usual = {"outcome": "y", "treatment": "d", "modifiers": "a + m", "draws": 80, "method": method}
    return usual | DESIGNS[name]


@cache
def design_of(name: str) -> Design:
    plan = make_plan(**question(name))
    return build_design(plan, load(DATA, plan.columns))[0]


@cache
def drawn(name: str, method: str) -> tuple[Problem, Draws]:
    fit = fw.fit(DATA, **question(name, method))
    return fit.fitted.problem, fit.fitted.draws


PAIRS = [
    (name, method)
    for name in DESIGNS
    for method, row in METHODS.items()
    if not row.refuses(design_of(name))
]


def test_the_table_is_what_plans_can_ask_for() -> None:
    assert set(PARTS["method"].choices) == {"auto", *METHODS}
    assert all(name == row.name and row.words for name, row in METHODS.items())
    assert {method for _, method in PAIRS} == set(METHODS)


ASKED: dict[str, dict[str, Any]] = {
    **DESIGNS,
    "lognormal": {"family": "lognormal", "outcome": "m", "modifiers": "a"},
    "poisson": {"family": "poisson", "outcome": "a", "modifiers": "m"},
    "estimates": {"treatment": None, "std_error": "g"},
    "correlated": {"correlated": True},
    "heavy tails": {"spread": "student"},
    "residual sd by arm": {"sigma_by": "arm"},
    "shrinkage": {"priors": {"lambda": "horseshoe(1, 2, 4)"}},
    "several treatments": {"treatment": ["d", "voted"]},
}
ONLY_DATA_TELL = {"arms"}  # how many a treatment has


@pytest.mark.parametrize("name", ASKED)
def test_a_plan_refuses_early_what_a_method_refuses(name: str) -> None:
    """The facts of ``plan/methods.py`` against each method's own word, on the same question."""
    usual = {"outcome": "y", "treatment": "d", "modifiers": "a + m"}
    plan = make_plan(**(usual | ASKED[name]))
    data = {key: values + 1 if key in ("a", "g", "m") else values for key, values in DATA.items()}
    design, _ = build_design(plan, load(data, plan.columns))
    for method, row in METHODS.items():
        early = refusal(method, design.plan) or refusal_of_estimates(method, design.plan)
        own = row.refuses(design)
        if name in ONLY_DATA_TELL:
            assert not early
            assert bool(own) == limits_of(method).one_by_one
        else:
            assert bool(early) == bool(own), (method, early, own)
    assert set(LIMITS) < set(METHODS)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_first_that_does_not_refuse_is_chosen(name: str) -> None:
    design = design_of(name)
    choice = choose(design)
    refusals = [row.refuses(design) for row in METHODS.values()]
    assert list(METHODS).index(choice.method.name) == refusals.index("")
    assert choice.why
    for method, words in zip(METHODS, refusals, strict=True):
        if words:  # asked for by name, it refuses in words that lead on
            with pytest.raises(fw.ForWhomError, match="method"):
                fw.fit(DATA, **question(name, method))


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_blocks(name: str, method: str) -> None:
    """Every group once; two passes are equal; some groups are drawn as all are."""
    problem, draws = drawn(name, method)
    count, own = problem.design.groups.count, range(len(problem.design.random_names))
    first, second = list(blocks(draws, own)), list(blocks(draws, own))
    assert sorted(g for block in first for g in block.groups) == list(range(count))
    for one, two in zip(first, second, strict=True):
        assert np.array_equal(one.groups, two.groups)
        assert np.array_equal(one.u, two.u)
    d, predictors = draws.coefficients.shape[:2]
    whole = np.empty((predictors, len(own), count, d))
    for block in first:
        whole[:, :, block.groups] = block.u
    some = np.array([count - 1, 0])
    assert np.array_equal(draws.of(some, own).u, whole[:, :, some])
    for r in own:
        alone = list(draws.map(lambda block: block, [r]))
        for block in alone:
            assert np.array_equal(block.u[:, 0], whole[:, r][:, block.groups])
    if problem.design.groups.has_control_group:
        assert np.isfinite(draws.of(np.array([count]), own).u).all()


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_sizes(name: str, method: str) -> None:
    problem, draws = drawn(name, method)
    design, d = problem.design, draws.diagnostics.draws
    predictors = 2 if name == "categories" else 1
    assert draws.coefficients.shape == (d, predictors, problem.cells.layout.p)
    assert draws.spreads.shape == (d, predictors, len(design.random_names))
    assert list(draws.parameters) == [entry.parameter for entry in problem.priors.parameters]
    assert len(draws.clusters) == len(design.clusters)
    assert problem.cells.content == METHODS[method].needs
    assert draws.diagnostics.method == method
    prior, likelihood = draws.log_densities()
    assert prior.shape == (d,)
    assert np.isfinite(prior).all()
    assert likelihood is None or likelihood.shape == (d,)


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_revived_draws_are_the_same(name: str, method: str) -> None:
    problem, draws = drawn(name, method)
    arrays = dict(draws.arrays())
    again = METHODS[method].revive(problem, arrays, draws.diagnostics)
    assert np.array_equal(again.coefficients, draws.coefficients)
    assert np.array_equal(again.spreads, draws.spreads)
    own = range(len(problem.design.random_names))

    def pairs() -> Iterator[tuple[Own, Own]]:
        yield from zip(blocks(again, own), blocks(draws, own), strict=True)

    assert all(np.array_equal(one.u, two.u) for one, two in pairs())
    for key, values in arrays.items():
        with pytest.raises(DataError):
            METHODS[method].revive(problem, arrays | {key: values[1:]}, draws.diagnostics)
