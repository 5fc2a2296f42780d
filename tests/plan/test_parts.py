"""One row for each part: ``fit``, the command, plan files and ``Plan`` say the same of it."""

from __future__ import annotations

import re
from dataclasses import fields
from inspect import Parameter, signature
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from forwhom import api, cli
from forwhom.errors import PlanError, listing
from forwhom.families import FAMILIES
from forwhom.plan import KEYS, PARTS, Part, Plan, make_plan, plan_from_toml, plan_to_toml
from forwhom.plan.family import ONE_FAMILY, SEVERAL
from forwhom.plan.flags import plan_from_flags
from forwhom.plan.kinds import KINDS, SETTLED, Frame, frame_of
from forwhom.plan.parts import Kind
from forwhom.plan.spellings import KEYWORDS, WORDS_ELSEWHERE

SMALL: dict[str, Any] = {"outcome": "y", "treatment": "d", "modifiers": "a"}

# What stands beside the parts, and why.
OF_FIT = {
    "plan": "a whole plan, in place of its parts",
    "progress": "about the run, not the question",
    "unknown": "words of other programs, to answer them",
}
OF_PRIOR_PREDICTIVE = {"draws", "seed"}  # numbers of the simulation, which are no plan's
OF_THE_COMMAND = {
    "source": "the data, or a plan file",
    **dict.fromkeys(("out", "as_json"), "where results go"),
    **dict.fromkeys(("row", "column", "color"), "of the figure"),
    **dict.fromkeys(("check", "prior_only"), "what is done besides fitting, or instead"),
}
FIELD = {"treatment": "treatments"}  # each with its modifiers
OF_PLAN = {"event_level": "a half of event"}
NEEDED = {"outcome", "treatment", "modifiers"}  # these have no default

# For each part: a value, the same as texts of its flag, and what else it needs.
VALUES: dict[str, tuple[object, object, dict[str, Any]]] = {
    "outcome": ("y", "y", {}),
    "treatment": (["d", "e"], ["d", "e"], {}),
    "modifiers": ("a*b", ["a*b"], {}),
    "controls": (["c c", "e"], ["c c", "e"], {}),
    "groups": ("g", ["g"], {}),
    "clusters": (["s", "t"], ["s", "t"], {}),
    "cluster_effects": ("s", ["s"], {"clusters": ["s"]}),
    "correlated": (True, True, {}),
    "weights": ("w", "w", {}),
    "weights_kind": ("frequency", "frequency", {"weights": "w"}),
    "reference": (0, ["0"], {}),
    "success": (2, "2", {}),
    "treatment_type": ({"d": "arms"}, ["d=arms"], {}),
    "bins": ({"a": [1, 2]}, ["a=1,2"], {}),
    "family": ("poisson", "poisson", {}),
    "link": ("probit", "probit", {}),
    "trials": ("n", "n", {}),
    "exposure": ("n", "n", {"family": "poisson"}),
    "offset": ("o", "o", {}),
    "event": ({"status": "dead"}, "status=dead", {"family": "weibull"}),
    "std_error": ("se", "se", {"treatment": None}),
    "breaks": ([1, 2.5], "1,2.5", {}),
    "reference_category": ("red", "red", {}),
    "baseline": ("shared", "shared", {}),
    "preset": ("alley2026", "alley2026", {}),
    "spread": ("student", "student", {}),
    "sigma_by": ("arm", "arm", {}),
    "priors": ({"lambda": {"a": "flat"}}, ["lambda[a]=flat"], {}),
    "method": ("nuts", "nuts", {}),
    "draws": (123, "123", {}),
    "seed": (7, "7", {}),
    "level": (0.9, "0.9", {}),
    "data": ("d.csv", "d.csv", {}),
    "missing": ({"a": [999, "?"]}, ["a=999,?"], {}),
    "encoding": ("cp1252", "cp1252", {}),
    "sheet": (2, "2", {}),
    "labels": ({"a": "Age = years", "a:b": "x"}, ["a=Age = years", "a:b=x"], {}),
    "value_labels": ({"a": {0: "No", "x": "Ex"}}, ["a:0=No", "a:x=Ex"], {}),
}

each_part = pytest.mark.parametrize("part", PARTS.values(), ids=KEYS)
each_choice = pytest.mark.parametrize(
    "part", [p for p in PARTS.values() if p.choices], ids=lambda part: part.name
)


def frame() -> Frame:
    return frame_of(SMALL, "auto")


def held(plan: Plan, part: Part) -> object:
    return getattr(plan, FIELD.get(part.name, part.name))


def test_fit_takes_every_part_and_none_by_default() -> None:
    given = signature(api.fit).parameters
    assert [name for name in given if name in PARTS] == ["data", *(k for k in KEYS if k != "data")]
    assert set(given) == {*KEYS, *OF_FIT}
    assert all(given[name].default is None for name in KEYS)


@each_part
def test_fit_tells_of_every_part(part: Part) -> None:
    assert re.search(rf"^ +(.*\b)?{part.name}(, \w+)*: ", api.fit.__doc__ or "", re.MULTILINE)


