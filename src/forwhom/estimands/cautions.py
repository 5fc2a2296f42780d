"""Warnings: what the data cannot say, each with its own words and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells, LikelihoodCells, baseline_difference, nearly_collinear
from forwhom.data import Tidy
from forwhom.design import number_text
from forwhom.errors import listing
from forwhom.families import FAMILIES
from forwhom.posterior import Posterior, link_words

LARGE_ARM = 5  # rows of a group's arm from which an outcome that never varies is worth a word


@dataclass(frozen=True, slots=True)
class Caution:
    """One warning.

    Attributes:
        code: a short stable name, for programs.
        text: what a reader should know.
    """

    code: str
    text: str


def cautions(posteriors: Sequence[Posterior], cells: Cells, average: Tidy) -> tuple[Caution, ...]:
    """Everything a careful analyst would want said, most basic first.

    Args:
        posteriors: one per effect, and per category of an unordered outcome.
        cells: the fit's.
        average: the table of the average effect, on the scale it is told in.
    """
    posterior, effects = posteriors[0], posteriors[: len(posteriors[0].design.effects)]
    found = [
        *(caution for one in effects for caution in _arms(one)),
        *_groups(posterior),
        *(caution for one in effects for caution in _coverage(one, cells)),
        *_within(posterior, cells),
        *_clusters(posterior),
        *_spread(posteriors),
        *_columns(posterior, cells),
        *_baseline(posterior, cells),
        *_separation(posterior, cells),
        *_heavy_tail(posterior, average),
        *_draws(posterior),
    ]
    return tuple(dict.fromkeys(found))


def _arms(posterior: Posterior) -> list[Caution]:
    """An arm of one row, whose chance and whose effect are hard to tell apart."""
    design, t = posterior.design, posterior.design.treatment
    several = len(design.effects) > 1
    treated = int(design.groups.n_treated.sum())
    untreated = int(design.groups.n_control.sum()) if several else design.usage.n_used - treated
    if treated == 1 and t.kind != "estimate":
        arm = "has a dose" if t.kind == "dose" else f"is treated ({t.column}: {t.treated})"
    elif t.kind == "binary" and untreated == 1:
        arm = f"is untreated ({t.column}: {t.control})"
    else:
        return []
    own = f"_{t.column}" if several else ""
    prior = next(e.prior for e in posterior.priors.coefficients if e.parameter == f"lambda{own}")
    spread = [e.prior.text for e in posterior.priors.spreads if e.parameter == f"sigma_theta{own}"]
    more = f", and that of sigma_theta, {spread[0]}, any difference between groups"
    return [
        Caution(
            "one_row_arm",
            f"Only one row {arm}: every effect rests on that row, chance and all, and its interval "
            f"is as wide as one row's noise. The prior of the effect, {prior.text}, does the rest"
            f"{more if spread else ''}.",
        )
    ]


def _groups(posterior: Posterior) -> list[Caution]:
    groups, estimates = posterior.design.groups, posterior.design.estimates
    found = []
    one_control = groups.has_control_group
    size = groups.n_treated if one_control else groups.n_rows
    rows = "treated row" if one_control else "row"
    if posterior.sigma_theta is not None and groups.count < 5:
        found.append(
            Caution(
                "few_groups",
                f"Only {groups.count} group{'s' if groups.count > 1 else ''}: the effect spread "
                "sigma_theta is barely identified, and its prior matters. Compare with "
                "spread='none'.",
            )
        )
    if estimates:  # one row may say all there is to know of a group: its noise is known
        return found
    if (size == 1).all():
        found.append(
            Caution(
                "every_group_one_row",
                f"Every group has one {rows}: group effects cannot be told from noise, and rest on "
                "the modifiers and the priors alone. Use fewer modifiers, or bin them.",
            )
        )
    elif (size == 1).mean() > 0.25:
        found.append(
            Caution(
                "one_row_groups",
                f"{int((size == 1).sum()):,} of {groups.count:,} groups have one {rows} (the "
                f"median group has {int(np.median(size))}): their effects lean on the modifiers.",
            )
        )
    return found


def _coverage(posterior: Posterior, cells: Cells) -> list[Caution]:
    """Groups that lack an arm."""
    design, groups = posterior.design, posterior.design.groups
    if groups.has_control_group:
        return []
    found = []
    treated, control = groups.n_treated, groups.n_control
    several = len(design.effects) > 1
    if cells.within_variation[design.at] == 0 and not design.estimates:
        found.append(
            Caution(
                "treatment_between_groups",
                f"Treatment '{design.treatment.name}' does not vary within any group: its effect "
                "is read from differences between groups only, and other differences between "
                "groups are mixed into it.",
            )
        )
    elif design.treatment.kind == "binary":
        for arm, counts in (("treated", treated), ("control", control)):
            of = design.treatment.treated if arm == "treated" else design.treatment.control
            rows = f"rows with {design.treatment.column} '{of}'" if several else f"{arm} rows"
            empty = np.flatnonzero(counts == 0)
            if len(empty):
                shown = "; ".join(groups.name(int(g)) for g in empty[:3])
                more = f"; and {len(empty) - 3:,} more" if len(empty) > 3 else ""
                found.append(
                    Caution(
                        f"no_{arm}_rows",
                        f"{len(empty):,} of {groups.count:,} groups "
                        f"{'has' if len(empty) == 1 else 'have'} no {rows} ({shown}{more}): "
                        "what is said of them comes from the other groups.",
                    )
                )
    return found


def _within(posterior: Posterior, cells: Cells) -> list[Caution]:
    """Modifiers that vary within the groups named."""
    design, found = posterior.design, []
    if design.groups.has_control_group:
        return []
    varying = [
        name
        for name, varies in zip(design.modifiers.names, cells.modifier_varies, strict=True)
        if varies
    ]
    if varying and design.plan.groups:
        found.append(
            Caution(
                "modifier_within_groups",
                f"Within groups of {listing(design.plan.groups)} there is variation in "
                f"{listing(varying)}: a group's effect is given at the group's mean of it.",
            )
        )
    return found


def _clusters(posterior: Posterior) -> list[Caution]:
    """Clusterings that the data can hardly tell from noise, or know little of."""
    found = []
    for cluster in posterior.design.clusters:
        count = len(cluster.levels)
        if (cluster.n_rows == 1).all():
            found.append(
                Caution(
                    "every_cluster_one_row",
                    f"Every cluster of '{cluster.name}' has one row: its spread cannot be told "
                    "from noise and rests on its prior.",
                )
            )
        elif count < 5:
            found.append(
                Caution(
                    "few_clusters",
                    f"'{cluster.name}' has {count} clusters: the spread between them is barely "
                    "identified, and its prior matters. As a control C"
                    f"({cluster.name}) it would do without one.",
                )
            )
    return found


def _spread(posteriors: Sequence[Posterior]) -> list[Caution]:
    if posteriors[0].design.groups.count < 5:  # said already that spreads are hardly known
        return []
    said = []
    for one in posteriors:
        if one.sigma_theta is None:
            continue
        low, middle, high = (float(q) for q in np.quantile(one.sigma_theta, [0.05, 0.5, 0.95]))
        if low <= 0.25 * middle:  # a half-normal shape, piled up at zero, has a ratio of 0.09
            said.append((_which(one), _short(high)))
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


def _which(posterior: Posterior) -> str:
    """Which of several effects, in words."""
    design = posterior.design
    of = f" of {design.treatment.name}" if len(design.effects) > 1 else ""
    return of + (f" for {posterior.category}" if posterior.category else "")


def _columns(posterior: Posterior, cells: Cells) -> list[Caution]:
    pairs = nearly_collinear(posterior.design, cells)
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


def _baseline(posterior: Posterior, cells: Cells) -> list[Caution]:
    design = posterior.design
    if design.plan.baseline != "shared":
        return []
    measured = baseline_difference(design, cells)
    if measured is None:
        return []
    sd, share, chance = measured
    return [
        Caution(
            "shared_baseline",
            "The modifiers are not in the outcome equation (baseline='shared'), so a baseline "
            "difference between groups is read as a difference in effects. Among the untreated "
            f"rows the modifiers explain {share:.1%} of the outcome's variance ({chance:.1%} would "
            f"be expected by chance), a baseline sd of {_short(sd)}. baseline='group' models it.",
        )
    ]


def _separation(posterior: Posterior, cells: Cells) -> list[Caution]:
    """Arms in which the outcome stays at its edge: no finite estimate without the prior."""
    design, found = posterior.design, cells.likelihood
    if found is None:
        return []
    d = found.d
    cautions = []
    treated = (d != 0).any(axis=1)
    arms = [("treated rows", treated)]
    if len(design.effects) > 1:
        names = (f"rows with {effect.treatment.name}" for effect in design.effects)
        arms = list(zip(names, (d != 0).T, strict=True))
    for rows, mine in (*arms, ("control rows", ~treated)):
        words = _edge(posterior, found, mine)
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
    count = len(cells.group_gram)
    apart = np.ones(count, dtype=bool)
    for mine in (treated, ~treated):
        successes = np.bincount(found.group[mine], y[mine], count)
        trials = np.bincount(found.group[mine], n[mine], count)
        apart &= (trials >= LARGE_ARM) & ((successes == 0) | (successes == trials))
    some = np.flatnonzero(apart[: design.groups.count])
    if len(some):
        shown = "; ".join(design.groups.name(int(g)) for g in some[:3])
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


def _edge(posterior: Posterior, found: LikelihoodCells, mine: NDArray[np.bool_]) -> str:
    """How some cells' outcomes all lie at the edge of what is possible, in words, or nothing."""
    plan, levels = posterior.design.plan, posterior.design.outcome.levels
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


