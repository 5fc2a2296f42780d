"""Rules of quadrature chosen by piece, against many nodes everywhere."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw
from forwhom.families import FAMILIES
from forwhom.methods.quadrature.density import LatentModel, Rule
from forwhom.methods.quadrature.draws import LatentDraws
from forwhom.methods.quadrature.rules import ACCURACY, apply_rules, choose_rules
from tests.reference.nuts.cases import simulate

CASES = [
    ("bernoulli", "group"),
    ("bernoulli", "shared"),
    ("poisson", "group"),
    ("ordinal", "group"),
]


def points_of(name: str, baseline: str) -> tuple[LatentModel, np.ndarray, np.ndarray]:
    data = simulate(name, FAMILIES[name].links[0], dose=False)
    fit = fw.fit(data, "y", "d", "a + m", family=name, baseline=baseline, draws=1500)
    draws = fit.fitted.draws
    assert isinstance(draws, LatentDraws)
    return draws.model, draws.tau, draws.xi


@pytest.mark.parametrize(("name", "baseline"), CASES, ids=lambda value: value)
def test_the_log_density_is_held_at_every_draw(name: str, baseline: str) -> None:
    model, tau, xi = points_of(name, baseline)
    rules = choose_rules(model, tau, xi)
    assert rules.error < ACCURACY
    assert np.array_equal(
        np.sort(np.concatenate([piece.points for piece in rules.pieces])), np.arange(len(tau))
    )
    value = apply_rules(rules, model, tau, xi, lambda work, parts: [work(p) for p in parts])
    count = len(model.segments)
    fine = model.log_density(tau, xi, Rule((31,) * count, (None,) * count))
    off = value - fine
    # the points checked are the hardest of their piece; another may be a few times worse
    assert np.abs(off).max() < 5 * ACCURACY
    assert np.sqrt((off**2).mean()) < ACCURACY


def test_few_nodes_would_not_do() -> None:
    model, tau, xi = points_of("bernoulli", "group")
    count = len(model.segments)
    rough, fine = (
        model.log_density(tau, xi, Rule((order,) * count, (None,) * count)) for order in (3, 31)
    )
    assert np.abs(rough - fine).max() > 10 * ACCURACY
    used = {piece.rule.orders for piece in choose_rules(model, tau, xi).pieces}
    assert len(used) > 1
