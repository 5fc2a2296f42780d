"""Where NUTS starts and the shape it is whitened by.

1. Penalised fits: given the factors' sds, a Newton step towards the mode of coefficients and levels
   together; given those, the sds that their squares suggest, divided by the number of levels that
   the data determine (MacKay 1992, Neural Computation 4(3)); and so on.
2. At that point, each level's share of information from its own rows says how far it is centred.
3. Whitening: coefficients by their precision with the levels integrated out; levels by their own
   precision, and moved along with the coefficients.

It is a change of coordinates: whatever it misses costs time, never correctness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forwhom.model.factor import NEVER_ZERO, Factor
from forwhom.model.joint import JointModel
from forwhom.model.priors import ParameterPrior

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ROUNDS = 25
FLOOR, CEILING = 0.02, 3.0  # of a tau, times its prior's scale
STEP = 1e-4  # of differences of exact slopes
NEARLY_EQUAL = -3.0  # log of the residual sds' spread while it is not yet fitted
SURELY = 16.0  # precision of log tau from which a spread of zero is out of the question
LIGHT_TAILS = 15.0  # degrees of freedom to begin with


@dataclass(frozen=True, slots=True)
class Whitening:
    """x = center + T xi, one block of coordinates after another; k coefficients are free.

    Attributes:
        center: (n,).
        scale: (g,) of the global coordinates but the free coefficients.
        free: (k,) coefficients whitened together; phi: (L, k, k) their factors.
        shift: per factor (L, R, H, k), how levels move with the coefficients.
        spread: per factor (L, R, R, H), the factors of the levels.
    """

    center: FloatArray
    scale: FloatArray
    free: IntArray
    phi: FloatArray
    shift: tuple[FloatArray, ...]
    spread: tuple[FloatArray, ...]


@dataclass(frozen=True, eq=False)
class WhitenedModel:
    """The joint density in whitened coordinates."""

    model: JointModel
    whitening: Whitening

    def to_x(self, xi: FloatArray) -> FloatArray:
        """The model's coordinates (..., n)."""
        model, white = self.model, self.whitening
        x = xi.copy()
        x[..., : model.n_global] *= white.scale
        moved = []
        for i in range(model.predictors):
            at = i * model.p + white.free
            moved.append(xi[..., at] @ white.phi[i].T)
            x[..., at] = moved[-1]
        for f, i, part, shift in self._levels:
            factor = model.factors[f]
            own = xi[..., part].reshape(*xi.shape[:-1], factor.columns, factor.levels)
            levels = (white.spread[f][i] * own[..., None, :, :]).sum(axis=-2)
            x[..., part] = levels.reshape(*xi.shape[:-1], -1) + moved[i] @ shift.T
        x += white.center
        return x

    def log_density(self, xi: FloatArray) -> tuple[float, FloatArray]:
        """Log density at (n,) up to a constant, and its gradient."""
        model, white = self.model, self.whitening
        value, gradient = model.log_density(self.to_x(xi))
        out = gradient.copy()
        out[: model.n_global] *= white.scale
        in_phi = [gradient[i * model.p + white.free] for i in range(model.predictors)]
        for f, i, part, shift in self._levels:
            factor = model.factors[f]
            own = gradient[part].reshape(factor.columns, 1, factor.levels)
            out[part] = (white.spread[f][i] * own).sum(axis=0).ravel()
            in_phi[i] = in_phi[i] + gradient[part] @ shift
        for i, one in enumerate(in_phi):
            out[i * model.p + white.free] = white.phi[i].T @ one
        return value, out

    @cached_property
    def _levels(self) -> list[tuple[int, int, slice, FloatArray]]:
        """Factor, predictor, place and shift (R H, k) of each block of levels."""
        out, at = [], self.model.n_global
        for f, factor in enumerate(self.model.factors):
            size = factor.columns * factor.levels
            for i in range(self.model.predictors):
                shift = self.whitening.shift[f][i].reshape(size, -1)
                out.append((f, i, slice(at, at + size), shift))
                at += size
        return out


