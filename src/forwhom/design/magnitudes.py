"""Are the numbers of a size that can be reckoned with? Squares and products of them must be finite.

Any sensible unit lies well within: a column is refused where its largest number is beyond 1e50 or
below 1e-50, and its unit is to be changed. An offset is not a quantity in a unit: it is added to
the linear predictor, where a hundred on a log or logit scale is a factor of 1e43.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Table
from forwhom.design.encode import whole_argument
from forwhom.design.levels import number_text
from forwhom.errors import DataError
from forwhom.families import FAMILIES
from forwhom.plan import Plan

LARGEST, SMALLEST = 1e50, 1e-50
FARTHEST, WIDEST = 150.0, 100.0  # of an offset on a link scale, and between two of them
MOST_POWER = 140.0  # of ten, in a product of columns and the outcome: its square is finite
MOST_COUNT = 2.0**53  # whole numbers above are not exact


def check_magnitudes(plan: Plan, table: Table) -> None:
    """Refuse columns whose numbers are too large or too small.

    Args:
        plan: which columns are reckoned with; those of groups and clusters alone are names.
        table: complete rows.

    Raises:
        DataError: the column, a number it holds, and what to divide or multiply by.
    """
    beside = (plan.weights, plan.trials, plan.exposure, plan.std_error)
    names = [plan.outcome, *plan.treatment_columns, *plan.modifiers.columns, *plan.controls.columns]
    names += [name for name in beside if name is not None]
    family = FAMILIES[plan.family]
    if family.support in ("binary", "ordered", "unordered"):  # codes, not amounts
        names = names[1:]
    counted = family.support in ("count", "successes")
    powers: dict[str, float] = {}
    for name in dict.fromkeys(names):
        column = table.columns.get(name)
        if column is None or column.kind in ("text", "boolean") or not len(column.values):
            continue
        values = np.asarray(column.values, dtype=float)
        largest = max(float(values.max()), -float(values.min()))
        if name in (plan.outcome, plan.trials) and counted and largest > MOST_COUNT:
            raise _not_exact(name, largest)
        _check_size(name, largest)
        powers[name] = log10(largest) if largest else 0.0
    _check_products(plan, powers)
    if plan.offset is not None and family.links[0] != "identity":
        _check_offset(plan, table)
    elif plan.offset is not None and table.columns[plan.offset].kind != "text":
        _check_size(plan.offset, float(np.abs(_numbers(table, plan.offset)).max()))


def _numbers(table: Table, name: str) -> NDArray[np.float64]:
    return np.asarray(table.columns[name].values, dtype=float)


def _check_size(name: str, largest: float) -> None:
    if largest == 0 or SMALLEST <= largest <= LARGEST:
        return
    power = floor(log10(largest))
    factor = f"1e{abs(power)}"
    way = f"divide it by {factor}" if power > 0 else f"multiply it by {factor}"
    how = "as large as" if power > 0 else "no larger than"
    raise DataError(
        f"column '{name}' holds numbers {how} {number_text(largest)}; sizes from 1e-50 to 1e50 can "
        f"be reckoned with. Give it in another unit: {way}."
    )


def _check_products(plan: Plan, powers: Mapping[str, float]) -> None:
    """Refuse interactions and polynomials whose squares are out of reach.

    Args:
        powers: of ten, of the largest number of each numeric column.
    """
    linear = FAMILIES[plan.family].links[0] == "identity" and plan.family != "lognormal"
    outcome = abs(powers.get(plan.outcome, 0.0)) if linear else 0.0
    for treatment, formula in (*plan.treatments, ("", plan.controls)):
        dose = abs(powers.get(treatment, 0.0))
        for term in formula.terms:
            total, worst = outcome + dose, ("", 0.0)
            for factor in term.factors:
                power = abs(powers.get(factor.column, 0.0))
                if factor.function == "poly":
                    power *= 2 * whole_argument(factor, 2) - 1
                elif factor.function not in (None, "center"):
                    continue
                total += power
                worst = max(worst, (factor.column, power), key=lambda pair: pair[1])
            if total > MOST_POWER and worst[0]:
                power = powers[worst[0]]
                raise DataError(
                    f"'{term.label}' multiplies numbers out of reach: with those of '{worst[0]}' "
                    f"around 1e{round(power)}, squares pass what a computer holds. Give "
                    f"'{worst[0]}' in another unit: {'divide' if power > 0 else 'multiply'} it by "
                    f"1e{abs(round(power))}."
                )


def _not_exact(name: str, largest: float) -> DataError:
    return DataError(
        f"'{name}' holds the count {number_text(largest)}; above {MOST_COUNT:,.0f} whole numbers "
        "are not exact. Amounts as large vary like measurements: choose family 'lognormal' or "
        "'gamma', or count in larger units."
    )


def _check_offset(plan: Plan, table: Table) -> None:
    name = str(plan.offset)
    if table.columns[name].kind == "text":
        return  # said with the outcome's other columns
    values = _numbers(table, name)
    low, high = float(values.min()), float(values.max())
    if high - low <= WIDEST:
        if max(high, -low) > FARTHEST:
            middle = number_text(round((low + high) / 2))
            raise DataError(
                f"offset '{name}' lies around {middle}, and is added to the linear predictor, on "
                f"the {plan.link} scale, where numbers end at {FARTHEST:.0f}. Subtract {middle} "
                "from it: only the intercept moves."
            )
        return
    way = "It is taken as it is, so that a size or a time at risk is entered as its logarithm"
    if FAMILIES[plan.family].support == "count":
        way += f"; exposure='{name}' takes the logarithm itself"
    raise DataError(
        f"offset '{name}' runs from {number_text(low)} to {number_text(high)} and is added to the "
        f"linear predictor, on the {plan.link} scale, where a difference of {WIDEST:.0f} leaves "
        f"nothing to chance. {way}; or divide it."
    )
