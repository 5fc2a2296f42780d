"""The joint log density against one written row by row in the units of the data, with scipy.

The coordinates are taken to the parameters of the equations; what that change of variables adds is
the logarithm of a Jacobian found by differences. Densities are known up to a constant, so they are
compared by how they differ between points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, log_softmax

from forwhom.cells import Priors, Problem, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import Design, Rows, build_design
from forwhom.methods.nuts.build import build_joint
from forwhom.methods.nuts.density import JointModel
from forwhom.methods.nuts.factor import Factor
from forwhom.methods.nuts.sampler import unpack
from forwhom.methods.nuts.whitening import ALIKE, WhitenedModel, whiten
from forwhom.plan import make_plan

Array = np.ndarray
Parameters = dict[str, Array]
REL = 1e-8  # of differences between points, and of slopes: what differences of doubles keep
POINTS = 4


def make_rows(family: str, n: int = 70) -> dict[str, Array]:
    """n rows with two modifiers (8 groups), two crossed clusters, two treatments, three arms."""
    rng = np.random.default_rng(5)
    a, m = rng.integers(0, 2, n).astype(float), rng.integers(1, 5, n).astype(float)
    k, s = rng.integers(0, 5, n).astype(float), rng.integers(0, 3, n).astype(float)
    d, e = rng.integers(0, 2, n).astype(float), np.round(rng.gamma(2.0, 0.5, n), 1)
    arm = np.array(["none", "letter", "visit"])[rng.integers(0, 3, n)]
    x = np.round(rng.normal(3.0, 2.0, n), 1)
    eta = 0.3 * a - 0.2 * m + 0.1 * x + d * (0.5 + 0.4 * a) + 0.3 * k
    y = {
        "bernoulli": lambda: (rng.random(n) < expit(eta)).astype(float),
        "gaussian": lambda: 20 + 6 * (eta + rng.normal(size=n)),
        "ordinal": lambda: np.clip(np.floor(eta + 2 + rng.logistic(size=n)), 0, 3),
        "categorical": lambda: rng.choice(["bus", "car", "train"], n),
        "negative_binomial": lambda: rng.negative_binomial(2, 0.3, n).astype(float),
    }[family]()
    return {"y": y, "a": a, "m": m, "k": k, "s": s, "d": d, "e": e, "arm": arm, "x": x}


@dataclass(frozen=True)
class Case:
    """A question with everything that its density needs; arms (A, J) as d tells them apart."""

    design: Design
    rows: Rows
    priors: Priors
    model: JointModel
    data: dict[str, Array]
    family: str
    arms: Array


CASES: dict[str, dict[str, Any]] = {
    "bernoulli": {"family": "bernoulli"},
    "gaussian": {"family": "gaussian", "controls": "x"},
    "ordinal": {"family": "ordinal"},
    "categorical": {"family": "categorical"},
    "negative_binomial": {"family": "negative_binomial", "exposure": "x2"},
    "student coefficients": {
        "family": "bernoulli",
        "priors": {
            "lambda": "student_t(3, 0.2, 1)",
            "delta": "student_t(5, 0, 2)",
            "alpha": "flat",
        },
    },
    "spreads": {
        "family": "gaussian",
        "clusters": ("k", "s"),
        "priors": {
            "sigma_theta": "half_cauchy(2)",
            "sigma_b": "half_student_t(4, 3)",
            "sigma_k": "exponential(0.5)",
            "sigma_s": "gamma(2, 0.3)",
            "sigma": "flat",
        },
    },
    "cluster effects": {"family": "bernoulli", "clusters": "k", "cluster_effects": "k"},
    "two clusters, a dose": {
        "family": "gaussian",
        "treatment": "e",
        "clusters": ("k", "s"),
        "cluster_effects": ("s",),
    },
    "two correlated": {"family": "bernoulli", "correlated": True},
    "three correlated": {
        "family": "gaussian",
        "treatment": "arm",
        "reference": "none",
        "correlated": True,
        "priors": {"correlation": "lkj(1.5)"},
    },
    "several correlated categories": {
        "family": "categorical",
        "correlated": True,
        "clusters": "k",
        "priors": {"correlation": "lkj(0.7)"},
    },
    "student": {"family": "gaussian", "spread": "student"},
    "student, two treatments": {
        "family": "bernoulli",
        "treatment": {"d": "a + m", "e": "a"},
        "modifiers": None,
        "spread": "student",
        "priors": {"nu_theta": "exponential(0.1)"},
    },
    "sigma by arm": {
        "family": "gaussian",
        "treatment": "arm",
        "reference": "none",
        "sigma_by": "arm",
    },
    "sigma by group": {"family": "gaussian", "sigma_by": "group", "clusters": "k"},
    "learnt": {"family": "gaussian", "priors": {"lambda": "learnt(0.3)"}},
    "learnt of two effects": {
        "family": "bernoulli",
        "treatment": "arm",
        "reference": "none",
        "priors": {"lambda": "learnt(0.3)"},
    },
    "horseshoe": {"family": "gaussian", "priors": {"lambda": "horseshoe(0.3, 2, 4)"}},
    "horseshoe of two effects": {
        "family": "bernoulli",
        "treatment": "arm",
        "reference": "none",
        "priors": {"lambda": "horseshoe(0.3, 2, 4)"},
    },
    "horseshoe of several categories": {
        "family": "categorical",
        "priors": {"lambda": "horseshoe(0.3, 2, 4)"},
    },
    "r2d2": {"family": "gaussian", "priors": {"lambda": "r2d2(0.4, 3)"}},
    "r2d2 without sigma": {"family": "bernoulli", "priors": {"lambda": "r2d2(0.4, 3)"}},
    "r2d2, sigma by group": {
        "family": "gaussian",
        "sigma_by": "group",
        "priors": {"lambda": "r2d2(0.4, 3)"},
    },
    "baseline of modifiers": {"family": "gaussian", "baseline": "modifiers", "sigma_by": "group"},
    "no spread": {"family": "bernoulli", "spread": "none", "clusters": "k"},
}


def make_case(name: str) -> Case:
    plan = {"outcome": "y", "treatment": "d", "modifiers": "a + m", "method": "nuts"} | CASES[name]
    data = make_rows(plan["family"])
    data["x2"] = np.abs(data["x"]) + 0.5
    made = make_plan(**plan)
    design, rows = build_design(made, load(data, made.columns))
    cells = reduce_rows(design, rows, "rows")
    priors = resolve_priors(design, cells)
    model = whiten(build_joint(Problem(design, cells, priors))).model
    rng = np.random.default_rng(len(name))
    factors = tuple(_some_signed(rng, factor) for factor in model.factors)
    arms = cells.likelihood.arms[1]
    return Case(design, rows, priors, replace(model, factors=factors), data, plan["family"], arms)


def _some_signed(rng: np.random.Generator, factor: Factor) -> Factor:
    """Some sds with a sign; those of correlated parameters have none."""
    return factor if factor.lkj else replace(factor, signed=rng.random(factor.columns) < 0.4)


def points(whitened: WhitenedModel) -> Array:
    """Whitened points around the centre."""
    return 0.5 * np.random.default_rng(3).standard_normal((POINTS, whitened.model.size))


def somewhere(case: Case) -> Array:
    """Points (K, n) of the model's coordinates; an sd with a sign is not within a step of zero."""
    whitened = replace(whiten(case.model), model=case.model)
    x = whitened.to_x(points(whitened))
    hyper = case.model.parts(x)[3 + len(case.model.shrinkage) :]
    for factor, part in zip(case.model.factors, hyper, strict=False):
        size = part.reshape(POINTS, case.model.predictors, -1)[..., : factor.columns]
        away = np.where(size < 0, -1, 1) * np.maximum(np.abs(size), 0.05)
        size[...] = np.where(factor.signed, away, size)
    return x


