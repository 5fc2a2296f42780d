"""The collapse method: scales by a proposal that learns, everything linear drawn given them.

Tests: tests/methods/collapse/test_against_others.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError, UnboundedError, plural
from forwhom.methods.collapse.density import CollapsedModel
from forwhom.methods.diagnostics import Diagnostics, WeightCheck, move
from forwhom.methods.importance.adaptive import explore_adaptively
from forwhom.methods.importance.peak import Peak, find_peak
from forwhom.methods.threads import one_blas_thread

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
PROFILE = np.geomspace(1 / 8, 64, 28)  # times an sd at the mode, where its profile is looked at
WORK = 3e10  # multiplications after which fewer effective points will do
ENOUGH = 800  # effective points that always are asked for


@dataclass(frozen=True, slots=True)
class Points:
    """D draws of what is not integrated out, and of the dense part given it; internal units.

    Attributes:
        values: (D, n) as ``Scales.at`` takes them; dense: (D, m - 1).
        diagnostics: how it went.
    """

    values: FloatArray
    dense: FloatArray
    diagnostics: Diagnostics


def sample_collapsed(
    model: CollapsedModel, draws: int, seed: int, names: tuple[str, ...], why: str
) -> Points:
    """Draw from the posterior of scales, dense factors and coefficients.

    Args:
        model: with everything linear integrated out.
        draws: D; seed: of a generator of its own.
        names: of the sds, in the order of coordinates, for messages.
        why: why not a faster method, in words.

    Raises:
        InferenceError: the posterior is improper or nowhere finite.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    with one_blas_thread():
        model, peak = _settle(model, names, rng)
        most = max(ENOUGH, int(WORK / model.cost))
        found = explore_adaptively(model.log_density, peak, draws, rng, most)
        different, first, owner = np.unique(found.picked, return_index=True, return_inverse=True)
        noise = rng.standard_normal((draws, model.columns - 1))
        dense = model.draw_dense(found.x[first], owner.reshape(-1), noise)
    assert len(different) == found.distinct
    values = model.scales.values(found.x)
    words = (
        f"{why}; given {plural(values.shape[1], 'scale')}, groups, clusters and coefficients "
        "integrate out in closed form"
    )
    check = WeightCheck(
        proposals=found.proposals,
        k_hat=found.k_hat,
        effective_share=found.effective_share,
        distinct=found.distinct if move(values) else 1,
        evaluations=found.evaluations,
        mass=found.mass.plus(model.log_constant),
    )
    diagnostics = Diagnostics("collapse", words, draws, check)
    return Points(values, dense, diagnostics)


def _settle(
    model: CollapsedModel, names: tuple[str, ...], rng: np.random.Generator
) -> tuple[CollapsedModel, Peak]:
    """The mode, in coordinates whose widths fit the density of each sd."""
    scales = model.scales
    sds = scales.sds
    begin = np.zeros(scales.size)
    begin[sds] = 0.5
    first = find_peak(model.log_density, begin, rng)
    if not len(sds):
        return model, first
    mode, widths = scales.values(first.mode[None])[0], scales.widths.copy()
    spent = first.evaluations
    residual = 0 if scales.known else scales.classes
    if (mode[:residual] < NOISELESS).any():
        raise InferenceError(NOTHING_LEFT)
    for k, (at, name) in enumerate(zip(sds.tolist(), names, strict=True)):
        values = np.repeat(mode[None], len(PROFILE) + 2, axis=0)
        values[:, at] *= np.r_[1.0, PROFILE, 1.0]
        values[-1, at] = FAR
        x = scales.coordinates(values)
        height = model.log_density(x) - scales.log_slope(x)  # of the sds themselves
        spent += len(x)
        if height[-1] + np.log(FAR) > height[0] + np.log(mode[at]) - HELD:
            if k < residual and mode[at] < SUSPECT:  # what looks unbounded is rounding
                raise InferenceError(NOTHING_LEFT)
            raise UnboundedError(name, "half_normal(1)")
        high = height > height[:-1].max() - DROP
        widths[k] = max(float(values[high, at].max()), SMALLEST)
    settled = replace(model, scales=replace(scales, widths=widths))
    again = find_peak(settled.log_density, settled.scales.coordinates(mode[None])[0])
    return settled, replace(again, evaluations=spent + again.evaluations)
