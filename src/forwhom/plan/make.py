"""From keywords to a checked plan: everything that needs no data.

Tests: tests/plan/test_plan.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from forwhom.errors import PlanError, listing, nearest
from forwhom.plan import values
from forwhom.plan.agreement import check_agreement, check_columns
from forwhom.plan.family import implied_family
from forwhom.plan.kinds import frame_of, value_of
from forwhom.plan.parts import AUTO, KEYS, PARTS
from forwhom.plan.plan import Plan


def make_plan(**keywords: object) -> Plan:
    """Check everything that needs no data and fill in the defaults.

    Keywords are the fields of :class:`Plan`; ``outcome`` and ``treatment`` must be given, and
    ``None`` anywhere means "not given". Without ``modifiers`` and ``groups`` all rows are one
    group, with baseline "shared" and spread "none". ``bins`` is a count (4) or
    a mapping of column to count or cut points; ``priors`` a mapping of parameter to text, or to a
    mapping of term to text. Raises :class:`PlanError`.

    >>> plan = make_plan(outcome="vote", treatment="letter", modifiers="age*woman")
    >>> plan.columns
    ('vote', 'letter', 'age', 'woman')
    >>> plan.baseline, plan.draws
    ('group', 4000)
    """
    given = {key: value for key, value in keywords.items() if value is not None}
    try:
        return _make(given)
    except PlanError as error:
        from forwhom.plan.rewrite import in_our_words  # only a mistake pays for it

        if words := in_our_words(given, _make, str(error)):
            raise PlanError(f"{error}{words}") from None
        raise


def _make(given: Mapping[str, object]) -> Plan:
    """The plan of the keywords that are given."""
    _check_keys(given)
    asked = values.choice(given.get("family", AUTO), "family", PARTS["family"].choices)
    implied = implied_family(given) if asked == AUTO else None
    family, why = implied or (asked, "")
    try:
        plan = _of_family(given, family)
    except PlanError as error:
        if f"'{family}'" not in str(error) or not why:
            raise
        raise PlanError(f"{error} (Family '{family}', because {why}.)") from None
    return replace(plan, family=asked)  # "auto" is settled, with its reason, beside the data


def _of_family(given: Mapping[str, object], family: str) -> Plan:
    """The plan under a family, or "auto" where the outcome will tell."""
    frame = frame_of(given, family)
    found = {name: value_of(part, frame) for name, part in PARTS.items()}
    event, event_level = found.pop("event") or (None, None)
    treatments = found.pop("treatment")
    plan = Plan(**found, treatments=treatments, event=event, event_level=event_level)
    check_columns(plan)
    check_agreement(plan)
    return plan


def _check_keys(given: Mapping[str, object]) -> None:
    for key in given:
        if key not in KEYS:
            from forwhom.plan.spellings import keyword_elsewhere  # only a mistake pays for it

            found = keyword_elsewhere(key)
            hint = f": {found.words}." if found else f".{nearest(key, KEYS)}"
            raise PlanError(
                f"'{key}' is not a part of a plan{hint} "
                f"A plan has: {listing(KEYS, most=len(KEYS))}."
            )
    if "outcome" not in given:
        raise PlanError("a plan needs outcome: the column that holds what is measured.")
