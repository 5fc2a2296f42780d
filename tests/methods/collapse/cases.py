"""Small Gaussian designs of every kind that the collapse method takes, with the rows as arrays."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from forwhom.cells import Problem, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import build_design
from forwhom.plan import make_plan

N = 60
RNG = np.random.default_rng(404)
DATA: dict[str, Any] = {
    "a": RNG.integers(0, 2, N),
    "c": RNG.integers(0, 3, N),
    "d": RNG.integers(0, 2, N),
    "e": RNG.integers(0, 2, N),
    "arm": np.array(["none", "mail", "visit"])[RNG.integers(0, 3, N)],
    "dose": RNG.gamma(2.0, size=N).round(2),
    "x": RNG.normal(size=N).round(3),
    "state": RNG.integers(0, 9, N),
    "wave": RNG.integers(0, 3, N),
    "w": RNG.integers(1, 4, N),
    "error": RNG.uniform(0.3, 0.9, N).round(3),
}
DATA["y"] = (
    1
    + DATA["d"] * (0.5 - 0.4 * DATA["a"])
    + RNG.normal(size=9)[DATA["state"]] * 0.6
    + RNG.normal(size=N)
).round(3)
DATA["z"] = np.exp(DATA["y"])

USUAL: dict[str, Any] = {"outcome": "y", "treatment": "d", "modifiers": "a + C(c)"}
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "clusters": {"clusters": "state"},
    "few clusters": {"clusters": "wave"},
    "two clusters": {"clusters": ["state", "wave"], "controls": "x"},
    "clusters alone": {"clusters": "state", "spread": "none", "baseline": "modifiers"},
    "cluster effects": {"clusters": "state", "cluster_effects": "state"},
    "arms": {"treatment": "arm", "reference": "none"},
    "arms without spread": {
        "treatment": "arm",
        "reference": "none",
        "spread": "none",
        "baseline": "modifiers",
    },
    "treatments": {"treatment": {"d": "a", "e": "C(c)"}, "modifiers": None, "clusters": "wave"},
    "dose": {"treatment": "dose", "clusters": "state", "cluster_effects": "state"},
    "correlated": {"correlated": True},
    "correlated arms": {"treatment": "arm", "reference": "none", "correlated": True},
    "correlated beside clusters": {"correlated": True, "clusters": "state",
                                   "cluster_effects": "state"},
    "sigma by arm": {"sigma_by": "arm", "clusters": "state", "cluster_effects": "state"},
    "sigma by arm, correlated": {"treatment": "arm", "reference": "none", "sigma_by": "arm",
                                 "correlated": True, "clusters": "wave"},
    "known errors": {"treatment": None, "std_error": "error", "clusters": "state"},
    "weights": {"clusters": "state", "weights": "w"},
    "frequencies": {"clusters": "state", "weights": "w", "weights_kind": "frequency"},
    "lognormal": {"outcome": "z", "family": "lognormal", "clusters": "state"},
    "one control group": {"preset": "alley2023", "modifiers": "a"},
    "alley2026": {"preset": "alley2026", "clusters": "wave"},
    "Student-t priors": {
        "clusters": "wave",
        "priors": {"lambda": "student_t(4, 0, 0.3)", "delta": "student_t(3, 0.2, 1)"},
    },
    "learnt": {"clusters": "wave", "priors": {"lambda": "learnt(0.5)"}},
    "learnt by two arms": {
        "treatment": "arm",
        "reference": "none",
        "priors": {"lambda": "learnt(0.5)", "delta": "student_t(3, 0.2, 1)"},
    },
    "horseshoe": {"priors": {"lambda": "horseshoe(0.5, 2, 4)"}},
    "horseshoe of some": {
        "priors": {"lambda": {"a": "horseshoe(0.5, 2, 4)", "C(c)[1]": "horseshoe(0.5, 2, 4)"}},
        "correlated": True,
    },
    "r2d2": {"clusters": "wave", "priors": {"lambda": "r2d2(0.5, 2)"}},
    "r2d2, known errors": {
        "treatment": None,
        "std_error": "error",
        "priors": {"lambda": "r2d2(0.5, 2)"},
    },
    "tight priors": {"clusters": "wave", "priors": {"lambda": "normal(0.3, 0.001)"}},
    "other priors": {
        "clusters": "state",
        "priors": {
            "sigma": "exponential(1)",
            "sigma_b": "gamma(2, 3)",
            "sigma_theta": "half_cauchy(1)",
            "sigma_state": "half_student_t(4, 1)",
        },
    },
}  # fmt: skip


@cache
def problem(name: str, method: str = "collapse", **more: Any) -> Problem:
    """What the method is given."""
    asked = USUAL | CASES[name] | {"method": method} | more
    plan = make_plan(**asked)
    design, rows = build_design(plan, load(DATA, plan.columns))
    cells = reduce_rows(design, rows, "rows")
    return Problem(design, cells, resolve_priors(design, cells))