@dataclass(frozen=True, slots=True)
class PenalisedFit:
    """Modes given sds, and curvatures there.

    Attributes:
        phi: (L, p); own: coordinates of the family's parameters, and own_curvature of each.
        taus: per factor (L, R); u: per factor (L, R, H).
        precision: per predictor, sparse, of phi and all levels together.
        information: per factor (L, R, R, H), what a level's own rows say of it.
    """

    phi: FloatArray
    own: FloatArray
    own_curvature: FloatArray
    taus: tuple[FloatArray, ...]
    u: tuple[FloatArray, ...]
    precision: tuple[Any, ...]
    information: tuple[FloatArray, ...]


def whiten(model: JointModel) -> WhitenedModel:
    """Find the centre, choose the centring, and set up the coordinates."""
    fit = penalised_fit(model)
    shares = [_shares(taus, known) for taus, known in zip(fit.taus, fit.information, strict=True)]
    sure = [_certainty(share) for share in shares]
    factors = tuple(
        factor if factor.lkj else _centred(factor, share, certain)
        for factor, share, certain in zip(model.factors, shares, sure, strict=True)
    )
    model = replace(model, factors=factors)
    center, scale = _global_shape(model, fit, shares)
    free, phi, shift, spread = _joint_shape(model, fit, sure)
    at = model.n_global
    for f, factor in enumerate(factors):
        for i in range(model.predictors):
            w = fit.u[f][i] * _to_w(factor, fit.taus[f][i])
            center[at : at + w.size] = w.ravel()
            at += w.size
    return WhitenedModel(model, Whitening(center, scale, free, phi, shift, spread))


def penalised_fit(model: JointModel) -> PenalisedFit:
    """Alternate Newton steps in coefficients and levels with updates of the sds."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    lp, p = model.predictors, model.p
    phi, own = model.start.copy(), np.zeros(sum(model.sizes))
    u = tuple(np.zeros((lp, f.columns, f.levels)) for f in model.factors)
    scales = [np.array([_typical(prior) for prior in f.tau_priors]) for f in model.factors]
    taus = tuple(np.tile(0.5 * scale, (lp, 1)) for scale in scales)
    columns = sparse.csr_array(
        sparse.hstack([sparse.csr_array(model.columns), *map(_incidence, model.factors)])
    )
    size = np.inf
    for done in range(ROUNDS):
        pull, weight = _slopes(model, phi, u, own)
        first, _ = model.coefficients.slopes(model.to_original(phi))
        precision = [_precision(model, columns, weight, phi, taus, i) for i in range(lp)]
        for i in range(lp):
            levels = np.concatenate([v[i].ravel() for v in u] or [np.zeros(0)])
            gradient = columns.T @ pull[i]
            gradient[p:] -= _ridge(model, taus, i) * levels
            gradient[:p] += first[i] @ model.basis.matrix
            for shrinkage in model.shrinkage:
                gradient[shrinkage.where] -= phi[i, shrinkage.where]
            step = np.clip(splu(precision[i]).solve(gradient), -2.0, 2.0)
            phi[i] += step[:p]
            diagonal, at = precision[i].diagonal(), p
            for v, tau, scale in zip(u, taus, scales, strict=True):
                shape, part = v[i].shape, slice(at, at + v[i].size)
                v[i] += step[part].reshape(shape)
                # sum of squares over the number of levels that the data determine
                share = 1 - 1 / (diagonal[part].reshape(shape) * tau[i][:, None] ** 2)
                known = np.maximum(share.sum(axis=1), 1e-3)
                new = np.sqrt((v[i] ** 2).sum(axis=1) / known)
                tau[i] = np.clip(new, FLOOR * scale, CEILING * scale)
                at += v[i].size
        gradient, curvature = _own_slopes(model, phi, u, own)
        own = own + np.clip(gradient / np.maximum(curvature, 1.0), -1.0, 1.0)
        before, size = size, float(sum(tau.sum() for tau in taus))
        if done > 5 and abs(size - before) <= 0.01 * size:
            break
    _, weight = _slopes(model, phi, u, own)
    return PenalisedFit(
        phi=phi,
        own=own,
        own_curvature=_own_slopes(model, phi, u, own)[1],
        taus=taus,
        u=u,
        precision=tuple(_precision(model, columns, weight, phi, taus, i) for i in range(lp)),
        information=tuple(
            np.stack([_information(factor, weight[i]) for i in range(lp)])
            for factor in model.factors
        ),
    )


def _slopes(
    model: JointModel, phi: FloatArray, u: tuple[FloatArray, ...], own: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Slope and curvature of the log likelihood in the linear predictor, (L, C) each."""
    eta = model.linear_predictor(phi, u)
    _, pull, second, _ = model.slopes(eta, model.likelihood_parameters(own, _residual(model)))
    return np.nan_to_num(pull), np.clip(-np.nan_to_num(second), 1e-12, 1e10)


