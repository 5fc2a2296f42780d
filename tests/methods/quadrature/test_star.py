"""Groups whose arms are independent given the baseline, against integrals over every dimension."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forwhom.families import FAMILIES, Outcome
from forwhom.methods.quadrature.local_draws import draw_locals
from forwhom.methods.quadrature.modes import find_modes
from forwhom.methods.quadrature.segments import (
    CellData,
    Integrand,
    Segment,
    Star,
    group_sums,
    some_groups,
)
from forwhom.methods.quadrature.star import star_predictor
from forwhom.methods.quadrature.star_integral import integrate_star

POINTS = 3
# of each cell: its group, and its arm or 0
GROUP = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
ARM = np.array([0, 1, 2, 1, 2, 0, 1, 1, 2, 2])
SUCCESSES = np.array([3, 5, 0, 1, 4, 2, 3, 1, 4, 4])
TRIALS = np.array([6, 9, 3, 2, 4, 7, 4, 5, 4, 6])


def of_star(centred: bool, heavy: bool, tau: float = 1.0) -> Integrand:
    """Three groups, the second without untreated cells; two arms."""
    keep = np.ones(len(GROUP), dtype=bool) if centred else ARM > 0
    order = np.flatnonzero(keep)
    order = order[np.lexsort((ARM[order], GROUP[order], ARM[order] > 0))]
    group, arm = GROUP[order], ARM[order]
    at = int((arm == 0).sum())
    code, leaf = np.unique(group[at:] * 3 + arm[at:], return_inverse=True)
    star = Star.make(centred, code // 3, code % 3 - (not centred), leaf, 3)
    own = np.stack([np.ones(len(arm)), arm == 1, arm == 2], axis=1)[:, int(not centred) :]
    segment = Segment.make(2, np.arange(3), order, group, own, np.zeros((3, 2)), at, star)
    outcome = Outcome.of(SUCCESSES[order].astype(float), TRIALS[order].astype(float))
    data = CellData(FAMILIES["binomial"], "logit", outcome, np.ones(len(order)))
    sizes = tau * np.array([0.5, 1.0, 1.6])
    loading = np.zeros((len(order), 2, POINTS))
    loading[:, 0] = 0.8 * sizes * centred
    loading[at:, 1] = np.where(arm[at:, None] == 1, 1.2, 0.7) * sizes
    fixed = np.linspace(-1, 1, len(order))[:, None] + np.array([0.0, 0.3, -0.4])
    nu = np.array([1.5, 4.0, 40.0]) * np.ones((len(code), 1)) if heavy else None
    return Integrand(segment, data, fixed, loading, (), nu)


def log_joint(integrand: Integrand, group: int, point: int, centre: np.ndarray) -> np.ndarray:
    """log of the group's integrand over its centre, its leaves integrated on a dense grid."""
    segment, star, at = integrand.segment, integrand.segment.star, integrand.segment.untreated
    assert star is not None
    t = np.linspace(-30, 30, 6001)
    z = np.sinh(t / 2) * 2
    width = np.cosh(t / 2) * (t[1] - t[0])

    def rows(cells: np.ndarray, eta: np.ndarray) -> np.ndarray:
        outcome = integrand.data.outcome.take(cells)
        return integrand.data.family.log_likelihood(outcome, eta, "logit", ()).sum(axis=0)

    cells = np.flatnonzero(segment.index == group)
    fixed, loading = integrand.fixed[:, point], integrand.loading[:, :, point]
    base = cells[cells < at]
    out = stats.norm.logpdf(centre)
    out += rows(base, fixed[base, None] + loading[base, :1] * centre)
    for leaf in np.flatnonzero(star.owner == group):
        mine = at + np.flatnonzero(star.leaf == leaf)
        eta = (fixed[mine, None] + loading[mine, :1] * centre)[:, :, None]
        eta = eta + loading[mine, 1, None, None] * z
        nu = integrand.nu
        law = stats.norm.pdf(z) if nu is None else stats.t.pdf(z, nu[leaf, point])
        out += np.log((np.exp(rows(mine, eta)) * law * width).sum(axis=1))
    return out


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("centred", [True, False])
def test_the_integral_is_that_of_a_dense_grid(centred: bool, heavy: bool) -> None:
    integrand = of_star(centred, heavy)
    centre = np.linspace(-9, 9, 301)
    step = centre[1] - centre[0]
    expected = [
        sum(
            np.log(np.exp(log_joint(integrand, g, k, centre)).sum() * step)
            if centred
            else log_joint(integrand, g, k, np.zeros(1))[0] - stats.norm.logpdf(0)
            for g in range(3)
        )
        for k in range(POINTS)
    ]
    found = integrate_star(integrand, 31).value
    if heavy:  # tails like z^-2.5 and z^-5 at the first points, of which a rule reaches so much
        np.testing.assert_allclose(found[0], expected[0], atol=1e-4)
        np.testing.assert_allclose(found[1], expected[1], atol=1e-6)
        np.testing.assert_allclose(found[2], expected[2], atol=1e-8)
        found = integrate_star(integrand, 101).value
        np.testing.assert_allclose(found, expected, atol=1.2e-5)
        np.testing.assert_allclose(found[1:], expected[1:], atol=2e-8)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-8)
    rough = integrate_star(integrand, 7).value
    np.testing.assert_allclose(rough, expected, atol=1e-3)


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("centred", [True, False])
def test_slopes_are_those_of_the_value(centred: bool, heavy: bool) -> None:
    integrand = of_star(centred, heavy)
    found = integrate_star(integrand, 21, slopes=True, close=1e-3)
    step = 1e-5
    for cell in range(len(integrand.fixed)):
        ends = []
        for sign in (1, -1):
            fixed = integrand.fixed.copy()
            fixed[cell] += sign * step
            moved = Integrand(
                integrand.segment, integrand.data, fixed, integrand.loading, (), integrand.nu
            )
            ends.append(integrate_star(moved, 21, close=1e-3).value)
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(found.first[cell], slope, atol=1e-4)


