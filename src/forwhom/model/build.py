"""Cells and priors to a model: from here on there are arrays only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells, LikelihoodCells, Priors, ResolvedPrior
from forwhom.families import FAMILIES, KNOWN_GAUSSIAN, Family, Outcome
from forwhom.model.collapsed import Basis, CollapsedGaussian, GroupCells, collapse
from forwhom.model.latent import LatentModel
from forwhom.model.priors import CoefficientPriors, ParameterPrior, ScalePrior
from forwhom.model.segment import Segment
from forwhom.model.turn import collapse_turned, find_turn
from forwhom.plan.priors import SHRINKING, Prior

FloatArray = NDArray[np.float64]

SMALL = 0.1  # of a scale's prior
LOCATION_SCALE = ("gaussian", "lognormal", "student")  # whose outcome is standardised inside


def build_model(cells: Cells, priors: Priors, random: tuple[str, ...]) -> CollapsedGaussian:
    """The Gaussian model of DESIGN section 2 with its linear part integrated out.

    Args:
        cells: sufficient statistics.
        priors: one per coefficient and spread.
        random: names of the group parameters, to know which carry the dose's unit.
    """
    basis = _basis(cells, random, cells.outcome_center, cells.outcome_scale)
    group_cells = GroupCells(cells.n_rows, cells.cross, cells.group_cross, cells.group_gram)
    coefficients = _coefficients(priors, cells.layout.p)
    scales = (
        _scale(priors.parameters[0].prior.distribution, priors.parameters[0].prior.parameters),
        tuple(_scale(s.prior.distribution, s.prior.parameters) for s in priors.spreads),
    )
    turn = find_turn(basis, coefficients)
    if turn is None:
        return collapse(group_cells, basis, coefficients, *scales)
    return collapse_turned(group_cells, turn, basis, coefficients, scales)


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


def likelihood_part(
    cells: Cells, priors: Priors, random: tuple[str, ...], family_name: str, link: str
) -> LikelihoodPart:
    """Family, outcome and priors in internal units."""
    found = cells.likelihood
    assert found is not None
    standard = family_name in LOCATION_SCALE
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
    basis = _basis(cells, random, cells.link_center if standard else 0.0, unit)
    coefficients = _coefficients(priors, cells.layout.p)
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


def build_latent(
    cells: Cells, priors: Priors, random: tuple[str, ...], family_name: str, link: str
) -> LatentModel:
    """The same model for any family, on cells, with the groups' own parameters still in it.

    Args:
        cells: with ``likelihood``.
        priors, random: as for ``build_model``.
        family_name, link: the likelihood.
    """
    found = cells.likelihood
    assert found is not None
    part = likelihood_part(cells, priors, random, family_name, link)
    return LatentModel(
        family=part.family,
        link=link,
        outcome=part.outcome,
        weight=found.weight,
        offset=part.offset,
        columns=part.columns,
        own=found.own,
        group=found.group,
        segments=_segments(found, len(cells.group_gram)),
        basis=part.basis,
        coefficients=part.coefficients,
        tau_priors=tuple(_scale(s.prior.distribution, s.prior.parameters) for s in priors.spreads),
        parameter_priors=part.parameter_priors,
        sizes=part.sizes,
        units=part.units,
        start=np.r_[part.start, own_start(part.parameter_priors, part.sizes)],
        n_groups=len(cells.group_gram),
    )


def _segments(found: LikelihoodCells, n_groups: int) -> tuple[Segment, ...]:
    """Sort the groups by what their rows can tell of the group's own parameters."""
    own, group = found.own, found.group
    n_tau = own.shape[1]
    everyone, all_cells = np.arange(n_groups), np.arange(len(group))
    if n_tau == 0:
        return (_segment(0, everyone, all_cells, found),)
    touched = own[:, -1] != 0  # the only column, or the treatment's beside a one
    if n_tau == 1:
        ranks = (np.bincount(group, touched, n_groups) > 0).astype(int)
        untouched = all_cells[~touched]
        out = [_segment(0, everyone[ranks == 0], untouched, found)]
        cells = all_cells[touched]
    else:
        low, high = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
        np.minimum.at(low, group, own[:, 1])
        np.maximum.at(high, group, own[:, 1])
        ranks = np.where(low > high, 0, np.where(low < high, 2, 1))
        out = [_segment(0, everyone[ranks == 0], all_cells[:0], found)]
        cells = all_cells
    for rank in (1, 2):
        if (ranks == rank).any():
            mine = cells[ranks[group[cells]] == rank]
            if rank == 2:  # the untreated first
                mine = np.r_[mine[own[mine, 1] == 0], mine[own[mine, 1] != 0]]
            out.append(_segment(rank, everyone[ranks == rank], mine, found))
    return tuple(s for s in out if len(s.cells) or len(s.groups))


def _segment(
    rank: int, groups: NDArray[np.int64], cells: NDArray[np.int64], found: LikelihoodCells
) -> Segment:
    """Groups with equally many cells are put side by side, which makes their sums fast."""
    untreated = int((found.own[cells, 1] == 0).sum()) if rank == 2 else 0
    index = np.searchsorted(groups, found.group[cells]) if rank else np.zeros(0, dtype=np.int64)
    if rank:
        low, high = (
            np.bincount(part, minlength=len(groups))
            for part in (index[:untreated], index[untreated:])
        )
        order = np.lexsort((high, low))
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        groups, index = groups[order], place[index]
        seen = np.arange(len(cells)) >= untreated
        sort = np.lexsort((index, seen))
        cells, index = cells[sort], index[sort]
    own = found.own[cells]
    direction = np.zeros((len(groups), own.shape[1]))
    if rank:
        direction[index] = own
    return Segment.make(rank, groups, cells, index, own, direction, untreated)


def _basis(cells: Cells, random: tuple[str, ...], center: float, scale: float) -> Basis:
    scales = [1.0] if random[:1] == ("b",) else []
    scales += cells.dose_scale.tolist() if "theta" in random else []
    inner = (cells.inner_center, cells.inner_scale, cells.unmove)
    return Basis.make(*inner, (center, scale), np.array(scales))


def _coefficients(priors: Priors, p: int) -> CoefficientPriors:
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


def _scale(distribution: str, parameters: tuple[float, ...]) -> ScalePrior:
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
