"""Whole model formulas of other programs, ``y ~ d*m + x``, as keywords of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from forwhom.plan.pieces import Untranslatable
from forwhom.plan.syntax import FUNCTIONS_ELSEWHERE
from forwhom.plan.terms import Formula, Term, ordered_terms
from forwhom.plan.translate import Translation, read_leniently

Call = dict[str, Any]


def outcome_words(text: str, has_family: bool = False, has_trials: bool = False) -> Call:
    """The left-hand side of a formula: outcome and what belongs to it.

    >>> outcome_words("log(y)"), outcome_words("Surv(time, died)")["event"]
    ({'outcome': 'y', 'family': 'lognormal'}, 'died')
    """
    head, bar, tail = text.partition("|")
    if bar:  # brms: y | trials(n)
        name, _, rest = tail.strip().partition("(")
        column = rest.rstrip(") ").strip()
        if name.strip() != "trials" or not column.isidentifier():
            raise Untranslatable
        return {**outcome_words(head), "trials": column, "family": "binomial"}
    name, _, rest = text.strip().partition("(")
    parts = [part.strip(" `") for part in rest.rstrip(") ").split(",")]
    if name.casefold() == "surv" and len(parts) == 2:
        shape = {} if has_family else {"family": "weibull"}
        return {"outcome": parts[0], "event": parts[1].split(" ")[0], **shape}
    if name.casefold() == "cbind":
        raise Untranslatable(FUNCTIONS_ELSEWHERE["cbind"].words)
    terms = read_leniently(text).terms
    if len(terms) != 1 or len(terms[0].factors) != 1:
        raise Untranslatable
    factor = terms[0].factors[0]
    families = {"log": "lognormal", "C": "categorical", None: ""}
    if factor.function not in families:
        raise Untranslatable
    family = families[factor.function]
    return {"outcome": factor.column} | ({"family": family} if family and not has_family else {})


def treatment_words(text: str, extra: Call) -> Call:
    """What a treatment written as a formula says; its modifiers go to ``extra``.

    >>> treatment_words("d + m", {}), treatment_words("factor(d)", {})
    ({'treatment': ['d', 'm']}, {'treatment': 'd', 'treatment_type': 'arms'})
    """
    terms = read_leniently(text).terms
    mains = [term.factors[0] for term in terms if len(term.factors) == 1]
    if not terms or any(factor.function not in (None, "C") for factor in mains):
        raise Untranslatable
    if len(mains) == len(terms):
        words: Call = {"treatment": [factor.column for factor in mains]}
        if len(mains) == 1:
            words = {"treatment": mains[0].column}
            words |= {"treatment_type": "arms"} if mains[0].function == "C" else {}
        return words
    first = mains[0] if mains else terms[0].factors[0]
    extra["modifiers"] = Formula(without(terms, {first.column})).text
    return {"treatment": first.column}


def read_equation(translation: Translation, said: Call, extra: Call) -> None:
    """``d*m + x``: what is crossed with the treatment changes its effect, the rest is a control."""
    terms = translation.terms
    if not treatments_of(said) and terms:
        said["treatment"] = terms[0].factors[0].column
    treated = set(treatments_of(said))
    crossed = [t for t in terms if treated & {f.column for f in t.factors}]
    modifiers = without(crossed, treated)
    rest = [t for t in terms if t not in crossed and t not in modifiers]
    if not modifiers:
        modifiers, rest = tuple(rest), []
    if modifiers and not said.get("modifiers"):
        said["modifiers"] = Formula(modifiers).text
    if rest and not said.get("controls"):
        said["controls"] = Formula(tuple(rest)).text
    note_beside(translation, said, extra)


def note_beside(translation: Translation, said: Call, extra: Call) -> None:
    """Clusters and offsets that a formula held."""
    if translation.clusters:
        extra["clusters"] = translation.clusters
        treated = set(treatments_of(said))
        varying = [name for name, slopes in translation.slopes.items() if treated & set(slopes)]
        if varying:
            extra["cluster_effects"] = varying
    extra |= translation.beside


def without(terms: Iterable[Term], names: set[str]) -> tuple[Term, ...]:
    """The terms less the factors of some columns."""
    left = (tuple(f for f in term.factors if f.column not in names) for term in terms)
    return ordered_terms((Term(factors) for factors in left if factors), "modifiers")


def treatments_of(said: Call) -> list[str]:
    """The names of the treatments, as far as they are given."""
    value = said.get("treatment")
    if isinstance(value, Mapping):
        return [str(name) for name in value]
    return [str(name) for name in listed(value)]


def listed(value: Any) -> list[Any]:
    """One value or several, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
