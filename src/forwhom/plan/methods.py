"""What a plan can refuse early about the method it names: facts, before any room is opened.

A method's own ``refuses`` (``methods/``) knows how many arms a treatment has, which only data tell.
A test holds the two together.

Tests: tests/methods/test_contract.py, tests/plan/test_agreement.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from forwhom.errors import listing
from forwhom.families import FAMILIES
from forwhom.plan.parts import EXACT_FAMILIES
from forwhom.plan.plan import Plan
from forwhom.plan.priors import SHRINKING

SEVERAL_PREDICTORS = tuple(name for name, family in FAMILIES.items() if family.several)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a method cannot have; by default nothing.

    Attributes:
        families: the only ones it fits; empty where it fits any.
        form: what these have that others lack.
        one_by_one: whether it integrates groups out one by one, each with one normal effect.
        apart: whether it integrates groups out one by one, so that nothing may tie them.
        normal: whether levels and coefficients must be jointly normal given the sds.
        normal_levels: whether levels must be normal given the sds, and the residual sd one; the
            likelihood may be any.
        learns_noise: whether it needs a residual sd to learn, and no known standard errors.
    """

    families: tuple[str, ...] = ()
    form: str = ""
    one_by_one: bool = False
    apart: bool = False
    normal: bool = False
    normal_levels: bool = False
    learns_noise: bool = False


LIMITS = {
    "exact": Limits(
        EXACT_FAMILIES,
        "whose groups integrate out in closed form",
        one_by_one=True,
        learns_noise=True,
    ),
    "collapse": Limits(EXACT_FAMILIES, "whose groups integrate out in closed form", normal=True),
    "quadrature": Limits(apart=True),
    "laplace": Limits(normal_levels=True),
}


def limits_of(method: str) -> Limits:
    """Of a method by name; "auto" takes one that can."""
    return LIMITS.get(method, Limits())


def refusal(method: str, plan: Plan) -> str:
    """Why a method cannot fit a plan, as far as the plan tells, with the way out; empty if it can.

    >>> from forwhom.plan.make import make_plan
    >>> plan = make_plan(outcome="y", treatment="d", modifiers="age", clusters="state")
    >>> print(refusal("quadrature", plan))
    method 'quadrature' integrates groups out one by one, and clusters 'state' tie the groups \
together. Leave method to 'auto'.
    >>> refusal("nuts", plan)
    ''
    """
    limits = limits_of(method)
    if (limits.one_by_one or limits.apart or limits.normal) and plan.family in SEVERAL_PREDICTORS:
        return (
            f"method '{method}' takes one linear predictor, and family '{plan.family}' has one for "
            "every category but the reference. Leave method to 'auto'."
        )
    reason = beyond_collapse(plan) if limits.one_by_one else ""
    if limits.apart:
        reason = beyond_quadrature(plan)
    if reason:
        return (
            f"method '{method}' integrates groups out one by one, and {reason}. Leave method to "
            "'auto'."
        )
    if limits.normal and (reason := beyond_normal(plan)):
        return (
            f"method '{method}' integrates out what is normal given the sds, and {reason}. Leave "
            "method to 'auto'."
        )
    if limits.normal_levels and (reason := beyond_normal_levels(plan)):
        return (
            f"method '{method}' takes groups that are normal given the sds, and {reason}. Leave "
            "method to 'auto'."
        )
    if limits.families and plan.family not in limits.families:
        return (
            f"method '{method}' is for families {listing(limits.families)}, {limits.form}; family "
            f"'{plan.family}' has no such form. Say method='quadrature', or leave it to 'auto'."
        )
    return ""


def refusal_of_estimates(method: str, plan: Plan) -> str:
    """Why a method cannot fit an outcome that is itself an estimated effect; empty if it can."""
    if plan.std_error is None or not limits_of(method).learns_noise:
        return ""
    return (
        f"std_error '{plan.std_error}' says that the outcome is itself an estimated effect, whose "
        f"noise is known, and method '{method}' is for a residual sd that is learnt. Leave method "
        "to 'auto'."
    )


def beyond_collapse(plan: Plan) -> str:
    """Why groups cannot be integrated out in closed form one by one, as far as the plan tells.

    Empty if they can.
    """
    if found := beyond_quadrature(plan):
        return found
    reasons = (
        (plan.correlated, "a group's baseline and effects are correlated"),
        (plan.spread == "student", "group effects are Student-t"),
    )
    return next((words for holds, words in reasons if holds), "")


def beyond_quadrature(plan: Plan) -> str:
    """Why groups are not integrals of few dimensions, as far as the plan tells; empty if they are.

    Several arms of one treatment are, for a row has one of them.
    """
    shrunk = [k for k, _, prior in plan.priors if prior.distribution in SHRINKING]
    reasons = (
        (len(plan.treatments) > 1, "several treatments vary together in every group"),
        (bool(plan.clusters), f"clusters {listing(plan.clusters)} tie the groups together"),
        (plan.sigma_by is not None, f"the residual sd differs by {plan.sigma_by}"),
        (bool(shrunk), f"the prior of {listing(shrunk)} learns its own scales"),
        (plan.family in SEVERAL_PREDICTORS, "each category has a linear predictor of its own"),
    )
    return next((words for holds, words in reasons if holds), "")


def beyond_normal(plan: Plan) -> str:
    """Why levels and coefficients are not jointly normal given the sds; empty if they are."""
    reasons = (
        (plan.spread == "student", "group effects are Student-t"),
        (plan.sigma_by == "group", "the residual sd differs by group"),
    )
    return next((words for holds, words in reasons if holds), "")


def beyond_normal_levels(plan: Plan) -> str:
    """Why groups are not normal given the sds with one residual sd for all; empty if they are."""
    arms = f"the residual sd differs by {plan.sigma_by}" if plan.sigma_by else ""
    return beyond_normal(plan) or arms
