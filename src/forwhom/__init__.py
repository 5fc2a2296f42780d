"""For whom does a treatment work, and why?

>>> import forwhom as fw
>>> fw.__version__
'0.1.0'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forwhom.version import __version__

# Names are looked up on first use, so that importing the package loads nothing heavy.
_HOMES = {
    "fit": ("forwhom.api", "fit"),
    "Fit": ("forwhom.result", "Fit"),
    "compare_fits": ("forwhom.api", "compare_fits"),
    "prior_predictive": ("forwhom.api", "prior_predictive"),
    "load": ("forwhom.api", "load_fit"),
    "make_plan": ("forwhom.plan", "make_plan"),
    "read_plan": ("forwhom.plan", "read_plan"),
    "Plan": ("forwhom.plan", "Plan"),
    "ForWhomError": ("forwhom.errors", "ForWhomError"),
    "PlanError": ("forwhom.errors", "PlanError"),
    "DataError": ("forwhom.errors", "DataError"),
    "InferenceError": ("forwhom.errors", "InferenceError"),
    "OutputError": ("forwhom.errors", "OutputError"),
    "datasets": ("forwhom.datasets", ""),
}

if TYPE_CHECKING:
    from forwhom import datasets
    from forwhom.api import compare_fits, fit, prior_predictive
    from forwhom.api import load_fit as load
    from forwhom.errors import DataError, ForWhomError, InferenceError, OutputError, PlanError
    from forwhom.plan import Plan, make_plan, read_plan
    from forwhom.result import Fit

__all__ = [
    "DataError",
    "Fit",
    "ForWhomError",
    "InferenceError",
    "OutputError",
    "Plan",
    "PlanError",
    "__version__",
    "compare_fits",
    "datasets",
    "fit",
    "load",
    "make_plan",
    "prior_predictive",
    "read_plan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'forwhom' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    found = import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return sorted(__all__)
