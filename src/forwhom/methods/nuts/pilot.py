"""Penalised fits: where the joint model's posterior lies, roughly.

Given the factors' sds, a Newton step towards the mode of coefficients and levels together; given
those, the sds that their squares suggest, divided by the number of levels that the data determine
(MacKay 1992, Neural Computation 4(3)); and so on. An sd that comes out at zero is taken to be as
large as the data cannot rule out, and coefficients and levels settle at that.

Tests: tests/methods/nuts/test_density.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from forwhom.methods.nuts.density import JointModel
from forwhom.methods.nuts.factor import Factor
from forwhom.methods.priors import ParameterPrior

FloatArray = NDArray[np.float64]

ROUNDS, SETTLING = 25, 3
TAILS = 5.0  # degrees of freedom of Student-t levels, until they are known
FLOOR, CEILING = 0.02, 3.0  # of a tau, times its prior's scale
STEP = 1e-4  # of differences of exact slopes
NEARLY_EQUAL = -3.0  # log of the residual sds' spread while it is not yet fitted


@dataclass(frozen=True, slots=True)
class PenalisedFit:
    """Modes given sds, and curvatures there.

    Attributes:
        phi: (L, p); own: coordinates of the family's parameters, and own_curvature of each.
        taus: per factor (L, R); u: per factor (L, R, H).
        precision: per predictor, sparse, of phi and all levels together.
        information: per factor (L, R, R, H), what a level's own rows say of it.
        tightness: per factor (L, R, H), how tightly the sd holds a level: 1 where it is normal.
    """

    phi: FloatArray
    own: FloatArray
    own_curvature: FloatArray
    taus: tuple[FloatArray, ...]
    u: tuple[FloatArray, ...]
    precision: tuple[Any, ...]
    information: tuple[FloatArray, ...]
    tightness: tuple[FloatArray, ...]


def penalised_fit(model: JointModel) -> PenalisedFit:
    """Alternate Newton steps in coefficients and levels with updates of the sds."""
    lp = model.predictors
    phi, own = model.start.copy(), model.own_start.copy()
    u = tuple(np.zeros((lp, f.columns, f.levels)) for f in model.factors)
    scales = [np.array([typical_size(prior) for prior in f.tau_priors]) for f in model.factors]
    taus = tuple(np.tile(0.5 * scale, (lp, 1)) for scale in scales)
    columns = model.linear.whole()
    size = np.inf
    for done in range(ROUNDS):
        phi, u, own, known = _newton(model, columns, phi, u, own, taus)
        taus = tuple(
            np.clip(_median((held * v**2).sum(axis=2), n), FLOOR * scale, CEILING * scale)
            for v, held, n, scale in zip(u, _tightness(model, u, taus), known, scales, strict=True)
        )
        before, size = size, float(sum(tau.sum() for tau in taus))
        if done > 5 and abs(size - before) <= 0.01 * size:
            break
    _, weight = _slopes(model, phi, u, own)
    taus = tuple(
        np.maximum(tau, np.minimum(_unseen(_information(factor, weight)), 0.5 * scale))
        for factor, tau, scale in zip(model.factors, taus, scales, strict=True)
    )
    for _ in range(SETTLING):
        phi, u, own, _ = _newton(model, columns, phi, u, own, taus)
    _, weight = _slopes(model, phi, u, own)
    held = _tightness(model, u, taus)
    return PenalisedFit(
        phi=phi,
        own=own,
        own_curvature=_own_slopes(model, phi, u, own)[1],
        taus=taus,
        u=u,
        precision=tuple(
            _precision(model, columns, weight, phi, _ridge(taus, held, i), i) for i in range(lp)
        ),
        information=tuple(_information(factor, weight) for factor in model.factors),
        tightness=held,
    )


Levels = tuple[FloatArray, ...]


def _newton(
    model: JointModel, columns: Any, phi: FloatArray, u: Levels, own: FloatArray, taus: Levels
) -> tuple[FloatArray, Levels, FloatArray, Levels]:
    """One step of phi, u and own; and per factor how many levels the data determine, (L, R)."""
    lp, p = model.predictors, model.p
    pull, weight = _slopes(model, phi, u, own)
    first, _ = model.coefficients.slopes(model.to_original(phi))
    phi, u = phi.copy(), tuple(v.copy() for v in u)
    known = tuple(np.empty_like(tau) for tau in taus)
    held = _tightness(model, u, taus)
    for i in range(lp):
        levels = np.concatenate([v[i].ravel() for v in u] or [np.zeros(0)])
        gradient = columns.T @ pull[i]
        ridge = _ridge(taus, held, i)
        gradient[p:] -= ridge * levels
        gradient[:p] += first[i] @ model.basis.matrix
        for shrinkage in model.shrinkage:
            gradient[shrinkage.where] -= phi[i, shrinkage.where]
        precision = _precision(model, columns, weight, phi, ridge, i)
        solve = solver(precision)
        step = np.clip(solve(gradient), -2.0, 2.0)
        phi[i] += step[:p]
        with_phi = solve(np.eye(len(gradient), p))  # covariances with the coefficients
        variance = 1 / precision.diagonal()
        variance += np.einsum("np,pn->n", with_phi, np.linalg.lstsq(with_phi[:p], with_phi.T)[0])
        at = p
        for v, n in zip(u, known, strict=True):
            shape, part = v[i].shape, slice(at, at + v[i].size)
            v[i] += step[part].reshape(shape)
            share = 1 - ridge[at - p : at - p + v[i].size] * variance[part]
            n[i] = np.maximum(share.reshape(shape).sum(axis=1), 1e-3)
            at += v[i].size
    gradient, curvature = _own_slopes(model, phi, u, own)
    own = own + np.clip(gradient / np.maximum(curvature, 1.0), -1.0, 1.0)
    return phi, u, own, known


def solver(precision: Any) -> Callable[[FloatArray], FloatArray]:
    """Solves with a sparse positive definite matrix, in an order that fills few entries in."""
    from scipy.sparse.linalg import splu

    symmetric = {"SymmetricMode": True}
    factors = splu(
        precision.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric
    )
    return cast("Callable[[FloatArray], FloatArray]", factors.solve)


def _median(squares: FloatArray, known: FloatArray) -> FloatArray:
    """A middling sd, from the sum of squares of so many levels: an inverse gamma's median."""
    return np.asarray(np.sqrt(squares / np.maximum(known - 5 / 3, np.minimum(known, 1 / 3))))


