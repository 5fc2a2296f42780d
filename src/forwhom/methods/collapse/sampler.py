"""The collapse method: scales by a proposal that learns, everything linear drawn given them.

Tests: tests/methods/collapse/test_against_others.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.errors import InferenceError, plural
from forwhom.methods.collapse import MOST_SCALES
from forwhom.methods.collapse.chains import sample_chains
from forwhom.methods.collapse.density import CollapsedModel
from forwhom.methods.diagnostics import Diagnostics, WeightCheck, move
from forwhom.methods.importance.adaptive import explore_adaptively
from forwhom.methods.importance.peak import NOWHERE
from forwhom.methods.importance.settle import settle
from forwhom.methods.threads import one_blas_thread

FloatArray = NDArray[np.float64]

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
    model: CollapsedModel,
    draws: int,
    seed: int,
    names: tuple[str, ...],
    why: str,
    progress: Callable[[str], None],
) -> Points:
    """Draw from the posterior of scales, dense factors and coefficients.

    Args:
        model: with everything linear integrated out.
        draws: D; seed: of a generator of its own.
        names: of the sds, in the order of coordinates, for messages.
        why: why not a faster method, in words.
        progress: told a line of words now and then, where it takes a while.

    Raises:
        InferenceError: the posterior is improper or nowhere finite.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    if not model.scales.size:
        return _direct(model, draws, rng, why)
    if model.scales.size > MOST_SCALES and model.scales.shrinkage:
        many = f"{why}; {model.scales.size} scales are too many for independent proposals"
        return _by_chains(model, draws, names, many, rng, progress)
    with one_blas_thread():
        scales, peak = settle(
            model.scales,
            lambda scales: replace(model, scales=scales).log_density,
            model.scales.begin(),
            names,
            rng,
            residual=0 if model.scales.known else model.scales.classes,
        )
        model = replace(model, scales=scales)
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
    if model.scales.shrinkage and not diagnostics.passed:
        failed = f"{why}; the weights of independent proposals failed ({diagnostics.evidence})"
        return _by_chains(model, draws, names, failed, rng, progress)
    return Points(values, dense, diagnostics)


def _direct(model: CollapsedModel, draws: int, rng: np.random.Generator, why: str) -> Points:
    """Where no scale is left to explore everything is normal, and there is nothing to weigh."""
    nothing = np.empty((draws, 0))
    if not np.isfinite(model.log_density(nothing[:1])).all():
        raise InferenceError(NOWHERE)
    noise = rng.standard_normal((draws, model.columns - 1))
    with one_blas_thread():
        dense = model.draw_dense(nothing[:1], np.zeros(draws, dtype=np.int64), noise)
    words = f"{why}; no sd is to be learnt, and all else is normal"
    return Points(nothing, dense, Diagnostics("collapse", words, draws, None))


def _by_chains(
    model: CollapsedModel,
    draws: int,
    names: tuple[str, ...],
    why: str,
    rng: np.random.Generator,
    progress: Callable[[str], None],
) -> Points:
    """Where independent proposals will not do for the scales of shrinkage priors."""
    with one_blas_thread():
        model, found = sample_chains(model, draws, names, rng, progress)
    words = f"{why}; given the scales, groups, clusters and coefficients integrate out"
    diagnostics = Diagnostics("collapse", words, len(found.values), found.check)
    return Points(found.values, found.dense, diagnostics)
