"""Contrasts in words: what is read, which level is meant, and what is never evaluated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwhom.answers.contrast.parser import Names, read_contrast, read_place
from forwhom.errors import PlanError

LEVELS = {
    0: ["North", "South", "North-East", "a - b", "O'Hara", "18 to 35"],
    1: ["1", "2", "-1"],
    2: ["yes", "Yes", "Straße"],
}
WORDS = {(j, k): name for j, names in LEVELS.items() for k, name in enumerate(names)}
AXES = {0: "region", 1: "size", 2: "old"}


def names(*axes: int) -> Names:
    kept = {one: name for one, name in WORDS.items() if one[0] in axes}
    known: dict[str, list[tuple[int, int]]] = {}
    for one, name in kept.items():
        known.setdefault(name, []).append(one)
    return Names(known, {j: AXES[j] for j in axes}, kept)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("North - South", {"North": 1, "South": -1}),
        ("  north-south ", {"North": 1, "South": -1}),
        ("North-East - North", {"North-East": 1, "North": -1}),
        ("north-east-north", {"North-East": 1, "North": -1}),
        ("'a - b' - south", {"a - b": 1, "South": -1}),
        ("a - b - south", {"a - b": 1, "South": -1}),
        ('`O\'Hara` - "South"', {"O'Hara": 1, "South": -1}),
        ("o'hara - south", {"O'Hara": 1, "South": -1}),
        ("18 to 35 - south", {"18 to 35": 1, "South": -1}),
        ("north - (south - 18 to 35)", {"North": 1, "South": -1, "18 to 35": 1}),
        ("(north + south) / 2 - 18 to 35", {"North": 0.5, "South": 0.5, "18 to 35": -1}),
        ("2 * (north - south)", {"North": 2, "South": -2}),
        ("(north - south) * 1e1", {"North": 10, "South": -10}),
        ("north - south + south - 18 to 35", {"North": 1, "18 to 35": -1}),
    ],
)
def test_words_are_weights(text: str, weights: dict[str, float]) -> None:
    found = read_contrast(text, names(0)).sum
    assert {WORDS[place[0]]: weight for place, weight in found.weights.items()} == weights
    assert found.ratios == ()


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("2 - 1", {"2": 1, "1": -1}),
        ("2-1", {"2": 1, "1": -1}),
        ("1 - -1", {"1": 1, "-1": -1}),
        ("-1 - 1", {"-1": 1, "1": -1}),
        ("(1 + 2) / 2 - -1", {"1": 0.5, "2": 0.5, "-1": -1}),
        ("2 * 1 - 2.0 * -1", {"1": 2, "-1": -2}),
    ],
)
def test_numbers_that_are_levels(text: str, weights: dict[str, float]) -> None:
    found = read_contrast(text, names(1)).sum.weights
    assert {WORDS[place[0]]: weight for place, weight in found.items()} == weights


def test_one_number_over_another_is_a_ratio_of_levels() -> None:
    assert read_contrast("1 / 2", names(1)).is_ratio
    assert read_contrast("North / South", names(0, 1)).is_ratio
    assert not read_contrast("1 / 2 - -1", names(1)).is_ratio


def test_capitals_matter_where_they_tell_levels_apart() -> None:
    found = read_contrast("yes - Yes", names(2)).sum.weights
    assert [WORDS[place[0]] for place in found] == ["yes", "Yes"]
    assert read_contrast("Straße - yes", names(2)).text == "Straße - yes"


def test_places_name_one_value_of_each_column() -> None:
    assert read_place("North: 2: Yes", names(0, 1, 2), "against") == ((0, 0), (1, 1), (2, 1))
    spoken = read_contrast("2:north - south:2", names(0, 1))
    assert spoken.text == "(North, 2) - (South, 2)"
    assert read_contrast(spoken.text, names(0, 1)) == spoken


@given(st.text(alphabet="NorthSu -+/*():,'`\"128e.", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is read reads again from its own text; nothing else escapes than a refusal."""
    try:
        spoken = read_contrast(text, names(0, 1))
    except PlanError as error:
        assert str(error)
        return
    assert spoken.sum.places


@pytest.mark.parametrize("text", ["__import__('os')", "North.__class__", "lambda: 0", "a;b"])
def test_nothing_is_evaluated(text: str) -> None:
    with pytest.raises(PlanError):
        read_contrast(text, names(0))
