"""Warnings about groups and clusters: what their own rows cannot say.

Tests: tests/answers/test_cautions.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.caution import Caution
from forwhom.answers.words import group_words
from forwhom.cells import LikelihoodCells
from forwhom.design import Design
from forwhom.draw.labels import Labels
from forwhom.errors import listing
from forwhom.fitted import Estimand

IntArray = NDArray[np.int64]

KNOWN_NOISE = ("poisson", "exponential")  # the mean says how far outcomes lie from it


def small_groups(estimand: Estimand) -> list[Caution]:
    """Few groups, or groups of one row whose noise is not known."""
    groups, cells = estimand.design.groups, estimand.fitted.cells
    found = []
    one_control = groups.has_control_group
    size = estimand.design.effects[0].n_treated if one_control else groups.n_rows
    rows = "treated row" if one_control else "row"
    if estimand.sigma_theta is not None and groups.count < 5:
        found.append(
            Caution(
                "few_groups",
                f"Only {groups.count} group{'s' if groups.count > 1 else ''}: the effect spread "
                "sigma_theta is barely identified, and its prior matters. Compare with "
                "spread='none'.",
            )
        )
    alone = size == 1
    if cells.content == "rows":
        rows_of = cells.likelihood
        alone &= _mute(estimand.design, rows_of, rows_of.group)[: groups.count]
    if alone.all():
        found.append(
            Caution(
                "every_group_one_row",
                f"Every group has one {rows}: group effects cannot be told from noise, and rest on "
                "the modifiers and the priors alone. Use fewer modifiers, or bin them.",
            )
        )
    elif alone.mean() > 0.25:
        found.append(
            Caution(
                "one_row_groups",
                f"{int(alone.sum()):,} of {groups.count:,} groups have one {rows} (the "
                f"median group has {int(np.median(size))}): their effects lean on the modifiers.",
            )
        )
    return found


def _mute(design: Design, found: LikelihoodCells, codes: IntArray) -> NDArray[np.bool_]:
    """Groups or clusters of which one row cannot tell what is chance, as their noise is unknown.

    Args:
        codes: (C,) which one each cell is of.

    Returns:
        one for each code up to the largest.
    """
    known = design.estimates or design.plan.family in KNOWN_NOISE
    mute = np.full(len(codes), not known)
    if design.plan.family == "binomial":  # one trial has no spread that could be too large
        mute = found.outcome.trials <= found.rows
    return np.asarray(np.bincount(codes, mute) > 0)


def missing_arms(estimand: Estimand) -> list[Caution]:
    """Groups that lack an arm."""
    design, groups, t = estimand.design, estimand.design.groups, estimand.treatment
    if groups.has_control_group:
        return []
    found, labels = [], Labels.of(design)
    treated, control = estimand.effect.n_treated, estimand.effect.n_control
    several = len(design.effects) > 1
    varying = float(estimand.fitted.cells.within_variation[estimand.quantity.effect])
    if varying == 0 and not design.estimates:
        found.append(
            Caution(
                "treatment_between_groups",
                f"Treatment '{t.name}' does not vary within any group: its effect "
                "is read from differences between groups only, and other differences between "
                "groups are mixed into it.",
            )
        )
    elif t.kind == "dose":
        found += _still_doses(estimand, varying)
    elif t.kind == "binary":
        for arm, counts in (("treated", treated), ("control", control)):
            of = t.treated if arm == "treated" else t.control
            rows = f"rows with {t.column} '{of}'" if several else f"{arm} rows"
            empty = np.flatnonzero(counts == 0)
            if len(empty):
                shown = "; ".join(group_words(groups, groups.columns, empty[:3], labels))
                more = f"; and {len(empty) - 3:,} more" if len(empty) > 3 else ""
                found.append(
                    Caution(
                        f"no_{arm}_rows",
                        f"{len(empty):,} of {groups.count:,} groups "
                        f"{'has' if len(empty) == 1 else 'have'} no {rows} ({shown}{more}): "
                        f"{_instead(estimand)}",
                    )
                )
    return found


def _instead(estimand: Estimand) -> str:
    """What speaks for a group in place of its own rows."""
    if estimand.design.plan.spread != "none":
        return "what is said of them comes from the other groups."
    speaks = "is what the modifiers predict from the other groups"
    if not estimand.effect.modifiers.names:
        speaks = "is the one effect of all groups"
    return (
        f"what is said of them {speaks}, and spread='none' allows for no difference of their own, "
        "so that their intervals may be too narrow. spread='normal' allows for one."
    )


def _still_doses(estimand: Estimand, varying: float) -> list[Caution]:
    """Groups in which the dose does not vary, where no spread allows for what they do not tell."""
    design, column = estimand.design, estimand.treatment.column
    still = round((1 - varying) * design.groups.count)
    if not still or design.plan.spread != "none" or design.plan.baseline == "shared":
        return []
    return [
        Caution(
            "no_dose_variation",
            f"In {still:,} of {design.groups.count:,} groups '{column}' does not "
            f"vary: {_instead(estimand)}",
        )
    ]


def within_groups(estimand: Estimand) -> list[Caution]:
    """Modifiers that vary within the groups named."""
    design, found = estimand.design, []
    if design.groups.has_control_group:
        return []
    varies = estimand.fitted.cells.modifier_varies
    varying = [name for name, here in zip(design.modifiers.names, varies, strict=True) if here]
    if varying and design.plan.groups:
        found.append(
            Caution(
                "modifier_within_groups",
                f"Within groups of {listing(design.plan.groups)} there is variation in "
                f"{listing(varying)}: a group's effect is given at the group's mean of it.",
            )
        )
    return found


def small_clusters(estimand: Estimand) -> list[Caution]:
    """Clusterings that the data can hardly tell from noise, or know little of."""
    found, design, cells = [], estimand.design, estimand.fitted.cells
    for k, cluster in enumerate(design.clusters):
        count = len(cluster.levels)
        alone = (cluster.n_rows == 1).all()
        mute = cells.content == "sums" or bool(
            _mute(design, cells.likelihood, cells.likelihood.clusters[:, k]).all()
        )
        if alone and mute:
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