def _heavy_tail(posterior: Posterior, average: Tidy) -> list[Caution]:
    """An average effect whose sd cannot be told from draws: a mean time, for instance."""
    if not np.isnan(np.asarray(average.columns["std_error"])).any():
        return []
    known = link_words(posterior.design.plan)
    way = f" Effects on the {known} are steadier (scale='link')." if known else ""
    return [
        Caution(
            "heavy_tail",
            f"The posterior of the average effect has so heavy a tail that one of "
            f"{posterior.diagnostics.draws:,} draws makes up more than a quarter of its variance: "
            "no standard error is given, and the ends of the interval lean on the priors "
            f"(fit.priors() shows them).{way}",
        )
    ]


def _draws(posterior: Posterior) -> list[Caution]:
    d = posterior.diagnostics
    if d.passed:
        return []
    if d.chains is not None:
        wrong = "; ".join(d.chains.failures(d.draws))
        return [
            Caution(
                "chains",
                f"The chains fail their check ({wrong}): do not rely on these results. Try more "
                "informative priors, fewer modifiers or more draws.",
            )
        ]
    return [
        Caution(
            "k_hat",
            f"The importance weights fail their check (Pareto k-hat {d.k_hat:.2f}, should be below "
            f"0.7; effective share {d.effective_share:.1%}, should be above 5 %): do not rely on "
            "these results. Try method='nuts', or more informative priors on the spreads, in the "
            "outcome's units.",
        )
    ]


def _short(x: float) -> str:
    return number_text(float(f"{x:.2g}"))
