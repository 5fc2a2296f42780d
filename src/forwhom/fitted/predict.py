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

from forwhom.data import Table, load
from forwhom.errors import DataError, listing, plural
from forwhom.fitted.estimand import Estimand
from forwhom.fitted.scales import mean_of, percent_of, percent_sign
from forwhom.plan import Plan

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NewGroups:
    """Draws for m new groups of one effect, on the link scale.

    Attributes:
        theta: (m, D) effects; baseline: (m, D) linear predictors without treatment.
    """

    theta: FloatArray
    baseline: FloatArray


def new_rows(
    plan: Plan,
    new: object,
    asked: Sequence[str] = (),
    controls: bool = True,
    what: str = "predict()",
) -> Table:
    """The modifiers and controls of new groups; one row where the model has none.

    Args:
        asked: further columns; controls: whether they are needed; what: it is needed for.

    Raises:
        DataError: no data, a column that is not there, or a missing value.
    """
    held = plan.controls.columns if controls else ()
    columns = tuple(dict.fromkeys((*asked, *plan.modifiers.columns, *held)))
    if not columns:
        return Table({}, 1, "new data", "dict", "")
    if new is None:
        raise DataError(
            f"{what} needs data: the values of {listing(columns)} for every new group, such as "
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
    estimands: Sequence[Estimand],
    table: Table,
    spread: bool,
    seed: int | Sequence[int],
    whose: IntArray | None = None,
) -> tuple[NewGroups, ...]:
    """One for each estimand given.

    Args:
        estimands: of one fit on the link scale, one per effect and category.
        table: m rows of modifiers and controls.
        spread: whether to add the groups' own part; without it, the average of such groups.
        seed: of the groups' own parts.
        whose: (m,) which new group each row is of; default: each row a group.
    """
    out = []
    for number, one in enumerate(estimands):
        design = one.design
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7, number)))
        z = one.effect.modifiers.matrix(table)
        theta = np.column_stack([np.ones(len(z)), z]) @ one.lambda_.T
        baseline = np.tile(0.0 if design.estimates else one.alpha, (len(z), 1))
        baseline = baseline + design.controls.matrix(table) @ one.beta.T
        if design.delta_names:
            baseline += design.modifiers.matrix(table) @ one.delta.T
        if spread:
            count = len(z) if whose is None else int(whose.max(initial=-1)) + 1
            own_b, own_theta = _own_parts(one, (count, baseline.shape[1]), rng)
            each = slice(None) if whose is None else whose
            theta, baseline = theta + own_theta[each], baseline + own_b[each]
        out.append(NewGroups(theta, baseline))
    return tuple(out)


def _own_parts(
    one: Estimand, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """A new group's own baseline and effect, and new clusters' intercepts in the baseline."""
    others = {name: (terms, draws) for name, terms, draws in one.others}
    design = one.design
    z_b, z_theta = rng.standard_normal(shape), rng.standard_normal(shape)
    if "nu_theta" in others:
        nu = others["nu_theta"][1][:, one.quantity.effect]
        z_theta = z_theta / np.sqrt(rng.chisquare(nu, shape) / nu)
    if "correlation" in others and one.sigma_b is not None:
        rho = others["correlation"][1][:, _pair_with_b(one.quantity.effect)]
        z_theta = rho * z_b + np.sqrt(1 - rho**2) * z_theta
    zero = np.zeros(shape[-1])
    own_b = z_b * (zero if one.sigma_b is None else one.sigma_b)
    own_theta = z_theta * (zero if one.sigma_theta is None else one.sigma_theta)
    for cluster in design.clusters:
        own_b += rng.standard_normal(shape) * others[f"sigma_{cluster.name}"][1][:, 0]
        if cluster.effects:
            spread = others[f"sigma_theta_{cluster.name}"][1][:, one.quantity.effect]
            own_theta += rng.standard_normal(shape) * spread
    return own_b, own_theta


def _pair_with_b(effect: int) -> int:
    """Where the correlation of the baseline and an effect is: pairs (1, 0), (2, 0), (2, 1)..."""
    row = effect + 1
    return row * (row - 1) // 2


def new_effects(
    estimand: Estimand, estimands: Sequence[Estimand], effects: Sequence[NewGroups]
) -> FloatArray:
    """The draws to tell, (m, D), in the estimand's quantity.

    Args:
        estimand: what is asked for.
        estimands, effects: on the link scale, one for each effect and category.
    """
    q = estimand.quantity
    pairs = list(zip(estimands, effects, strict=True))
    mine = [new for one, new in pairs if one.quantity.effect == q.effect]
    if q.scale == "link":
        return mine[q.predictor].theta
    if q.scale == "percent":
        return percent_of(percent_sign(estimand.fitted) * mine[q.predictor].theta)
    fitted, likelihood = estimand.fitted, estimand.fitted.cells.likelihood
    without = np.stack([new.baseline for new in mine])
    treated = without + np.stack([new.theta for new in mine])
    outcome = likelihood.outcome.take(np.zeros(without.shape[-2], dtype=np.int64))
    parameters = tuple(_usual(estimand, values).T for values in estimand.parameters.values())
    means = [mean_of(fitted, q, eta, parameters, outcome) for eta in (treated, without)]
    return means[0] - means[1]


def _usual(estimand: Estimand, values: FloatArray) -> FloatArray:
    """A family's parameter of rows that belong to no arm or group yet."""
    return values[:, :1] if estimand.design.plan.sigma_by == "arm" else values
