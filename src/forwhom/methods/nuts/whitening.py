"""Coordinates that NUTS finds easy: the joint model whitened at a penalised fit.

1. Levels follow what the data and their sd say of them (``following``).
2. Coefficients are whitened by their precision with the levels integrated out.
3. What correlation is left among them, as between the means of crossed factors, is taken out along
   the directions in which the fit's curvature differs most from one.

It is a change of coordinates: whatever it misses costs time, never correctness.

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.nuts.density import JointModel
from forwhom.methods.nuts.factor import NEVER_ZERO, Factor
from forwhom.methods.nuts.following import Following, Laid
from forwhom.methods.nuts.pilot import NEARLY_EQUAL, PenalisedFit, penalised_fit, solver

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SURELY = 25.0  # precision of log tau from which tau is surely not zero
OWN_SHARE = 0.5  # share of a level from its own rows, above which signs are two lobes hard to leave
LIGHT_TAILS = 15.0  # degrees of freedom to begin with
ALIKE = 1.5  # sds of directions this close to one are left alone
MOST_DIRECTIONS, DENSE = 60, 1200  # directions; coordinates up to which all are looked at


@dataclass(frozen=True, eq=False)
class WhitenedModel:
    """The joint density in whitened coordinates, centre + scale xi but for what is said here.

    Attributes:
        model: the density.
        center: (n,), zero for levels; scale: (g,) of the global coordinates but the free ones.
        free: (k,) coefficients whitened together; phi: (L, k, k) their factors.
        levels: per factor and predictor.
        directions: per predictor (m, v) orthonormal, over its free coefficients and its levels;
            stretch: per predictor (v,), how much longer each is than one, less one.
    """

    model: JointModel
    center: FloatArray
    scale: FloatArray
    free: IntArray
    phi: FloatArray
    levels: tuple[tuple[Following, ...], ...]
    directions: tuple[FloatArray, ...]
    stretch: tuple[FloatArray, ...]

    def to_x(self, xi: FloatArray) -> FloatArray:
        """The model's coordinates (..., n)."""
        return self._lay(xi)[0]

    def log_density(self, xi: FloatArray) -> tuple[float, FloatArray]:
        """Log density at (n,) up to a constant, and its gradient."""
        model = self.model
        x, laid, stretched = self._lay(xi)
        value, gradient = model.log_density(x)
        out = gradient.copy()
        out[: model.n_global] *= self.scale
        in_phi = [gradient[every] for every in self._free]
        for (f, i, place, at), one in zip(self._places, laid, strict=True):
            factor, follow = model.factors[f], self.levels[f][i]
            shape = (factor.columns, factor.levels)
            s = factor.scales(x[at])
            d_xi, d_moved, d_s = follow.slopes(
                one, s, stretched[place].reshape(shape), gradient[place].reshape(shape)
            )
            value += follow.log_volume(one)
            out[place] = d_xi.ravel()
            in_phi[i] = in_phi[i] + d_moved
            out[at][: factor.columns] += self.scale[at][: factor.columns] * np.where(
                factor.signed, d_s, s * d_s
            )
        for i, pulled in enumerate(in_phi):
            out[self._free[i]] = self.phi[i].T @ pulled
        for i, every in enumerate(self._linear):
            some = out[every]
            along = self.stretch[i] * (self.directions[i].T @ some)
            out[every] = some + self.directions[i] @ along
        return value, out

    def _lay(self, xi: FloatArray) -> tuple[FloatArray, list[Laid], FloatArray]:
        """x (..., n), each block of levels, and xi with its directions stretched."""
        model, stretched = self.model, xi.copy()
        for i, every in enumerate(self._linear):
            along = (xi[..., every] @ self.directions[i]) * self.stretch[i]
            stretched[..., every] += along @ self.directions[i].T
        x = stretched.copy()
        x[..., : model.n_global] *= self.scale
        moved = []
        for i, free in enumerate(self._free):
            moved.append(stretched[..., free] @ self.phi[i].T)
            x[..., free] = moved[-1]
        x += self.center
        laid = []
        for f, i, part, at in self._places:
            factor = model.factors[f]
            own = stretched[..., part].reshape(*xi.shape[:-1], factor.columns, factor.levels)
            laid.append(self.levels[f][i].lay(factor.scales(x[..., at]), moved[i], own))
            x[..., part] = laid[-1].z.reshape(*xi.shape[:-1], -1)
        return x, laid, stretched

    @cached_property
    def _places(self) -> list[tuple[int, int, slice, slice]]:
        """Factor, predictor, place of its levels and of its hyper, of each block of levels."""
        model = self.model
        out, at = [], model.n_global
        first = model.ends[3 + len(model.shrinkage)]
        for f, factor in enumerate(model.factors):
            size = factor.columns * factor.levels
            for i in range(model.predictors):
                out.append((f, i, slice(at, at + size), slice(first, first + factor.hyper)))
                at, first = at + size, first + factor.hyper
        return out

    @cached_property
    def _free(self) -> list[IntArray]:
        """Where each predictor's free coefficients are."""
        return [i * self.model.p + self.free for i in range(self.model.predictors)]

    @cached_property
    def _linear(self) -> list[IntArray]:
        """Where each predictor's free coefficients and levels are, together (m,)."""
        parts = [[free] for free in self._free]
        for _, i, part, _ in self._places:
            parts[i].append(np.arange(part.start, part.stop))
        return [np.concatenate(one) for one in parts]