@pytest.mark.parametrize("tau", [0.3, 3.0, 8.0])
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("heavy", [False, True])
def test_modes_have_no_slope(centred: bool, heavy: bool, tau: float) -> None:
    integrand = of_star(centred, heavy, tau)
    segment, star, at = integrand.segment, integrand.segment.star, integrand.segment.untreated
    assert star is not None
    z = find_modes(integrand, close=1e-6)[0]
    eta = star_predictor(segment, integrand.fixed, integrand.loading, z)
    first, _ = integrand.data.family.slopes_of(integrand.data.outcome, eta, "logit", ())
    leaf = z[3:, 0]
    own = leaf if integrand.nu is None else (integrand.nu + 1) * leaf / (integrand.nu + leaf**2)
    pulled = star.cells.sums(integrand.loading[at:, 1] * first[at:])
    np.testing.assert_allclose(pulled, own, atol=1e-3 if heavy else 1e-5)
    slope = group_sums(segment, integrand.loading[:, 0] * first) - z[:3, 0]
    np.testing.assert_allclose(slope, 0.0, atol=1e-3 if heavy else 1e-5)


def test_some_groups_of_a_star_are_the_same() -> None:
    whole = of_star(True, True)
    part, cells = some_groups(whole.segment, slice(1, 3))
    star, old = part.star, whole.segment.star
    assert star is not None
    assert old is not None
    data = CellData(
        whole.data.family, "logit", whole.data.outcome.take(cells), whole.data.weight[cells]
    )
    assert whole.nu is not None
    nu = whole.nu[old.owner >= 1]
    some = Integrand(part, data, whole.fixed[cells], whole.loading[cells], (), nu)
    first, cells = some_groups(whole.segment, slice(0, 1))
    data = CellData(
        whole.data.family, "logit", whole.data.outcome.take(cells), whole.data.weight[cells]
    )
    nu = whole.nu[old.owner < 1]
    rest = Integrand(first, data, whole.fixed[cells], whole.loading[cells], (), nu)
    both = integrate_star(some, 15, close=1e-8).value
    both += integrate_star(rest, 15, close=1e-8).value
    np.testing.assert_allclose(both, integrate_star(whole, 15, close=1e-8).value, rtol=1e-9)


@pytest.mark.parametrize("heavy", [False, True])
def test_draws_follow_the_groups_law(heavy: bool) -> None:
    """The centre's, and each leaf's by its mean over the centre."""
    one = of_star(True, heavy, tau=2.0)
    draws = 20_000

    def wide(values: np.ndarray) -> np.ndarray:
        return np.repeat(values[..., :1], draws, axis=-1)

    many = Integrand(
        one.segment,
        one.data,
        wide(one.fixed),
        wide(one.loading),
        (),
        None if one.nu is None else wide(one.nu),
    )
    z = draw_locals(many, np.random.default_rng(3))
    grid = np.linspace(-7, 7, 701)
    star = one.segment.star
    assert star is not None
    for group in range(3):
        density = np.exp(log_joint(one, group, 0, grid))
        law = np.cumsum(density) - 0.5 * density
        distance = stats.kstest(z[group, 0], lambda x, law=law: np.interp(x, grid, law / law[-1]))
        assert distance.statistic < 1.95 / np.sqrt(draws)  # the 0.1 % point of Kolmogorov's law
    at = one.segment.untreated
    t = np.linspace(-12, 12, 1201)
    leaves = 2 * np.sinh(t / 2)
    for leaf, owner in enumerate(star.owner.tolist()):
        mine = at + np.flatnonzero(star.leaf == leaf)
        outcome = one.data.outcome.take(mine)
        eta = one.fixed[mine, 0, None] + one.loading[mine, 0, :1] * grid
        eta = eta[:, :, None] + one.loading[mine, 1, :1, None] * leaves
        rows = one.data.family.log_likelihood(outcome, eta, "logit", ()).sum(axis=0)
        own = stats.norm.pdf(leaves) if one.nu is None else stats.t.pdf(leaves, one.nu[leaf, 0])
        given = np.exp(rows) * own * np.cosh(t / 2)
        given /= given.sum(axis=1, keepdims=True)
        centre = np.exp(log_joint(one, owner, 0, grid))
        density = (centre / centre.sum()) @ given
        law = np.cumsum(density) - 0.5 * density
        distance = stats.kstest(
            z[3 + leaf, 0], lambda x, law=law: np.interp(x, leaves, law / law[-1])
        )
        assert distance.statistic < 1.95 / np.sqrt(draws)
