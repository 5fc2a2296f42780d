"""Groups, averages and treatments held against one another: all pairs, or all against one.

Tests: tests/answers/test_contrasts.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.average import averages, combinations
from forwhom.answers.contrast.parser import read_place
from forwhom.answers.contrast.scene import AVERAGE, Lines, Scene
from forwhom.answers.contrast.words import effect_word, own_words, pair_words, place_mask
from forwhom.answers.passes import group_draws
from forwhom.answers.whom import NAME_THEM
from forwhom.errors import PlanError, listing, plural
from forwhom.fitted import Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_PAIRS = 500  # rows of all pairs; more are read by nobody


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """What can be contrasted: each combination of ``within`` and ``by`` that a group has.

    Attributes:
        first: (m,) a group that has each; cell: (m,) which combination of ``within`` it is in.
        cell_first: a group of each combination of ``within``.
        shown: columns that tell the members apart.
    """

    first: IntArray
    cell: IntArray
    cell_first: IntArray
    shown: list[int]

    @staticmethod
    def of(scene: Scene) -> Members:
        """Those among the groups kept.

        Raises:
            PlanError: there is one only.
        """
        groups, question = scene.groups, scene.question
        if not groups.columns:
            raise PlanError(
                "contrasts(): all rows are one group, so that only treatments can be compared: say "
                f"between='treatments'. {NAME_THEM}"
            )
        _, first = combinations(groups, (*question.within, *scene.by), scene.kept)
        cell, cell_first = combinations(groups, question.within, first)
        if np.bincount(cell).max() < 2:
            of = f"of {listing(scene.by)} " if question.by is not None else ""
            inside = f" within each of {listing(question.within)}" if question.within else ""
            raise PlanError(
                f"contrasts(): one value {of}is left{scene.where}{inside}, and a contrast takes "
                "two. Name other columns by by=, or widen where=."
            )
        at = scene.at(scene.by)
        several = [j for j in at if len(np.unique(groups.values[j][first])) > 1]
        return Members(first, cell, cell_first, several or at)


def levels(scene: Scene, one: Estimand) -> Lines:
    """Levels of ``by``, or groups, held against one another within each cell."""
    question, groups, members = scene.question, scene.groups, Members.of(scene)
    first, cell = members.first, members.cell
    notes: tuple[str, ...] = ()
    average = question.against == AVERAGE and not scene.names(scene.by).find(AVERAGE)
    if average:
        plus, minus = np.arange(len(first)), len(first) + cell
    elif question.against:
        plus, minus, notes = _against(scene, members)
    else:
        plus, minus = _pairs(scene, members)
    scene.room(len(plus))
    means = _means(scene, one, first)
    if average:
        means = np.concatenate([means, _within(scene, one)])
        sign = "/" if question.ratio else "-"
        said = [own_words(groups, members.shown, g, scene.labels) for g in first.tolist()]
        words = [f"{word} {sign} average" for word in said]
    else:
        pairs = zip(first[plus].tolist(), first[minus].tolist(), strict=True)
        words = [pair_words(groups, members.shown, p, question.ratio, scene.labels) for p in pairs]
    held = scene.held(words, means[plus], means[minus])
    return Lines(
        words,
        held.draws,
        [one.treatment.name] * len(words),
        one.quantity.label,
        members.cell_first[cell[plus]],
        first[plus] if question.against else None,
        held.ratios,
        held.weak,
        notes,
    )


def treatments(scene: Scene) -> Lines:
    """The effects of treatments held against one another within each cell."""
    question, words = scene.question, [effect_word(one) for one in scene.effects]
    if len(words) < 2:
        raise PlanError(
            f"between='treatments': this fit has one effect, of "
            f"{scene.effects[0].treatment.words}, and a contrast takes two. by= contrasts the "
            "effect between values of a column."
        )
    if question.against:
        if question.against == AVERAGE and AVERAGE not in words:
            raise PlanError(
                "between='treatments': against= names one of them, "
                f"{listing(words)}; different treatments have no average."
            )
        place = read_place(question.against, scene.names((), treatments=True), "against")
        minus = np.full(len(words) - 1, place[0][1])
        plus = np.flatnonzero(np.arange(len(words)) != place[0][1])
    else:
        minus, plus = np.triu_indices(len(words), k=1)
    _, cell = combinations(scene.groups, question.within, scene.kept)
    scene.room(len(plus) * len(cell))
    means = np.stack([_within(scene, one) for one in scene.effects], axis=1)  # (cells, E, D)
    sign = "/" if question.ratio else "-"
    pairs = zip(plus.tolist(), minus.tolist(), strict=True)
    said = [f"{words[i]} {sign} {words[j]}" for i, j in pairs] * len(cell)
    above, below = (means[:, at].reshape(len(said), -1) for at in (plus, minus))
    held = scene.held(said, above, below)
    return Lines(
        said,
        held.draws,
        [scene.every_treatment] * len(said),
        scene.effects[0].quantity.label,
        np.repeat(cell, len(plus)),
        None,
        held.ratios,
        held.weak,
    )


def _means(scene: Scene, one: Estimand, first: IntArray) -> FloatArray:
    """(m, D) of the members."""
    if scene.question.by is None:
        return group_draws(one, first)
    columns = (*scene.question.within, *scene.by)
    return averages(scene.workings, one, columns, scene.selection).draws


def _within(scene: Scene, one: Estimand) -> FloatArray:
    """(cells, D) the average in each combination of ``within``."""
    return averages(scene.workings, one, scene.question.within, scene.selection).draws


def _pairs(scene: Scene, members: Members) -> tuple[IntArray, IntArray]:
    """The later of two against the earlier, within each cell."""
    cell, counts = members.cell, np.bincount(members.cell)
    total = int((counts * (counts - 1) // 2).sum())
    if total > MOST_PAIRS:
        by = scene.question.by
        of = f"{len(cell):,} " + (f"values of {listing(by)}" if by else "groups")
        raise PlanError(
            f"contrasts(): {of} make {total:,} pairs, and a table holds {MOST_PAIRS:,}. "
            f"{'' if by else 'by= contrasts averages over the values of some columns, '}"
            "where= keeps some groups, against='average' or against= one of them gives a row for "
            "each, and contrast='a - b' says in words what is wanted."
        )
    earlier, later = np.nonzero(np.triu(cell[:, None] == cell, k=1))
    order = np.lexsort((later, earlier, cell[earlier]))
    return later[order], earlier[order]


def _against(scene: Scene, members: Members) -> tuple[IntArray, IntArray, tuple[str, ...]]:
    """Everything against one level, or one group, in each cell that has it."""
    question, groups, first, cell = scene.question, scene.groups, members.first, members.cell
    if question.by is None and len(scene.by) > 1 and question.against.strip().isdigit():
        chosen = first == int(question.against) - 1
        if not chosen.any():
            raise PlanError(
                f"against={question.against}: no group{scene.where} has that group_id; "
                "fit.groups() lists them."
            )
    else:
        place = read_place(question.against, scene.names(scene.by), "against")
        chosen = place_mask(groups, place, first)
    if not chosen.any():
        raise PlanError(f"against={question.against!r}: no group{scene.where} is that.")
    if np.bincount(cell, chosen).max() > 1:
        whole = ": ".join(groups.texts(j)[int(first[0])] for j in scene.at(scene.by))
        raise PlanError(
            f"against={question.against!r} is several of what is contrasted, combinations of "
            f"{listing(scene.by)}. Name a value of each, such as {whole!r}"
            f"{'' if question.by else ', or a group_id'}."
        )
    reference = np.full(int(cell.max()) + 1, -1)
    reference[cell[chosen]] = np.flatnonzero(chosen)
    plus = np.flatnonzero(~chosen & (reference[cell] >= 0))
    if not len(plus):
        raise PlanError(
            f"against={question.against!r}: nothing else is left to hold against it{scene.where}, "
            "and a contrast of a group with itself is zero."
        )
    gone = int((reference < 0).sum())
    note = f"Left out: {plural(gone, 'combination')} of {', '.join(question.within)} without it."
    return plus, reference[cell[plus]], (note,) if gone else ()
