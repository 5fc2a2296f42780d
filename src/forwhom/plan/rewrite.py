"""A refused call said again in forwhom's words, as far as they are known and make a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from forwhom.errors import PlanError
from forwhom.families import FAMILIES
from forwhom.plan.equation import (
    Call,
    listed,
    note_beside,
    outcome_words,
    read_equation,
    treatment_words,
    treatments_of,
    without,
)
from forwhom.plan.literals import literal_text
from forwhom.plan.parts import COLUMN_KEYS, KEYS, PARTS
from forwhom.plan.pieces import Untranslatable, stata_factor
from forwhom.plan.spellings import WORDS_ELSEWHERE, Spelling, keyword_elsewhere, word_elsewhere
from forwhom.plan.terms import Factor, Formula
from forwhom.plan.translate import read_leniently

MOST_CHARACTERS = 2_000
_CHOICES: dict[str, Iterable[str]] = {
    **{key: PARTS[key].choices for key in WORDS_ELSEWHERE},
    "family": FAMILIES,  # "auto" is none
}
_NOTHING = {"1", "0", "none", "null", "na", "true", "false", "constant"}
_SIGNS = set("~+*:|/(^#&$=<>,")


def in_our_words(given: Mapping[str, Any], make: Callable[[Call], object], refusal: str) -> str:
    """A sentence with the keywords to change, or "" where nothing is known to change.

    Args:
        given: the keywords of a plan that was refused.
        make: makes a plan of keywords, or raises :class:`PlanError`.
        refusal: the message that it was refused with.
    """
    try:
        said = rewritten(given)
    except (Untranslatable, PlanError) as error:
        return f" {error}" if isinstance(error, Untranslatable) and error.args else ""
    changed = {key: value for key, value in said.items() if not _same(given.get(key), value)}
    dropped = [key for key in given if key not in said]
    if not changed and not dropped:
        return ""
    try:
        make(said)
    except PlanError as error:
        if not str(error).startswith("a plan needs"):
            return ""  # no words are better than words that lead nowhere
        more = "" if refusal.endswith(str(error)) else f" And {error}"
        if not changed:
            return more
        return f" In forwhom's words: {_shown(changed, dropped)}.{more}"
    return f" In forwhom's words: {_shown(changed, dropped)}."


def column_in_our_words(name: str, known: Iterable[str]) -> str:
    """What the name of a column that is not there may stand for; "" where nothing is known.

    >>> column_in_our_words("ib2.reg", ["reg"])
    " In forwhom's words: C(reg, ref=2), in a formula given as text."
    >>> column_in_our_words("d*m", ["d", "m"])
    ' In forwhom\\'s words: treatment="d", modifiers="m".'
    """
    columns = set(known)
    if name.strip().casefold() in _NOTHING:
        return " Leave the keyword out where no column is meant."
    if len(name) > MOST_CHARACTERS or not (_SIGNS & set(name) or "." in name):
        return ""
    try:
        return _column_words(name, columns)
    except (Untranslatable, PlanError) as error:
        return f" {error}" if isinstance(error, Untranslatable) and error.args else ""


def rewritten(given: Mapping[str, Any]) -> Call:
    """The call in forwhom's words. Raises :class:`Untranslatable` for a formula that has none."""
    said = _renamed(given)
    for key, known in _CHOICES.items():
        _choose(said, key, known)
    if said.get("family") == "binomial" and "trials" not in said:
        said["family"] = "bernoulli"
    for key in COLUMN_KEYS:
        if str(said.get(key, "")).strip().casefold() in _NOTHING - {""}:
            del said[key]
    extra: Call = {}
    _outcome(said, extra)
    _treatment(said, extra)
    for key in ("modifiers", "controls"):
        _formula(said, extra, key)
    for key in ("groups", "clusters"):
        _names(said, key)
    for key, value in extra.items():
        if key == "clusters" and "clusters" in said:
            value = list(dict.fromkeys([*listed(said["clusters"]), *value]))
        elif key in ("modifiers", "controls", "treatment_type", "outcome") and said.get(key):
            continue
        said[key] = value
    if not said.get("modifiers") and not said.get("groups") and "clusters" in extra:
        said["groups"], *said["clusters"] = said["clusters"]
        left = [name for name in listed(said.get("cluster_effects")) if name in said["clusters"]]
        said["cluster_effects"] = left
    return {key: _single(value) for key, value in said.items() if value not in ("", [], None)}


def _renamed(given: Mapping[str, Any]) -> Call:
    """Keywords under forwhom's names; those that it has no place for are gone."""
    said: Call = {key: value for key, value in given.items() if key in KEYS}
    for key, value in given.items():
        if key in KEYS:
            continue
        found = keyword_elsewhere(key)
        if found is None:
            raise Untranslatable
        if key.casefold() in ("formula", "f", "fml", "equation", "bf") and isinstance(value, str):
            said.setdefault("modifiers", value)
        elif key in ("alpha", "sig_level") and isinstance(value, float) and 0 < value < 1:
            said.setdefault("level", round(1 - value, 10))
        elif found.ours is not None and not (key == "control" and isinstance(value, Mapping)):
            _say(said, key, value, found)
    return said


def _say(said: Call, key: str, value: Any, spelling: Spelling) -> None:
    """One keyword under forwhom's name, where that is free."""
    ours = spelling.ours or ()
    name = ours[0][0]
    if key == "W" and "treatment" in said:
        name = "controls"
    if key == "X" and "modifiers" in said:
        name = "controls"
    if name == "level" and isinstance(value, int | float) and 1 < value < 100:
        value = value / 100
    if name == "priors" and isinstance(value, str):
        value = {"lambda": value}
    if name in said:
        return
    said[name] = value
    said |= {other: own for other, own in ours[1:] if own and other not in said}