def slopes(function: Callable[[Array], Array], x: Array, step: float = 1e-3) -> Array:
    """Of values (K, ...) at points (K, n), by differences of the fourth order: (n, ...)."""
    moves = step * np.eye(len(x))

    def difference(times: float) -> Array:
        return (function(x + times * moves) - function(x - times * moves)) / (2 * times * step)

    return (4 * difference(0.5) - difference(1.0)) / 3


# coordinates to the parameters of the equations


def natural(case: Case, x: Array) -> Parameters:
    """Points (K, n) to parameters (K, ...) by name, as many numbers as coordinates."""
    model = case.model
    draws = unpack(model, x, 1)
    out: Parameters = {"coefficients": draws.coefficients}
    by_group = model.residual is not None and model.residual.spread is not None
    for i, values in enumerate(draws.parameters):
        out[f"own {i}"] = values
    if by_group:
        out |= {"residual": draws.residual, "residual spread": draws.residual_spread}
    for i, factor in enumerate(draws.factors):
        out[f"tau {factor}"], out[f"u {factor}"] = draws.spreads[i], draws.levels[i]
        out[f"nu {factor}"] = draws.nu[i]
        below = np.tril_indices(draws.correlation[i].shape[-1], -1)
        out[f"correlation {factor}"] = draws.correlation[i][..., below[0], below[1]]
    parts = model.parts(x)
    for i, shrinkage in enumerate(model.shrinkage):
        own = parts[3 + i].reshape(len(x), model.predictors, -1)
        if shrinkage.kind != "r2d2":
            # the one scale; or local ones, the global one, the slab's square
            out[f"scales {i}"] = np.exp(own)
            continue
        gamma = np.exp(own[..., :-1])
        total = gamma.sum(axis=-1, keepdims=True)
        out[f"shares {i}"] = (gamma / total)[..., :-1]
        out[f"total {i}"], out[f"r2 {i}"] = total, expit(own[..., -1:])
    return out


