"""Options of questions: each value checked in one place, in words that name the way out."""

from __future__ import annotations

from typing import Any

import pytest

import forwhom as fw
from forwhom.answers import OPTIONS
from tests.answers.test_contract import table_of


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table_of(), "y", "d", "a + m", draws=200)


@pytest.mark.parametrize(
    ("name", "value", "used"),
    [
        ("level", None, 0.95),
        ("level", 0.5, 0.5),
        ("scale", None, "response"),
        ("scale", "link", "link"),
        ("by", None, None),
        ("by", "a", ("a",)),
        ("by", ["m", "a"], ("m", "a")),
        ("spread", None, True),
        ("spread", False, False),
        ("pointwise", None, False),
        ("row", "a", "a"),
        ("intercept", "omit", "omit"),
        ("of", "rows", "rows"),
        ("title", "As it is", "As it is"),
    ],
)
def test_a_value_is_used(name: str, value: Any, used: Any, fit: fw.Fit) -> None:
    assert OPTIONS[name].check(fit.fitted, value) == used


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("level", 95, "level=95 must lie between 0 and 1"),
        ("level", "0.9", "level='0.9' must lie"),
        ("scale", "respons", "Did you mean 'response'"),
        ("by", "aa", "Did you mean 'a'"),
        ("by", [], "names no column"),
        ("by", 3, "by=3 must be a column name"),
        ("row", "b", "row='b' does not define the groups"),
        ("intercept", "first", "give 'last' or 'omit'"),
        ("of", "arms", "give 'rows' or 'groups'"),
    ],
)
def test_a_value_is_refused(name: str, value: Any, words: str, fit: fw.Fit) -> None:
    with pytest.raises(fw.ForWhomError) as caught:
        OPTIONS[name].check(fit.fitted, value)
    assert words in str(caught.value)


def test_every_option_says_what_it_is() -> None:
    for option in OPTIONS.values():
        assert option.words.endswith(".")
        assert bool(option.metavar) == (option.kind not in ("switch", "mapping"))
