"""What the summary asks of all groups, in one pass where they are too many to keep.

Tests: tests/answers/test_ahead.py.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from forwhom.answers.by import parts_key, parts_task
from forwhom.answers.differences import DIFFERENCES, compared
from forwhom.answers.outcomes import outcomes_key, outcomes_task
from forwhom.answers.passes import Task, group_task
from forwhom.answers.selection import Selection
from forwhom.answers.telling import Telling
from forwhom.answers.workings import Workings, pass_key
from forwhom.fitted import Estimand, check_scale, no_outcomes, no_outcomes_of_groups


def work_ahead(workings: Workings) -> None:
    """Fill the workings with what the average, who, differences and outcomes ask for.

    Nothing where all effects are kept: then each question has them at hand.
    """
    shown = workings.on_scale(check_scale(workings.fitted, None))
    if not shown[0].few:
        tasks: dict[Hashable, Task[Any]] = {}
        for one in shown:
            tasks |= _asked(workings, one)
        workings.kept_together(tasks)


def _asked(workings: Workings, estimand: Estimand) -> dict[Hashable, Task[Any]]:
    """What is asked of one effect, by what it is kept by."""
    everyone, telling = Selection(), Telling(workings.plan.level)
    tasks: dict[Hashable, Task[Any]] = {pass_key(estimand, telling): group_task(estimand, telling)}
    if not DIFFERENCES.refuses(workings):
        splits, crosses = compared(workings, estimand)
        if splits:
            parts = [*splits.values(), *crosses.values()]
            tasks[parts_key(estimand, parts, everyone)] = parts_task(estimand, parts, everyone)
    fitted = workings.fitted
    own_scale = estimand.quantity.scale != "percent"  # both means are told then
    if own_scale and not no_outcomes(fitted) and not no_outcomes_of_groups(fitted):
        every = np.arange(estimand.count)
        one, weight = np.zeros(estimand.count, dtype=np.int64), everyone.weight(estimand)
        key = outcomes_key(estimand, (), everyone)
        tasks[key] = outcomes_task(estimand, every, one, 1, weight)
    return tasks