def _choose(said: Call, key: str, known: Iterable[str]) -> None:
    """One of forwhom's words where another program's stands."""
    value = said.get(key)
    if value is None or isinstance(value, Mapping) or value in list(known):
        return
    word = value if isinstance(value, str) else type(value).__name__
    found = word_elsewhere(key, word, known)
    if found is None or found.ours is None:
        return
    said[key] = found.ours[0][1]
    for other, own in found.ours[1:]:
        said.setdefault(other, own)


def _outcome(said: Call, extra: Call) -> None:
    """``y ~ d``, ``log(y)``, ``factor(y)``, ``Surv(time, died)``."""
    text = said.get("outcome")
    if not isinstance(text, str) or not _SIGNS & set(text) or len(text) > MOST_CHARACTERS:
        return
    left, tilde, right = text.partition("~")
    try:
        said |= outcome_words(left, "family" in said, "trials" in said)
    except Untranslatable as error:
        if tilde or error.args:
            raise
        return
    if tilde:
        read_equation(read_leniently(right), said, extra)


def _treatment(said: Call, extra: Call) -> None:
    """``factor(d)``, ``d*m``, ``d + m``."""
    text = said.get("treatment")
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        return
    if not _SIGNS & set(text) and stata_factor(text).column == text:
        return
    try:
        said |= treatment_words(text, extra)
    except Untranslatable:
        return


def _formula(said: Call, extra: Call, key: str) -> None:
    """Modifiers or controls given as one text."""
    text = said.get(key)
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        return
    left, tilde, right = text.rpartition("~")
    found = read_leniently(right)
    if left.strip():
        for word, value in outcome_words(left, "family" in said, "trials" in said).items():
            said.setdefault(word, value)
    if tilde and left.strip():
        del said[key]
        read_equation(found, said, extra)
        return
    terms = found.terms
    if key == "modifiers":
        terms = without(terms, set(treatments_of(said)))
    if Formula(terms) != _own(text):
        said[key] = Formula(terms).text
    note_beside(found, said, extra)


def _names(said: Call, key: str) -> None:
    """Groups and clusters are columns, whatever formula they stood in."""
    text = said.get(key)
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        return
    if not _SIGNS & set(text) and stata_factor(text).column == text:
        return
    found = read_leniently(text.removeprefix("~"))
    factors = [f for term in found.terms for f in term.factors]
    if any(f.function not in (None, "C", "bin") for f in factors):
        raise Untranslatable
    names = list(dict.fromkeys([*found.clusters, *(f.column for f in factors)]))
    said[key] = names
    if key == "clusters":
        treated = set(treatments_of(said))
        varying = [name for name, slopes in found.slopes.items() if treated & set(slopes)]
        if varying:
            said.setdefault("cluster_effects", varying)


def _column_words(name: str, columns: set[str]) -> str:
    left, tilde, right = name.partition("~")
    if tilde:
        said: Call = outcome_words(left)
        extra: Call = {}
        found = read_leniently(right)
        if not found.terms:
            raise Untranslatable
        read_equation(found, said, extra)
        return f" In forwhom's words: {_shown(said | extra, [])}."
    if name.strip().casefold().startswith(("surv(", "cbind(")):
        return f" In forwhom's words: {_shown(outcome_words(name), [])}."
    terms = read_leniently(name).terms
    used = {f.column for term in terms for f in term.factors}
    if not terms or not used <= columns or used == {name}:
        return ""
    factors = terms[0].factors
    if len(terms) == 1 and len(factors) == 1:
        return _one_column_words(factors[0])
    extra = {}
    said = treatment_words(name, extra)
    return f" In forwhom's words: {_shown(said | extra, [])}."


def _one_column_words(factor: Factor) -> str:
    """A function of one column in the place of a column."""
    text, column = factor.text, literal_text(factor.column)
    if factor.function is None:
        return f" In forwhom's words: {text}."
    words = f" In forwhom's words: {text}, in a formula given as text"
    if factor.function == "log":
        words += f'; as an outcome, outcome={column}, family="lognormal"'
    if factor.function == "C" and not factor.arguments:
        words += f'; as a treatment, treatment={column}, treatment_type="arms"'
    return f"{words}."


def _own(text: str) -> Formula | None:
    """The formula in forwhom's grammar, or None."""
    from forwhom.plan.formula import parse_formula

    try:
        return parse_formula(text, "formula")
    except PlanError:
        return None


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _same(one: Any, other: Any) -> bool:
    """Whether a keyword keeps its value; frames and arrays are never compared."""
    return one is other or (isinstance(other, str | int | float | list) and one == other)


def _shown(changed: Call, dropped: list[str]) -> str:
    """Keywords as they are written in a call."""
    texts = [f"{key}={_value(value)}" for key, value in changed.items()]
    without = [key for key in dropped if key not in changed]
    said = ", ".join(texts)
    if without:
        first = ", ".join(without[:-1])
        out = f"without {first} and {without[-1]}" if first else f"without {without[-1]}"
        said = f"{said}, {out}" if said else f"the same {out}"
    return said


def _value(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'" if '"' in value and "'" not in value else literal_text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_value(k)}: {_value(v)}' for k, v in value.items())}}}"
    return repr(value) if isinstance(value, int | float) else "..."
