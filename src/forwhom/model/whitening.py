"""Coordinates that NUTS finds easy: the joint model whitened at a penalised fit.

Each level's share of information from its own rows says how far it is centred. Coefficients are
whitened by their precision with the levels integrated out; levels by their own precision, and moved
along with the coefficients. It is a change of coordinates: whatever it misses costs time, never
correctness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forwhom.model.factor import NEVER_ZERO, Factor
from forwhom.model.joint import JointModel
from forwhom.model.pilot import NEARLY_EQUAL, PenalisedFit, penalised_fit, typical_size

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

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
            width = np.minimum(squares**-0.25, [typical_size(prior) for prior in factor.tau_priors])
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
