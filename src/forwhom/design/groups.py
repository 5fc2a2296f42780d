"""Groups: observed combinations of the modifiers, or of the columns named in ``groups=``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.data.table import Column, Table
from forwhom.design.distinct import distinct_codes, first_rows, renumber
from forwhom.design.encode import bin_cuts, bin_request
from forwhom.design.levels import Keys, Levels, levels_of
from forwhom.design.traits import trait_column
from forwhom.errors import DataError, PlanError
from forwhom.plan import Plan

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

SAMPLE = 10_000  # rows that may show at once that there are many
CONTINUOUS_ABOVE = 12  # a numeric modifier with more different values is binned for grouping


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups and what identifies them.

    Attributes:
        columns: names of the grouping columns.
        values: per grouping column, its (G,) level codes; display: the levels' texts.
        numbers: per grouping column, the levels' numbers, or None where texts are all there is.
        keys: per grouping column, the values behind its levels, of the type they have in the data.
        labels: per grouping column, the column's own label (its name where it has none).
        n_rows: (G,) rows, whatever their arm.
        binned: (column, number of bins) of columns binned for grouping only, not in the formula.
        has_control_group: whether untreated rows form one further group, numbered G (preset
            alley2023).
    """

    columns: tuple[str, ...]
    values: tuple[IntArray, ...]
    display: tuple[tuple[str, ...], ...]
    numbers: tuple[tuple[float, ...] | None, ...]
    keys: tuple[Keys, ...]
    labels: tuple[str, ...]
    n_rows: IntArray
    binned: tuple[tuple[str, int], ...]
    has_control_group: bool

    @property
    def count(self) -> int:
        """Number of groups."""
        return len(self.n_rows)

    def texts(self, column: int) -> list[str]:
        """Display value of one grouping column for every group."""
        levels = self.display[column]
        return [levels[code] for code in self.values[column].tolist()]

    def column_values(self, column: int) -> NDArray[Any] | list[Any]:
        """One grouping column for every group: its values as the data have them, bins as texts."""
        values, codes = self.keys[column].values, self.values[column]
        if all(isinstance(value, bool | int | float) for value in values):
            held = np.array(values)
            if held.dtype.kind in "biuf":  # whole numbers of any length are Python's own
                return held[codes]
        return [values[code] for code in codes.tolist()]

    def name(self, group: int) -> str:
        """A group in words, for messages: "woman=1, age=2"; "all rows" where nothing is named."""
        pairs = zip(self.columns, self.display, self.values, strict=True)
        words = ", ".join(f"{name}={levels[codes[group]]}" for name, levels, codes in pairs)
        return words or "all rows"


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which group is whose, by row.

    Attributes:
        group: (n,) the group of each row.
        alike: (n,) the group whose combination the row has, untreated rows of the preset's one
            control group too; G where no group has it.
    """

    group: IntArray
    alike: IntArray


@dataclass(frozen=True, slots=True)
class _GroupingColumn:
    """A grouping column: the levels of the rows, its own label, and whether it was cut for this."""

    levels: Levels
    label: str
    cut: bool


def form_groups(
    plan: Plan,
    table: Table,
    given: NDArray[np.bool_],
    one_control_group: bool,
    times: FloatArray | None = None,
) -> tuple[Groups, Numbers]:
    """Find the observed combinations and count their rows.

    Args:
        table: complete rows.
        given: (n,) whether a row is treated in any way.
        one_control_group: preset alley2023: combinations of treated rows only, every untreated
            row in one further group.
        times: (n,) how many times each row counts, where it is not once.

    Raises:
        DataError: a grouping column with one value only.
    """
    columns = _grouping_columns(plan, table, times)
    codes = np.zeros(table.n_rows, dtype=np.int64)
    for column in columns.values():
        codes = renumber(codes * len(column.levels.texts) + column.levels.codes)
    numbers, first = _number(codes, given if one_control_group else None)
    levels = [column.levels for column in columns.values()]
    count = len(first)
    groups = Groups(
        columns=tuple(columns),
        values=tuple(one.codes[first] for one in levels),
        display=tuple(one.texts for one in levels),
        numbers=tuple(one.numbers for one in levels),
        keys=tuple(one.keys for one in levels),
        labels=tuple(column.label for column in columns.values()),
        n_rows=np.bincount(numbers.group, times, count)[:count].astype(np.int64),
        binned=tuple((name, len(c.levels.texts)) for name, c in columns.items() if c.cut),
        has_control_group=one_control_group,
    )
    return groups, numbers


def _grouping_columns(
    plan: Plan, table: Table, times: FloatArray | None
) -> dict[str, _GroupingColumn]:
    """By name, the first varying slowest."""
    traits = {} if plan.groups else plan.modifiers.by_trait
    columns = {}
    for name in plan.groups or tuple(traits):
        of = traits.get(name)
        column = trait_column(name, of, table) if of else table.columns[name]
        cuts = grouping_cuts(plan, column, times)
        levels = levels_of(column, cuts)
        if len(levels.texts) < 2 and not plan.groups:
            raise DataError(
                f"modifier '{name}' has one level only ('{levels.texts[0]}') among the complete "
                "rows, so the effect cannot differ by it. Leave it out, or check the coding."
            )
        cut = cuts is not None and not _binned_by_formula(plan, name)
        columns[name] = _GroupingColumn(levels, _label(table, name), cut)
    return columns


def _number(codes: IntArray, treated: NDArray[np.bool_] | None) -> tuple[Numbers, IntArray]:
    """Numbers of the groups, and the first row of each.

    Args:
        codes: (n,) combinations; treated: (n,) the only rows whose combinations are groups, or
            None where all are.
    """
    if treated is None:
        return Numbers(codes, codes), first_rows(codes)
    within = renumber(codes[treated])
    count = int(within.max(initial=-1)) + 1
    group = np.full(len(codes), count, dtype=np.int64)
    group[treated] = within
    of_combination = np.full(int(codes.max()) + 1, count, dtype=np.int64)
    of_combination[codes[treated]] = within
    return Numbers(group, of_combination[codes]), np.flatnonzero(treated)[first_rows(within)]


def grouping_cuts(plan: Plan, column: Column, times: FloatArray | None = None) -> FloatArray | None:
    """Cut points of a column for grouping, or None where its values are groups themselves.

    A column that the formula itself bins is grouped by those bins; another numeric column with
    more than twelve different values by quantiles or the points of ``bins=``.
    """
    by_name = not isinstance(plan.bins, int) and column.name in dict(plan.bins)
    if column.kind != "numeric":
        if by_name:
            held = "text" if column.kind == "text" else "true/false values"
            raise PlanError(
                f"bins: column '{column.name}' holds {held}, whose levels are groups already; "
                "only numbers can be cut. Leave it out of bins."
            )
        return None
    values = np.asarray(column.values, dtype=float)
    for term in plan.modifiers.terms:
        for factor in term.factors:
            if factor.column == column.name and factor.function == "bin":
                return bin_cuts(values, bin_request(factor), factor.label, times)
            if factor.column == column.name and factor.function == "C":
                return None
    if not by_name and (plan.groups is not None or _few_values(column.keys)):
        return None
    return bin_cuts(values, plan.bins_of(column.name), f"bins of '{column.name}'", times)


def _label(table: Table, name: str) -> str:
    column = table.columns.get(name)
    return name if column is None else column.label or name


def _binned_by_formula(plan: Plan, name: str) -> bool:
    """Whether the equation holds the column's bins and nothing else of it."""
    factors = [f for f in plan.modifiers.factors if f.column == name and not f.condition]
    return bool(factors) and all(factor.function == "bin" for factor in factors)


def _few_values(values: NDArray[Any]) -> bool:
    few = len(np.unique(values[:SAMPLE])) <= CONTINUOUS_ABOVE
    whole = len(values) <= SAMPLE
    return few and (whole or len(distinct_codes(values)[0]) <= CONTINUOUS_ABOVE)
