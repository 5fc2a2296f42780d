"""Which level of an outcome is its success, and which level of a column the event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from forwhom.data import load
from forwhom.design.outcome import OutcomeCoding, OutcomeRows, code_outcome
from forwhom.errors import DataError
from forwhom.plan import make_plan


def code(
    values: Any, labels: dict[float, str] | None = None, of: str = "y", **plan: Any
) -> tuple[OutcomeCoding, OutcomeRows]:
    """Code the outcome, or with ``of="e"`` a time's events."""
    data = {"y": values} if of == "y" else {"y": [1.0 + i for i in range(len(values))], of: values}
    table = load(data, list(data))
    column = replace(table.columns[of], value_labels=tuple((labels or {}).items()))
    made = make_plan(outcome="y", treatment="d", modifiers="m", **plan)
    return code_outcome(made, replace(table, columns=table.columns | {of: column}))


# values, labels, success, levels, y
TOLD = [
    ([0, 1, 1], {}, None, ("0", "1"), [0, 1, 1]),
    ([0, 1, 1], {}, 0, ("1", "0"), [1, 0, 0]),
    ([0, 1, 1], {}, "1", ("0", "1"), [0, 1, 1]),
    ([True, False], {}, None, ("False", "True"), [1, 0]),
    ([True, False], {}, False, ("True", "False"), [0, 1]),
    (["Yes", "No", "Yes"], {}, None, ("No", "Yes"), [1, 0, 1]),
    (["Never", "Always"], {}, None, ("Never", "Always"), [0, 1]),
    (["dead", "alive"], {}, "dead", ("alive", "dead"), [1, 0]),
    (["dead", "alive"], {}, "alive", ("dead", "alive"), [0, 1]),
    ([1, 2, 2], {}, 2, ("1", "2"), [0, 1, 1]),
    ([1, 2, 2], {}, 1, ("2", "1"), [1, 0, 0]),
    ([1, 2], {1.0: "Yes", 2.0: "No"}, None, ("No", "Yes"), [1, 0]),
    ([1, 2], {1.0: "No", 2.0: "Yes"}, None, ("No", "Yes"), [0, 1]),
    ([1, 2], {1.0: "Left", 2.0: "Right"}, "Left", ("Right", "Left"), [1, 0]),
    ([1, 2], {1.0: "Left", 2.0: "Right"}, 2, ("Left", "Right"), [0, 1]),
    ([0, 1], {0.0: "Left", 1.0: "Right"}, None, ("Left", "Right"), [0, 1]),
    ([0, 1], {0.0: "Yes", 1.0: "No"}, 0, ("No", "Yes"), [1, 0]),
    ([0, 1], {9.0: "Refused"}, None, ("0", "1"), [0, 1]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "labels", "success", "levels", "y"), TOLD)
def test_success(
    values: list[Any],
    labels: dict[float, str],
    success: Any,
    levels: tuple[str, str],
    y: list[float],
) -> None:
    coding, rows = code(values, labels, family="bernoulli", success=success)
    assert coding.levels == levels
    assert rows.y.tolist() == y


def test_what_is_told_is_said() -> None:
    assert code(["Yes", "No"], family="bernoulli")[0].notes == (
        "Outcome 'y': 'Yes' counts as 1, 'No', which says absence, as 0. Say success=\"No\" for "
        "the other way round.",
    )
    assert code(["Yes", "No"], family="bernoulli", success="No")[0].notes == ()
    assert code([0, 1], family="bernoulli")[0].notes == ()


@pytest.mark.parametrize(
    ("values", "labels", "words"),
    [
        (["dead", "alive"], {}, "'alive' (1 row), 'dead' (1 row), and neither says that something "
         "is absent, as 'Control' or 'No' would. Add success=\"alive\" or success=\"dead\" (the "
         "same in a plan file; as a flag --success alive)."),
        (["No", "Never"], {}, "'Never' and 'No' both say that something is absent. Add success="),
        ([1, 2, 2], {}, "'1' (1 row), '2' (2 rows), and they are not 0 and 1. Add success=1 or "
         "success=2 (the same in a plan file; as a flag --success 1). For differences between "
         "means of its numbers say family='gaussian'."),
        ([1, 2], {1.0: "Left", 2.0: "Right"}, "'Left' (code 1, 1 row), 'Right' (code 2, 1 row)"),
        ([0, 1], {0.0: "Yes", 1.0: "No"}, "the label 'No' says absence and stands for code 1, "
         "while code 0 is 'Yes'. Add success=\"Yes\" or success=\"No\""),
    ],
)  # fmt: skip
def test_success_is_asked(values: list[Any], labels: dict[float, str], words: str) -> None:
    with pytest.raises(DataError) as caught:
        code(values, labels, family="bernoulli")
    said = str(caught.value)
    assert said.startswith("outcome 'y': which level counts as 1 is not guessed; it has ")
    assert words in said


