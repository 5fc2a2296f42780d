"""The heterogeneity equation's coefficients, in a table and as densities.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from forwhom.answers.answer import Answer, check_all
from forwhom.answers.naming import (
    contrast_words,
    effect_axis,
    effect_on,
    effect_words,
    labels_for,
    treatment_name,
)
from forwhom.answers.options import TELLING
from forwhom.answers.sample import Sample
from forwhom.answers.tables import stack, titled
from forwhom.answers.telling import Telling
from forwhom.answers.which import picked
from forwhom.answers.whom import NAME_THEM
from forwhom.answers.words import joined
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.design import Encoding, TermRecipe
from forwhom.fitted import Estimand

if TYPE_CHECKING:
    from forwhom.draw.figure import Figure
    from forwhom.draw.labels import Labels, ValueLabels


def modifiers_table(workings: Workings, telling: Telling) -> Tidy:
    """lambda: how the effect differs by each modifier, one row per coefficient."""
    estimands = workings.estimands
    return stack([coefficients(workings, one, telling) for one in estimands], estimands)


def coefficients(workings: Workings, estimand: Estimand, telling: Telling) -> Tidy:
    """The same of one effect."""
    names, t = estimand.effect.lambda_names, estimand.treatment
    labels = workings.labels
    columns = {"treatment": [t.name] * len(names), "term": list(names)}
    unit = " per unit of dose" if t.kind == "dose" else ""
    several = len(workings.design.effects) > 1
    what = (
        ", modifiers as given: the difference in the effect for one more of the modifier. "
        "Intercept: the effect where every modifier is zero."
    )
    if workings.plan.ungrouped:
        clusters = ", to which clusters add their own part" if workings.plan.cluster_effects else ""
        what = f". Intercept: the effect, one for all rows{clusters}. {NAME_THEM}"
    notes = (
        *((f"{t.name}: the effect of {contrast_words(estimand, labels)}.",) if several else ()),
        *((held,) if (held := at_zero(estimand, labels)) else ()),
        f"In units of {effect_words(estimand, labels)}{unit}{what}",
    )
    title = titled("Modifier coefficients (lambda) of the effect", estimand)
    return Sample(columns, estimand.lambda_.T, workings.chains).table(telling, title, notes)


# Many parameters: a figure's options are named one by one, as in the method of ``Plots``.
def modifiers_figure(
    workings: Workings,
    *,
    treatment: str | None = None,
    category: str | None = None,
    level: float | None = None,
    intercept: Literal["last", "omit"] = "last",
    labels: Mapping[str, str] | None = None,
    value_labels: ValueLabels | None = None,
    title: str | None = None,
) -> Figure:
    """The posterior of each modifier coefficient, its interval shaded."""
    from forwhom.draw.densities import densities_figure
    from forwhom.draw.labels import term_labels

    estimand = picked(workings, treatment, category)
    level = check_all(workings, ("level",), {"level": level})["level"]
    names = labels_for(estimand, labels, value_labels)
    terms = term_labels(estimand.design, estimand.effect, names)
    on = effect_on(estimand, names, link=True)
    title_, subtitle, axis = (
        f"What changes the effect of {treatment_name(estimand, names)}?",
        f"Difference in the effect on {on} for one more of each modifier",
        "Change in the effect",
    )
    if workings.plan.ungrouped:
        title_ = f"The effect of {treatment_name(estimand, names)}"
        subtitle, axis = f"On {on}: one effect for all rows, the intercept", "Effect"
    return densities_figure(
        {name: estimand.lambda_[:, j] for j, name in enumerate(terms)},
        title=title_ if title is None else title,
        subtitle=subtitle,
        x_title=effect_axis(axis, estimand, names, link=True),
        level=level,
        intercept=intercept,
        note=at_zero(estimand, names, figure=True),
    )


def at_zero(estimand: Estimand, labels: Labels, figure: bool = False) -> str:
    """Of terms that are part of an interaction, at what of the others their coefficients are."""
    found = []
    terms = estimand.effect.modifiers.terms
    for term in terms:
        own = {encoding.factor.label for encoding in term.encodings}
        others: dict[str, str] = {}
        for wider in terms:
            if not own < {encoding.factor.label for encoding in wider.encodings}:
                continue
            for encoding, reduced in zip(wider.encodings, wider.reduced, strict=True):
                if encoding.factor.label not in own and (reduced or not encoding.categorical):
                    others[encoding.factor.label] = _reference(encoding, labels)
        if others:
            said = joined(list(others.values()))
            found.append(f"{_called(term, labels, figure)}: where {said}")
    if not found:
        return ""
    return f"Of terms that interact the coefficient holds at one value. {'; '.join(found)}."


def _called(term: TermRecipe, labels: Labels, figure: bool) -> str:
    """A term, as its table or figure has it."""
    factors = [encoding.factor for encoding in term.encodings]
    if not figure:
        return ":".join(labels.columns.get(f.label, f.label) for f in factors)
    return " × ".join(labels.columns.get(f.label) or labels.column(f.label) for f in factors)


def _reference(encoding: Encoding, labels: Labels) -> str:
    """At which value of a factor its columns are all zero: "age is 0", "region is East"."""
    factor = encoding.factor
    name = labels.columns.get(factor.label) or labels.word(factor.column)
    if encoding.categorical:
        level = encoding.levels[0]
        return f"{name} is {labels.given(factor.column, level, None) or level}"
    if factor.condition:
        return f"not {factor.column} {factor.condition.removeprefix(factor.column).strip()}"
    if factor.function is not None:
        name = labels.columns.get(factor.label, factor.label)
    return f"{name} is {labels.given(factor.column, '0', 0.0) or 0}"


MODIFIERS = Answer(
    "modifiers",
    "lambda, one tidy row per coefficient of the heterogeneity equation.",
    TELLING,
    modifiers_table,
    modifiers_figure,
    ("treatment", "category", "level", "intercept", "labels", "value_labels", "title"),
)