def log_jacobian(case: Case, x: Array) -> float:
    """Of the parameters in the coordinates at (n,)."""

    def flat(at: Array) -> Array:
        found = natural(case, at)
        return np.concatenate([part.reshape(len(at), -1) for part in found.values()], axis=1)

    matrix = slopes(flat, x)
    assert matrix.shape[0] == matrix.shape[1] == case.model.size
    return float(np.linalg.slogdet(matrix)[1])


# the density of those parameters


def log_prior(text: str, x: Array) -> float:
    name, _, rest = text.partition("(")
    numbers = [float(part) for part in rest.rstrip(")").split(",")] if rest else []
    found = {
        "flat": lambda: 0.0 * x,
        "normal": lambda m, s: stats.norm.logpdf(x, m, s),
        "student_t": lambda df, m, s: stats.t.logpdf(x, df, m, s),
        "exponential": lambda rate: stats.expon.logpdf(x, scale=1 / rate),
        "gamma": lambda shape, rate: stats.gamma.logpdf(x, shape, scale=1 / rate),
        "half_normal": lambda s: stats.halfnorm.logpdf(x, scale=s),
        "half_cauchy": lambda s: stats.halfcauchy.logpdf(x, scale=s),
        "half_student_t": lambda df, s: np.log(2) + stats.t.logpdf(x, df, scale=s),
    }
    return float(np.sum(found[name](*numbers)))


def log_row(family: str, y: Array, eta: Array, own: list[Array]) -> float:
    """eta (L, n); own: the family's parameters, the residual sd row by row."""
    if family == "bernoulli":
        return float(stats.bernoulli.logpmf(y, expit(eta[0])).sum())
    if family == "gaussian":
        return float(stats.norm.logpdf(y, eta[0], own[0]).sum())
    if family == "negative_binomial":
        shape = own[0][0]
        return float(stats.nbinom.logpmf(y, shape, shape / (shape + np.exp(eta[0]))).sum())
    level = np.unique(y, return_inverse=True)[1]
    rows = np.arange(len(y))
    if family == "ordinal":
        above = expit(eta[0][:, None] - np.cumsum(np.r_[0.0, own[0]]))  # P(y >= k)
        bounds = np.column_stack([np.ones(len(y)), above, np.zeros(len(y))])
        return float(np.log(bounds[rows, level] - bounds[rows, level + 1]).sum())
    assert family == "categorical"
    both = np.vstack([np.zeros(len(y)), eta])
    return float(log_softmax(both, axis=0)[level, rows].sum())


def treatments(case: Case) -> Array:
    """(n, J) from the data's own columns."""
    d = [
        (case.data["arm"] == effect.treatment.arm).astype(float)
        if effect.treatment.arm
        else case.data[effect.treatment.column]
        for effect in case.design.effects
    ]
    return np.column_stack(d)


def equations(case: Case, d: Array) -> Array:
    """Columns of the coefficients, (n, p), in the order alpha, beta, delta, lambda of each."""
    data, one = case.data, np.ones((len(d), 1))
    blocks = [one, *(data[name][:, None] for name in case.design.controls.names)]
    blocks += [data[name][:, None] for name in case.design.delta_names]
    for j, effect in enumerate(case.design.effects):
        z = [data[name][:, None] for name in effect.modifiers.names]
        blocks.append(d[:, [j]] * np.hstack([one, *z]))
    return np.hstack(blocks)


