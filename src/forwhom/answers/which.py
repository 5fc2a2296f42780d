"""Which of a fit's effects and categories a figure shows, and the names of their files.

Tests: tests/answers/test_contract.py, tests/test_api.py.
"""

from __future__ import annotations

import re

from forwhom.answers.workings import Workings
from forwhom.errors import OutputError, listing, nearest
from forwhom.fitted import Estimand, check_scale


def pictured(workings: Workings) -> tuple[Estimand, ...]:
    """What figures can show: each effect on the outcome's scale, or each category on the link's."""
    shown = workings.on_scale(check_scale(workings.fitted, None))
    one_each = len(shown) == len(workings.estimands) == len(workings.design.effects)
    return shown if one_each else workings.estimands


def picked(workings: Workings, treatment: str | None, category: str | None) -> Estimand:
    """The first that has the names given.

    Raises:
        OutputError: a name that is not in the fit.
    """
    found = pictured(workings)
    for key, name, names in (
        ("treatment", treatment, [one.treatment.name for one in found]),
        ("category", category, [one.category for one in found]),
    ):
        if name is not None and not any(names):
            raise OutputError(
                f"{key}={name!r} picks one of several, and this fit has no {key} to pick from. "
                "Leave it out."
            )
        if name is not None and name not in names:
            raise OutputError(
                f"{key}={name!r} is not in the fit; it has {listing(dict.fromkeys(names))}."
                f"{nearest(name, names)}"
            )
    return next(
        one
        for one in found
        if treatment in (None, one.treatment.name) and category in (None, one.category)
    )


def endings(workings: Workings) -> dict[str, dict[str, str]]:
    """What picks every effect and category, by an ending for its files' names."""
    every = pictured(workings)
    one_effect = len({one.quantity.effect for one in every}) == 1
    found: dict[str, dict[str, str]] = {}
    for one in every:
        name = one.treatment.name
        end = ending("" if one_effect else name, one.category)
        while end in found:
            end += "_"
        category = {"category": one.category} if one.category else {}
        found[end] = {"treatment": name} | category
    return found


def ending(treatment: str, category: str) -> str:
    """Of a file's name.

    >>> ending("arm[mail]", ""), ending("ad", "no answer")
    ('_arm_mail', '_ad_no_answer')
    """
    parts = [re.sub(r"\W+", "_", part).strip("_") for part in (treatment, category)]
    return "".join(f"_{part}" for part in parts if part)
