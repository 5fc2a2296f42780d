"""Cells and priors to the joint model that NUTS samples.

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Problem, ResolvedPrior
from forwhom.methods.likelihood import LikelihoodPart, likelihood_part, own_start, parameter_prior
from forwhom.methods.nuts.density import JointModel, Residual
from forwhom.methods.nuts.factor import Factor
from forwhom.methods.priors import ParameterPrior
from forwhom.methods.shrinkage import shrinkage_of

FloatArray = NDArray[np.float64]

NO_PRIOR = ParameterPrior("flat", (), True)


def build_joint(problem: Problem) -> JointModel:
    """The model of DESIGN section 2 with everything still in it, on rows."""
    plan, cells, priors = problem.design.plan, problem.cells, problem.priors
    found, part = cells.likelihood, likelihood_part(problem)
    predictors = max(part.outcome.levels - 1, 1) if part.family.several else 1
    arm, arms = found.arms
    residual, sizes = None, part.sizes
    if plan.sigma_by == "arm":
        residual = Residual(arm, len(arms), None)
        sizes = (len(arms), *sizes[1:])
    elif plan.sigma_by == "group":
        spread = priors.shape("sigma_spread")
        assert spread is not None
        residual = Residual(found.group, len(cells.group_gram), parameter_prior(spread))
    return JointModel(
        family=part.family,
        link=plan.link,
        predictors=predictors,
        outcome=part.outcome,
        weight=found.weight,
        offset=part.offset,
        columns=part.columns,
        factors=_factors(problem, part),
        basis=part.basis,
        coefficients=part.coefficients,
        parameter_priors=part.parameter_priors,
        sizes=sizes,
        units=part.units,
        shrinkage=shrinkage_of(problem),
        residual=residual,
        start=np.tile(part.start, (predictors, 1)),
        own_start=own_start(part.parameter_priors, sizes),
    )


def _factors(problem: Problem, part: LikelihoodPart) -> tuple[Factor, ...]:
    """Groups first, where they have parameters of their own, then clusters."""
    design, cells, found = problem.design, problem.cells, problem.cells.likelihood
    groups = (_of_groups(problem, part),) if design.random_names else ()
    scaled = found.d / cells.dose_scale
    clusters = []
    priors = problem.priors.clusters
    for k, (cluster, entries) in enumerate(zip(design.clusters, priors, strict=True)):
        own, units = np.ones((len(scaled), 1)), np.array([part.unit])
        if cluster.effects:
            own = np.hstack([own, scaled])
            units = np.r_[units, part.unit / cells.dose_scale]
        none = np.zeros(len(units), dtype=bool)
        clusters.append(
            Factor(
                name=cluster.name,
                index=found.clusters[:, k],
                own=own,
                levels=len(cluster.levels),
                tau_priors=_tau_priors(entries, units),
                units=units,
                signed=none,
                student=none,
                nu_prior=NO_PRIOR,
                lkj=0.0,
            )
        )
    return (*groups, *clusters)


def _of_groups(problem: Problem, part: LikelihoodPart) -> Factor:
    """The groups as a factor, the only one whose law may be other than normals apart."""
    priors, found = problem.priors, problem.cells.likelihood
    nu, lkj = priors.shape("nu_theta"), priors.shape("correlation")
    units, names = part.unit / part.basis.random_scale, problem.design.random_names
    return Factor(
        name="group",
        index=found.group,
        own=found.own,
        levels=len(problem.cells.group_gram),
        tau_priors=_tau_priors(priors.spreads, units),
        units=units,
        signed=np.zeros(len(units), dtype=bool),
        student=np.array([name == "theta" and nu is not None for name in names]),
        nu_prior=NO_PRIOR if nu is None else parameter_prior(nu),
        lkj=0.0 if lkj is None else lkj.parameters[0],
    )


def _tau_priors(
    entries: tuple[ResolvedPrior, ...], units: FloatArray
) -> tuple[ParameterPrior, ...]:
    return tuple(
        parameter_prior(entry.prior, float(unit))
        for entry, unit in zip(entries, units, strict=True)
    )
