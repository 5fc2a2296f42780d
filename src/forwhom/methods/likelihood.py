"""Cells and priors to what every model of them shares: from here on there are arrays only.

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Priors, Problem, ResolvedPrior
from forwhom.families import FAMILIES, KNOWN_GAUSSIAN, Family, Outcome
from forwhom.methods.priors import CoefficientPriors, ParameterPrior, ScalePrior
from forwhom.methods.turn import find_turn
from forwhom.methods.units import Basis
from forwhom.plan.priors import SHRINKING, Prior

FloatArray = NDArray[np.float64]

SMALL = 0.1  # of a scale's prior
LOCATION_SCALE = ("gaussian", "lognormal", "student")  # whose outcome is standardised inside


@dataclass(frozen=True, slots=True)
class LikelihoodPart:
    """What every model of cells has in common; see ``LatentModel`` for the attributes.

    ``unit`` is the outcome's unit inside, for families of location and scale; ``columns`` and
    ``offset`` (C,) are in it and in the coordinates of ``basis``.
    """

    family: Family
    outcome: Outcome
    unit: float
    columns: FloatArray
    offset: FloatArray
    basis: Basis
    coefficients: CoefficientPriors
    parameter_priors: tuple[ParameterPrior, ...]
    sizes: tuple[int, ...]
    units: tuple[float, ...]
    start: FloatArray


def likelihood_part(problem: Problem) -> LikelihoodPart:
    """Family, outcome and priors in internal units."""
    cells, priors, family_name = problem.cells, problem.priors, problem.design.plan.family
    found, standard = cells.likelihood, family_name in LOCATION_SCALE
    # the logarithm of a lognormal outcome was taken with the rows
    family = FAMILIES["gaussian" if family_name == "lognormal" else family_name]
    if family.parameters and not priors.parameters:  # standard errors are known
        family = KNOWN_GAUSSIAN
    unit = cells.link_scale if standard else 1.0
    outcome, start = found.outcome, np.zeros(cells.layout.p)
    offset = found.offset
    if standard:  # an offset is standardised with the outcome: what it leaves over is about zero
        level = cells.outcome_center - cells.link_center
        y = (outcome.y - cells.outcome_center) / unit
        outcome = replace(outcome, y=y, error=outcome.error / unit)
        offset = (offset - level) / unit
    else:
        start[0] = cells.link_center
    parameters, sizes = [], []
    for entry, parameter in zip(priors.parameters, family.parameters, strict=True):
        scaled = unit if parameter.name == "sigma" else 1.0
        parameters.append(parameter_prior(entry.prior, scaled, parameter.positive))
        sizes.append(parameter.size(outcome.levels))
    basis = basis_of(problem, cells.link_center if standard else 0.0, unit)
    coefficients = coefficients_of(priors, cells.layout.p)
    columns = found.columns
    shrunk = [e.prior.distribution in SHRINKING for e in priors.coefficients]
    turn = find_turn(basis, coefficients, np.flatnonzero(shrunk))
    if turn is not None:
        basis, start, offset = turn.basis, turn.begin(start), offset + columns @ turn.move
        columns = columns @ turn.turn
    return LikelihoodPart(
        family=family,
        outcome=outcome,
        unit=unit,
        columns=columns,
        offset=offset,
        basis=basis,
        coefficients=coefficients,
        parameter_priors=tuple(parameters),
        sizes=tuple(sizes),
        units=tuple(unit if p.name == "sigma" else 1.0 for p in family.parameters),
        start=start,
    )


def basis_of(problem: Problem, center: float, scale: float) -> Basis:
    """The internal units of a problem; ``center`` and ``scale`` are the outcome's."""
    cells, random = problem.cells, problem.design.random_names
    scales = [1.0] if random[:1] == ("b",) else []
    scales += cells.dose_scale.tolist() if "theta" in random else []
    inner = (cells.inner_center, cells.inner_scale, cells.unmove)
    return Basis.make(*inner, (center, scale), np.array(scales))


def coefficients_of(priors: Priors, p: int) -> CoefficientPriors:
    """Priors of the p coefficients, as arrays."""
    mean, sd, df = (np.zeros(p) for _ in range(3))
    for j, entry in enumerate(priors.coefficients):
        mean[j], sd[j], df[j] = _normal_or_t(entry)
    return CoefficientPriors(mean, sd, df)


def _normal_or_t(entry: ResolvedPrior) -> tuple[float, float, float]:
    """Mean, scale and degrees of freedom."""
    numbers = entry.prior.parameters
    if entry.prior.distribution in ("flat", *SHRINKING):  # the latter's scales are learnt
        return 0.0, np.inf, np.inf
    if entry.prior.distribution == "normal":
        return numbers[0], numbers[1], np.inf
    return numbers[1], numbers[2], numbers[0]  # student_t(df, m, s)


def scale_of(distribution: str, parameters: tuple[float, ...]) -> ScalePrior:
    """The prior of a standard deviation."""
    return ScalePrior(distribution, parameters)


def parameter_prior(prior: Prior, unit: float = 1.0, positive: bool = True) -> ParameterPrior:
    """The prior of a parameter in internal units."""
    numbers = _rescaled(prior.distribution, prior.parameters, unit)
    return ParameterPrior(prior.distribution, numbers, positive)


def own_start(priors: tuple[ParameterPrior, ...], sizes: tuple[int, ...]) -> FloatArray:
    """Where to look first for the family's parameters, (sum of sizes,): at 0, a parameter of one.

    Where a prior holds a scale s near zero against data that say one, in the middle: it settles
    near the root of s.
    """
    out = []
    for prior, size in zip(priors, sizes, strict=True):
        near = prior.positive and prior.distribution.startswith("half_")
        width = prior.numbers[-1] if near else 1.0
        out += [0.5 * log(width) if width < SMALL else 0.0] * size
    return np.array(out)


def _rescaled(distribution: str, numbers: tuple[float, ...], unit: float) -> tuple[float, ...]:
    """The numbers of the same prior for the parameter in another unit."""
    if unit == 1.0 or distribution == "flat":
        return numbers
    if distribution == "gamma":
        return (numbers[0], numbers[1] * unit)
    if distribution == "exponential":
        return (numbers[0] * unit,)
    return (*numbers[:-1], numbers[-1] / unit)  # the scale comes last