@pytest.mark.parametrize(
    ("values", "success", "words"),
    [
        (["yes", "no"], "yess", "success='yess' is not a level of outcome 'y' in the complete "
         "rows; it has 'no', 'yes'. Did you mean 'yes'?"),
        ([0, 1], 2, "success=2 is not a level of outcome 'y'"),
        (["a", "b", "c"], "a", "bernoulli needs 0/1 or two levels; 'y' has 3 ('a', 'b', 'c')"),
        ([0, 1, 2], 1, "bernoulli needs 0/1 or two levels; 'y' holds 2 in 1 row"),
        (["yes", "yes"], "yes", "outcome 'y' is 'yes' in all 2 complete rows"),
        (["yes", "yes"], None, "outcome 'y' is 'yes' in all 2 complete rows"),
        ([1, 1], None, "outcome 'y' is '1' in all 2 complete rows"),
    ],
)  # fmt: skip
def test_success_refused(values: list[Any], success: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        code(values, family="bernoulli", success=success)
    assert words in str(caught.value)


WEIBULL = {"of": "e", "family": "weibull"}
# values, labels, event, event per row, what it is called
EVENTS = [
    ([0, 1, 1], {}, "e", [0, 1, 1], ""),
    ([1, 1], {}, "e", [1, 1], ""),
    ([True, False], {}, "e", [1, 0], ""),
    ([True, True], {}, "e", [1, 1], ""),
    (["event", "censored"], {}, "e", [1, 0], "event"),
    (["died", "not died"], {}, "e", [1, 0], "died"),
    (["1", "0"], {}, "e", [1, 0], ""),
    ([1, 2], {1.0: "Censored", 2.0: "Dead"}, "e", [0, 1], "Dead"),
    ([0, 1], {0.0: "Alive", 1.0: "Dead"}, "e", [0, 1], "Dead"),
    (["dead", "alive"], {}, {"e": "dead"}, [1, 0], "dead"),
    (["dead", "alive"], {}, {"e": "alive"}, [0, 1], "alive"),
    (["dead", "dead"], {}, {"e": "dead"}, [1, 1], "dead"),
    ([1, 2, 2], {}, {"e": 2}, [0, 1, 1], "2"),
    ([0, 1, 2], {}, {"e": 2}, [0, 0, 1], "2"),
    ([0, 1, 1], {}, {"e": 0}, [1, 0, 0], "0"),
    ([1, 2], {1.0: "Alive", 2.0: "Dead"}, {"e": "Dead"}, [0, 1], "Dead"),
    ([True, False], {}, {"e": False}, [0, 1], "False"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "labels", "event", "found", "text"), EVENTS)
def test_event(
    values: list[Any], labels: dict[float, str], event: Any, found: list[float], text: str
) -> None:
    coding, rows = code(values, labels, **WEIBULL, event=event)
    assert rows.event is not None and rows.event.tolist() == found
    assert coding.event == text


def test_what_is_told_of_events_is_said() -> None:
    assert code(["event", "censored"], **WEIBULL, event="e")[0].notes == (
        "Event 'e': 'event' is the event, 'censored', which says absence, censored. Say "
        'event={"e": "censored"} for the other way round.',
    )
    three = code(["dead", "alive", "moved"], **WEIBULL, event={"e": "dead"})[0]
    assert three.notes == (
        "Event 'e': 'alive', 'moved' all count as censored; 'dead' alone is the event.",
    )
    assert code(["dead", "alive"], **WEIBULL, event={"e": "dead"})[0].notes == ()


@pytest.mark.parametrize(
    ("values", "event", "words"),
    [
        ([1, 2, 2], "e", "event 'e': which level is the event is not guessed; it has '1' (1 row), "
         "'2' (2 rows), and they are not 0 (censored) and 1 alone. "
         "Add event={\"e\": 1} or event={\"e\": 2} (in a plan file event = {e = 1}; "
         "as a flag --event e=1); every other level counts as censored."),
        ([0, 1, 2], "e", "(1 row), and they are not 0 (censored) and 1 alone. "
         "Add event={\"e\": 0} (in a plan file event = {e = 0}; as a "
         "flag --event e=0), or name another level there"),
        (["dead", "alive"], "e", "and neither says that something is absent, as 'Control' or 'No' "
         "would. Add event={\"e\": \"alive\"} or event={\"e\": \"dead\"}"),
        (["dead", "dead"], "e", "it has 'dead' (2 rows). Add event={\"e\": \"dead\"}"),
        (["dead", "alive"], {"e": "deed"}, "event='deed' is not a level of 'e' in the complete "
         "rows; it has 'alive', 'dead'. Did you mean 'dead'?"),
        ([0, 0], "e", "every one of the 2 complete rows is censored ('e' is 0 throughout)"),
        ([False, False], "e", "every one of the 2 complete rows is censored"),
    ],
)  # fmt: skip
def test_event_asked_or_refused(values: list[Any], event: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        code(values, **WEIBULL, event=event)
    assert words in str(caught.value)


def test_an_ordered_category_is_an_ordinal_outcome_in_its_own_order() -> None:
    levels = ["poor", "fair", "good"]
    values = ["good", "poor", "fair", "good"]
    table = load(
        pd.DataFrame({"y": pd.Categorical(values, categories=levels, ordered=True)}), ["y"]
    )
    plan = make_plan(outcome="y", treatment="d", modifiers="m", family="ordinal")
    coding, rows = code_outcome(plan, table)
    assert coding.levels == ("poor", "fair", "good")
    assert rows.y.tolist() == [2, 0, 1, 2]
    unordered = load(pd.DataFrame({"y": pd.Categorical(values, categories=levels)}), ["y"])
    with pytest.raises(DataError, match="whose order is not known"):
        code_outcome(plan, unordered)
