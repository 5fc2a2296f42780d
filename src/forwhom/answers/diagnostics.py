"""How the draws were made.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.methods.diagnostics import LEAST_E_BFMI, LEAST_ESS, R_HAT_LIMIT


def diagnostics_table(workings: Workings) -> Tidy:
    """How the draws were made and whether they can be trusted."""
    d = workings.fitted.diagnostics
    columns: dict[str, object] = {"method": [d.method], "draws": np.array([d.draws])}
    headers = {"method": "Method", "draws": "Draws"}
    if d.chains is None:
        found: tuple[tuple[str, str, float], ...] = (
            ("proposals", "Proposals", d.proposals),
            ("k_hat", "Pareto k-hat", d.k_hat),
            ("effective_share", "Effective share", d.effective_share),
            ("distinct", "Distinct scales", d.distinct),
        )
        told = "Draws are independent. k-hat below 0.7 means that the importance weights can be "
        told += "trusted."
    else:
        c = d.chains
        found = (
            ("chains", "Chains", c.chains),
            ("tune", "Adaptation", c.tune),
            ("r_hat", "R-hat", c.r_hat),
            ("ess_bulk", "ESS bulk", _whole(c.ess_bulk)),
            ("ess_tail", "ESS tail", _whole(c.ess_tail)),
            ("divergences", "Divergences", c.divergences),
            ("e_bfmi", "E-BFMI", c.e_bfmi),
        )
        told = (
            "Markov chains: the worst of all parameters. R-hat should be below "
            f"{R_HAT_LIMIT}, effective sample sizes (ESS) at least {LEAST_ESS:.0f}, E-BFMI at "
            f"least {LEAST_E_BFMI}."
        )
    for key, header, value in found:
        columns[key], headers[key] = np.array([value]), header
    columns["passed"], headers["passed"] = [d.passed], "Passed"
    return Tidy(columns, "Diagnostics", None, (f"Method {d.method}: {d.why}.", told), headers)


def _whole(size: float) -> float:
    """An effective sample size without its fraction; that of chains that stand still is unknown."""
    return round(size) if isfinite(size) else size


DIAGNOSTICS = Answer(
    "diagnostics", "How the draws were made and whether they can be trusted.", (), diagnostics_table
)
