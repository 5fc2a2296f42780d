"""Warnings about clusters nested in groups, or groups in clusters, whose sds are hardly told apart.

Tests: tests/answers/test_nested.py.
"""

from __future__ import annotations

from math import inf, pi

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.caution import Caution
from forwhom.data.text import percent
from forwhom.errors import plural
from forwhom.fitted import Estimand
from forwhom.plan.priors import Prior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FEWEST = 3  # groups with several clusters, from which the two sds are told apart by more than one


def nested_clusters(estimand: Estimand) -> list[Caution]:
    """Clusters that are groups but for a few: sigma_b and their sd stand for one another."""
    design, cells, found = estimand.design, estimand.fitted.cells, []
    sigma_b = estimand.sigma_b
    if cells.content == "sums" or sigma_b is None:
        return []
    rows, draws = cells.likelihood, estimand.fitted.draws.clusters
    for k, cluster in enumerate(design.clusters):
        inner, outer = rows.clusters[:, k], rows.group
        words = f"every cluster of '{cluster.name}' lies in one group", "groups", "of its clusters"
        if not _within(inner, outer):
            inner, outer = outer, inner
            words = f"every group lies in one cluster of '{cluster.name}'", "clusters", "group"
            if not _within(inner, outer):
                continue
        parts = np.bincount(np.unique(np.column_stack([outer, inner]), axis=0)[:, 0])
        telling = int((parts > 1).sum())
        if telling >= FEWEST:
            continue
        sd = draws[k].spreads[:, estimand.quantity.predictor, 0]
        share = _share_of_prior(estimand, k, sigma_b, sd)
        said = "" if share is None else f" (their priors decide {percent(round(share, 2))} of it)"
        name = f"sigma_{cluster.name}"
        found.append(
            Caution(
                "nested_clusters",
                f"{words[0][:1].upper()}{words[0][1:]}, and {telling} of "
                f"{plural(len(parts), words[1].removesuffix('s'))} "
                f"{'has' if telling == 1 else 'have'} more than one {words[2]}: the ratio of "
                f"sigma_b and {name} can hardly be told{said}. Leave '{cluster.name}' out of "
                "clusters, or say baseline='modifiers'.",
            )
        )
    return found


def _within(inner: IntArray, outer: IntArray) -> bool:
    """Whether each of the inner parts lies in one of the outer."""
    pairs = np.unique(np.column_stack([inner, outer]), axis=0)
    return len(pairs) == len(np.unique(inner))


def _share_of_prior(
    estimand: Estimand, k: int, sigma_b: FloatArray, sd: FloatArray
) -> float | None:
    """How much of the log ratio's prior variance is left; None where a prior is flat."""
    entries = [estimand.priors.spreads[0], estimand.priors.clusters[k][0]]
    before = sum(_log_variance(entry.prior) for entry in entries)
    if before == inf:
        return None
    after = float(np.var(np.log(sigma_b) - np.log(sd)))
    return min(after / before, 1.0)


def _log_variance(prior: Prior) -> float:
    """Variance of a scale's logarithm before the data.

    >>> round(_log_variance(Prior("half_normal", (3.0,))), 4)  # pi^2 / 8, whatever the scale
    1.2337
    """
    from scipy.special import polygamma

    numbers = prior.parameters
    if prior.distribution == "half_normal":
        return pi**2 / 8
    if prior.distribution == "half_cauchy":
        return pi**2 / 4
    if prior.distribution == "half_student_t":  # a normal over the root of a chi-square
        return float(polygamma(1, 0.5) + polygamma(1, numbers[0] / 2)) / 4
    if prior.distribution == "exponential":
        return pi**2 / 6
    if prior.distribution == "gamma":
        return float(polygamma(1, numbers[0]))
    return inf
