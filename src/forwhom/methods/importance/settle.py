"""The mode of a density of sds and what else is explored, in coordinates that fit it.

Tests: tests/methods/collapse/test_against_others.py, tests/methods/laplace/test_against_nuts.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError, UnboundedError
from forwhom.methods.importance.peak import LogDensity, Peak, find_peak
from forwhom.methods.importance.scales import Scales

FloatArray = NDArray[np.float64]

FAR = 1e4  # an sd this many outcome sds out means that nothing holds it back
HELD = 8.0  # nats by which the density must have fallen there
NOISELESS = 1e-6  # outcome sds: a residual sd that is smaller stands for none
SUSPECT = 1e-3
NOTHING_LEFT = (
    "the residual sd goes to zero: the outcome follows exactly from groups, clusters and "
    "predictors, and nothing is left to chance. Is it made from one of them?"
)
SMALLEST = 1e-8  # outcome sds: no coordinate is finer
DROP = 2.0  # nats below the top at which an sd's upper end is read
PROFILE = np.geomspace(1 / 8, 64, 28)


def settle(
    scales: Scales,
    density_of: Callable[[Scales], LogDensity],
    begin: FloatArray,
    names: tuple[str, ...],
    rng: np.random.Generator | None,
    residual: int = 0,
    profile: FloatArray = PROFILE,
) -> tuple[Scales, Peak]:
    """The mode, in coordinates whose widths fit the density of each sd.

    Args:
        scales: the coordinates; others (n,) may follow them.
        density_of: the log density of (K, n), given the coordinates of the sds.
        begin: (n,) where the search begins.
        names: of the sds, in the order of their coordinates, for messages.
        rng: for looks around; without one the search begins at ``begin``.
        residual: how many of the sds are residual ones, the first.
        profile: times an sd at the mode, where its profile is looked at.

    Raises:
        InferenceError: the posterior is improper or nowhere finite.
    """
    sds, log_density = scales.sds, density_of(scales)
    first = find_peak(log_density, begin, rng)
    if not len(sds):
        return scales, first
    mode, widths = scales.values(first.mode[None])[0], scales.widths.copy()
    spent = first.evaluations
    if (mode[:residual] < NOISELESS).any():
        raise InferenceError(NOTHING_LEFT)
    # every sd's profile, in one batch
    values = np.repeat(mode[None], len(sds) * (len(profile) + 2), axis=0)
    each = values.reshape(len(sds), -1, len(mode))
    for k, at in enumerate(sds.tolist()):
        each[k, :, at] *= np.r_[1.0, profile, 1.0]
        each[k, -1, at] = FAR
    x = scales.coordinates(values)
    heights = (log_density(x) - scales.log_slope(x)).reshape(len(sds), -1)  # of the sds themselves
    spent += len(x)
    for k, (at, name) in enumerate(zip(sds.tolist(), names, strict=True)):
        height = heights[k]
        if height[-1] + np.log(FAR) > height[0] + np.log(mode[at]) - HELD:
            if k < residual and mode[at] < SUSPECT:  # what looks unbounded is rounding
                raise InferenceError(NOTHING_LEFT)
            raise UnboundedError(name, "half_normal(1)")
        high = height > height[:-1].max() - DROP
        widths[k] = max(float(each[k, high, at].max()), SMALLEST)
    settled = replace(scales, widths=widths)
    again = find_peak(density_of(settled), settled.coordinates(mode[None])[0])
    return settled, replace(again, evaluations=spent + again.evaluations)
