"""The posterior as an ``xarray.DataTree`` in the ArviZ schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from forwhom.fitted.estimand import Estimand

if TYPE_CHECKING:
    import xarray

MOST_VALUES = 25_000_000  # draws x groups beyond which theta is not written out (200 MB)


def to_datatree(estimands: Sequence[Estimand], attributes: Mapping[str, Any]) -> xarray.DataTree:
    """Groups ``posterior``, ``sample_stats`` and ``constant_data``, dims (chain, draw, ...).

    Independent draws are one chain. With several effects, modifiers that an effect does not have
    are NaN in its row of lambda; an unordered outcome adds a dim ``category``. Where draws times
    groups exceed 25 million, eta, theta and b are left out and ``groups_left_out`` says so.

    Args:
        estimands: one per effect, and per category; attributes: written into the root and every
            group.
    """
    import xarray as xr

    first = estimands[0]
    design, groups = first.design, first.design.groups
    count = len(design.effects)
    rows = [estimands[i : i + count] for i in range(0, len(estimands), count)]
    by_category = len(rows) > 1 or bool(first.category)
    names = tuple(dict.fromkeys(n for effect in design.effects for n in effect.lambda_names))
    chains = first.diagnostics.chains
    n_chains = 1 if chains is None else chains.chains
    coords: dict[str, Any] = {
        "chain": np.arange(n_chains),
        "draw": np.arange(len(first.alpha) // n_chains),
        "treatment": _texts(effect.treatment.name for effect in design.effects),
        "category": _texts(row[0].category for row in rows),
        "modifier": _texts(names),
        "group": np.arange(1, groups.count + 1),
        "control": _texts(design.controls.names),
        "baseline_modifier": _texts(design.delta_names),
    }

    def shared(values: Any, *dims: str) -> tuple[tuple[str, ...], Any]:
        values = np.asarray(values)
        return ("chain", "draw", *dims), values.reshape(n_chains, -1, *values.shape[1:])

    def each(read: Callable[[Estimand], Any], *dims: str) -> tuple[tuple[str, ...], Any]:
        """Of every category, and of every effect where ``dims`` begins with treatment."""
        if dims[:1] == ("treatment",):
            found = [np.stack([read(one) for one in row], axis=1) for row in rows]
        else:
            found = [np.asarray(read(row[0])) for row in rows]
        if not by_category:
            return shared(found[0], *dims)
        return shared(np.stack(found, axis=1), "category", *dims)

    def lambda_of(one: Estimand) -> Any:
        out = np.full((len(one.alpha), len(names)), np.nan)
        out[:, [names.index(name) for name in one.effect.lambda_names]] = one.lambda_
        return out

    variables: dict[str, Any] = {"lambda": each(lambda_of, "treatment", "modifier")}
    if not design.estimates:
        variables["alpha"] = each(lambda one: one.alpha)
    for name, own in first.parameters.items():
        if own.shape[1] == 1:
            variables[name] = shared(own[:, 0])
        elif own.shape[1]:
            by_arm = name == "sigma" and design.plan.sigma_by == "arm"
            index = _texts(design.arms) if by_arm else np.arange(1, own.shape[1] + 1)
            coords[f"{name}_index"] = index
            variables[name] = shared(own, f"{name}_index")
    for k, (own_name, terms, _) in enumerate(first.others):
        name = _name(own_name)
        if len(terms) == 1 and not terms[0]:
            variables[name] = each(lambda one, k=k: one.others[k][2][:, 0])  # type: ignore[misc]
        else:
            coords[f"{name}_term"] = _texts(terms)
            variables[name] = each(lambda one, k=k: one.others[k][2], f"{name}_term")  # type: ignore[misc]
    if design.controls.names:
        variables["beta"] = each(lambda one: one.beta, "control")
    if design.delta_names:
        variables["delta"] = each(lambda one: one.delta, "baseline_modifier")
    if first.sigma_b is not None:
        variables["sigma_b"] = each(lambda one: one.sigma_b)
    if first.sigma_theta is not None:
        variables["sigma_theta"] = each(lambda one: one.sigma_theta, "treatment")
    if groups.has_control_group:
        variables["theta_control"] = shared(first.control_theta())
    attributes = {
        "created_at": datetime.now(UTC).isoformat(),
        **{key: _text(value) for key, value in attributes.items()},
    }
    if groups.count * len(first.alpha) * len(estimands) <= MOST_VALUES:
        variables["eta"] = each(lambda one: one.eta().T, "treatment", "group")
        variables["theta"] = each(lambda one: one.theta().T, "treatment", "group")
        if design.plan.baseline != "shared":
            variables["b"] = each(lambda one: one.baselines().T, "group")
    else:
        attributes["groups_left_out"] = "eta, theta and b are redrawn from the stored statistics"
    used = {dim for dims, _ in variables.values() for dim in dims}
    constant: dict[str, Any] = {"n_rows": ("group", groups.n_rows)}
    for name in () if design.estimates else ("n_treated", "n_control"):
        n = np.stack([getattr(effect, name) for effect in design.effects])
        constant[name] = ("group", n[0]) if count == 1 else (("treatment", "group"), n)
    for j, name in enumerate(groups.columns):
        values = groups.column_values(j)
        if not isinstance(values, np.ndarray):  # texts, bins, and whole numbers of any length
            values = _texts(groups.texts(j))
        name = _name(name)
        constant[name if name not in ("group", "treatment", *constant) else f"{name}_"] = (
            "group",
            values,
        )
    return xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=attributes),
            "/posterior": xr.Dataset(
                variables, {k: v for k, v in coords.items() if k in used}, attributes
            ),
            "/sample_stats": xr.Dataset(
                {key: ((), value) for key, value in _stats(first).items()}, attrs=attributes
            ),
            "/constant_data": xr.Dataset(
                constant,
                {key: coords[key] for key in ("group", "treatment")[: 1 + (count > 1)]},
                attributes,
            ),
        }
    )


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


def _stats(one: Estimand) -> dict[str, float]:
    d = one.diagnostics
    if d.chains is None:
        return {"k_hat": d.k_hat, "effective_share": d.effective_share, "proposals": d.proposals}
    return asdict(d.chains)
