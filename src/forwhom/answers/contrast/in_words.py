"""Contrasts in words: the averages that they name, and the draws of what comes of them.

Tests: tests/answers/test_contrasts.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.average import combinations
from forwhom.answers.contrast.parser import Place, Spoken, Sum
from forwhom.answers.contrast.scene import Lines, Scene, quotient
from forwhom.answers.contrast.words import TREATMENTS, place_mask, spoken_words
from forwhom.answers.passes import averages_over
from forwhom.errors import PlanError, plural
from forwhom.fitted import Estimand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """(cells, D) of each effect and place that is named; NaN where no group is."""

    values: Mapping[tuple[int, Place], FloatArray]

    def of(self, one: Sum, effect: int) -> FloatArray:
        """(cells, D) of a sum; of this effect where it names none."""
        parts = [weight * self._at(place, effect) for place, weight in one.weights.items()]
        for weight, above, below in one.ratios:
            parts.append(weight * quotient(self.of(above, effect), self.of(below, effect)))
        return np.asarray(sum(parts[1:], parts[0]))

    def _at(self, place: Place, effect: int) -> FloatArray:
        return self.values[dict(place).get(TREATMENTS, effect), _ground(place)]


def in_words(scene: Scene) -> list[Lines]:
    """Contrasts in words; of every effect where they name none.

    Raises:
        PlanError: words that cannot be read, or that no group answers to.
    """
    names = scene.names(scene.by, treatments=True)
    said = [spoken_words(t, names, scene.groups, scene.labels) for t in scene.question.contrast]
    whole = [_names_treatments(one, text) for one, text in zip(said, scene.question.contrast,
                                                               strict=True)]  # fmt: skip
    codes, cell = combinations(scene.groups, scene.question.within, scene.kept)
    scene.room(len(said) * len(cell))
    places = list(dict.fromkeys(_ground(p) for one in said for p in one.sum.places))
    values: dict[tuple[int, Place], FloatArray] = {}
    for e, effect in enumerate(scene.effects):
        means = _places(scene, effect, places, codes, len(cell))
        values |= {(e, place): means[i] for i, place in enumerate(places)}
    found = []
    for e, effect in enumerate(scene.effects):
        mine = [one for one, all_named in zip(said, whole, strict=True) if not all_named or e == 0]
        named = [all_named for all_named in whole if not all_named or e == 0]
        if mine:
            name = effect.treatment.name
            of = [scene.every_treatment if all_named else name for all_named in named]
            found.append(_lines(scene, mine, of, Averages(values), e, cell))
    return found


def _lines(
    scene: Scene,
    said: Sequence[Spoken],
    of: Sequence[str],
    means: Averages,
    effect: int,
    cell: IntArray,
) -> Lines:
    """Rows of one effect, by cell; those without a group at one of their places are left out."""
    draws = np.stack([means.of(one.sum, effect) for one in said], axis=1)  # (cells, said, D)
    whole = ~np.isnan(draws).any(axis=2)
    if not whole.any(axis=0).all():
        text = said[int(np.flatnonzero(~whole.any(axis=0))[0])].text
        raise PlanError(
            f"contrast={text!r}: no group{scene.where}, of those that weigh anything, is at one of "
            "its places; fit.groups() lists them."
        )
    weak = [
        word
        for one in said
        for _, _, below in one.sum.ratios
        for word in scene.weak([one.text] * len(cell), means.of(below, effect))
    ]
    notes = [
        f"The weights of '{one.text}' do not sum to zero: it is a sum, and no contrast."
        for one in said
        if not one.balanced
    ]
    if not whole.all():
        gone = plural(int((~whole).sum()), "row")
        notes.append(f"Left out: {gone} without a group at one of the places named.")
    keep = np.flatnonzero(whole.ravel())
    return Lines(
        [said[i % len(said)].text for i in keep.tolist()],
        draws.reshape(whole.size, -1)[keep],
        [of[i % len(said)] for i in keep.tolist()],
        scene.effects[effect].quantity.label,
        np.repeat(cell, len(said))[keep],
        None,
        all(one.is_ratio for one in said),
        tuple(dict.fromkeys(weak)),
        tuple(notes),
    )


def _places(
    scene: Scene, one: Estimand, places: Sequence[Place], codes: IntArray, cells: int
) -> FloatArray:
    """(places, cells, D) averages."""
    kept, count = scene.kept, scene.groups.count
    weight = scene.selection.weight(one)[kept]
    shares: FloatArray = np.zeros((len(places), cells, count))
    for i, place in enumerate(places):
        mine = place_mask(scene.groups, place, kept)
        shares[i, codes[mine], kept[mine]] = weight[mine]
    shares = shares.reshape(-1, count)
    total = shares.sum(axis=1)
    filled = total > 0
    means = np.full((len(shares), one.fitted.count), np.nan)
    means[filled] = averages_over(one, shares[filled] / total[filled, None])
    return means.reshape(len(places), cells, -1)


def _names_treatments(one: Spoken, text: str) -> bool:
    """Whether a contrast names a treatment, which it then does everywhere.

    Raises:
        PlanError: it does so in some places only.
    """
    named = [TREATMENTS in dict(place) for place in one.sum.places]
    if any(named) and not all(named):
        raise PlanError(
            f"contrast={text!r} names a treatment in one place and none in another. Name one in "
            'each, such as "mail:North - mail:South".'
        )
    return all(named)


def _ground(place: Place) -> Place:
    """A place without its treatment."""
    return tuple(level for level in place if level[0] != TREATMENTS)
