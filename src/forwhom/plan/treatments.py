"""What is given: one treatment or several, each with modifiers of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from forwhom.errors import PlanError, listing, nearest
from forwhom.plan import values
from forwhom.plan.formula import Formula, parse_formula
from forwhom.plan.parts import PARTS
from forwhom.plan.terms import ordered_terms

type Treatments = tuple[tuple[str, Formula], ...]
type Setting[T] = T | tuple[tuple[str, T], ...] | None

MOST_TREATMENTS = 100
ESTIMATE = "effect"  # stands for the treatment where the outcome is itself an estimated effect


def read_treatments(treatment: object, modifiers: object, estimates: bool) -> Treatments:
    """Columns with their modifiers, from a name, a list of names, or a table of formulas.

    Args:
        treatment, modifiers: as given to a plan.
        estimates: whether the outcome is an estimated effect; then there is no treatment to name.

    >>> found = read_treatments({"ad": "age*party", "mail": "age"}, None, False)
    >>> [(name, formula.text) for name, formula in found]
    [('ad', 'age + party + age:party'), ('mail', 'age')]
    """
    treatment = values.plain(treatment)
    if treatment is None:
        if not estimates:
            raise PlanError("a plan needs treatment: the column that holds what is given.")
        return ((ESTIMATE, parse_formula(modifiers, "modifiers")),)
    if isinstance(treatment, Mapping | list | tuple) and len(treatment) > MOST_TREATMENTS:
        raise PlanError(
            f"treatment names {len(treatment):,} columns; a plan takes up to {MOST_TREATMENTS}, "
            "each with an equation of its own. Name the ones you ask about, and the others as "
            "controls."
        )
    if isinstance(treatment, Mapping):
        if not treatment:
            raise PlanError("treatment is an empty table. Name at least one treatment in it.")
        if shared := parse_formula(modifiers, "modifiers"):
            raise PlanError(
                f"treatment gives {listing(treatment)} modifiers of their own, so modifiers "
                f"'{shared.text}' have no place beside them. Leave out modifiers, or name the "
                "treatments as a list, which shares them."
            )
        return tuple(
            (_column(name), parse_formula(formula, f"modifiers of '{name}'"))
            for name, formula in treatment.items()
        )
    names: Sequence[object] = treatment if isinstance(treatment, list | tuple) else [treatment]
    columns = [_column(name) for name in names]
    twice = [name for name in dict.fromkeys(columns) if columns.count(name) > 1]
    if not columns or twice:
        said = f"names {listing(twice)} more than once" if twice else "names no column"
        raise PlanError(f"treatment {said}. Name each treatment's column once.")
    shared = parse_formula(modifiers, "modifiers")
    return tuple((name, shared) for name in columns)


def all_modifiers(treatments: Treatments) -> Formula:
    """Every term that some treatment's effect is modified by: the baseline's equation."""
    if len(treatments) == 1:
        return treatments[0][1]
    terms = (term for _, formula in treatments for term in formula.terms)
    return Formula(ordered_terms(terms, "modifiers"))


def read_setting[T](
    source: object, key: str, columns: Sequence[str], read: Callable[[object, str], T]
) -> Setting[T]:
    """One value for all treatments, or one for each, from a value or a table of them.

    >>> read_setting({"ad": "none"}, "reference", ["ad", "mail"], values.level)
    (('ad', 'none'),)
    """
    source = values.plain(source)
    if not isinstance(source, Mapping):
        return None if source is None else read(source, key)
    for name in source:
        if name not in columns:
            raise PlanError(
                f"{key}: '{name}' is not a treatment.{nearest(str(name), columns)} "
                f"Treatments: {listing(columns, most=len(columns))}."
            )
    given = (name for name in columns if name in source)  # in one order, to compare equal
    return tuple((name, read(source[name], f"{key} of '{name}'")) for name in given) or None


def setting_of[T: str | float | int | bool](setting: Setting[T], treatment: str) -> T | None:
    """What a setting says of one treatment."""
    if not isinstance(setting, tuple):
        return setting
    return next((value for name, value in setting if name == treatment), None)


def plain_setting(setting: object) -> object:
    """As a plan file holds it."""
    return dict(setting) if isinstance(setting, tuple) else setting


def _column(name: object) -> str:
    return values.column(name, "treatment", PARTS["treatment"].role)
