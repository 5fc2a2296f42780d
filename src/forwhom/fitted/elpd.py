"""How well a fit predicts a row it has not seen: PSIS leave-one-out and WAIC.

Pointwise values are those of rows, though only cells are kept: rows that share everything the
model sees and their outcome are one kind, whose value is computed once and counted as often as
there are such rows. The groups' own baselines and effects are conditioned on: the row left out is
one more row of a group that is known from its other rows.

Where the draws know a row's density given the others and a few scales (``Draws.left_out``), only
the scales are reweighted.

Vehtari, Gelman and Gabry 2017, Statistics and Computing 27(5); Watanabe 2010, JMLR 11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import RowKinds
from forwhom.errors import PlanError
from forwhom.fitted.predictor import CellPredictor
from forwhom.fitted.refusals import no_rows_left_out

FloatArray = NDArray[np.float64]

Points = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]

ALL = slice(None)
VALUES = 4_000_000  # rows x draws at once
STILL = 1e-9  # a log likelihood that moves by less over the draws is taken as constant
WORST_K = 10.0  # stands for weights of which one draw has all, to which no tail can be fitted


@dataclass(frozen=True, eq=False)
class Elpd:
    """Expected log predictive density of single rows, M kinds of them.

    Attributes:
        method: "loo" or "waic".
        kinds: the rows.
        elpd: (M,) of one row of each kind; p: (M,) its share of the effective number of parameters.
        k: (M,) Pareto k of the importance weights that leave the row out; empty for WAIC.
        draws: number of posterior draws behind it.
    """

    method: str
    kinds: RowKinds
    elpd: FloatArray
    p: FloatArray
    k: FloatArray
    draws: int

    @property
    def n_rows(self) -> float:
        """Number of rows."""
        return float(self.kinds.count.sum())

    @property
    def total(self) -> float:
        """Summed over rows."""
        return float(self.kinds.count @ self.elpd)

    @property
    def std_error(self) -> float:
        """Of the total: rows as a random sample."""
        return sum_error(self.elpd, self.kinds.count)

    @property
    def p_total(self) -> float:
        """Effective number of parameters."""
        return float(self.kinds.count @ self.p)

    @property
    def k_limit(self) -> float:
        """The Pareto k up to which so many draws are enough; 0.7 from 2,200 draws."""
        return float(min(0.7, 1 - 1 / np.log10(self.draws)))

    @property
    def unreliable(self) -> NDArray[np.bool_]:
        """(M,) where the estimate cannot be trusted: k too large, or a WAIC term above 0.4."""
        return self.p > 0.4 if self.method == "waic" else ~(self.k <= self.k_limit)

    @property
    def n_unreliable(self) -> float:
        """Rows of such kinds."""
        return float(self.kinds.count[self.unreliable].sum())


def sum_error(values: FloatArray, count: FloatArray) -> float:
    """Standard error of the sum of values over rows, ``count`` rows for each value."""
    mean = count @ values / count.sum()
    return float(np.sqrt(count.sum() * (count @ (values - mean) ** 2) / count.sum()))


def loo(predictor: CellPredictor) -> Elpd:
    """Leave-one-out by Pareto-smoothed importance sampling.

    Raises:
        PlanError: single rows are not known, or weighted.
    """
    return _pointwise(predictor, "loo", _smoothed, _left_out)


def _smoothed(value: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """elpd, p and Pareto k of rows from their log likelihoods (m, D), finite whatever they are."""
    from warnings import catch_warnings, simplefilter

    from arviz_stats.base import array_stats

    def smooth(some: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        with np.errstate(all="ignore"), catch_warnings():
            simplefilter("ignore", UserWarning)
            elpd, k, p = (np.atleast_1d(one) for one in array_stats.loo(some[:, None]))
        return elpd, p, k

    elpd, p, k = value.mean(axis=1), np.zeros(len(value)), np.zeros(len(value))
    moves = np.flatnonzero(np.ptp(value, axis=1) > STILL)  # a row that no draw tells apart is known
    if len(moves):
        try:
            elpd[moves], p[moves], k[moves] = smooth(value[moves])
        except ValueError:  # of rows whose largest weights are all alike: one by one
            for row in moves.tolist():
                try:
                    elpd[row], p[row], k[row] = (one[0] for one in smooth(value[[row]]))
                except ValueError:
                    elpd[row] = np.nan
    lost = ~(np.isfinite(elpd) & np.isfinite(p))
    if lost.any():  # the plain weights, which are no better than their largest
        some = value[lost]
        low = some.min(axis=1)
        elpd[lost] = low - np.log(np.exp(low[:, None] - some).mean(axis=1))
        p[lost], k[lost] = np.maximum(some.mean(axis=1) - elpd[lost], 0.0), WORST_K
    return elpd, p, np.where(k < WORST_K, k, WORST_K)


def _left_out(predictor: CellPredictor, kinds: RowKinds) -> Elpd | None:
    """Where the draws know a row's density given the others: weights are left to the scales alone.

    None where they do not.
    """
    fitted, count = predictor.fitted, len(kinds.count)
    elpd, p, k = (np.empty(count) for _ in range(3))
    step = max(VALUES // predictor.draws, 1)
    for low in range(0, count, step):
        some = np.arange(low, min(low + step, count))
        found = fitted.draws.left_out(fitted.problem, kinds.cell[some])
        if found is None:
            return None
        given_others, given_all = found
        elpd[some], _, k[some] = _smoothed(given_others)
        top = given_all.max(axis=1)
        p[some] = np.log(np.exp(given_all - top[:, None]).mean(axis=1)) + top - elpd[some]
    constant = predictor.family.constant(kinds.outcome)
    return Elpd("loo", kinds, elpd + constant, p, k, predictor.draws)


def waic(predictor: CellPredictor) -> Elpd:
    """The widely applicable information criterion, on the scale of the elpd.

    Raises:
        PlanError: single rows are not known, or weighted.
    """

    def points(value: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        top = value.max(axis=1)
        mean = np.log(np.exp(value - top[:, None]).mean(axis=1)) + top
        p = value.var(axis=1, ddof=1)
        return mean - p, p, np.empty(0)

    return _pointwise(predictor, "waic", points)


def _pointwise(
    predictor: CellPredictor,
    method: str,
    points: Points,
    closed: Callable[[CellPredictor, RowKinds], Elpd | None] = lambda predictor, kinds: None,
) -> Elpd:
    if why := no_rows_left_out(predictor, f"{method}()"):
        raise PlanError(why)
    kinds = predictor.kinds
    assert kinds is not None
    if (found := closed(predictor, kinds)) is not None:
        return found
    elpd, p, k = (np.empty(len(kinds.count)) for _ in range(3))
    for some, value in predictor.log_likelihood(ALL):
        elpd[some], p[some], own = points(value)
        if len(own):
            k[some] = own
    return Elpd(method, kinds, elpd, p, k if method == "loo" else k[:0], predictor.draws)