def whiten(model: JointModel) -> WhitenedModel:
    """Find the centre, choose how sds are seen, and set up the coordinates."""
    fit = penalised_fit(model)
    ridges = [held / tau[..., None] ** 2 for held, tau in zip(fit.tightness, fit.taus, strict=True)]
    told = [
        [_own_information(*both) for both in zip(information, ridge, strict=True)]
        for information, ridge in zip(fit.information, ridges, strict=True)
    ]
    shares = [
        np.stack([own / (own + r) for (own, _), r in zip(*both, strict=True)])
        for both in zip(told, ridges, strict=True)
    ]
    known = [2 * (share**2).sum(axis=2) for share in shares]  # the precision of log tau
    factors = tuple(map(_with_signs, model.factors, shares, known))
    model = replace(model, factors=factors)
    center, scale = _global_shape(model, fit, known)
    taken = [shrinkage.where for shrinkage in model.shrinkage]
    free = np.setdiff1d(np.arange(model.p), np.concatenate(taken or [np.zeros(0, dtype=int)]))
    lp, k = model.predictors, len(free)
    phi = np.empty((lp, k, k))
    levels: list[list[Following]] = [[] for _ in factors]
    directions, stretch = [], []
    for i in range(lp):
        solved = _falls(model, fit, free, i)
        phi[i] = _root(model, fit, free, i, solved)
        at, blocks = 0, []
        for f, factor in enumerate(factors):
            size = factor.columns * factor.levels
            following, block = _follow(
                factor,
                fit.u[f][i],
                fit.taus[f][i],
                fit.tightness[f][i],
                told[f][i],
                solved[at : at + size],
            )
            levels[f].append(following)
            blocks.append(block)
            at += size
        found = _directions(fit, free, i, (phi[i], solved, blocks))
        directions.append(found[0])
        stretch.append(found[1])
    return WhitenedModel(
        model=model,
        center=center,
        scale=scale,
        free=free,
        phi=phi,
        levels=tuple(map(tuple, levels)),
        directions=tuple(directions),
        stretch=tuple(stretch),
    )


