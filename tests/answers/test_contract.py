"""What every row of ANSWERS owes: a method, a command, a table, a refusal in the same words."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import forwhom as fw
from forwhom.answers import ANSWERS, IMPLIED, OPTIONS, Answer
from forwhom.answers.options import SIZE
from forwhom.cli import app
from forwhom.commands import question_commands
from forwhom.data import Tidy
from forwhom.plots import Plots
from forwhom.result import Fit
from forwhom.simulation import PriorPredictive

NAMES = list(ANSWERS)
ASKED_WITH: dict[str, dict[str, Any]] = {
    "predict": {"new": {"a": [0, 1], "m": [1, 3]}},
    "by": {"modifier": "a"},
}  # what a table cannot do without


def table_of(n: int = 300) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    a, m, d = rng.integers(0, 2, n), rng.integers(0, 4, n), rng.integers(0, 2, n)
    y = (rng.random(n) < 0.3 + 0.2 * d * a).astype(int)
    return {"y": y, "d": d, "a": a, "m": m, "x": rng.normal(size=n) + 0.5 * d}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(table_of(), "y", "d", "a + m", draws=200)


@pytest.fixture(scope="module")
def exact() -> fw.Fit:
    """Keeps no rows: some questions it refuses."""
    return fw.fit(table_of(), "x", "d", "a + m", draws=200)


@pytest.fixture(scope="module")
def saved(fit: fw.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit.save(tmp_path_factory.mktemp("saved") / "one.nc")


def first_sentence(text: str | None) -> str:
    """The first paragraph of a docstring."""
    return " ".join((text or "").split("\n\n")[0].split())


def pairs() -> Iterator[tuple[type, Answer]]:
    for answer in ANSWERS.values():
        yield Fit, answer
    for answer in IMPLIED.values():
        yield PriorPredictive, answer


@pytest.mark.parametrize(("owner", "answer"), list(pairs()))
def test_its_method_has_its_options_and_its_words(owner: type, answer: Answer) -> None:
    method = getattr(owner, answer.name)
    assert tuple(inspect.signature(method).parameters)[1:] == answer.options
    assert first_sentence(method.__doc__) == answer.words
    assert "sections" not in answer.words and answer.words.endswith(".")


@pytest.mark.parametrize("answer", [a for a in ANSWERS.values() if a.figure], ids=lambda a: a.name)
def test_its_figure_has_its_options_and_their_defaults(answer: Answer) -> None:
    method = inspect.signature(getattr(Plots, answer.name)).parameters
    figure = inspect.signature(answer.figure or print).parameters
    assert tuple(figure)[1:] == answer.figure_options
    assert tuple(method)[1:] == answer.draw_options == (*answer.figure_options, *SIZE)
    defaults = [{n: p.default for n, p in list(s.items())[1:]} for s in (method, figure)]
    assert defaults[0] == defaults[1] | dict.fromkeys(SIZE)


def test_every_option_has_a_row_and_every_row_is_used() -> None:
    rows = (*ANSWERS.values(), *IMPLIED.values())
    used = {name for a in rows for name in (*a.options, *a.draw_options)}
    assert used == set(OPTIONS)


@pytest.mark.parametrize("name", NAMES)
def test_python_and_the_command_line_tell_the_same(
    name: str, fit: fw.Fit, saved: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = dict(ASKED_WITH.get(name, {}))
    told = getattr(fit, name)(**given)
    assert isinstance(told, Tidy)
    assert told.title
    arguments = [name, str(saved), "--json"]
    for option, value in given.items():
        rows = tmp_path / "new.csv"
        rows.write_text("a,m\n0,1\n1,3\n")
        arguments += [f"--{option}", str(rows if option == "new" else value)]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 0, run.output
    for row, other in zip(json.loads(run.stdout), map(told.row, range(told.n_rows)), strict=True):
        assert list(row) == list(other)
        for key, value in other.items():
            unknown = isinstance(value, float) and np.isnan(value)
            assert row[key] == (None if unknown else value)


@pytest.mark.parametrize("name", NAMES)
def test_its_command_has_a_flag_for_every_option(name: str) -> None:
    answer = ANSWERS[name]
    command = question_commands(print, print)[name]
    flags = {part.lstrip("-") for parameter in command.params for part in parameter.opts}
    asked = {n for n in (*answer.options, *answer.draw_options) if OPTIONS[n].kind != "mapping"}
    assert flags == asked | {"source", "out", "json"}
    words = answer.words.replace("``", "").replace(":meth:", "").replace("`", "")
    assert command.help == words


def test_a_folder_of_results_holds_what_is_always_told_and_with_checks_what_is_checked(
    fit: fw.Fit,
) -> None:
    always, checked = fit.tables(), fit.checks()[0]
    assert list(always) == [n for n in NAMES if ANSWERS[n].when == "always"]
    assert list(checked) == [n for n in NAMES if ANSWERS[n].when == "checked"]
    drawn = fit.figures([*always, *checked])
    assert list(drawn) == [n for n in [*always, *checked] if ANSWERS[n].figure]


def test_what_a_fit_cannot_answer_is_said_in_the_same_words_everywhere(
    exact: fw.Fit, tmp_path: Path
) -> None:
    refused = {n: why for n in NAMES if (why := ANSWERS[n].refuses(exact._workings))}
    assert set(refused) >= {"check", "loo", "waic"}
    path = exact.save(tmp_path / "exact.nc")
    reasons = exact.checks()[1]
    for name, why in refused.items():
        with pytest.raises(fw.PlanError) as caught:
            getattr(exact, name)()
        assert str(caught.value) == why
        run = CliRunner().invoke(app, [name, str(path)])
        assert run.exit_code == 2
        assert run.stderr == f"forwhom: {why}\n"
        if ANSWERS[name].when == "checked":
            assert why in reasons
        if ANSWERS[name].figure:
            with pytest.raises(fw.PlanError) as caught:
                getattr(exact.plot, name)()
            assert str(caught.value) == why
    assert len(reasons) == sum(ANSWERS[n].when == "checked" for n in refused)


@pytest.mark.parametrize("name", [n for n in NAMES if "level" in ANSWERS[n].options])
@pytest.mark.parametrize("level", [0, 1, 95, "0.9", float("nan")])
def test_a_level_is_checked_in_every_table(name: str, level: Any, fit: fw.Fit) -> None:
    with pytest.raises(fw.PlanError, match="level="):
        getattr(fit, name)(level=level, **ASKED_WITH.get(name, {}))


def test_columns_are_named_in_one_way(fit: fw.Fit) -> None:
    """Every column of every table is lower case, and has a header or is the user's own."""
    own = {"a", "m"}
    for name in NAMES:
        table = getattr(fit, name)(**ASKED_WITH.get(name, {}))
        for column in table.columns:
            assert column == column.lower()
            assert column in table.headers or column in own, (name, column)