def own_columns(case: Case, name: str, d: Array, width: int) -> tuple[Array, Array]:
    """A factor's level by row, and its columns by row, (n, R)."""
    one = np.ones((len(d), 1))
    if name != "group":
        k = [cluster.name for cluster in case.design.clusters].index(name)
        return case.rows.clusters[:, k], np.hstack([one, d])[:, :width]
    groups, data = case.design.groups, case.data
    keys = np.column_stack([data[column] for column in groups.columns])
    values = np.column_stack(
        [np.asarray(groups.column_values(j)) for j in range(len(groups.columns))]
    )
    place = {tuple(row): g for g, row in enumerate(values.tolist())}
    index = np.array([place[tuple(row)] for row in keys.tolist()])
    random = case.design.random_names
    columns = [one] if "b" in random else []
    return index, np.hstack([*columns, *([d] if "theta" in random else [])])


def log_levels(case: Case, found: Parameters, name: str, i: int) -> float:
    """Density of a factor's own parameters, their sds, degrees of freedom and correlations."""
    tau, u = found[f"tau {name}"][i], found[f"u {name}"][i]
    nu, below = found[f"nu {name}"][i], found[f"correlation {name}"][i]
    entries = case.priors.spreads
    if name != "group":
        names = [cluster.name for cluster in case.design.clusters]
        entries = case.priors.clusters[names.index(name)]
    value = sum(log_prior(entry.prior.text, one) for entry, one in zip(entries, tau, strict=True))
    if len(below):
        prior = case.priors.shape("correlation")
        assert prior is not None
        r = np.eye(len(tau))
        r[np.tril_indices(len(tau), -1)] = below
        r = r + r.T - np.eye(len(tau))
        value += (prior.parameters[0] - 1) * np.log(np.linalg.det(r))
        law = stats.multivariate_normal(np.zeros(len(tau)), r * np.outer(tau, tau))
        return value + float(law.logpdf(u.T).sum())
    if not len(nu):
        return value + float(stats.norm.logpdf(u, 0, tau[:, None]).sum())
    prior = case.priors.shape("nu_theta")
    assert prior is not None
    first = len(tau) - len(nu)
    value += float(stats.norm.logpdf(u[:first], 0, tau[:first, None]).sum())
    value += log_prior(prior.text, nu)
    return value + float(stats.t.logpdf(u[first:], nu[:, None], 0, tau[first:, None]).sum())


def log_coefficients(case: Case, found: Parameters, i: int) -> float:
    """Priors of one predictor's coefficients, with the scales of those that are shrunk."""
    phi, value = found["coefficients"][i], 0.0
    shrunk: set[int] = set()
    for k, shrinkage in enumerate(case.model.shrinkage):
        lambda_ = phi[shrinkage.where]
        shrunk |= set(shrinkage.where.tolist())
        if shrinkage.kind == "learnt":
            (sd,) = found[f"scales {k}"][i]
            value += log_prior(f"half_normal({shrinkage.numbers[0]})", sd)
        elif shrinkage.kind == "horseshoe":
            scale0, slab, df = shrinkage.numbers
            scales = found[f"scales {k}"][i]
            local, tau, c2 = scales[:-2], scales[-2], scales[-1]
            value += log_prior("half_cauchy(1)", local) + log_prior(f"half_cauchy({scale0})", tau)
            value += float(stats.invgamma.logpdf(c2, df / 2, scale=df * slab**2 / 2))
            sd = tau * np.sqrt(c2 * local**2 / (c2 + tau**2 * local**2))
        else:
            mean, precision = shrinkage.numbers
            some, r2 = found[f"shares {k}"][i], float(found[f"r2 {k}"][i, 0])
            shares = np.r_[some, 1 - some.sum()]
            value += float(stats.dirichlet.logpdf(shares, np.full(len(shares), 0.5)))
            value += float(stats.beta.logpdf(r2, mean * precision, (1 - mean) * precision))
            # the total of the gamma variables behind the shares is a law of its own
            total = found[f"total {k}"][i, 0]
            value += float(stats.gamma.logpdf(total, 0.5 * len(shares)))
            sigma = found["own 0"][0] if case.family == "gaussian" else 1.0
            sd = sigma * np.sqrt(shares * r2 / (1 - r2))
        value += float(stats.norm.logpdf(lambda_, 0, sd).sum())
    for j, entry in enumerate(case.priors.coefficients):
        if j not in shrunk:
            value += log_prior(entry.prior.text, phi[j])
    return value