def _own_information(information: FloatArray, ridge: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What its rows tell of each of a level's parameters, from (R, R, H), prior precision (R, H).

    Given the earlier ones, with the later ones integrated out: information (R, H), and how the
    value told falls as an earlier one rises (R, R, H).
    """
    left = information.copy()
    own, leans = np.empty_like(ridge), np.zeros_like(left)
    for r in range(len(ridge) - 1, -1, -1):
        own[r] = np.maximum(left[r, r], 0.0)
        leans[r, :r] = left[r, :r] / np.where(own[r] > 0, own[r], 1.0)
        left -= left[:, r, None] * left[None, r] / (own[r] + ridge[r])
    return own, leans


def _with_signs(factor: Factor, shares: FloatArray, known: FloatArray) -> Factor:
    """Sds that may be zero, of levels that their rows say little of, get a sign.

    Args:
        factor: the factor; shares: (L, R, H) from a level's own rows; known: (L, R).
    """
    if factor.lkj:
        return factor
    may = np.array([prior.distribution not in NEVER_ZERO for prior in factor.tau_priors])
    near = (known.mean(axis=0) < SURELY) & (shares.mean(axis=(0, 2)) < OWN_SHARE)
    return replace(factor, signed=near & may)


def _falls(model: JointModel, fit: PenalisedFit, free: IntArray, i: int) -> FloatArray:
    """How all levels fall as the free coefficients rise, (levels, k)."""
    p, precision = model.p, fit.precision[i]
    if precision.shape[0] == p:
        return np.zeros((0, len(free)))
    cross = precision[p:][:, free].toarray()
    return solver(precision[p:][:, p:])(cross)


def _root(
    model: JointModel, fit: PenalisedFit, free: IntArray, i: int, solved: FloatArray
) -> FloatArray:
    """A root of the free coefficients' covariance, (k, k), with the levels integrated out."""
    precision = fit.precision[i]
    own = precision[free][:, free].toarray()
    schur = own - precision[model.p :][:, free].toarray().T @ solved
    # on one scale, which a tight prior would not share; what rounding lost keeps a trifle
    size = np.sqrt(np.diag(own))
    values, vectors = np.linalg.eigh(schur / np.outer(size, size))
    return np.asarray(vectors / size[:, None] / np.sqrt(np.maximum(values, 1e-9)))


def _follow(
    factor: Factor,
    u: FloatArray,
    tau: FloatArray,
    tightness: FloatArray,
    information: tuple[FloatArray, FloatArray],
    solved: FloatArray,
) -> tuple[Following, FloatArray]:
    """A factor's levels with modes u (R, H); and du / dxi at the fit, (R, R, H)."""
    own, leans = information
    ridge = tightness / tau[:, None] ** 2
    share = own / (own + ridge)
    safe = np.where(share > 0, share, 1.0)
    falls = solved.reshape(*u.shape, -1) / safe[..., None]
    target = u / safe
    for r in range(1, len(tau)):
        target[r] += (leans[r, :r] * u[:r]).sum(axis=0)
        falls[r] += (leans[r, :r, :, None] * solved.reshape(*u.shape, -1)[:r]).sum(axis=0)
    sd = 1 / np.sqrt(own + ridge)
    block = np.zeros_like(leans)
    for r in range(len(tau)):
        block[r, r] = sd[r]
        for j in range(r):
            block[r, : j + 1] -= share[r] * leans[r, j] * block[j, : j + 1]
    following = Following(
        information=own,
        tightness=tightness,
        target=target,
        moves=np.ascontiguousarray(falls.reshape(u.size, -1).T),
        leans=leans,
        fixed=tau if factor.lkj else None,
    )
    return following, block


def _directions(
    fit: PenalisedFit,
    free: IntArray,
    i: int,
    layout: tuple[FloatArray, FloatArray, list[FloatArray]],
) -> tuple[FloatArray, FloatArray]:
    """Where the fit's curvature in the coordinates is far from one: directions and stretch."""
    from scipy import sparse
    from scipy.sparse.linalg import eigsh

    phi, solved, blocks = layout
    if not blocks:  # without levels the coefficients are white already
        return np.zeros((len(free), 0)), np.zeros(0)
    precision = fit.precision[i]
    kept = np.r_[free, fit.phi.shape[1] : precision.shape[0]]
    below = [
        sparse.block_array([[sparse.diags_array(one) for one in row] for row in block])
        for block in blocks
    ]
    to_u = sparse.block_diag([sparse.csr_array(phi), *below], format="csr")
    # levels move with the coefficients
    moving = np.eye(to_u.shape[0], len(free))
    moving[len(free) :] = -solved
    turned = sparse.csr_array(moving @ phi)
    turn = sparse.hstack([turned, to_u[:, len(free) :]], format="csr")
    curvature = turn.T @ precision[kept][:, kept] @ turn
    size = curvature.shape[0]
    if size <= DENSE:
        values, vectors = np.linalg.eigh(curvature.toarray())
    else:
        values, vectors = eigsh(curvature, k=MOST_DIRECTIONS, which="BE")
    stretch = 1 / np.sqrt(np.maximum(values, 1e-9))
    far = np.abs(np.log(stretch))
    chosen = np.argsort(-far)[:MOST_DIRECTIONS]
    chosen = chosen[far[chosen] > np.log(ALIKE)]
    return np.ascontiguousarray(vectors[:, chosen]), stretch[chosen] - 1


def _global_shape(
    model: JointModel, fit: PenalisedFit, known: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Centre of all coordinates but the levels', and the scales of those not whitened together."""
    lp = model.predictors
    center, scale, ends = np.zeros(model.size), np.ones(model.n_global), model.ends
    zeta = fit.phi.copy()
    for shrinkage in model.shrinkage:
        zeta[:, shrinkage.where] = 0.0
    center[: ends[1]] = zeta.ravel()
    center[ends[1] : ends[2]] = fit.own
    scale[ends[1] : ends[2]] = 1 / np.sqrt(np.maximum(fit.own_curvature, 1.0))
    if ends[3] > ends[2]:
        center[ends[2]] = NEARLY_EQUAL / 2
    for k, shrinkage in enumerate(model.shrinkage):
        center[ends[3 + k] : ends[4 + k]] = np.tile(shrinkage.start(), lp)
    at = int(ends[3 + len(model.shrinkage)])
    for factor, taus, precision in zip(model.factors, fit.taus, known, strict=True):
        r, students = factor.columns, factor.students
        for i in range(lp):
            width = 1 / np.sqrt(1 + precision[i])  # of log tau
            center[at : at + r] = np.where(factor.signed, taus[i], np.log(taus[i]))
            scale[at : at + r] = np.where(factor.signed, taus[i], 1.0) * width
            center[at + r : at + r + students] = np.log(LIGHT_TAILS)
            at += factor.hyper
    return center, scale
