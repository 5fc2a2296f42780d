"""Plans as the command line gives them: a plan file, or one text per flag."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from forwhom.errors import PlanError, listing, nearest
from forwhom.plan.make import make_plan
from forwhom.plan.parts import PARTS, Kind, Part
from forwhom.plan.plan import Plan
from forwhom.plan.planfile import read_plan
from forwhom.plan.values import Level


def plan_from_file(path: str, data: str | None, request: Sequence[str]) -> Plan:
    """Read a plan file and settle its data: those given, else the file's own.

    ``request`` are the parts of a plan that were given as flags too, which must be none. A relative
    path is tried as written, then beside the plan file. Raises :class:`PlanError`.
    """
    if request:
        flags = ", ".join(PARTS[key].flag for key in request)
        raise PlanError(
            f"'{path}' is a plan file and holds the whole analysis, so {flags} cannot stand beside "
            "it. Change the plan file; only --data, --out, --json and the figure's --row, --column "
            "and --color go with one."
        )
    plan = read_plan(path)
    if data is None:
        if plan.data is None:
            raise PlanError(
                f"{path}: the plan names no data. Give them with --data, or as data = in the plan."
            )
        beside = Path(path).parent / plan.data
        written = Path(plan.data).expanduser()
        data = plan.data if written.exists() or not beside.exists() else str(beside)
    return replace(plan, data=data)


def plan_from_flags(source: str | None, data: str | None, request: Mapping[str, Any]) -> Plan:
    """Make a plan from flags: texts, and lists of texts for flags that may be repeated.

    ``source`` and ``data`` are two ways to name the data. Raises :class:`PlanError`.

    >>> asked = {"outcome": "y", "treatment": ["t"], "modifiers": ["my age", "woman"]}
    >>> plan_from_flags("data.csv", None, asked).columns
    ('y', 't', 'my age', 'woman')
    """
    if source is not None and data is not None:
        raise PlanError(
            f"the data are given twice, as '{source}' and as --data {data}. Give them once."
        )
    if source is None and data is None:
        raise PlanError(
            "no data: name a data file or a plan file, as in forwhom fit data.csv --outcome y "
            '--treatment t --modifiers "a + b".'
        )
    treatments = _treatments(request.get("treatment") or ())
    names = [treatments] if isinstance(treatments, str) else list(treatments)
    given: dict[str, Any] = {}
    for key, texts in request.items():
        part = PARTS[key]
        read = _READERS.get(part.kind, _one_or_many)
        given[key] = _by_treatment(part, texts, names, read) if part.by_treatment else read(texts)
    return make_plan(**given, data=data if source is None else source)


def _one_or_many(value: Any) -> Any:
    """A flag given once is a formula, given several times a list of names taken as they are."""
    if isinstance(value, list | tuple):
        return value[0] if len(value) == 1 else list(value)
    return value


_TREATMENT = re.compile(r"(?:`((?:[^`]|``)+)`|([^=]*))(?:=(.*))?", re.DOTALL)


def _treatments(texts: Iterable[str]) -> str | list[str] | dict[str, str]:
    """Read ``ad``, ``ad`` and ``mailer``, or ``ad=age*party`` and ``mailer=age``.

    A column whose name holds an equals sign goes in back-quotes.
    """
    found: list[tuple[str, str | None]] = []
    for text in texts:
        match = _TREATMENT.fullmatch(text)
        assert match is not None  # the pattern takes any text
        own = match[3]
        name = match[1].replace("``", "`") if match[1] else match[2]
        found.append((name if own is None else name.strip(), own))
    names = [name for name, _ in found]
    with_own = [name for name, own in found if own is not None]
    if not with_own:
        return names[0] if len(names) == 1 else names
    for name, own in found:
        if own is None:
            raise PlanError(
                f"treatment: '{name}' is without modifiers of its own, and '{with_own[0]}' has "
                f'some. Write --treatment "{name}=FORMULA" ("{name}=" for none), or name the '
                "treatments alone and let them share --modifiers."
            )
        if names.count(name) > 1:
            raise PlanError(f"treatment: '{name}' is given twice. Write one formula for it.")
    return {name: own for name, own in found if own is not None}


def _event(text: str) -> str | dict[str, Level]:
    """Read ``died``, a column of 0 and 1, or ``status=dead``, a column and its level."""
    match = _TREATMENT.fullmatch(text)
    assert match is not None  # the pattern takes any text
    name = match[1].replace("``", "`") if match[1] else match[2]
    return name if match[3] is None else {name.strip(): _level(match[3].strip())}


def _by_treatment(
    part: Part, texts: Sequence[str], names: Sequence[str], read: Callable[[str], Any]
) -> Any:
    """Read ``none``, one value for all, or ``ad=none`` and ``mailer=0``."""
    found: dict[str, Any] = {}
    key, flag = part.name, part.flag
    for text in texts:
        fitting = [name for name in names if text.startswith(f"{name}=")]
        name, equals, value = text.partition("=")
        if fitting:
            name = max(fitting, key=len)
            value = text[len(name) + 1 :]
        elif not equals or len(names) < 2:  # one treatment's value may hold an equals sign
            if len(texts) == 1:
                return read(text)
            raise PlanError(
                f"{key}: '{text}' does not say which treatment it is for, and {flag} is given more "
                f'than once. Write {flag} "{names[0] if names else "ad"}={text}" for each '
                f"treatment, or {flag} once for all."
            )
        if name in found:
            raise PlanError(f"{key}: '{name}' is given twice. Write one {flag} for it.")
        found[name] = read(value)
    return found


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return None


def _number_or_text(text: str) -> str | int | float:
    number = _number(text)
    return text if number is None or not math.isfinite(number) else number


def _level(text: str) -> Level:
    truth = {"true": True, "false": False}
    return truth.get(text.lower(), _number_or_text(text))


def _bins(texts: Sequence[str]) -> Any:
    """Read ``4``, or ``age=4`` and ``age=20,40,60``."""
    if len(texts) == 1 and "=" not in texts[0]:
        return _bin_number(texts[0], texts[0])
    found: dict[str, Any] = {}
    for text in texts:
        column, equals, cuts = text.rpartition("=")
        if not equals or not column or column in found:
            why = f"'{column}' is given twice" if column in found else f"'{text}' has no column"
            raise PlanError(f"bins: {why}. Write --bins 4, or --bins age=4 --bins income=10,20,50.")
        numbers = [_bin_number(cut, text) for cut in cuts.split(",")]
        found[column] = numbers[0] if "," not in cuts else numbers
    return found


def _bin_number(text: str, whole: str) -> Any:
    number = _number(text)
    if number is None:
        raise PlanError(
            f"bins: '{text.strip()}' in '{whole}' is not a number. Write --bins 4, --bins age=4 or "
            "--bins age=20,40,60."
        )
    return number


def _breaks(text: str) -> Any:
    """Read ``4``, a number of intervals, or ``1,2.5,6``, the times between them (one: ``3,``)."""
    if "," not in text:
        return _number_or_text(text)
    return [_number_or_text(part.strip()) for part in text.removesuffix(",").split(",")]


_PRIOR = re.compile(r"\s*([^\[\]=]*?)\s*(?:\[(.*)\])?\s*=\s*([^=\]]*)", re.DOTALL)


def _priors(texts: Sequence[str]) -> dict[str, Any]:
    """Read ``lambda=normal(0, 0.5)`` and ``lambda[woman]=normal(0, 0.2)``."""
    found: dict[str, Any] = {}
    for text in texts:
        match = _PRIOR.fullmatch(text)
        if match is None or not match[1]:
            raise PlanError(
                f"priors: '{text}' does not read as a parameter and its prior. Write "
                '--priors "lambda=normal(0, 0.5)" or --priors "lambda[woman]=normal(0, 0.2)".'
            )
        key, term, prior = match[1], match[2], match[3].strip()
        terms = found.setdefault(key, {}) if term is not None else {}
        if (term is None and key in found) or not isinstance(terms, dict) or term in terms:
            raise PlanError(f"priors: '{key}' is given twice, the second time by '{text}'.")
        if term is None:
            found[key] = prior
        else:
            terms[term] = prior
    return found


_LABEL = re.compile(r"(?:`((?:[^`]|``)+)`|([^=]+))=(.*)", re.DOTALL)
_VALUE_LABEL = re.compile(
    r"(?:`((?:[^`]|``)+)`|([^:=]+)):(?:`((?:[^`]|``)+)`|([^=]*))=(.*)", re.DOTALL
)


def _name(quoted: str | None, plain: str | None) -> str:
    """A name that may stand in back-quotes."""
    return quoted.replace("``", "`") if quoted else (plain or "").strip()


def _labels(texts: Sequence[str]) -> dict[str, str]:
    """Read ``age=Age in years``; a name that holds an equals sign goes in back-quotes."""
    found: dict[str, str] = {}
    for text in texts:
        match = _LABEL.fullmatch(text)
        if match is None:
            raise PlanError(
                f"labels: '{text}' does not read as a column and its name. Write --labels "
                '"age=Age in years".'
            )
        name = _name(match[1], match[2])
        if name in found:
            raise PlanError(f"labels: '{name}' is given twice. Write one --labels for it.")
        found[name] = match[3]
    return found


def _value_labels(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read ``woman:0=Man``; back-quotes hold a name with a colon or an equals sign."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        match = _VALUE_LABEL.fullmatch(text)
        if match is None:
            raise PlanError(
                f"value_labels: '{text}' does not read as a column, a value and its name. Write "
                '--value-labels "woman:1=Woman".'
            )
        name, value = _name(match[1], match[2]), _name(match[3], match[4])
        of = found.setdefault(name, {})
        if value in of:
            raise PlanError(f"value_labels: '{name}:{value}' is given twice.")
        of[value] = match[5]
    return found


_CODES = re.compile(r"(?:`((?:[^`]|``)+)`|([^=]+))=(.*)", re.DOTALL)


def _missing(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Read ``therm=999`` and ``age=n/a,?``; quotes hold a code with a comma, ``age=`` has none."""
    found: dict[str, list[Any]] = {}
    for text in texts:
        match = _CODES.fullmatch(text)
        if match is None:
            raise PlanError(
                f"missing: '{text}' does not read as a column and its codes. Write --missing "
                '"therm=999" or --missing "age=n/a,?".'
            )
        name = match[1].replace("``", "`") if match[1] else match[2].strip()
        codes = next(csv.reader([match[3]], skipinitialspace=True), [])
        found.setdefault(name, []).extend(_code(code) for code in codes)
    return found


