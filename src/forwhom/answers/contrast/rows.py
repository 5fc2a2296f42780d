"""All contrasts of a table: their keys, notes and intervals.

Tests: tests/answers/test_contrasts.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.contrast.in_words import in_words
from forwhom.answers.contrast.pairs import levels, treatments
from forwhom.answers.contrast.scene import Lines, Question, Scene
from forwhom.answers.keys import group_columns
from forwhom.answers.sample import Sample
from forwhom.answers.selection import Selection
from forwhom.answers.simultaneous import simultaneous
from forwhom.answers.tables import average_note, effect_notes, group_headers, titled
from forwhom.answers.telling import Telling
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.draw.labels import Labels
from forwhom.errors import PlanError, listing
from forwhom.fitted import Estimand

HEADERS = {
    "contrast": "Contrast",
    "outcome": "Outcome",
    "simultaneous_low": "Joint low",
    "simultaneous_high": "Joint high",
}


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """Contrasts that were made, all of a table.

    Attributes:
        lines: of every effect and category; shown: the effects they are of.
        low, high: (m,) simultaneous intervals.
    """

    workings: Workings
    question: Question
    lines: tuple[Lines, ...]
    shown: tuple[Estimand, ...]
    selection: Selection
    labels: Labels
    draws: NDArray[np.float64]

    @property
    def ratios(self) -> bool:
        """Whether every row is a ratio."""
        return all(part.ratios for part in self.lines)

    def table(self, telling: Telling) -> Tidy:
        """One row each; of ratios, the probability of more than 1 besides."""
        if self.ratios and telling.above is None:
            telling = replace(telling, above=1.0)
        low, high = simultaneous(self.draws, telling.level)
        columns, sample = self._keys()
        sample = replace(sample, columns=columns, draws=self.draws)
        sample = replace(sample, behind={"simultaneous_low": low, "simultaneous_high": high})
        return sample.table(telling, self._title(), self._notes(telling))

    def _keys(self) -> tuple[dict[str, Any], Sample]:
        """Whose effects, what is contrasted, and where."""
        groups, parts = self.workings.design.groups, self.lines
        columns: dict[str, Any] = {"treatment": [t for part in parts for t in part.treatment]}
        outcome = [part.outcome for part in parts for _ in part.words]
        if any(outcome):
            columns["outcome"] = outcome
        columns["contrast"] = [word for part in parts for word in part.words]
        taken = (*columns, *HEADERS)
        chosen = [groups.columns.index(name) for name in self.question.within]
        keys = group_columns(groups, taken, chosen, np.concatenate([p.cell for p in parts]))
        own = [part.own for part in parts if part.own is not None]
        types = keys.types
        columns |= keys.columns
        if own:
            within = self.question.within
            rest = self.question.by or tuple(n for n in groups.columns if n not in within)
            at = [groups.columns.index(name) for name in rest]
            more = group_columns(groups, (*taken, *columns), at, np.concatenate(own))
            columns |= more.columns
            types = types | more.types
        headers = {**group_headers(groups), **HEADERS}
        return columns, Sample(columns, self.draws, self.workings.chains, headers, types)

    def _title(self) -> str:
        what = "Ratios" if self.ratios else "Contrasts"
        if len(self.shown) == 1:
            return titled(f"{what} of effects", self.shown[0])
        plan = self.workings.plan
        several = len({one.quantity.label for one in self.shown}) > 1
        on = plan.outcome if several else self.workings.design.measured
        return f"{what} of effects on {on}"

    def _notes(self, telling: Telling) -> tuple[str, ...]:
        count = len(self.draws)
        said = [note for part in self.lines for note in part.notes]
        if self.ratios:
            said.append("Ratios of effects have no unit: 1 where both are alike.")
        weak = [word for part in self.lines for word in part.weak]
        if weak:
            said.append(
                f"{listing(dict.fromkeys(weak), 3)}: the denominator is not clearly away from zero "
                f"(its {100 * telling.level:g} % interval holds 0), so that the ratio can be "
                "anything. Use the difference."
            )
        if count > 1 and not telling.draws:
            said.append(
                f"Joint low and high: simultaneous intervals; all {count:,} contrasts lie in "
                f"theirs at once with probability {telling.level:g}."
            )
        if self.question.averages:
            said.append(average_note(self.shown[0], self.selection))
        else:
            said += self.selection.notes
        said += [note for one in self.shown for note in effect_notes(one)]
        return tuple(dict.fromkeys(said))


def contrasts_of(
    workings: Workings,
    question: Question,
    scale: str,
    telling: Telling,
    selection: Selection,
    labels: Labels,
) -> Contrasts:
    """The contrasts asked for, of every effect and category.

    Raises:
        PlanError: what is contrasted cannot be, in words that name the way out.
    """
    question.check()
    if selection.values is not None and not question.averages:
        raise PlanError(
            f"weights={selection.weights!r} says how groups count in an average, and without by= "
            "contrasts() holds groups against one another. Leave it out, or say by=."
        )
    shown = workings.on_scale(scale)
    lines: list[Lines] = []
    for label in dict.fromkeys(one.quantity.label for one in shown):
        effects = tuple(one for one in shown if one.quantity.label == label)
        scene = Scene(workings, question, selection, labels, telling.level, effects)
        if question.contrast:
            lines += in_words(scene)
        elif question.between == "treatments":
            lines.append(treatments(scene))
        else:
            lines += [levels(scene, one) for one in effects]
    draws = np.concatenate([part.draws for part in lines])
    found = Contrasts(workings, question, tuple(lines), shown, selection, labels, draws)
    _reachable(telling, found)
    return found


def _reachable(telling: Telling, found: Contrasts) -> None:
    """Refuse a bar that no difference of two effects in percentage points reaches."""
    if found.ratios or found.shown[0].unit_words != "percentage points" or found.question.contrast:
        return
    bars = [("above", telling.above)] if telling.above is not None else []
    bars += [("equivalence", end) for end in telling.equivalence or ()]
    for name, bar in bars:
        if abs(bar) > 200:
            raise PlanError(
                f"{name}={bar:g} is beyond the scale: these are differences of effects in "
                "percentage points, -200 to 200. scale='link' tells them on the scale of the model."
            )
