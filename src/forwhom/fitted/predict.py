"""Effects in groups that the data do not hold: a new site, a new cell of the population.

A new group's effect is what the heterogeneity equation predicts for its modifiers plus a draw from
the effect spread; its baseline likewise. On the outcome's scale the expected outcome is taken with
and without treatment, other treatments absent, at the new rows' own controls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells
from forwhom.data import Table, load
from forwhom.errors import DataError, listing, plural
from forwhom.families import FAMILIES
from forwhom.fitted.percent import PercentLocals, percent_of
from forwhom.fitted.posterior import Posterior, Quantity
from forwhom.methods.nuts.sampler import JointDraws
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NewGroups:
    """Draws for m new groups of one effect, on the link scale.

    Attributes:
        theta: (m, D) effects; baseline: (m, D) linear predictors without treatment.
    """

    theta: FloatArray
    baseline: FloatArray


def new_rows(plan: Plan, new: object) -> Table:
    """The modifiers and controls of new groups; one row where the model has none.

    Raises:
        DataError: no data, a column that is not there, or a missing value.
    """
    columns = tuple(dict.fromkeys((*plan.modifiers.columns, *plan.controls.columns)))
    if not columns:
        return Table({}, 1, "new data", "dict", "")
    if new is None:
        raise DataError(
            f"predict() needs data: the values of {listing(columns)} for every new group, such as "
            "a data frame with one row each."
        )
    table = load(new, columns, plan.missing)
    for column in table.columns.values():
        if column.missing.any():
            rows = plural(int(column.missing.sum()), "row")
            raise DataError(
                f"new data: '{column.name}' is missing in {rows}; a prediction needs every "
                "modifier and control. Leave these rows out."
            )
    return table


def draw_new_groups(
    posteriors: Sequence[Posterior], table: Table, spread: bool, seed: int
) -> tuple[NewGroups, ...]:
    """One for each posterior given.

    Args:
        posteriors: views of one fit, one per effect and category.
        table: m rows of modifiers and controls.
        spread: whether to add the groups' own part; without it, the average of such groups.
        seed: of the groups' own parts.
    """
    out = []
    for number, posterior in enumerate(posteriors):
        design = posterior.design
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7, number)))
        z = design.effect.modifiers.matrix(table)
        theta = np.column_stack([np.ones(len(z)), z]) @ posterior.lambda_.T
        baseline = np.tile(0.0 if design.estimates else posterior.alpha, (len(z), 1))
        baseline = baseline + design.controls.matrix(table) @ posterior.beta.T
        if design.delta_names:
            baseline += design.modifiers.matrix(table) @ posterior.delta.T
        if spread:
            own_b, own_theta = _own_parts(posterior, baseline.shape, rng)
            theta, baseline = theta + own_theta, baseline + own_b
        out.append(NewGroups(theta, baseline))
    return tuple(out)


def _own_parts(
    posterior: Posterior, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """A new group's own baseline and effect, and new clusters' intercepts in the baseline."""
    others = {name: (terms, draws) for name, terms, draws in posterior.others}
    design = posterior.design
    z_b, z_theta = rng.standard_normal(shape), rng.standard_normal(shape)
    if "nu_theta" in others:
        nu = others["nu_theta"][1][:, design.at]
        z_theta = z_theta / np.sqrt(rng.chisquare(nu, shape) / nu)
    if "correlation" in others and posterior.sigma_b is not None:
        rho = others["correlation"][1][:, _pair_with_b(design.at)]
        z_theta = rho * z_b + np.sqrt(1 - rho**2) * z_theta
    zero = np.zeros(shape[-1])
    own_b = z_b * (zero if posterior.sigma_b is None else posterior.sigma_b)
    own_theta = z_theta * (zero if posterior.sigma_theta is None else posterior.sigma_theta)
    for cluster in design.clusters:
        own_b += rng.standard_normal(shape) * others[f"sigma_{cluster.name}"][1][:, 0]
        if cluster.effects:
            spread = others[f"sigma_theta_{cluster.name}"][1][:, design.at]
            own_theta += rng.standard_normal(shape) * spread
    return own_b, own_theta


def _pair_with_b(effect: int) -> int:
    """Where the correlation of the baseline and an effect is: pairs (1, 0), (2, 0), (2, 1)..."""
    row = effect + 1
    return row * (row - 1) // 2


def new_effects(
    told: Posterior,
    at: int,
    posteriors: Sequence[Posterior],
    found: Sequence[NewGroups],
    cells: Cells,
) -> FloatArray:
    """The draws to tell, (m, D), on the scale of ``told``.

    Args:
        told: the posterior on the scale asked for; at: its place among those of that scale.
        posteriors, found: on the link scale, one for each effect and category.
        cells: the fit's.
    """
    if told.quantity is None:
        return found[at].theta
    if isinstance(told.local, PercentLocals):
        return percent_of(told.local.sign * found[at].theta)
    pairs = zip(posteriors, found, strict=True)
    mine = [groups for one, groups in pairs if one.design.at == told.design.at]
    return _on_response(mine, told, told.quantity, cells)


def _on_response(
    found: Sequence[NewGroups], posterior: Posterior, quantity: Quantity, cells: Cells
) -> FloatArray:
    """Differences in the expected outcome of one effect, from all linear predictors."""
    plan, likelihood = posterior.design.plan, cells.likelihood
    assert likelihood is not None
    family = FAMILIES[plan.family]
    without = np.stack([one.baseline for one in found])
    treated = without + np.stack([one.theta for one in found])
    if not family.several:
        without, treated = without[0], treated[0]
    outcome = likelihood.outcome.take(np.zeros(without.shape[-2], dtype=np.int64))
    parameters = tuple(_usual(posterior, values).T for _, values in posterior.parameters)

    def mean(eta: FloatArray) -> FloatArray:
        expected = family.mean(eta, plan.link, parameters, outcome)
        if family.several or expected.ndim > eta.ndim:
            expected = expected[quantity.first : quantity.last].sum(axis=0)
        return np.asarray(quantity.unit * expected)

    return mean(treated) - mean(without)


def _usual(posterior: Posterior, values: FloatArray) -> FloatArray:
    """A family's parameter of rows that belong to no arm or group yet."""
    by_arm = posterior.design.plan.sigma_by == "arm"
    return values[:, :1] if by_arm and isinstance(posterior.shared, JointDraws) else values
