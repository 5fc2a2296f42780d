"""How figures name what is held against what, and what the effect is on."""

from __future__ import annotations

from collections.abc import Mapping

from forwhom.draw.labels import Labels, ValueLabels
from forwhom.fitted import Estimand, Quantity, Replication


def labels_for(
    estimand: Estimand,
    columns: Mapping[str, str] | None = None,
    values: ValueLabels | None = None,
) -> Labels:
    """What to call things: the names a figure is given, behind them the plan's and the file's."""
    return Labels.of(estimand.design, columns, values)


def effect_axis(start: str, estimand: Estimand, labels: Labels, link: bool = False) -> str:
    """The axis of an effect: "Effect of Ad against Control on the probability of voting"."""
    return f"{start}{effect_of(estimand, labels)} on {effect_on(estimand, labels, link)}"


def arm_names(estimand: Estimand, found: Replication, labels: Labels) -> list[str]:
    """Readable names of the arms."""
    t = estimand.treatment
    if len(estimand.design.effects) > 1 or t.kind == "estimate":
        return list(found.arms)
    if t.kind == "dose":
        return [arm.replace(t.column, labels.column(t.column), 1) for arm in found.arms]
    pairs = ((t.control_value, t.control), (t.treated_value, t.treated))
    return [
        labels.value(t.column, text, value if isinstance(value, float) else None)
        for value, text in pairs
    ]


def effect_on(estimand: Estimand, labels: Labels, link: bool = False) -> str:
    """What the effect is on, in a figure's names; coefficients are on the link scale."""
    if link:
        q = Quantity(estimand.quantity.effect, estimand.quantity.predictor)
        estimand = Estimand(estimand.fitted, q)
    name = _plain(estimand.design.plan.outcome, labels)
    on = _effect_in(estimand, labels, name)
    return f"{on}, in {estimand.unit_words}" if estimand.unit_words else on


def category_words(estimand: Estimand, labels: Labels) -> str:
    """Which category of the outcome the effect is on, under its label; empty where it has none."""
    label = estimand.quantity.label
    return labels.given(estimand.design.plan.outcome, label, None) or label if label else ""


def _effect_in(estimand: Estimand, labels: Labels, name: str) -> str:
    def called(level: str) -> str:
        return labels.given(estimand.design.plan.outcome, level, None) or level

    return estimand.effect_in(name, _measured(estimand, labels, name), called)


def _measured(estimand: Estimand, labels: Labels, name: str) -> str:
    """The outcome, under a name, with the level that counts."""
    design, levels = estimand.design, estimand.design.outcome.levels
    level = labels.given(design.plan.outcome, levels[-1], None) if levels else ""
    return design.measured_as(name, level)


def axis_name(estimand: Estimand, labels: Labels) -> str:
    """The outcome on an axis; the levels of a category stand along it."""
    name = labels.column(estimand.design.plan.outcome)
    return name if estimand.design.outcome.levels else _measured(estimand, labels, name)


def outcome_name(estimand: Estimand, labels: Labels) -> str:
    """The outcome within a figure's title, as on its axes: "ipe support"."""
    return _plain(estimand.design.plan.outcome, labels)


def treatment_name(estimand: Estimand, labels: Labels, versus: bool = True) -> str:
    """The treatment with its contrast, or with its arm alone.

    Under value labels, which are often names in full, the contrast stands alone elsewhere.
    """
    t = estimand.treatment
    versus = versus and t.column not in labels.values
    inside = _versus(estimand, labels) if versus else t.arm
    return _plain(t.column, labels) + (f" ({inside})" if inside else "")


def effect_of(estimand: Estimand, labels: Labels) -> str:
    """What an axis says the effect is of."""
    t = estimand.treatment
    if t.kind == "estimate":
        return ""
    if t.kind == "binary" and t.column in labels.values:
        return f" of {_versus(estimand, labels)}"
    more = "one more unit of " if t.kind == "dose" else ""
    return f" of {more}{treatment_name(estimand, labels)}"


def _versus(estimand: Estimand, labels: Labels) -> str:
    """ "Ad against Control"; nothing for a dose, and for 0 and 1, which say nothing."""
    t = estimand.treatment
    if t.kind != "binary":
        return ""
    treated, control = levels_of(estimand, labels)
    plain = (treated, control) == ("1", "0") and t.column not in labels.values
    return "" if plain else f"{treated} against {control}"


def contrast_words(estimand: Estimand, labels: Labels) -> str:
    """What the effect is an effect of, in a table's title: "letter (Ad against Control)"."""
    t = estimand.treatment
    name = labels.word(t.column)
    if t.kind == "binary":
        treated, control = levels_of(estimand, labels)
        if t.column in labels.values and treated.casefold() in name.casefold():
            return f"{name} against {control}"  # the name says the treated level
        return f"{name} ({treated} against {control})"
    return f"one more unit of {name}" if t.kind == "dose" else name


def against(estimand: Estimand, labels: Labels) -> str:
    """Both levels of a treatment: "Ad against Control"."""
    treated, control = levels_of(estimand, labels)
    return f"{treated} against {control}"


def levels_of(estimand: Estimand, labels: Labels) -> tuple[str, str]:
    """The treated level and the one it is held against, under their labels."""
    t = estimand.treatment

    def name(value: float | str | None, text: str) -> str:
        number = value if isinstance(value, float) else None
        return labels.given(t.column, text, number) or text

    return name(t.treated_value, t.treated), name(t.control_value, t.control)


def outcome_words(estimand: Estimand, labels: Labels) -> str:
    """The outcome with the level that counts, in a table's title: "voted = Yes"."""
    return _measured(estimand, labels, labels.word(estimand.design.plan.outcome))


def effect_words(estimand: Estimand, labels: Labels) -> str:
    """What the effect is on, in a table's notes: "the log odds of voted = Yes"."""
    name = labels.word(estimand.design.plan.outcome)
    return _effect_in(estimand, labels, name)


def _plain(column: str, labels: Labels) -> str:
    name = labels.column(column)
    return name if column in labels.columns else name[:1].lower() + name[1:]


def contrast_line(estimand: Estimand, labels: Labels) -> str:
    """The contrast on a line of its own: "Letter: Ad against Control"."""
    t = estimand.treatment
    if t.kind == "estimate":
        return ""
    if t.kind == "dose":
        return f"Effect of one more unit of {_plain(t.column, labels)}"
    versus = _versus(estimand, labels) or f"{t.treated} against {t.control}"
    return versus if t.column in labels.values else f"{labels.column(t.column)}: {versus}"
