"""What is said where a plan names no columns that the effect may differ by.

Tests: tests/answers/test_no_groups.py.
"""

from __future__ import annotations

from collections.abc import Callable

from forwhom.answers.workings import Workings
from forwhom.design import Groups

NONE_NAMED = "no columns were named that the effect may differ by"
NAME_THEM = 'To ask for whom it works, name them: modifiers="age + party", or groups="region".'


def needs_columns(question: str, verb: str, treatments: str = "") -> Callable[[Workings], str]:
    """A refusal of a question about groups, where all rows are one.

    Args:
        question: its name; verb: what there is nothing to do with.
        treatments: what can be asked where there are several effects; empty where nothing can.
    """

    def refuses(workings: Workings) -> str:
        if workings.design.groups.columns or (treatments and len(workings.design.effects) > 1):
            return ""
        return f"{question}(): {NONE_NAMED}, so there is nothing to {verb}. {NAME_THEM}"

    return refuses


def without_columns(groups: Groups, option: str) -> str:
    """Why an option that names a grouping column has none to name; empty where it has."""
    return "" if groups.columns else f"{option}: {NONE_NAMED}. {NAME_THEM}"
