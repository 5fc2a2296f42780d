"""Whether two fits of one problem by two methods tell the same, for every scalar of the posterior.

Tolerances: means within 4 joint Monte Carlo standard errors, sds within 5 % or 4 joint standard
errors where that is more.
"""

from __future__ import annotations

import numpy as np

import forwhom as fw
from forwhom.methods.diagnostics import SweepCheck, WeightCheck
from tests.posteriors import Known, differences, of_chains, of_independent


def everything(fit: fw.Fit) -> dict[str, np.ndarray]:
    """Every scalar of the posterior, (D,) each, by name."""
    draws, design = fit.fitted.draws, fit.fitted.design
    parts = {
        "coefficient": draws.coefficients.swapaxes(0, 2),
        "sd": draws.spreads.swapaxes(0, 2),
        **{key: values.T for key, values in draws.parameters.items()},
        **{f"{k} sd": c.spreads.swapaxes(0, 2) for k, c in enumerate(draws.clusters)},
        **{f"{k} level": c.u for k, c in enumerate(draws.clusters)},
        **{named.name: named.values.swapaxes(0, 2) for named in draws.further},
        "own": draws.of(np.arange(design.groups.count), range(len(design.random_names))).u,
    }
    count = len(draws.coefficients)
    return {
        f"{key} {j}": values
        for key, part in parts.items()
        for j, values in enumerate(part.reshape(-1, count))
    }


def known(fit: fw.Fit, values: np.ndarray) -> Known:
    """Mean and sd with their Monte Carlo standard errors."""
    check = fit.fitted.diagnostics.check
    if isinstance(check, SweepCheck):
        return of_chains(values.reshape(check.chains, -1))
    assert isinstance(check, WeightCheck)
    return of_independent(values, min(len(values), check.proposals * check.effective_share))


def agree(one: fw.Fit, other: fw.Fit) -> None:
    assert one.passed
    assert other.passed
    ours, theirs = everything(one), everything(other)
    assert ours.keys() == theirs.keys()
    pairs = {key: (known(one, ours[key]), known(other, theirs[key])) for key in ours}
    assert differences(pairs) == {}
