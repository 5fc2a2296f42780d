"""Tables about the analysis itself: groups, rows, diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from forwhom.answers.effects import arm_counts, group_headers
from forwhom.answers.keys import group_columns
from forwhom.data import Tidy
from forwhom.fitted import Estimand
from forwhom.methods.diagnostics import LEAST_E_BFMI, LEAST_ESS, R_HAT_LIMIT


def groups_table(estimands: Sequence[Estimand]) -> Tidy:
    """One row per group: its modifiers and its rows by arm; of several effects, with each.

    Args:
        estimands: one per effect.
    """
    groups = estimands[0].design.groups
    columns: dict[str, object] = {"group_id": np.arange(1, groups.count + 1)}
    keys = group_columns(groups, tuple(columns))
    columns |= keys.columns
    headers = group_headers(groups)
    if len(estimands) == 1:
        columns |= arm_counts(estimands[0])
        return Tidy(columns, "Groups", None, _arm_note(estimands[0]), headers, keys.types)
    columns["n_rows"] = groups.n_rows
    for one in estimands:
        name = one.treatment.name
        columns[f"n_{name}"] = one.effect.n_treated
        headers[f"n_{name}"] = f"Rows with {name}"
    return Tidy(columns, "Groups", None, (), headers, keys.types)


def _arm_note(estimand: Estimand) -> tuple[str, ...]:
    """Which level is which, where they are not 0 and 1."""
    t = estimand.treatment
    if t.kind != "binary" or (t.control, t.treated) == ("0", "1"):
        return ()
    return (f"Treated: {t.column} is {t.treated}; control: {t.control}.",)


def rows_table(estimand: Estimand) -> Tidy:
    """How many rows were read, dropped for each column's missing values, and used."""
    usage = estimand.design.usage
    what = ["read", *(f"missing {name}" for name, _ in usage.missing), "zero weight", "used"]
    n = [usage.n_read, *(count for _, count in usage.missing), usage.zero_weight, usage.n_used]
    headers = {"rows": "Rows", "n": "Number"}
    return Tidy({"rows": what, "n": np.array(n)}, "Rows", None, (), headers)


def diagnostics_table(estimand: Estimand) -> Tidy:
    """How the draws were made and whether they can be trusted."""
    d = estimand.diagnostics
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
