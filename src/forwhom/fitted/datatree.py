"""The posterior as an ``xarray.DataTree`` in the ArviZ schema.

Tests: tests/fitted/test_datatree.py, tests/fitted/test_storage.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from forwhom.design import Design, Groups
from forwhom.fitted.estimand import Estimand
from forwhom.fitted.observed import log_likelihood as log_likelihoods
from forwhom.fitted.observed import observed_data
from forwhom.fitted.predictor import CellPredictor

if TYPE_CHECKING:
    import xarray

MOST_VALUES = 25_000_000  # draws x groups beyond which theta is not written out (200 MB)


type Variable = tuple[Any, Any]  # dims, and values


def to_datatree(
    estimands: Sequence[Estimand],
    attributes: Mapping[str, Any],
    rows: CellPredictor | None = None,
    log_likelihood: bool = False,
) -> xarray.DataTree:
    """Groups ``posterior``, ``sample_stats`` and ``constant_data``, dims (chain, draw, ...).

    Independent draws are one chain. With several effects, modifiers that an effect does not have
    are NaN in its row of lambda; an unordered outcome adds a dim ``category``. Where draws times
    groups exceed 25 million, eta, theta and b are left out and ``groups_left_out`` says so.
    Groups are numbered, and named beside it by ``group_name``.

    Args:
        estimands: one per effect, and per category; attributes: written into the root and every
            group.
        rows: for a group ``observed_data``; where rows are not known ``rows_left_out`` says why.
        log_likelihood: for a group of that name, too.

    Raises:
        PlanError: the log likelihood of single rows is not known.
    """
    import xarray as xr

    first = estimands[0]
    several, table = len(first.design.effects) > 1, _Table.of(estimands)
    coords = _coords(table)
    variables = _coefficients(table) | _parameters(table, coords) | _spreads(table)
    attributes = {
        "created_at": datetime.now(UTC).isoformat(),
        **{key: _text(value) for key, value in attributes.items()},
    }
    if first.design.groups.count * len(first.alpha) * len(estimands) <= MOST_VALUES:
        variables |= _of_groups(table)
    else:
        attributes["groups_left_out"] = "eta, theta and b are redrawn from the stored statistics"
    of_rows = {} if rows is None else _of_rows(rows, table, attributes, log_likelihood)
    used = {dim for dims, _ in variables.values() for dim in dims}
    names = {"group_name": ("group", _group_names(first.design.groups))}
    return xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=attributes),
            "/posterior": xr.Dataset(
                variables,
                {k: v for k, v in coords.items() if k in used} | (names if "group" in used else {}),
                attributes,
            ),
            "/sample_stats": xr.Dataset(
                {key: ((), value) for key, value in first.diagnostics.statistics.items()},
                attrs=attributes,
            ),
            "/constant_data": xr.Dataset(
                _constant(first.design),
                {key: coords[key] for key in ("group", "treatment")[: 1 + several]} | names,
                attributes,
            ),
            **of_rows,
        }
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Estimands by category and effect, and how their draws are laid out.

    Attributes:
        rows: per category, one estimand per effect.
        chains: one after the other.
        by_category: whether categories are a dim.
    """

    rows: tuple[Sequence[Estimand], ...]
    chains: int
    by_category: bool

    @staticmethod
    def of(estimands: Sequence[Estimand]) -> _Table:
        first, count = estimands[0], len(estimands[0].design.effects)
        rows = tuple(estimands[i : i + count] for i in range(0, len(estimands), count))
        by_category = len(rows) > 1 or bool(first.category)
        return _Table(rows, first.diagnostics.chains, by_category)

    @property
    def first(self) -> Estimand:
        return self.rows[0][0]

    @property
    def modifiers(self) -> tuple[str, ...]:
        """Coefficients of every effect's equation, each once."""
        effects = self.first.design.effects
        return tuple(dict.fromkeys(name for effect in effects for name in effect.lambda_names))

    def shared(self, values: Any, *dims: str) -> Variable:
        """Of all categories and effects, (D, ...)."""
        values = np.asarray(values)
        return ("chain", "draw", *dims), values.reshape(self.chains, -1, *values.shape[1:])

    def each(self, read: Callable[[Estimand], Any], *dims: str) -> Variable:
        """Of every category, and of every effect where ``dims`` begins with treatment."""
        if dims[:1] == ("treatment",):
            found = [np.stack([read(one) for one in row], axis=1) for row in self.rows]
        else:
            found = [np.asarray(read(row[0])) for row in self.rows]
        if not self.by_category:
            return self.shared(found[0], *dims)
        return self.shared(np.stack(found, axis=1), "category", *dims)


