"""Groups in words: texts, numbers, bins, answers that name nothing, labels."""

from __future__ import annotations

import numpy as np

import forwhom as fw
from forwhom.answers.words import group_words, joined
from forwhom.draw.labels import Labels


def test_groups_are_named_by_what_they_are() -> None:
    rng = np.random.default_rng(1)
    n = 400
    data = {
        "y": rng.normal(size=n),
        "d": rng.integers(0, 2, n),
        "region": rng.choice(["North", "South"], n),
        "age": rng.integers(20, 60, n),
        "south": rng.integers(0, 2, n),
        "married": rng.choice(["yes", "no"], n),
    }
    fit = fw.fit(data, "y", "d", "region + age + south + married", bins={"age": [35]}, draws=20)
    groups = fit.fitted.design.groups
    names = group_words(groups, groups.columns, np.arange(groups.count), Labels())
    assert len(set(names)) == groups.count
    assert any(name.startswith("North, age ") for name in names)
    assert all(", south = " in name and ", married: " in name for name in names)
    labels = Labels({"south": "the South"}, {"married": {"yes": "married", "no": "single"}})
    named = group_words(groups, ["south", "married"], np.arange(groups.count), labels)
    assert set(named) == {f"the South = {s}, {m}" for s in (0, 1) for m in ("married", "single")}


def test_words_are_joined() -> None:
    assert [joined(w) for w in (["a"], ["a", "b"], ["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_comparison_is_named_by_itself() -> None:
    rng = np.random.default_rng(1)
    data = {
        "y": rng.normal(size=300),
        "d": rng.integers(0, 2, 300),
        "educ": rng.integers(1, 8, 300),
    }
    fit = fw.fit(data, "y", "d", "I(educ >= 5)", draws=20)
    groups = fit.fitted.design.groups
    names = group_words(groups, groups.columns, np.arange(groups.count), Labels())
    assert names == ["not educ >= 5", "educ >= 5"]
