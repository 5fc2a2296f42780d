"""Moves of scales given their coefficients leave the joint law of both as it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forwhom.methods.collapse.given import move_scales, slice_step
from forwhom.methods.shrinkage import Shrinkage

N, S = 20_000, 4
SETS = {
    "learnt": Shrinkage("learnt", (0.4,), np.arange(S)),
    "horseshoe": Shrinkage("horseshoe", (0.5, 1.0, 4.0), np.arange(S)),
    "r2d2": Shrinkage("r2d2", (0.4, 3.0), np.arange(S)),  # a is below S / 2
    "r2d2 of two": Shrinkage("r2d2", (0.5, 2.0), np.arange(2)),  # and is S / 2
}
LAWS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[..., np.ndarray]]] = {
    "normal": (lambda x: -0.5 * x**2, lambda rng, n: rng.standard_normal(n)),
    "log of an exponential": (
        lambda x: x - np.exp(x),
        lambda rng, n: np.log(rng.standard_exponential(n)),
    ),
    "two modes": (
        lambda x: np.logaddexp(-0.5 * (x - 3) ** 2, -0.5 * (x + 3) ** 2),
        lambda rng, n: rng.standard_normal(n) + 3 * rng.choice([-1.0, 1.0], n),
    ),
}


@pytest.mark.parametrize("law", LAWS)
def test_a_slice_step_keeps_its_law(law: str) -> None:
    log_density, draw = LAWS[law]
    rng = np.random.default_rng(1)
    x = draw(rng, N)
    moved = x.reshape(100, -1)
    for _ in range(3):
        moved = slice_step(log_density, moved, rng)
    assert (moved.ravel() != x).mean() > 0.99
    fresh = draw(rng, N)
    same(moved.reshape(-1, 1), fresh.reshape(-1, 1))


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("log_unit", [0.0, 0.7])
def test_moves_keep_the_prior(kind: str, log_unit: float) -> None:
    """Scales of their prior, coefficients given them, moved, coefficients drawn anew, moved."""
    shrinkage, rng = SETS[kind], np.random.default_rng(2)
    x = shrinkage.draw(rng, (N,))
    for _ in range(3):
        sd = np.exp(shrinkage.log_scales(x) + log_unit)
        coefficients = sd * rng.standard_normal(sd.shape)
        x = move_scales(shrinkage, x, coefficients, np.full(N, log_unit), rng)
    fresh = shrinkage.draw(rng, (N,))
    same(x, fresh)
    same(shrinkage.log_scales(x), shrinkage.log_scales(fresh))


def test_a_larger_unit_says_smaller_scales() -> None:
    """Coefficients are given as written: in a unit twice as large they say half as much."""
    shrinkage, rng = SETS["horseshoe"], np.random.default_rng(3)
    x, sizes = shrinkage.draw(rng, (N,)), np.full((N, S), 0.8)
    for _ in range(6):
        x = move_scales(shrinkage, x, sizes, np.zeros(N), rng)
    other = shrinkage.draw(rng, (N,))
    for _ in range(6):
        other = move_scales(shrinkage, other, 2 * sizes, np.full(N, np.log(2)), rng)
    same(x, other)


def same(one: np.ndarray, other: np.ndarray) -> None:
    """Two samples of one law, by means of bounded functions and of products of these."""
    error = 4.5 * np.sqrt(2 / N)
    ours, theirs = np.arctan(one + 1), np.arctan(other + 1)
    spread = np.sqrt(0.5 * (ours.var(axis=0) + theirs.var(axis=0)))
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < error * spread).all()
    a, b = ours[:, :1] * ours, theirs[:, :1] * theirs
    spread = np.sqrt(0.5 * (a.var(axis=0) + b.var(axis=0)))
    assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) < error * spread).all()
