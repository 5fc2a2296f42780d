"""The figures of a fit, from its posterior."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from forwhom.answers import GroupPass
from forwhom.draw.figure import Figure
from forwhom.draw.labels import Labels, ValueLabels, group_texts, term_labels
from forwhom.errors import OutputError, listing, nearest
from forwhom.families import FAMILIES
from forwhom.fitted import Estimand, Replication
from forwhom.output.check_plot import distribution_figure, groups_figure
from forwhom.output.contrast import (
    arm_names,
    axis_name,
    contrast_line,
    effect_of,
    effect_on,
    treatment_name,
)
from forwhom.output.effects_plot import effects_figure
from forwhom.output.modifiers_plot import modifiers_figure


def plot_modifiers(
    estimand: Estimand,
    labels: Labels,
    level: float,
    intercept: Literal["last", "omit"],
    title: str | None,
) -> Figure:
    """Figure 1: the posterior of each modifier coefficient."""
    names, on = (
        term_labels(estimand.design, estimand.effect, labels),
        effect_on(estimand, labels, link=True),
    )
    draws = {name: estimand.lambda_[:, j] for j, name in enumerate(names)}
    return modifiers_figure(
        draws,
        title=f"What changes the effect of {treatment_name(estimand, labels)}?"
        if title is None
        else title,
        subtitle=f"Difference in the effect on {on} for one more of each modifier",
        x_title=f"Change in the effect{effect_of(estimand, labels)} on {on}",
        level=level,
        intercept=intercept,
    )


def plot_effects(
    estimand: Estimand,
    found: GroupPass,
    labels: Labels,
    facets: Mapping[str, str | None],
    title: str | None,
) -> Figure:
    """Figure 2: every group's effect with its interval, sorted, faceted and coloured.

    Args:
        facets: "row", "column" and "color" to a grouping column or None.

    Raises:
        OutputError: a facet that is not a grouping column.
    """
    groups = estimand.design.groups
    rows: dict[str, Any] = {
        name: found.summary[name] for name in ("estimate", "conf_low", "conf_high", "prob_positive")
    }
    size = estimand.effect.n_treated if groups.has_control_group else groups.n_rows
    texts = {name: group_texts(groups, j, labels) for j, name in enumerate(groups.columns)}
    used = [name for name in facets.values() if name is not None]
    titles = {}
    for facet, name in facets.items():
        if name is None:
            titles[f"{facet}_title"] = ""
            continue
        if name not in texts:
            raise OutputError(
                f"{facet}={name!r} does not define the groups; {listing(groups.columns)} do."
                f"{nearest(name, groups.columns)}"
            )
        rows[facet] = texts[name]
        # Labelled values and bare numbers, which stand with their column, speak for themselves.
        texts_only = groups.numbers[groups.columns.index(name)] is None
        told = facet == "color" and texts_only and name not in labels.values
        titles[f"{facet}_title"] = labels.column(name) if told else ""
    rest = [name for name in groups.columns if name not in used] or list(groups.columns)
    rows["label"] = [", ".join(texts[name][g] for name in rest) for g in range(groups.count)]
    rows["n"] = size
    for name in groups.columns:
        rows[labels.column(name)] = texts[name]
    order = (
        np.lexsort([groups.values[groups.columns.index(name)] for name in reversed(used)])
        if used
        else np.arange(groups.count)
    )
    rows = {key: [values[i] for i in order] for key, values in rows.items()}
    return effects_figure(
        rows,
        title=f"The effect of {treatment_name(estimand, labels, versus=False)} in every group"
        if title is None
        else title,
        subtitle=contrast_line(estimand, labels),
        x_title=f"Effect{effect_of(estimand, labels)} on {effect_on(estimand, labels)}",
        level=found.level,
        counted="treated row" if groups.has_control_group else "row",
        **titles,
    )


def plot_check(
    estimand: Estimand,
    found: Replication,
    labels: Labels,
    level: float,
    of: str | None,
    title: str | None,
) -> Figure:
    """Observed outcomes beside replicated ones, by arm: of all rows, or of each group's mean."""
    support = FAMILIES[estimand.design.plan.family].support
    binary = support in ("binary", "successes")
    of = of or ("groups" if binary else "rows")
    if of not in ("rows", "groups"):
        raise OutputError(f"of={of!r} is not known: give 'rows' or 'groups'.")
    name = axis_name(estimand, labels)
    counted = "trials" if support == "successes" else "rows"
    arms = arm_names(estimand, found, labels)
    if of == "rows":
        return distribution_figure(
            arms,
            found.bins,
            found.share_observed,
            found.share_replicated,
            title="Does the model reproduce what was observed?" if title is None else title,
            x_title=f"{name}: share of trials" if support == "successes" else name,
            level=level,
            counted=counted,
        )
    groups = estimand.design.groups
    texts = [group_texts(groups, j, labels) for j in range(len(groups.columns))]
    names = [", ".join(text[g] for text in texts) for g in range(groups.count)]
    levels = estimand.design.outcome.levels
    what = {
        "binary": f"{name}: share of {levels[1]}" if len(levels) == 2 else name,
        "successes": f"{name}: share of trials",
        "ordered": f"{name}: mean, levels as 0, 1, ...",
        "unordered": f"{name}: share of the commonest",
    }.get(support, f"{name}: mean")
    return groups_figure(
        arms,
        [*names, *["control group"] * (len(found.group_n) - groups.count)],
        found.group_n,
        found.group_observed,
        found.group_replicated,
        title="Does the model reproduce what was observed in every group?"
        if title is None
        else title,
        x_title=what,
        level=level,
        as_share=binary or support == "unordered",
        counted=counted,
    )


