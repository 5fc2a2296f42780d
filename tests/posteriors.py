"""Two posteriors beside one another, each known up to its Monte Carlo error."""

from __future__ import annotations

from typing import NamedTuple

import arviz_stats
import numpy as np


class Known(NamedTuple):
    """Mean and sd of a quantity, and their Monte Carlo standard errors."""

    mean: float
    sd: float
    mean_error: float
    sd_error: float


def of_independent(draws: np.ndarray, count: float | None = None) -> Known:
    """Of independent draws (D,), worth ``count`` where that is less than D."""
    count = len(draws) if count is None else count
    sd = draws.std()
    fourth = ((draws - draws.mean()) ** 4).mean() / sd**4 if sd else 1.0
    sd_error = sd * np.sqrt(max(fourth - 1, 0.0) / (4 * count))
    return Known(float(draws.mean()), float(sd), float(sd / np.sqrt(count)), float(sd_error))


def of_chains(draws: np.ndarray) -> Known:
    """Of chains (chains, draws)."""
    errors = (float(arviz_stats.mcse(draws, method=name)) for name in ("mean", "sd"))
    return Known(float(draws.mean()), float(draws.std()), *errors)


def errors_apart(ours: Known, theirs: Known) -> tuple[float, float]:
    """Distances of means and of sds, in joint standard errors."""
    mean = abs(ours.mean - theirs.mean) / np.hypot(ours.mean_error, theirs.mean_error)
    sd = abs(ours.sd - theirs.sd) / np.hypot(ours.sd_error, theirs.sd_error)
    return float(mean), float(sd)


def differences(pairs: dict[str, tuple[Known, Known]]) -> dict[str, tuple[float, float]]:
    """Quantities, ours and theirs, that are further apart than chance; none, for equal posteriors.

    Means may be 4 joint standard errors apart; sds 5 % of theirs, or 4 joint standard errors where
    that is more. What is told are the distances of means in joint standard errors, and of sds over
    what is allowed.
    """
    found = {}
    for name, (ours, theirs) in pairs.items():
        off, _ = errors_apart(ours, theirs)
        allowed = max(0.05 * theirs.sd, 4 * np.hypot(ours.sd_error, theirs.sd_error))
        apart = abs(ours.sd - theirs.sd) / allowed
        if not (off <= 4 and apart <= 1):
            found[name] = (round(off, 2), round(float(apart), 2))
    return found
