"""Posterior predictive checks: observed statistics among those of replicated data.

Tests: tests/fitted/test_replicate.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.answer import Answer
from forwhom.answers.naming import arm_names, axis_name, labels_for
from forwhom.answers.words import group_words
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.families import FAMILIES
from forwhom.fitted import CellPredictor, Estimand, Replication, no_replication

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import Labels, ValueLabels

FloatArray = NDArray[np.float64]

WORST = 5  # groups named
MOST_Z = 1e6
HEADERS = {
    "where": "Where",
    "statistic": "Statistic",
    "n": "Rows",
    "observed": "Observed",
    "replicated": "Replicated",
    "conf_low": "Low",
    "conf_high": "High",
    "z": "z",
    "prob_above": "P(above)",
}


def check_table(workings: Workings, level: float) -> Tidy:
    """Statistics of each arm, then the means of the groups that fit worst.

    ``replicated`` is the median of the replicated data sets and the interval holds ``level`` of
    them; ``z`` counts their standard deviations between observed and replicated; ``prob_above`` is
    the share of them above the observed statistic, ties counted half.
    """
    found, predictor = workings.replication, workings.predictor
    s, a = found.observed.shape
    group, arm, total = _worst(found)
    if not workings.design.groups.columns:  # one group's means are the arms'
        group, arm = group[:0], arm[:0]
    observed = np.r_[found.observed.ravel(), found.group_observed[group, arm]]
    replicated = np.vstack(
        [found.replicated.reshape(s * a, -1), found.group_replicated[group, arm]]
    )
    groups = [
        f"{predictor.group_name(int(g))}, {found.arms[k]}" for g, k in zip(group, arm, strict=True)
    ]
    tail = (1 - level) / 2
    low, middle, high = np.quantile(replicated, [tail, 0.5, 1 - tail], axis=1)
    columns = {
        "where": [*(found.arms * s), *groups],
        "statistic": [
            *(name for name in found.statistics for _ in range(a)),
            *[_mean_of(predictor)] * len(group),
        ],
        "n": np.r_[np.tile(found.n, s), found.group_n[group, arm]],
        "observed": observed,
        "replicated": middle,
        "conf_low": low,
        "conf_high": high,
        "z": _z(observed, replicated),
        "prob_above": above(observed, replicated),
    }
    order = np.r_[np.arange(s * a).reshape(s, a).T.ravel(), s * a + np.arange(len(group))]
    columns = {
        name: values[order] if isinstance(values, np.ndarray) else [values[i] for i in order]
        for name, values in columns.items()
    }
    trials = predictor.family.support == "successes"
    headers = HEADERS | ({"n": "Trials"} if trials else {})
    sets = replicated.shape[1]
    outside, every = total
    notes = (
        f"{sets:,} replicated data sets, every row's outcome drawn again. P(above): share of them "
        "above the observed value; below 0.025 or above 0.975 the model misses that feature.",
        *((_of_groups(outside, every, level, len(group)),) if len(group) else ()),
        *_weighted(predictor),
    )
    return Tidy(columns, "Posterior predictive checks", level, notes, headers)


def _of_groups(outside: int, every: int, level: float, named: int) -> str:
    return (
        f"Of {every:,} means of groups by arm, {outside:,} ({outside / every:.1%}) lie outside "
        f"their interval; {1 - level:.0%} would if the model were right, fewer as each group has "
        f"its own parameters. Named: the {named} that are furthest out."
    )


def _mean_of(predictor: CellPredictor) -> str:
    """What a group's mean is."""
    levels = predictor.fitted.design.outcome.levels
    named = {
        "binary": f"share {levels[1]}" if len(levels) == 2 else "mean",
        "ordered": "mean, levels as 0, 1, ...",
        "unordered": "share of the commonest",
    }
    return named.get(predictor.family.support, "mean")


def _weighted(predictor: CellPredictor) -> tuple[str, ...]:
    plan = predictor.fitted.design.plan
    if plan.weights is None or plan.weights_kind == "frequency":
        return ()
    return (
        "Under sampling weights, rows alike are drawn as if they were as many as their weights "
        "sum to.",
    )