@each_part
def test_every_keyword_reaches_the_plan(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each under its own name, and no other beside it."""

    class Stop(Exception):
        pass

    calls: list[dict[str, object]] = []

    def stop(**keywords: object) -> None:
        calls.append(keywords)
        raise Stop

    monkeypatch.setattr(api, "make_plan", stop)
    value = "a text, as data in a file are"
    for call in (api.fit, api.prior_predictive):
        with pytest.raises(Stop):
            call(**{part.name: value})
    through = {} if part.name in OF_PRIOR_PREDICTIVE else {part.name: value}
    assert calls == [{part.name: value}, through]
    assert set(signature(api.prior_predictive).parameters) == {
        *("data", "plan", "keywords"),
        *OF_PRIOR_PREDICTIVE,
    }


def test_the_command_has_a_flag_for_every_part_in_the_plans_order() -> None:
    given = signature(cli.fit).parameters
    assert [name for name in given if name in PARTS] == list(KEYS)
    assert set(given) == {*KEYS, *OF_THE_COMMAND}
    assert all(p.kind is Parameter.KEYWORD_ONLY for name, p in given.items() if name != "source")


@each_part
def test_help_says_the_words_of_every_part(part: Part) -> None:
    text = CliRunner().invoke(cli.app, ["fit", "--help"]).stdout
    words = " ".join(re.sub(r"(?<=\w)-\n\s+", "-", text).split())  # lines end at hyphens, too
    flag = f"{part.flag} {part.metavar}".strip()
    assert f"{flag} {' '.join(part.help.split())}" in words


def test_a_plan_holds_every_part() -> None:
    names = [field.name for field in fields(Plan) if field.name not in OF_PLAN]
    assert names == [FIELD.get(name, name) for name in KEYS]


@each_part
def test_a_default_is_what_the_plan_holds(part: Part) -> None:
    if part.name not in NEEDED:
        assert held(make_plan(**SMALL), part) == part.default


def test_defaults_that_other_parts_decide() -> None:
    survival = make_plan(**SMALL, family="piecewise_exponential")
    assert str(survival.breaks) == PARTS["breaks"].otherwise
    assert survival.link == FAMILIES["piecewise_exponential"].links[0]
    assert make_plan(**SMALL, preset="alley2023").baseline == "shared"
    assert make_plan(outcome="y", std_error="s", groups="g").baseline == "shared"


@each_part
def test_a_value_is_the_same_as_keyword_flag_and_key(part: Part) -> None:
    value, texts, more = VALUES[part.name]
    keywords = {k: v for k, v in (SMALL | more | {part.name: value}).items() if v is not None}
    made = make_plan(**keywords)
    assert held(made, part) != part.default
    assert make_plan(**made.keywords()) == made
    assert [name for name in KEYS if name in made.keywords()] == list(made.keywords())
    text = plan_to_toml(made)
    assert re.search(rf"^(\[{part.name}[.\]]|{part.name} = )", text, re.MULTILINE)
    assert plan_from_toml(text, "plan.toml") == made
    if part.name != "data":  # its flag stands beside a plan file
        lists = [name for name in KEYS if PARTS[name].repeatable]
        asked = {k: [v] if k in lists and isinstance(v, str) else v for k, v in keywords.items()}
        flags = plan_from_flags("d.csv", None, asked | {part.name: texts})
        assert flags == make_plan(**keywords, data="d.csv")


@each_part
def test_a_slip_of_the_pen_finds_every_part(part: Part) -> None:
    with pytest.raises(PlanError) as caught:
        make_plan(**SMALL, **{f"{part.name}q": 1})
    assert f"Did you mean '{part.name}'? A plan has: {listing(KEYS, most=99)}." in str(caught.value)


@each_choice
def test_choices_are_what_is_accepted_and_what_a_refusal_lists(part: Part) -> None:
    for choice in part.choices:
        assert KINDS[part.kind](part, choice, frame()) == choice
    with pytest.raises(PlanError) as caught:
        make_plan(**SMALL, **{part.name: "qqq"})
    assert str(caught.value) == (
        f"{part.name} 'qqq' is not known. Known: {listing(part.choices, most=99)}."
    )


@each_part
def test_only_choices_have_choices_and_a_default_is_one_of_them(part: Part) -> None:
    assert bool(part.choices) == (part.kind in ("choice", "baseline"))
    assert part.default is None or not part.choices or part.default in part.choices


@each_part
def test_limits_are_of_whole_numbers_and_both_are_inside(part: Part) -> None:
    assert any(part.limits) == (part.kind == "whole")
    if part.kind != "whole":
        return
    least, most = part.limits
    for number in part.limits:
        assert held(make_plan(**SMALL, **{part.name: number}), part) == number
    for number in (least - 1, most + 1):
        with pytest.raises(PlanError, match=f"from {least:,} to {most:,}; got {number}"):
            make_plan(**SMALL, **{part.name: number})


def test_every_kind_has_its_check() -> None:
    kinds = {part.kind for part in PARTS.values()}
    assert kinds == set(get_args(Kind.__value__))
    first = {"treatments", "columns"}  # by ``frame_of``, before the others
    assert set(KINDS) == kinds - first
    assert set(SETTLED) <= set(PARTS)


def test_how_data_are_read_is_told_by_the_rows() -> None:
    reading = make_plan(**SMALL, encoding="cp1252").reading
    assert reading == {"missing": (), "encoding": "cp1252", "sheet": None}
    assert set(reading) <= set(signature(api.load).parameters)


def test_families_that_have_a_place_for_a_part() -> None:
    for name, family, _ in ONE_FAMILY:
        assert PARTS[name].families in ((), (family,))
    assert all(len(PARTS[name].families) > 1 for name in SEVERAL)
    for part in PARTS.values():
        assert set(part.families) <= set(FAMILIES)
        assert bool(part.role) == (part.kind in ("column", "treatments") or bool(part.families))


def test_words_of_other_programs_lead_to_parts() -> None:
    ours = {name for row in KEYWORDS.values() for name, _ in row.ours or ()}
    assert ours <= {*KEYS, "plan"}
    assert all(PARTS[name].choices for name in WORDS_ELSEWHERE)
