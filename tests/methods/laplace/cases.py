"""Small designs of every kind that the method takes, and what it is given of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from forwhom.cells import Problem, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import build_design
from forwhom.plan import make_plan

N = 240
RNG = np.random.default_rng(812)
DATA: dict[str, Any] = {
    "a": RNG.integers(0, 2, N),
    "c": RNG.integers(0, 4, N),
    "d": RNG.integers(0, 2, N),
    "e": RNG.integers(0, 2, N),
    "arm": np.array(["none", "mail", "visit"])[RNG.integers(0, 3, N)],
    "dose": RNG.gamma(2.0, 0.5, size=N).round(1),
    "x": RNG.normal(size=N).round(2),
    "state": RNG.integers(0, 12, N),
    "wave": RNG.integers(0, 3, N),
    "w": RNG.integers(1, 4, N),
    "row": [f"r{i}" for i in range(N)],
    "n": RNG.integers(1, 9, N),
    "shift": RNG.normal(0, 0.3, N).round(2),
}
_ETA = (
    -0.3
    + RNG.normal(size=12)[DATA["state"]] * 0.6
    + RNG.normal(size=8)[DATA["a"] * 4 + DATA["c"]] * 0.4
    + DATA["d"] * (0.6 - 0.4 * DATA["a"])
)
DATA["voted"] = (RNG.random(N) < 1 / (1 + np.exp(-_ETA))).astype(float)
DATA["wins"] = RNG.binomial(DATA["n"], 1 / (1 + np.exp(-_ETA)))
DATA["count"] = RNG.poisson(np.exp(_ETA))
DATA["y"] = (2 + _ETA + RNG.standard_t(4, N)).round(3)
DATA["time"] = np.round(RNG.weibull(1.3, N) * np.exp(0.4 * _ETA), 3) + 0.01
DATA["grade"] = np.clip(np.floor(_ETA + 2 + RNG.logistic(size=N)), 0, 3)
DATA["choice"] = np.array(["bus", "car", "foot"])[
    (RNG.gumbel(size=(N, 3)) + np.stack([0 * _ETA, _ETA, -0.5 * _ETA], 1)).argmax(1)
]

USUAL: dict[str, Any] = {
    "outcome": "voted",
    "family": "bernoulli",
    "treatment": "d",
    "modifiers": "a + C(c)",
}
CASES: dict[str, dict[str, Any]] = {
    "clusters": {"clusters": "state"},
    "two clusters, a control": {"clusters": ["state", "wave"], "controls": "x"},
    "cluster effects, poisson": {
        "outcome": "count",
        "family": "poisson",
        "clusters": "state",
        "cluster_effects": "state",
    },
    "arms": {"treatment": "arm", "reference": "none"},
    "arms without spread": {
        "treatment": "arm",
        "reference": "none",
        "spread": "none",
        "baseline": "modifiers",
    },
    "treatments": {"treatment": {"d": "a", "e": "C(c)"}, "modifiers": None, "clusters": "wave"},
    "a dose": {"treatment": "dose", "clusters": "state", "cluster_effects": "state"},
    "correlated, binomial": {
        "outcome": "wins",
        "family": "binomial",
        "trials": "n",
        "clusters": "state",
        "correlated": True,
    },
    "correlated arms": {"treatment": "arm", "reference": "none", "correlated": True},
    "categories": {"outcome": "choice", "family": "categorical"},
    "categories, clusters": {
        "outcome": "choice",
        "family": "categorical",
        "clusters": "wave",
        "correlated": True,
    },
    "ordinal": {"outcome": "grade", "family": "ordinal", "clusters": "state"},
    "learnt": {"priors": {"lambda": "learnt(0.5)"}},
    "learnt by two arms": {
        "treatment": "arm",
        "reference": "none",
        "clusters": "wave",
        "priors": {"lambda": "learnt(0.5)", "delta": "student_t(3, 0.2, 1)"},
    },
    "learnt, categories": {
        "outcome": "choice",
        "family": "categorical",
        "modifiers": "a",
        "groups": "c",
        "priors": {"lambda": "learnt(0.5)"},
    },
    "horseshoe": {"priors": {"lambda": "horseshoe(0.5, 2, 4)"}},
    "r2d2": {"priors": {"lambda": "r2d2(0.5, 2)"}},
    "r2d2 and a sigma": {"outcome": "y", "family": "student", "priors": {"lambda": "r2d2(0.5, 2)"}},
    "negative binomial": {
        "outcome": "count",
        "family": "negative_binomial",
        "clusters": "state",
    },
    "gaussian": {"outcome": "y", "family": "gaussian", "clusters": "state"},
    "student": {"outcome": "y", "family": "student", "clusters": "state"},
    "weibull": {"outcome": "time", "family": "weibull", "clusters": "state"},
    "weights": {"clusters": "state", "weights": "w"},
    "offset": {"outcome": "count", "family": "poisson", "clusters": "state", "offset": "shift"},
    "Student-t priors": {
        "clusters": "wave",
        "priors": {"lambda": "student_t(4, 0, 0.3)", "delta": "student_t(3, 0.2, 1)"},
    },
    "one control group": {"preset": "alley2023", "modifiers": "a"},
    "another preset": {"preset": "alley2026", "clusters": "wave"},
    "clusters alone": {"clusters": "state", "spread": "none", "baseline": "modifiers"},
    "probit": {"clusters": "state", "link": "probit"},
}


def asked(name: str, **more: Any) -> dict[str, Any]:
    """Everything that a fit is told."""
    return USUAL | CASES[name] | more


@cache
def problem(name: str, **more: Any) -> Problem:
    """What the method is given."""
    plan = make_plan(**asked(name, **more))
    design, rows = build_design(plan, load(DATA, plan.columns))
    cells = reduce_rows(design, rows, "rows")
    return Problem(design, cells, resolve_priors(design, cells))
