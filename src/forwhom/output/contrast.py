"""How figures name what is held against what, and what the effect is on."""

from __future__ import annotations

from dataclasses import replace

from forwhom.draw.labels import Labels
from forwhom.fitted import Posterior, Replication


def arm_names(posterior: Posterior, found: Replication, labels: Labels) -> list[str]:
    """Readable names of the arms."""
    t = posterior.design.treatment
    if len(posterior.design.effects) > 1 or t.kind == "estimate":
        return list(found.arms)
    if t.kind == "dose":
        return [arm.replace(t.column, labels.column(t.column), 1) for arm in found.arms]
    pairs = ((t.control_value, t.control), (t.treated_value, t.treated))
    return [
        labels.value(t.column, text, value if isinstance(value, float) else None)
        for value, text in pairs
    ]


def effect_on(posterior: Posterior, labels: Labels, link: bool = False) -> str:
    """What the effect is on, in a figure's names; coefficients are on the link scale."""
    if link:
        posterior = replace(posterior, quantity=None)
    name = _plain(posterior.design.plan.outcome, labels)
    on = posterior.effect_in(name, _measured(posterior, labels, name))
    return f"{on}, in {posterior.unit_words}" if posterior.unit_words else on


def _measured(posterior: Posterior, labels: Labels, name: str) -> str:
    """The outcome, under a name, with the level that counts."""
    design, levels = posterior.design, posterior.design.outcome.levels
    given = labels.values.get(design.plan.outcome, {})
    level = next((said for key, said in given.items() if levels and str(key) == levels[-1]), "")
    return design.measured_as(name, level)


def axis_name(posterior: Posterior, labels: Labels) -> str:
    """The outcome on an axis; the levels of a category stand along it."""
    name = labels.column(posterior.design.plan.outcome)
    return name if posterior.design.outcome.levels else _measured(posterior, labels, name)


def treatment_name(posterior: Posterior, labels: Labels, versus: bool = True) -> str:
    """The treatment with its contrast, or with its arm alone.

    Under value labels, which are often names in full, the contrast stands alone elsewhere.
    """
    t = posterior.design.treatment
    versus = versus and t.column not in labels.values
    inside = _versus(posterior, labels) if versus else t.arm
    return _plain(t.column, labels) + (f" ({inside})" if inside else "")


def effect_of(posterior: Posterior, labels: Labels) -> str:
    """What an axis says the effect is of."""
    t = posterior.design.treatment
    if t.kind == "estimate":
        return ""
    if t.kind == "binary" and t.column in labels.values:
        return f" of {_versus(posterior, labels)}"
    more = "one more unit of " if t.kind == "dose" else ""
    return f" of {more}{treatment_name(posterior, labels)}"


def _versus(posterior: Posterior, labels: Labels) -> str:
    """ "Ad against Control"; nothing for a dose, and for 0 and 1, which say nothing."""
    t = posterior.design.treatment
    if t.kind != "binary":
        return ""

    def name(value: float | str | None, text: str) -> str:
        if t.column not in labels.values:
            return text
        return labels.value(t.column, text, value if isinstance(value, float) else None)

    treated, control = name(t.treated_value, t.treated), name(t.control_value, t.control)
    plain = (treated, control) == ("1", "0") and t.column not in labels.values
    return "" if plain else f"{treated} against {control}"


def _plain(column: str, labels: Labels) -> str:
    name = labels.column(column)
    return name if column in labels.columns else name[:1].lower() + name[1:]


def contrast_line(posterior: Posterior, labels: Labels) -> str:
    """The contrast on a line of its own: "Letter: Ad against Control"."""
    t = posterior.design.treatment
    if t.kind == "estimate":
        return ""
    if t.kind == "dose":
        return f"Effect of one more unit of {_plain(t.column, labels)}"
    versus = _versus(posterior, labels) or f"{t.treated} against {t.control}"
    return versus if t.column in labels.values else f"{labels.column(t.column)}: {versus}"