def _worst(found: Replication) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, int]]:
    """Groups and arms furthest from what is replicated; how many are outside 95 %, of how many."""
    present = found.group_n > 0
    z = np.zeros(found.group_n.shape)
    z[present] = _z(found.group_observed[present], found.group_replicated[present])
    p = above(found.group_observed[present], found.group_replicated[present])
    outside = int(((p < 0.025) | (p > 0.975)).sum())
    order = np.argsort(-np.abs(z), axis=None, kind="stable")[: min(WORST, int(present.sum()))]
    group, arm = np.unravel_index(order, z.shape)
    return group.astype(np.int64), arm.astype(np.int64), (outside, int(present.sum()))


def _z(observed: FloatArray, replicated: FloatArray) -> FloatArray:
    """Standard deviations from the replicated mean; zero where both never vary and agree.

    Cut off at ``MOST_Z``: replicated values that hardly vary put anything at any distance.
    """
    unit = np.maximum(np.abs(replicated).max(axis=1, initial=0.0), np.abs(observed))
    unit = np.where(unit > 0, unit, 1.0)  # squares of 1e200 would be out of reach
    scaled = replicated / unit[:, None]
    off, sd = observed / unit - scaled.mean(axis=1), scaled.std(axis=1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z = np.where(off == 0, 0.0, off / sd)
    return np.clip(z, -MOST_Z, MOST_Z)


def above(observed: FloatArray, replicated: FloatArray) -> FloatArray:
    """Share of replicated values, (m, T), above each observed one, (m,), ties counted half."""
    one = observed[:, None]
    tie = np.isclose(replicated, one, rtol=1e-12, atol=0)
    return np.asarray((np.where(tie, 0.5, replicated > one)).mean(axis=1))


def check_figure(
    workings: Workings,
    *,
    of: Literal["rows", "groups"] | None = None,
    level: float = 0.95,
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """Observed outcomes beside replicated ones, by arm: of all rows, or of each group's mean."""
    estimand, found = workings.estimands[0], workings.replication
    names = labels_for(estimand, labels, value_labels)
    share = FAMILIES[workings.plan.family].support in ("binary", "successes")
    grouped = bool(workings.design.groups.columns)
    if (of or ("groups" if share and grouped else "rows")) == "rows":
        asks = "Does the model reproduce what was observed?"
        asks = asks if title is None else title
        return outcomes_figure(estimand, found, names, title=asks, level=level)
    asks = "Does the model reproduce what was observed in every group?"
    asks = asks if title is None else title
    return _groups_figure(estimand, found, names, title=asks, level=level)


def outcomes_figure(estimand: Estimand, found: Replication, labels: Labels, **frame: Any) -> Figure:
    """Outcomes as they are beside those drawn; ``frame``: the figure's title, level and source."""
    from forwhom.draw.replications import Frame, shares_figure

    name = axis_name(estimand, labels)
    trials = FAMILIES[estimand.design.plan.family].support == "successes"
    return shares_figure(
        arm_names(estimand, found, labels),
        found.bins,
        found.share_observed,
        found.share_replicated,
        Frame(
            x_title=f"{name}: share of trials" if trials else name,
            counted="trials" if trials else "rows",
            **frame,
        ),
    )


def _groups_figure(estimand: Estimand, found: Replication, labels: Labels, **frame: Any) -> Figure:
    from forwhom.draw.replications import Frame, Means, means_figure

    groups, support = estimand.design.groups, FAMILIES[estimand.design.plan.family].support
    names = group_words(groups, groups.columns, np.arange(groups.count), labels)
    names += ["control group"] * (len(found.group_n) - groups.count)
    name, levels = axis_name(estimand, labels), estimand.design.outcome.levels
    what = {
        "binary": f"{name}: share of {levels[1]}" if len(levels) == 2 else name,
        "successes": f"{name}: share of trials",
        "ordered": f"{name}: mean, levels as 0, 1, ...",
        "unordered": f"{name}: share of the commonest",
    }.get(support, f"{name}: mean")
    as_share = support in ("binary", "successes", "unordered")
    return means_figure(
        arm_names(estimand, found, labels),
        Means(names, found.group_n, found.group_observed, found.group_replicated, as_share),
        Frame(x_title=what, counted="trials" if support == "successes" else "rows", **frame),
    )


CHECK = Answer(
    "check",
    "Posterior predictive checks: statistics of the data among those of replicated data.",
    ("level",),
    check_table,
    check_figure,
    ("of", "level", "labels", "value_labels", "title"),
    lambda workings: no_replication(workings.predictor, "check()"),
    "checked",
)
