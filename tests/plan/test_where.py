"""Conditions: what they mean, and what is said of those that cannot be read."""

from __future__ import annotations

import pytest

from forwhom.errors import PlanError
from forwhom.plan.where import Comparison, Condition, Junction, parse_where

AGE, NORTH = Comparison("age", ">", (30.0,)), Comparison("region", "==", ("North",))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("age > 30", AGE),
        ("30 < age", AGE),
        ("(age > 30)", AGE),
        ("age>30", AGE),
        ("region == 'North'", NORTH),
        ('region == "North"', NORTH),
        ("'North' == region", NORTH),
        ("age > 30 and region == 'North'", Junction("and", (AGE, NORTH))),
        ("age > 30 & region == 'North'", Junction("and", (AGE, NORTH))),
        ("age > 30 && region == 'North'", Junction("and", (AGE, NORTH))),
        ("age > 30 AND region == 'North'", Junction("and", (AGE, NORTH))),
        ("age > 30 or region == 'North'", Junction("or", (AGE, NORTH))),
        ("age > 30 | region == 'North'", Junction("or", (AGE, NORTH))),
        ("not age > 30", Junction("not", (AGE,))),
        ("!(age > 30)", Junction("not", (AGE,))),
        ("~(age > 30)", Junction("not", (AGE,))),
        ("region in ['North', 'South']", Comparison("region", "in", ("North", "South"))),
        ("region in ('North', 'South',)", Comparison("region", "in", ("North", "South"))),
        ("region %in% {'North'}", Comparison("region", "in", ("North",))),
        ("region not in ['North']", Comparison("region", "not in", ("North",))),
        ("x == -1.5e2", Comparison("x", "==", (-150.0,))),
        ("`my col` == true", Comparison("my col", "==", (True,))),
        ("treated != False", Comparison("treated", "!=", (False,))),
        (
            "20 <= age < 40",
            Junction("and", (Comparison("age", ">=", (20.0,)), Comparison("age", "<", (40.0,)))),
        ),
        (
            "age > 30 or age > 30 and region == 'North'",
            Junction("or", (AGE, Junction("and", (AGE, NORTH)))),
        ),
        (
            "(age > 30 or age > 30) and region == 'North'",
            Junction("and", (Junction("or", (AGE, AGE)), NORTH)),
        ),
    ],
)
def test_a_condition_is_read(text: str, meaning: Condition) -> None:
    assert parse_where(text) == meaning


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be a condition"),
        ("age = 30", "write == to compare"),
        ("region == North", "Put texts in quotes: 'North'"),
        ("age >", "the end stands where a value could stand"),
        ("age > 30 region", "'region' stands where 'and' or 'or' could follow"),
        ("age in 30", "where a list such as"),
        ("age == [30]", "several follow 'in'"),
        ("(age > 30", "where ')' closes"),
        ("age in [30", "where ',' or ']' could follow"),
        ("region == 'North", "quote"),
        ("age not 30", "where 'in' could follow"),
        ("30 > 40", "where a column could stand"),
        ("__import__('os') == 1", "'(' stands where"),
        ("age > 30; drop", "';' stands where"),
        ("not " * 60 + "a > 1", "nested more than 50"),
        ("(" * 60 + "a > 1" + ")" * 60, "nested more than 50"),
        ("a > 1 and " * 2000 + "a > 1", "longer than 10,000"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, words: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_where(text)
    assert words in str(caught.value)
    assert "where=" in str(caught.value)