def _coords(table: _Table) -> dict[str, Any]:
    """Of every dim that there may be; more for each parameter of several numbers."""
    first, design = table.first, table.first.design
    return {
        "chain": np.arange(table.chains),
        "draw": np.arange(len(first.alpha) // table.chains),
        "treatment": _texts(effect.treatment.name for effect in design.effects),
        "category": _texts(row[0].category for row in table.rows),
        "modifier": _texts(table.modifiers),
        "group": np.arange(1, design.groups.count + 1),
        "control": _texts(design.controls.names),
        "baseline_modifier": _texts(design.delta_names),
    }


def _coefficients(table: _Table) -> dict[str, Variable]:
    """lambda and alpha."""
    names = table.modifiers

    def lambda_of(one: Estimand) -> Any:
        out = np.full((len(one.alpha), len(names)), np.nan)
        out[:, [names.index(name) for name in one.effect.lambda_names]] = one.lambda_
        return out

    found = {"lambda": table.each(lambda_of, "treatment", "modifier")}
    if not table.first.design.estimates:
        found["alpha"] = table.each(lambda one: one.alpha)
    return found


def _parameters(table: _Table, coords: dict[str, Any]) -> dict[str, Variable]:
    """The family's own and what else groups share; ``coords`` gains those of their entries."""
    first, found = table.first, {}
    for name, own in first.parameters.items():
        if own.shape[1] == 1:
            found[name] = table.shared(own[:, 0])
        elif own.shape[1]:
            by_arm = name == "sigma" and first.design.plan.sigma_by == "arm"
            index = _texts(first.design.arms) if by_arm else np.arange(1, own.shape[1] + 1)
            coords[f"{name}_index"] = index
            found[name] = table.shared(own, f"{name}_index")
    for k, (own_name, terms, _) in enumerate(first.others):
        name = _name(own_name)
        if len(terms) == 1 and not terms[0]:
            found[name] = table.each(lambda one, k=k: one.others[k][2][:, 0])  # type: ignore[misc]
        else:
            coords[f"{name}_term"] = _texts(terms)
            found[name] = table.each(lambda one, k=k: one.others[k][2], f"{name}_term")  # type: ignore[misc]
    return found


def _spreads(table: _Table) -> dict[str, Variable]:
    """Coefficients of the outcome's equation, sds of group parameters, the one control group."""
    first, found = table.first, {}
    if first.design.controls.names:
        found["beta"] = table.each(lambda one: one.beta, "control")
    if first.design.delta_names:
        found["delta"] = table.each(lambda one: one.delta, "baseline_modifier")
    if first.sigma_b is not None:
        found["sigma_b"] = table.each(lambda one: one.sigma_b)
    if first.sigma_theta is not None:
        found["sigma_theta"] = table.each(lambda one: one.sigma_theta, "treatment")
    if first.design.groups.has_control_group:
        found["theta_control"] = table.shared(first.control_theta())
    return found


def _of_groups(table: _Table) -> dict[str, Variable]:
    """Every group's predicted effect, effect and baseline."""
    found = {
        "eta": table.each(lambda one: one.eta().T, "treatment", "group"),
        "theta": table.each(lambda one: one.theta().T, "treatment", "group"),
    }
    if table.first.design.plan.baseline != "shared":
        found["b"] = table.each(lambda one: one.baselines().T, "group")
    return found


def _of_rows(
    predictor: CellPredictor, table: _Table, attributes: dict[str, Any], log_likelihood: bool
) -> dict[str, xarray.Dataset]:
    """Groups of single rows; ``attributes`` gain the reason where rows are not known."""
    name, found = _name(table.first.design.plan.outcome), dict[str, Any]()
    data = observed_data(predictor, name, attributes)
    if isinstance(data, str):
        attributes["rows_left_out"] = data
    else:
        found["/observed_data"] = data
    if log_likelihood:
        found["/log_likelihood"] = log_likelihoods(predictor, name, table.chains, attributes)
    return found


def _constant(design: Design) -> dict[str, Variable]:
    """Rows of each group, and the values of the grouping columns."""
    groups, effects = design.groups, design.effects
    found: dict[str, Variable] = {"n_rows": ("group", groups.n_rows)}
    for name in () if design.estimates else ("n_treated", "n_control"):
        n = np.stack([getattr(effect, name) for effect in effects])
        found[name] = ("group", n[0]) if len(effects) == 1 else (("treatment", "group"), n)
    for j, name in enumerate(groups.columns):
        values = groups.column_values(j)
        if not isinstance(values, np.ndarray):  # texts, bins, and whole numbers of any length
            values = _texts(groups.texts(j))
        name = _name(name)
        free = name not in ("group", "group_name", "treatment", *found)
        found[name if free else f"{name}_"] = ("group", values)
    return found


def _group_names(groups: Groups) -> list[str]:
    """Every group in words: "woman=1, age=2"."""
    if not groups.columns:
        return [groups.name(0)]
    parts = [
        [_text(f"{name}={text}") for text in groups.texts(j)]
        for j, name in enumerate(groups.columns)
    ]
    return [", ".join(of) for of in zip(*parts, strict=True)]


def _text(value: Any) -> Any:
    """A text as HDF5 can hold it: no null, no half of a letter.

    >>> _text("a\\0b")
    'a␀b'
    """
    if not isinstance(value, str):
        return value
    return value.replace("\0", "␀").encode("utf-8", "replace").decode()


def _texts(values: Iterable[Any]) -> list[Any]:
    return [_text(value) for value in values]


def _name(text: str) -> str:
    """A variable's name: to xarray a slash is a path, to HDF5 a dot is a folder.

    >>> _name("a/b"), _name(".")
    ('a_b', '_')
    """
    name = _text(text).replace("/", "_")
    return name if name.strip(".") else "_" * max(len(name), 1)
