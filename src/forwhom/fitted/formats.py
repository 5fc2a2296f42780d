"""Saved fits of earlier formats, brought to this one a format at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

# what a method's draws were stored as in format 4, and the arrays from which they are revived
DRAWS = {
    "ExactDraws": ("internal", "tau", "sigma"),
    "LatentDraws": ("tau", "xi"),
    "JointDraws": (
        *("coefficients", "residual", "residual_spread", "log_prior"),
        *("parameters", "spreads", "levels", "nu", "correlation"),
    ),
}
# fields of diagnostics in format 5, not numbers where there were chains
WEIGHTS = ("proposals", "k_hat", "effective_share", "distinct", "evaluations", "rule_error")
GROUPS = ("n_treated", "n_control")  # of the groups in format 5: those of the first effect again


def upgrade(state: Any, arrays: dict[str, Any]) -> Any:
    """A state of an earlier format as one of this; anything else as it is.

    ``arrays`` loses those that this format does without.
    """
    try:
        new = _to_8(_to_7(_to_6(_to_5(state))))
    except (TypeError, KeyError, ValueError, AttributeError):
        return state  # reading it says what is wrong
    kept = set(_listed(new))
    for key in _listed(state):
        if key not in kept:
            arrays.pop(key, None)
    return new


def _to_5(state: Any) -> Any:
    """Draws were stored as their method's class; a design said which effect was at hand."""
    design, cells, priors, draws = state["tuple"]
    if draws["class"] not in DRAWS:
        return state
    fields = draws["fields"]
    kept = list(_arrays(fields, DRAWS[draws["class"]]))
    saved = {
        "names": {"tuple": [name for name, _ in kept]},
        "values": {"tuple": [array for _, array in kept]},
        "diagnostics": fields["diagnostics"],
    }
    return {"tuple": [_without(design, ["at"]), cells, priors, _record("SavedDraws", saved)]}


def _to_6(state: Any) -> Any:
    """Groups repeated the rows by arm of the first effect, a check was part of the diagnostics.

    Cells were of one class, with or without the rows.
    """
    design, cells, priors, draws = state["tuple"]
    groups = design["fields"]["groups"]
    if not set(GROUPS) <= set(groups["fields"]):
        return state
    design = _record("Design", design["fields"] | {"groups": _without(groups, GROUPS)})
    diagnostics = _diagnostics(draws["fields"]["diagnostics"]["fields"])
    draws = _record(draws["class"], draws["fields"] | {"diagnostics": diagnostics})
    return {"tuple": [design, _cells(cells), priors, draws]}


def _cells(held: dict[str, Any]) -> dict[str, Any]:
    if held["fields"]["likelihood"] is not None:
        return _record("RowCells", held["fields"])
    return _record("Sums", _without(held, ["likelihood"])["fields"])


def _to_7(state: Any) -> Any:
    """A plan and a design had no labels."""
    design, cells, priors, draws = state["tuple"]
    if "labels" in design["fields"]:
        return state
    none: dict[str, Any] = {"tuple": []}
    plan = design["fields"]["plan"]
    plan = _record("Plan", plan["fields"] | {"labels": none, "value_labels": none})
    design = _record("Design", design["fields"] | {"plan": plan, "labels": none})
    return {"tuple": [design, cells, priors, draws]}


def _to_8(state: Any) -> Any:
    """Weights told nothing of what the density integrates to."""
    design, cells, priors, draws = state["tuple"]
    diagnostics = draws["fields"]["diagnostics"]
    check = diagnostics["fields"]["check"]
    if check["class"] != "WeightCheck" or "mass" in check["fields"]:
        return state
    check = _record("WeightCheck", check["fields"] | {"mass": None})
    diagnostics = _record("Diagnostics", diagnostics["fields"] | {"check": check})
    draws = _record(draws["class"], draws["fields"] | {"diagnostics": diagnostics})
    return {"tuple": [design, cells, priors, draws]}


def _diagnostics(fields: dict[str, Any]) -> dict[str, Any]:
    check = fields["chains"] or _record("WeightCheck", {name: fields[name] for name in WEIGHTS})
    kept = {name: fields[name] for name in ("method", "why", "draws")}
    return _record("Diagnostics", kept | {"check": check})


def _record(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"class": name, "fields": fields}


def _without(held: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A part without some of its fields."""
    fields = {key: value for key, value in held["fields"].items() if key not in names}
    return _record(held["class"], fields)


def _arrays(fields: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Arrays by name; of several they are numbered."""
    for name in names:
        held = fields[name]
        if "array" in held:
            yield name, held
        else:
            yield from ((f"{name} {k}", one) for k, one in enumerate(held["tuple"]))


def _listed(held: Any) -> Iterator[str]:
    """The key of every array in some part."""
    if isinstance(held, dict):
        if isinstance(held.get("array"), str):
            yield held["array"]
        for part in held.values():
            yield from _listed(part)
    elif isinstance(held, list):
        for part in held:
            yield from _listed(part)