def _own_slopes(
    model: JointModel, phi: FloatArray, u: tuple[FloatArray, ...], own: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Slope and curvature in each coordinate of the family's parameters."""
    eta, residual = model.linear_predictor(phi, u), _residual(model)

    def slope(at: FloatArray) -> FloatArray:
        pulled = model.slopes(eta, model.likelihood_parameters(at, residual))[3]
        return model.parameter_slopes(at, residual, pulled)[1]

    here, curvature = slope(own), np.empty(len(own))
    for j in range(len(own)):
        moved = own.copy()
        moved[j] += STEP
        curvature[j] = -(slope(moved)[j] - here[j]) / STEP
    return np.nan_to_num(here), np.nan_to_num(curvature, nan=1.0)


def _residual(model: JointModel) -> FloatArray:
    residual = np.zeros(model.residual.size if model.residual else 0)
    residual[:1] = NEARLY_EQUAL
    return residual


def _precision(
    model: JointModel,
    columns: Any,
    weight: FloatArray,
    phi: FloatArray,
    taus: tuple[FloatArray, ...],
    i: int,
) -> Any:
    """Of coefficients and levels of one predictor together, sparse."""
    from scipy import sparse

    p, matrix = model.p, model.basis.matrix
    _, bend = model.coefficients.slopes(model.to_original(phi[i : i + 1]))
    prior = matrix.T @ (np.maximum(-bend[0], 0.0)[:, None] * matrix) + 1e-9 * np.eye(p)
    for shrinkage in model.shrinkage:
        prior[shrinkage.where, shrinkage.where] += 1.0
    blocks = [sparse.csr_array(prior), sparse.diags_array(_ridge(model, taus, i))]
    squares = columns.T @ sparse.diags_array(weight[i]) @ columns
    return sparse.csc_array(squares + sparse.block_diag(blocks))


def _ridge(model: JointModel, taus: tuple[FloatArray, ...], i: int) -> FloatArray:
    """Prior precisions of all levels."""
    parts = [
        np.repeat(1 / tau[i] ** 2, factor.levels)
        for tau, factor in zip(taus, model.factors, strict=True)
    ]
    return np.concatenate(parts or [np.zeros(0)])


def _incidence(factor: Factor) -> Any:
    """(C, R H): each cell's own columns at its level."""
    from scipy import sparse

    cells, shape = np.arange(len(factor.index)), (len(factor.index), factor.levels)
    return sparse.hstack(
        [sparse.csr_array((one, (cells, factor.index)), shape=shape) for one in factor.own.T]
    )


def _information(factor: Factor, weight: FloatArray) -> FloatArray:
    """(R, R, H) curvature of a level's own rows."""
    own, r = factor.own, factor.columns
    out = np.empty((r, r, factor.levels))
    for a in range(r):
        for b in range(r):
            out[a, b] = np.bincount(factor.index, own[:, a] * own[:, b] * weight, factor.levels)
    return out


def _shares(taus: FloatArray, information: FloatArray) -> FloatArray:
    """What a level's own rows say of it, as a share of all that is known; (L, R, H)."""
    known = np.einsum("lrrh->lrh", information) * taus[:, :, None] ** 2
    return np.asarray(known / (1 + known))


def _certainty(share: FloatArray) -> FloatArray:
    """How sure it is that each of a factor's sds is not zero, (R,), from 0 to 1.

    The sd of log tau is about (2 sum of squared shares)^-1/2; below 1/4, zero is far away.
    """
    known = 2 * (share.mean(axis=0) ** 2).sum(axis=1)
    return np.clip((known - SURELY / 4) / SURELY, 0.0, 1.0)


def _centred(factor: Factor, share: FloatArray, certain: FloatArray) -> Factor:
    """The factor with its coordinates chosen."""
    may_be_zero = [prior.distribution not in NEVER_ZERO for prior in factor.tau_priors]
    return replace(
        factor,
        centring=share.mean(axis=0) * certain[:, None],
        signed=(certain == 0) & np.array(may_be_zero),
    )


def _typical(prior: ParameterPrior) -> float:
    """A typical size of an sd under its prior, 1 where it has none."""
    numbers = prior.numbers
    if not numbers:
        return 1.0
    if prior.distribution == "exponential":
        return 1 / numbers[0]
    return numbers[0] / numbers[1] if prior.distribution == "gamma" else numbers[-1]


def _to_w(factor: Factor, tau: FloatArray) -> FloatArray:
    """What turns u into w, (R, H)."""
    return np.asarray(tau[:, None] ** (factor.centring - 1.0))


def _global_shape(
    model: JointModel, fit: PenalisedFit, shares: list[FloatArray]
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
    for factor, taus, share, information in zip(
        model.factors, fit.taus, shares, fit.information, strict=True
    ):
        r, students = factor.columns, int(factor.student.sum())
        for i in range(lp):
            signed, known = factor.signed, np.sqrt(1 + 2 * share[i].sum(axis=1))
            center[at : at + r] = np.where(signed, taus[i], np.log(taus[i]))
            # near zero the log likelihood is quartic in tau
            squares = (np.einsum("rrh->rh", information[i]) ** 2).sum(axis=1)
            width = np.minimum(squares**-0.25, [_typical(prior) for prior in factor.tau_priors])
            scale[at : at + r] = np.where(signed, np.maximum(width, taus[i] / known), 1 / known)
            center[at + r : at + r + students] = np.log(LIGHT_TAILS)
            at += factor.hyper
    return center, scale


def _joint_shape(
    model: JointModel, fit: PenalisedFit, sure: list[FloatArray]
) -> tuple[IntArray, FloatArray, tuple[FloatArray, ...], tuple[FloatArray, ...]]:
    """Whitening of free coefficients and levels: free, phi, shift and spread of ``Whitening``.

    Levels whose sd may be zero do not move with the coefficients: where it is zero they could not.
    """
    from scipy.sparse.linalg import splu

    lp, p = model.predictors, model.p
    taken = [shrinkage.where for shrinkage in model.shrinkage]
    free = np.setdiff1d(np.arange(p), np.concatenate(taken)) if taken else np.arange(p)
    k = len(free)
    phi = np.empty((lp, k, k))
    shift = tuple(np.empty((lp, f.columns, f.levels, k)) for f in model.factors)
    spread = tuple(np.empty((lp, f.columns, f.columns, f.levels)) for f in model.factors)
    moving = [
        np.repeat(certain > 0.5, factor.levels)
        for certain, factor in zip(sure, model.factors, strict=True)
    ]
    moves = np.flatnonzero(np.concatenate(moving)) if moving else np.zeros(0, dtype=np.int64)
    for i in range(lp):
        precision = fit.precision[i]
        schur = precision[free][:, free].toarray()
        whole = float(np.linalg.eigvalsh(schur)[-1])
        solved, at = np.zeros((precision.shape[0] - p, k)), 0
        if len(moves):
            cross = precision[p + moves][:, free].toarray()
            solved[moves] = splu(precision[p + moves][:, p + moves].tocsc()).solve(cross)
            schur = schur - cross.T @ solved[moves]
        for f, factor in enumerate(model.factors):
            r, h = factor.columns, factor.levels
            tau, to_w = fit.taus[f][i], _to_w(factor, fit.taus[f][i])
            shift[f][i] = -solved[at : at + r * h].reshape(r, h, k) * to_w[:, :, None]
            own = fit.information[f][i].transpose(2, 0, 1) + np.diag(1 / tau**2)
            root = np.linalg.inv(np.linalg.cholesky(own))  # root' root is the inverse
            spread[f][i] = root.transpose(2, 1, 0) * to_w[:, None]
            at += r * h
        values, vectors = np.linalg.eigh(schur)
        # directions that rounding lost keep a trifle of the whole
        phi[i] = vectors / np.sqrt(np.maximum(values, 1e-9 * whole))
    return free, phi, shift, spread