def plot_prior(
    estimand: Estimand,
    found: Replication,
    names: Mapping[str, str] | None,
    level: float,
    title: str | None,
) -> Figure:
    """Observed outcomes beside those that the priors imply."""
    labels = Labels.of(estimand.design.groups, names, None)
    name = axis_name(estimand, labels)
    trials = FAMILIES[estimand.design.plan.family].support == "successes"
    return distribution_figure(
        arm_names(estimand, found, labels),
        found.bins,
        found.share_observed,
        found.share_replicated,
        title="What do the priors imply, before the data are believed?" if title is None else title,
        x_title=f"{name}: share of trials" if trials else name,
        level=level,
        counted="trials" if trials else "rows",
        source="implied by the priors",
        drawn="data sets simulated from the priors.",
    )


@dataclass(frozen=True, slots=True)
class Plots:
    """The figures of a fit. ``labels`` name columns or terms, ``value_labels`` their values.

    ``treatment`` picks one of several effects by its name in tables, ``category`` one of several
    categories of an unordered outcome; the first by default.

    Attributes:
        estimands: the draws, one for each effect and category.
        summaries: makes (or remembers) the pass over all groups at a level.
        replicated: makes (or remembers) replicated data.
    """

    estimands: tuple[Estimand, ...]
    summaries: Callable[[Estimand, float | None], GroupPass]
    replicated: Callable[[], Replication]

    @property
    def estimand(self) -> Estimand:
        """The first."""
        return self.estimands[0]

    def each(self) -> dict[str, dict[str, Any]]:
        """What picks every effect and category, by an ending for its files' names.

        >>> Plots.ending("arm[mail]", ""), Plots.ending("ad", "no answer")
        ('_arm_mail', '_ad_no_answer')
        """
        one_effect = len({one.quantity.effect for one in self.estimands}) == 1
        found: dict[str, dict[str, Any]] = {}
        for one in self.estimands:
            name = one.treatment.name
            ending = self.ending("" if one_effect else name, one.category)
            while ending in found:
                ending += "_"
            found[ending] = {"treatment": name} | (
                {"category": one.category} if one.category else {}
            )
        return found

    @staticmethod
    def ending(treatment: str, category: str) -> str:
        """Of a file's name."""
        parts = [re.sub(r"\W+", "_", part).strip("_") for part in (treatment, category)]
        return "".join(f"_{part}" for part in parts if part)

    def _pick(self, treatment: str | None, category: str | None) -> Estimand:
        found = self.estimands
        asked = (
            ("treatment", treatment, [one.treatment.name for one in found]),
            ("category", category, [one.category for one in found]),
        )
        for key, name, names in asked:
            if name is not None and not any(names):
                raise OutputError(
                    f"{key}={name!r} picks one of several, and this fit has no {key} to pick from. "
                    "Leave it out."
                )
            if name is not None and name not in names:
                raise OutputError(
                    f"{key}={name!r} is not in the fit; it has {listing(dict.fromkeys(names))}."
                    f"{nearest(name, names)}"
                )
        found = tuple(
            one
            for one in found
            if treatment in (None, one.treatment.name) and category in (None, one.category)
        )
        return found[0]

    def modifiers(
        self,
        *,
        treatment: str | None = None,
        category: str | None = None,
        level: float = 0.9,
        intercept: Literal["last", "omit"] = "last",
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
    ) -> Figure:
        """The posterior of each modifier coefficient, its interval shaded (the paper's Figure 1).

        Args:
            level: of the shaded interval; intercept: "last" or "omit".
            labels: readable names, for instance ``{"woman": "Woman"}``.
            value_labels: for instance ``{"woman": {0: "Man", 1: "Woman"}}``.
            title: in place of the one made from the names.
        """
        estimand = self._pick(treatment, category)
        names = Labels.of(estimand.design.groups, labels, value_labels)
        return plot_modifiers(estimand, names, level, intercept, title)

    def effects(
        self,
        *,
        row: str | None = None,
        column: str | None = None,
        color: str | None = None,
        treatment: str | None = None,
        category: str | None = None,
        level: float | None = None,
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
    ) -> Figure:
        """Every group's effect with its interval, sorted (the paper's Figure 2).

        Args:
            row, column, color: grouping columns for facets and colour.
            level: of the intervals; the rest as for ``modifiers``.

        Raises:
            OutputError: a facet that does not define the groups.
        """
        estimand = self._pick(treatment, category)
        names = Labels.of(estimand.design.groups, labels, value_labels)
        facets = {"row": row, "column": column, "color": color}
        return plot_effects(estimand, self.summaries(estimand, level), names, facets, title)

    def check(
        self,
        *,
        of: Literal["rows", "groups"] | None = None,
        level: float = 0.95,
        labels: Mapping[str, str] | None = None,
        value_labels: ValueLabels | None = None,
        title: str | None = None,
    ) -> Figure:
        """Observed outcomes beside those of replicated data, by arm.

        Args:
            of: "rows", the distribution of the outcome, or "groups", the mean of every group;
                default: "groups" where the outcome happens or not, else "rows".
            level: of the replicated intervals; the rest as for ``modifiers``.

        Raises:
            PlanError: single rows are not known (method "exact"), or times are censored.
        """
        names = Labels.of(self.estimand.design.groups, labels, value_labels)
        return plot_check(self.estimand, self.replicated(), names, level, of, title)