def _unseen(information: FloatArray) -> FloatArray:
    """The sd that levels may have without its being seen, (L, R): near zero the log likelihood
    is quartic in it."""
    squares = (np.einsum("lrrh->lrh", information) ** 2).sum(axis=2)
    return np.asarray(np.maximum(squares, 1e-300) ** -0.25)


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
    ridge: FloatArray,
    i: int,
) -> Any:
    """Of coefficients and levels of one predictor together, sparse."""
    from scipy import sparse

    p, matrix = model.p, model.basis.matrix
    _, bend = model.coefficients.slopes(model.to_original(phi[i : i + 1]))
    prior = matrix.T @ (np.maximum(-bend[0], 0.0)[:, None] * matrix) + 1e-9 * np.eye(p)
    for shrinkage in model.shrinkage:
        prior[shrinkage.where, shrinkage.where] += 1.0
    blocks = [sparse.csr_array(prior), sparse.diags_array(ridge)]
    squares = columns.T @ sparse.diags_array(weight[i]) @ columns
    return sparse.csc_array(squares + sparse.block_diag(blocks))


def _ridge(taus: Levels, held: Levels, i: int) -> FloatArray:
    """Prior precisions of all levels."""
    parts = [(v[i] / tau[i][:, None] ** 2).ravel() for tau, v in zip(taus, held, strict=True)]
    return np.concatenate(parts or [np.zeros(0)])


def _tightness(model: JointModel, u: Levels, taus: Levels) -> Levels:
    """The weights of Student-t levels as normal ones (Lange, Little and Taylor 1989, JASA 84)."""
    out = []
    for factor, v, tau in zip(model.factors, u, taus, strict=True):
        weight = (TAILS + 1) / (TAILS + (v / tau[:, :, None]) ** 2)
        out.append(np.where(factor.student[:, None], weight, 1.0))
    return tuple(out)


def _information(factor: Factor, weight: FloatArray) -> FloatArray:
    """(L, R, R, H) curvature of a level's own rows, from that of the cells (L, C)."""
    own, r = factor.own, factor.columns
    out = np.empty((len(weight), r, r, factor.levels))
    for i, one in enumerate(weight):
        for a in range(r):
            for b in range(r):
                product = own[:, a] * own[:, b] * one
                out[i, a, b] = np.bincount(factor.index, product, factor.levels)
    return out


def typical_size(prior: ParameterPrior) -> float:
    """A typical size of an sd under its prior, 1 where it has none."""
    numbers = prior.numbers
    if not numbers:
        return 1.0
    if prior.distribution == "exponential":
        return 1 / numbers[0]
    return numbers[0] / numbers[1] if prior.distribution == "gamma" else numbers[-1]