def by_rows(case: Case, x: Array) -> float:
    """The log density at (n,) in the coordinates, from rows and named parameters alone."""
    found = {key: values[0] for key, values in natural(case, x[None]).items()}
    d, plan = treatments(case), case.design.plan
    eta = found["coefficients"] @ equations(case, d).T
    if plan.exposure:
        eta = eta + np.log(case.data[plan.exposure])
    value = sum(log_coefficients(case, found, i) for i in range(len(eta)))
    for name in [factor.name for factor in case.model.factors]:
        u = found[f"u {name}"]
        index, columns = own_columns(case, name, d, u.shape[1])
        eta = eta + np.einsum("nr,lrn->ln", columns, u[:, :, index])
        value += sum(log_levels(case, found, name, i) for i in range(len(u)))
    own = [found[f"own {i}"] for i in range(len(case.priors.parameters))]
    value += sum(
        log_prior(entry.prior.text, one)
        for entry, one in zip(case.priors.parameters, own, strict=True)
    )
    if plan.sigma_by == "arm":
        own[0] = own[0][[case.arms.tolist().index(row) for row in d.tolist()]]
    elif plan.sigma_by == "group":
        prior, spread = case.priors.shape("sigma_spread"), found["residual spread"][0]
        assert prior is not None
        value += log_prior(prior.text, spread)
        law = stats.lognorm(spread, scale=own[0][0])
        value += float(law.logpdf(found["residual"]).sum())
        own[0] = found["residual"][own_columns(case, "group", d, 1)[0]]
    return value + log_row(case.family, case.data["y"], eta, own) + log_jacobian(case, x)


@pytest.mark.parametrize("name", CASES)
def test_the_density_is_that_of_the_rows(name: str) -> None:
    case = make_case(name)
    x = somewhere(case)
    ours = np.array([case.model.log_density(one)[0] for one in x])
    theirs = np.array([by_rows(case, one) for one in x])
    assert np.abs(np.diff(theirs)).max() > 0.1
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=REL, atol=1e-9 * abs(theirs[0]))


@pytest.mark.parametrize("name", CASES)
def test_slopes_are_those_of_the_density(name: str) -> None:
    case = make_case(name)
    for x in somewhere(case):
        _, gradient = case.model.log_density(x)

        def values(at: Array) -> Array:
            return np.array([case.model.log_density(one)[0] for one in at])

        size = np.abs(gradient).max()
        np.testing.assert_allclose(gradient, slopes(values, x), rtol=1e-6, atol=1e-8 * size)


@pytest.mark.parametrize("name", CASES)
def test_whitening_only_changes_the_coordinates(name: str) -> None:
    whitened = whiten(make_case(name).model)
    xi = points(whitened)
    found = [whitened.log_density(one) for one in xi]
    plain = [whitened.model.log_density(one)[0] for one in whitened.to_x(xi)]
    np.testing.assert_allclose(whitened.to_x(xi)[1], whitened.to_x(xi[1]), rtol=1e-12)
    signs, volumes = zip(
        *(np.linalg.slogdet(slopes(whitened.to_x, one)) for one in xi), strict=True
    )
    assert set(signs) in ({1.0}, {-1.0})  # one to one
    ours = np.diff([value for value, _ in found])
    theirs = np.diff(np.array(plain) + np.array(volumes))
    np.testing.assert_allclose(ours, theirs, rtol=REL, atol=1e-9 * abs(plain[0]))

    def values(at: Array) -> Array:
        return np.array([whitened.log_density(one)[0] for one in at])

    for one, (_, gradient) in zip(xi, found, strict=True):
        size = np.abs(gradient).max()
        np.testing.assert_allclose(gradient, slopes(values, one), rtol=1e-6, atol=1e-8 * size)


@pytest.mark.parametrize("name", ["gaussian", "spreads", "two clusters, a dose"])
def test_whitened_curvature_is_one_at_the_centre(name: str) -> None:
    """Of coefficients and levels at the fit; nearly, in directions that are left alone."""
    whitened = whiten(make_case(name).model)
    every = whitened._linear[0]
    center = np.zeros(whitened.model.size)

    def pulls(at: Array) -> Array:
        return np.array([whitened.log_density(one)[1][every] for one in at])

    curvature = -slopes(pulls, center)[every]
    values = np.linalg.eigvalsh((curvature + curvature.T) / 2)
    assert values.min() > 1 / ALIKE**2 - 0.01
    assert values.max() < ALIKE**2 + 0.01
