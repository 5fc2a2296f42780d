"""What a plan alone says of its outcome's family, where that is "auto".

Tests: tests/plan/test_families.py
"""

from __future__ import annotations

from collections.abc import Mapping

from forwhom.errors import PlanError, listing
from forwhom.plan.parts import PARTS

# Parts of a plan that one family alone has a place for, and why, in the order they are believed.
ONE_FAMILY = (
    ("std_error", "gaussian", "std_error is given"),
    ("trials", "binomial", "trials are given"),
    ("success", "bernoulli", "success names a level of the outcome"),
    ("reference_category", "categorical", "reference_category is given"),
    ("breaks", "piecewise_exponential", "breaks are given"),
    ("sigma_by", "gaussian", "sigma_by is given"),
    ("preset", "gaussian", "the published analyses are of means"),
)
# Parts that several families have a place for, between which a person chooses.
SEVERAL = ("exposure", "event")


def implied_family(given: Mapping[str, object]) -> tuple[str, str] | None:
    """The family that the keywords alone decide, and why; None where the outcome does.

    Raises:
        PlanError: they belong to several families, between which is not guessed.

    >>> implied_family({"trials": "n"}), implied_family({"controls": "age"})
    (('binomial', 'trials are given'), None)
    """
    for key, family, why in ONE_FAMILY:
        if given.get(key) is not None:
            return family, why
    if given.get("method") == "exact":
        return "gaussian", "method 'exact' is asked for"
    for key in SEVERAL:
        families = PARTS[key].families
        if given.get(key) is not None:
            raise PlanError(
                f"{key} belongs to families {listing(families)}, and which one is not guessed. "
                f"Add family='{families[0]}' (as a flag --family {families[0]}), or name another "
                "of them there."
            )
    return None