def _code(text: str) -> Any:
    """A number where it is written as numbers are: 007 is a code, not 7."""
    number = _number_or_text(text)
    return number if not isinstance(number, str) and str(number) == text else text


def _sheet(text: str) -> str | int:
    return int(text) if text.isdigit() and int(text) else text


# From a flag's text, or texts, to a keyword's value, by the part's kind. Other kinds are texts.
_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    "bins": _bins,
    "breaks": _breaks,
    "event": _event,
    "labels": _labels,
    "level": _level,
    "missing": _missing,
    "priors": _priors,
    "share": _number_or_text,
    "sheet": _sheet,
    "treatments": _treatments,
    "value_labels": _value_labels,
    "whole": _number_or_text,
}


def check_facets(facets: Mapping[str, str], plan: Plan, out: str | None) -> None:
    """Refuse before the fit what the figure would refuse after it."""
    columns = plan.groups or plan.modifiers.traits
    for facet, name in facets.items():
        if out is None:
            raise PlanError(f"--{facet} is for the figure, which only --out writes. Add --out DIR.")
        if not columns:
            raise PlanError(
                f"--{facet} {name}: the figure can be split by the columns that define the groups, "
                "and none is named. Name them by --modifiers or --groups."
            )
        if name not in columns:
            raise PlanError(
                f"--{facet} {name}: the figure can be split by the columns that define the groups, "
                f"{listing(columns)}.{nearest(name, columns)}"
            )
    if len(set(facets.values())) < len(facets):
        raise PlanError("--row, --column and --color name different columns.")
