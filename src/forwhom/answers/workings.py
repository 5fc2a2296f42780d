"""A fit, and what has been worked out from its draws: each thing once.

Tests: tests/answers/test_workings.py.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.passes import GroupPass, Task, average_draws, pass_over_groups, together
from forwhom.answers.telling import Telling
from forwhom.design import Design
from forwhom.draw.labels import Labels
from forwhom.fitted import (
    CellPredictor,
    Elpd,
    Estimand,
    Evidence,
    Fitted,
    Replication,
    estimands_of,
    evidence,
    loo,
    replicate,
    waic,
    with_rows,
)
from forwhom.plan import Plan


def pass_key(estimand: Estimand, telling: Telling) -> Hashable:
    """What summaries of every group are kept by."""
    return "pass", estimand.quantity, replace(telling, draws=False)


@dataclass(frozen=True, eq=False, repr=False)
class Workings:
    """What answers are made from.

    Attributes:
        fitted: a problem and its draws.
        fingerprint: of the data that were fitted.
        memo: what has been worked out, by what it is.
    """

    fitted: Fitted
    fingerprint: str = ""
    memo: dict[Hashable, Any] = field(default_factory=dict)

    def kept[T](self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` makes, made once."""
        if key not in self.memo:
            self.memo[key] = make()
        return cast("T", self.memo[key])

    def kept_together(self, tasks: Mapping[Hashable, Task[Any]]) -> None:
        """Work out what is not kept yet, by what it is, all in one pass over the groups."""
        left = {key: task for key, task in tasks.items() if key not in self.memo}
        if left:
            self.memo.update(zip(left, together(list(left.values())), strict=True))

    @property
    def plan(self) -> Plan:
        """The plan that ran."""
        return self.fitted.plan

    @property
    def design(self) -> Design:
        """What the names and groups mean."""
        return self.fitted.design

    @property
    def labels(self) -> Labels:
        """What to call columns and values in sentences, tables and figures."""
        return self.kept("labels", lambda: Labels.of(self.design))

    @property
    def chains(self) -> int:
        """How many chains the draws are of, one after the other; one where independent."""
        check = self.fitted.diagnostics.check
        return 1 if check is None else check.chains

    @property
    def estimands(self) -> tuple[Estimand, ...]:
        """Each effect on the link scale, and for each category of an unordered outcome."""
        return self.on_scale("link")

    def on_scale(self, scale: str) -> tuple[Estimand, ...]:
        """Everything that can be told on a scale."""
        return self.kept(("estimands", scale), lambda: estimands_of(self.fitted, scale))

    def group_pass(self, estimand: Estimand, telling: Telling) -> GroupPass:
        """Summaries of every group."""
        return self.kept(pass_key(estimand, telling), lambda: pass_over_groups(estimand, telling))

    def average(self, estimand: Estimand) -> NDArray[np.float64]:
        """(D,) average effects over rows, from a full pass if there was one, else by a lighter."""
        made = self.memo.get(pass_key(estimand, Telling(self.plan.level)))
        if made is not None:
            return cast("GroupPass", made).average
        return self.kept(("average", estimand.quantity), lambda: average_draws(estimand))

    @property
    def predictor(self) -> CellPredictor:
        """Of rows; a fit that keeps none refuses what asks it (``no_rows``)."""
        return self.kept("predictor", lambda: CellPredictor(self.fitted))

    def with_rows(self, data: object) -> Workings:
        """The same with single rows, where the fit keeps sums and the data are given.

        Raises:
            DataError: the data are not those that were fitted.
        """
        if data is None or self.fitted.cells.content == "rows":
            return self
        # the rows are the same whoever gives them: once read, they are kept
        return self.kept(
            "with rows", lambda: Workings(with_rows(self.fitted, data, self.fingerprint))
        )

    @property
    def replication(self) -> Replication:
        """The data drawn again.

        Raises:
            PlanError: single rows are not known, or times are censored.
        """
        return self.kept("replication", lambda: replicate(self.predictor, "check()"))

    def elpd(self, method: str) -> Elpd:
        """LOO or WAIC for each kind of row.

        Raises:
            PlanError: single rows are not known, or weighted.
        """
        measure = loo if method == "loo" else waic
        return self.kept(("elpd", method), lambda: measure(self.predictor))

    @property
    def evidence(self) -> Evidence:
        """The log marginal likelihood; ``no_evidence`` says of which fits there is none."""
        return self.kept("evidence", lambda: evidence(self.fitted))
