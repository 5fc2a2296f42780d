"""What contrasts are called, and what their words may name.

Tests: tests/answers/test_contrasts.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forwhom.answers.contrast.parser import Level, Names, Place, Spoken, read_contrast
from forwhom.answers.words import level_words
from forwhom.design import Groups, number_text
from forwhom.draw.labels import Labels
from forwhom.fitted import Estimand

IntArray = NDArray[np.int64]

TREATMENTS = -1  # the axis of effects; the others are grouping columns


def level_names(
    groups: Groups,
    columns: Sequence[int],
    effects: Sequence[Estimand],
    labels: Labels,
    chosen: bool,
) -> Names:
    """Names of the levels of some columns, and of the effects where there are several.

    Args:
        chosen: whether these columns were asked for.
    """
    known: dict[str, list[Level]] = {}
    words: dict[Level, str] = {}
    axes = {j: groups.columns[j] for j in columns}
    for j, column in axes.items():
        called = {column, labels.columns.get(column, column)}
        numbers = groups.numbers[j]
        for k, text in enumerate(groups.display[j]):
            words[j, k] = level_words(groups, j, k, labels)
            texts = {text, bare_words(groups, j, k, labels), words[j, k]}
            if numbers is not None:
                texts.add(number_text(numbers[k]))
            texts |= {f"{name}{sign}{t}" for name in called for sign in (" = ", "=", ": ")
                      for t in tuple(texts)}  # fmt: skip
            for name in texts:
                known.setdefault(name, []).append((j, k))
    if len(effects) > 1:
        axes[TREATMENTS] = "treatment"
        for e, one in enumerate(effects):
            words[TREATMENTS, e] = effect_word(one)
            for text in {one.treatment.name, effect_word(one)}:
                known.setdefault(text, []).append((TREATMENTS, e))
    return Names(known, axes, words, chosen or len(columns) == 1)


def effect_word(estimand: Estimand) -> str:
    """An effect among several: its arm, or its treatment."""
    return estimand.treatment.arm or estimand.treatment.name


def bare_words(groups: Groups, column: int, level: int, labels: Labels) -> str:
    """A level without its column: "North", "23 to 32", "1"."""
    words = level_words(groups, column, level, labels)
    name = groups.columns[column]
    for start in {labels.columns.get(name, name), name}:
        for sign in (" = ", ": ", " "):
            if words.startswith(start + sign):
                return words.removeprefix(start + sign)
    return words


def spoken_words(text: str, names: Names, groups: Groups, labels: Labels) -> Spoken:
    """A contrast from its words; of one column its name stands before them where levels need it."""
    spoken = read_contrast(text, names)
    axes = {axis for place in spoken.sum.places for axis, _ in place}
    if len(axes) > 1 or TREATMENTS in axes:
        return spoken
    j = axes.pop()
    bare = {(j, k): bare_words(groups, j, k, labels) for k in range(len(groups.display[j]))}
    again = read_contrast(
        text, Names(names.known, names.axes, {**names.words, **bare}, names.chosen)
    )
    needed = any(bare[one] != names.words[one] for p in spoken.sum.places for one in p)
    called = labels.columns.get(groups.columns[j], groups.columns[j])
    return Spoken(spoken.sum, f"{called}: {again.text}" if needed else again.text)


def pair_words(
    groups: Groups, columns: Sequence[int], pair: tuple[int, int], ratio: bool, labels: Labels
) -> str:
    """Two groups held against one another: what differs, and behind it what they share.

    "North - South", "woman: 1 - 0", "North - South (men)", "(North, men) - (South, women)".
    """
    one, other = ([int(groups.values[j][g]) for j in columns] for g in pair)
    words = [level_words(groups, j, k, labels) for j, k in zip(columns, one, strict=True)]
    apart = [i for i in range(len(columns)) if one[i] != other[i]]
    shared = [word for i, word in enumerate(words) if i not in apart]
    sign = "/" if ratio else "-"
    if len(apart) == 1:
        j, k, m = columns[apart[0]], one[apart[0]], other[apart[0]]
        bare = [bare_words(groups, j, level, labels) for level in (k, m)]
        name = groups.columns[j]
        start = "" if bare[0] == words[apart[0]] else f"{labels.columns.get(name, name)}: "
        text = f"{start}{bare[0]} {sign} {bare[1]}"
        return f"{text} ({', '.join(shared)})" if shared else text
    against = [level_words(groups, j, k, labels) for j, k in zip(columns, other, strict=True)]
    sides = [", ".join(side[i] for i in apart) for side in (words, against)]
    text = f"({sides[0]}) {sign} ({sides[1]})"
    return f"{text} ({', '.join(shared)})" if shared else text


def own_words(groups: Groups, columns: Sequence[int], group: int, labels: Labels) -> str:
    """A group by some of its columns."""
    return ", ".join(level_words(groups, j, int(groups.values[j][group]), labels) for j in columns)


def place_mask(groups: Groups, place: Place, kept: IntArray) -> NDArray[np.bool_]:
    """(g,) which of the groups kept lie in a place; a treatment says nothing of groups."""
    mask = np.ones(len(kept), dtype=bool)
    for axis, level in place:
        if axis != TREATMENTS:
            mask &= groups.values[axis][kept] == level
    return mask
