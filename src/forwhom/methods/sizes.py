"""How much a design has to factorise and to explore: asked before any room is opened.

Tests: tests/methods/collapse/test_row.py, tests/methods/laplace/test_row.py.
"""

from __future__ import annotations

from forwhom.design import Design

MOST_DENSE = 1200  # own parameters of all factors but the largest: they are factorised together


def own_parameters(design: Design) -> list[int]:
    """Own parameters of each factor for one predictor, all its levels together."""
    found = [len(design.random_names) * (design.groups.count + design.groups.has_control_group)]
    for cluster in design.clusters:
        found.append((1 + cluster.effects * len(design.effects)) * len(cluster.levels))
    return found


def too_dense(dense: int) -> str:
    """Why so many own parameters beside those of the largest factor are refused; empty if not."""
    if dense <= MOST_DENSE:
        return ""
    return (
        f"all groupings but the largest have {dense:,} own parameters, and more than "
        f"{MOST_DENSE:,} are too many to factorise at once"
    )


def level_scales(design: Design) -> int:
    """Sds and correlations of groups and clusters, for one predictor."""
    r = len(design.random_names)
    of_groups = r + (r * (r - 1) // 2 if design.plan.correlated else 0)
    return of_groups + sum(1 + c.effects * len(design.effects) for c in design.clusters)
