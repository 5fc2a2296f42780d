"""Warnings: what the data cannot say, each with its own words and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.caution import Caution, short
from forwhom.answers.group_cautions import (
    missing_arms,
    small_clusters,
    small_groups,
    within_groups,
)
from forwhom.answers.nested import nested_clusters
from forwhom.answers.outcome_cautions import dose_unit, heavy_tail, overdispersion
from forwhom.answers.silence import silence_text
from forwhom.answers.words import group_words
from forwhom.cells import LikelihoodCells, baseline_difference, nearly_collinear
from forwhom.data import Tidy
from forwhom.design import Design
from forwhom.draw.labels import Labels
from forwhom.families import FAMILIES
from forwhom.fitted import Estimand

LOST = 0.2  # of the rows, for missing values
LARGE_ARM = 5  # rows of a group's arm from which an outcome that never varies is worth a word


def cautions(estimands: Sequence[Estimand], average: Tidy) -> tuple[Caution, ...]:
    """Everything a careful analyst would want said, most basic first.

    Args:
        estimands: one per effect, and per category of an unordered outcome.
        average: the table of the average effect, on the scale it is told in.
    """
    estimand, effects = estimands[0], estimands[: len(estimands[0].design.effects)]
    found = [
        *_lost(estimand.design),
        *(caution for one in effects for caution in _arms(one)),
        *small_groups(estimand),
        *(caution for one in effects for caution in missing_arms(one)),
        *within_groups(estimand),
        *small_clusters(estimand),
        *nested_clusters(estimand),
        *_spread(estimands),
        *_silent(estimand),
        *_columns(estimand),
        *_baseline(estimand),
        *_separation(estimand),
        *overdispersion(estimand),
        *(caution for one in effects for caution in dose_unit(one)),
        *heavy_tail(estimand, average),
        *_draws(estimand),
    ]
    return tuple(dict.fromkeys(found))


def _lost(design: Design) -> list[Caution]:
    """Rows left out for missing values, where they are many."""
    usage = design.usage
    lost = usage.n_read - usage.n_used - usage.zero_weight
    if lost <= LOST * usage.n_read:
        return []
    worst = sorted(usage.missing, key=lambda pair: -pair[1])
    shown = ", ".join(f"'{name}' in {count:,}" for name, count in worst[:4])
    more = f" and {len(worst) - 4} more columns" if len(worst) > 4 else ""
    return [
        Caution(
            "rows_lost",
            f"{lost:,} of {usage.n_read:,} rows ({lost / usage.n_read:.0%}) are left out for "
            f"missing values ({shown}{more}): what is said holds for the rows that are complete, "
            "who may differ from the others. Leave a column out of the plan to keep its rows, or "
            "fill its missing values in first.",
        )
    ]


def _arms(estimand: Estimand) -> list[Caution]:
    """An arm of one row, whose chance and whose effect are hard to tell apart."""
    design, t = estimand.design, estimand.treatment
    several = len(design.effects) > 1
    treated = int(estimand.effect.n_treated.sum())
    untreated = int(estimand.effect.n_control.sum()) if several else design.usage.n_used - treated
    if treated == 1 and t.kind != "estimate":
        arm = "has a dose" if t.kind == "dose" else f"is treated ({t.column}: {t.treated})"
    elif t.kind == "binary" and untreated == 1:
        arm = f"is untreated ({t.column}: {t.control})"
    else:
        return []
    own = f"_{t.column}" if several else ""
    prior = next(e.prior for e in estimand.priors.coefficients if e.parameter == f"lambda{own}")
    spread = [e.prior.text for e in estimand.priors.spreads if e.parameter == f"sigma_theta{own}"]
    more = f", and that of sigma_theta, {spread[0]}, any difference between groups"
    return [
        Caution(
            "one_row_arm",
            f"Only one row {arm}: every effect rests on that row, chance and all, and its interval "
            f"is as wide as one row's noise. The prior of the effect, {prior.text}, does the rest"
            f"{more if spread else ''}.",
        )
    ]


def _spread(estimands: Sequence[Estimand]) -> list[Caution]:
    if estimands[0].design.groups.count < 5:  # said already that spreads are hardly known
        return []
    said = []
    for one in estimands:
        if one.sigma_theta is None:
            continue
        low, middle, high = (float(q) for q in np.quantile(one.sigma_theta, [0.05, 0.5, 0.95]))
        if low <= 0.25 * middle:  # a half-normal shape, piled up at zero, has a ratio of 0.09
            said.append((_which(one), short(high)))
    if not said:
        return []
    (of, end), *rest = said
    others = "".join(f", and so may that{of} (below {end})" for of, end in rest)
    return [
        Caution(
            "spread_near_zero",
            f"The effect spread sigma_theta{of} may be zero (95 % of its posterior lies below "
            f"{end}){others}: beyond what the modifiers predict, the data show no clear "
            "differences between groups, so group effects are pooled strongly towards their "
            "predictions.",
        )
    ]


def _which(estimand: Estimand) -> str:
    """Which of several effects, in words."""
    design = estimand.design
    of = f" of {estimand.treatment.name}" if len(design.effects) > 1 else ""
    return of + (f" for {estimand.category}" if estimand.category else "")


def _silent(estimand: Estimand) -> list[Caution]:
    text = silence_text(estimand.design, estimand.fitted.cells)
    return [Caution("empty_levels", text)] if text else []


def _columns(estimand: Estimand) -> list[Caution]:
    pairs = nearly_collinear(estimand.design, estimand.fitted.cells)
    if not pairs:
        return []
    name, partner, inflation = pairs[0]
    return [
        Caution(
            "nearly_collinear",
            f"Modifiers '{name}' and '{partner}' are nearly collinear (variance inflation "
            f"{inflation:,.0f}): their coefficients are uncertain and lean on the priors; their "
            "sum is better known than either.",
        )
    ]


def _baseline(estimand: Estimand) -> list[Caution]:
    design = estimand.design
    if design.plan.baseline != "shared":
        return []
    measured = baseline_difference(design, estimand.fitted.cells)
    if measured is None:
        return []
    sd, share, chance = measured
    what, who = "The modifiers are", "the modifiers"
    if not design.modifiers.names:
        what, who = "What tells groups apart is", "the groups"
    return [
        Caution(
            "shared_baseline",
            f"{what} not in the outcome equation (baseline='shared'), so a baseline "
            "difference between groups is read as a difference in effects. Among the untreated "
            f"rows {who} explain {share:.1%} of the outcome's variance ({chance:.1%} would "
            f"be expected by chance), a baseline sd of {short(sd)}. baseline='group' models it.",
        )
    ]


def _separation(estimand: Estimand) -> list[Caution]:
    """Arms in which the outcome stays at its edge: no finite estimate without the prior."""
    design, cells = estimand.design, estimand.fitted.cells
    if cells.content == "sums":
        return []
    found = cells.likelihood
    d = found.d
    cautions = []
    treated = (d != 0).any(axis=1)
    arms = [("treated rows", treated)]
    if len(design.effects) > 1:
        names = (f"rows with {effect.treatment.name}" for effect in design.effects)
        arms = list(zip(names, (d != 0).T, strict=True))
    for rows, mine in (*arms, ("control rows", ~treated)):
        words = _edge(estimand, found, mine)
        if words:
            cautions.append(
                Caution(
                    "separation",
                    f"'{design.measured}' {words} {rows} (complete separation): the data "
                    "bound the effect on one side only, and the prior does the rest. fit.priors() "
                    "shows it.",
                )
            )
    if design.plan.family not in ("bernoulli", "binomial"):
        return cautions
    y, n = found.outcome.y, found.outcome.trials
    if cautions:
        return cautions
    count = len(estimand.fitted.cells.group_gram)
    apart = np.ones(count, dtype=bool)
    for mine in (treated, ~treated):
        successes = np.bincount(found.group[mine], y[mine], count)
        trials = np.bincount(found.group[mine], n[mine], count)
        apart &= (trials >= LARGE_ARM) & ((successes == 0) | (successes == trials))
    some = np.flatnonzero(apart[: design.groups.count])
    if len(some):
        groups = design.groups
        shown = "; ".join(group_words(groups, groups.columns, some[:3], Labels.of(design)))
        more = f"; and {len(some) - 3:,} more" if len(some) > 3 else ""
        cautions.append(
            Caution(
                "separated_groups",
                f"In {len(some):,} of {design.groups.count:,} groups with at least {LARGE_ARM} "
                f"rows in each arm '{design.plan.outcome}' does not vary within an arm ({shown}"
                f"{more}): on the log-odds scale the prior does the work there. Effects in "
                "percentage points are steadier.",
            )
        )
    return cautions


def _edge(estimand: Estimand, found: LikelihoodCells, mine: NDArray[np.bool_]) -> str:
    """How some cells' outcomes all lie at the edge of what is possible, in words, or nothing."""
    plan, levels = estimand.design.plan, estimand.design.outcome.levels
    support = FAMILIES[plan.family].support
    outcome = found.outcome.take(np.flatnonzero(mine))
    y, n, event = outcome.y, outcome.trials, outcome.event
    if not len(y):
        return ""
    if support in ("binary", "successes"):
        share = y.sum() / n.sum()
        return {0.0: "never occurs in the", 1.0: "always occurs in the"}.get(float(share), "")
    if support == "count":
        return "" if y.any() else "is 0 in all"
    if support == "time":
        return "" if event.any() else "is censored in all"
    if support == "ordered" and (y == y[0]).all() and y[0] in (0, len(levels) - 1):
        return f"is '{levels[int(y[0])]}' in all"
    return ""


def _draws(estimand: Estimand) -> list[Caution]:
    d = estimand.diagnostics
    return [] if d.passed else [Caution(*d.warning)]
