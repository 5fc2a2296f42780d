"""Saved fits of earlier formats, brought to this one."""

from __future__ import annotations

from collections.abc import Iterator
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


def upgrade(state: Any, arrays: dict[str, Any]) -> Any:
    """A state of format 4 or 5 as one of format 5; anything else as it is.

    In format 4, draws were stored as their method's class and a design said which of its effects
    was at hand. ``arrays`` loses those that this format does without.
    """
    try:
        design, cells, priors, draws = state["tuple"]
        if draws["class"] not in DRAWS:
            return state
        fields = dict(draws["fields"])
        kept = list(_arrays(fields, DRAWS[draws["class"]]))
        own = {key: value for key, value in design["fields"].items() if key != "at"}
        used = {array["array"] for _, array in kept}
        for key in _listed(fields):
            if key not in used:
                arrays.pop(key, None)
    except (TypeError, KeyError, ValueError, AttributeError):
        return state  # reading it says what is wrong
    saved = {
        "names": {"tuple": [name for name, _ in kept]},
        "values": {"tuple": [array for _, array in kept]},
        "diagnostics": fields["diagnostics"],
    }
    parts = [
        {"class": "Design", "fields": own},
        cells,
        priors,
        {"class": "SavedDraws", "fields": saved},
    ]
    return {"tuple": parts}


def _arrays(fields: dict[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Arrays by name; of several they are numbered."""
    for name in names:
        held = fields[name]
        if "array" in held:
            yield name, held
        else:
            yield from ((f"{name} {k}", one) for k, one in enumerate(held["tuple"]))


def _listed(held: Any) -> Iterator[str]:
    """The key of every array in some fields."""
    if isinstance(held, dict):
        if isinstance(held.get("array"), str):
            yield held["array"]
        for part in held.values():
            yield from _listed(part)
    elif isinstance(held, list):
        for part in held:
            yield from _listed(part)
