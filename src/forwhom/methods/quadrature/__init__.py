"""The quadrature method: groups integrated out numerically, any family.

Tests: tests/methods/test_contract.py.
"""

from __future__ import annotations

from forwhom.design import Design
from forwhom.methods.method import Method
from forwhom.plan import beyond_quadrature

MOST_SCALES = 12  # sds, correlations and degrees of freedom that the proposal explores


def _refuses(design: Design) -> str:
    plan, effects = design.plan, len(design.effects)
    if why := beyond_quadrature(plan):
        return why
    if plan.correlated and effects > 1:
        return f"a group's baseline and the effects of its {effects} arms are correlated"
    heavy = effects if plan.spread == "student" else 0
    scales = len(design.random_names) + plan.correlated + heavy
    if scales > MOST_SCALES:
        return f"{scales} standard deviations and the like are too many to explore together"
    return ""


QUADRATURE = Method(
    name="quadrature",
    words="groups integrated out numerically; independent draws",
    needs="rows",
    refuses=_refuses,
)
