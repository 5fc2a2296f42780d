"""Effects on the scale of the outcome: each group's own rows with and without treatment.

Within every draw, the expected outcome of each of the group's rows is computed twice, untreated and
treated (for a dose: as it is and with one unit more), and the differences are averaged over the
rows: g-computation (Robins 1986, Mathematical Modelling 7), with the rows of both arms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Cells
from forwhom.errors import PlanError, listing, nearest
from forwhom.families import FAMILIES, Outcome
from forwhom.fitted.joint import JointPredictor
from forwhom.fitted.latent import LatentLocals
from forwhom.fitted.local import Block, Locals
from forwhom.fitted.percent import in_percent
from forwhom.fitted.posterior import Posterior, Quantity, link_words
from forwhom.methods.exact.sampler import ExactDraws
from forwhom.methods.nuts.sampler import JointDraws

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Pair = tuple[FloatArray, FloatArray]

VALUES = 2_000_000  # cells x draws at once


@dataclass(frozen=True, eq=False)
class LatentCounterfactual:
    """Linear predictors of cells with and without treatment, of draws by quadrature."""

    base: LatentLocals
    n_before: int
    cells: Cells
    dose: bool

    def of(self, block: Block, k: slice, cells: IntArray, index: IntArray) -> Pair:
        """Some draws of the block's cells, (c, k) each; ``index`` is each one's place in it."""
        found, base = self.cells.likelihood, self.base
        assert found is not None
        own = block.theta[:, k] - base.eta_columns[block.groups] @ base.lambda_[k].T
        before = base.shared.coefficients[k, : self.n_before]
        eta = found.baseline_row[cells] @ before.T + found.own_offset[cells, None]
        eta += block.own_b[:, k][index]
        effect = found.effect_rows[0][cells] @ base.lambda_[k].T + own[index]
        if self.dose:
            eta += found.d[cells] * effect
        return eta, eta + effect


@dataclass(frozen=True, eq=False)
class JointCounterfactual:
    """The same of draws by NUTS, for one of their effects; (L, c, k) for several predictors."""

    predictor: JointPredictor
    effect: int
    several: bool

    def of(self, block: Block, k: slice, cells: IntArray, index: IntArray) -> Pair:
        """Some draws of the block's cells."""
        without, treated = self.predictor.with_and_without(self.effect, k, cells)
        return (without, treated) if self.several else (without[0], treated[0])


@dataclass(frozen=True, eq=False)
class ResponseLocals:
    """Group effects on the outcome's scale, in the shape of other locals.

    Attributes:
        base: the same on the link scale; counterfactual: of the cells.
        parameters: the family's own, (D, size) each.
    """

    base: Locals
    counterfactual: LatentCounterfactual | JointCounterfactual
    parameters: tuple[FloatArray, ...]
    cells: Cells
    family: str
    link: str
    quantity: Quantity

    @property
    def count(self) -> int:
        """Number of groups."""
        return self.base.count

    def map[T](self, work: Callable[[Block], T]) -> Iterator[T]:
        """Apply ``work`` to every block, theta being the difference in the outcome."""
        return self.base.map(lambda block: work(replace(block, theta=self.of(block))))

    def theta(self) -> FloatArray:
        """All group effects, (G, D)."""
        parts = list(self.map(lambda block: (block.groups, block.theta)))
        out = np.empty((self.count, parts[0][1].shape[1]))
        for groups, theta in parts:
            out[groups] = theta
        return out

    def eta(self) -> FloatArray:
        """Predicted effects on the link scale, (G, D)."""
        return self.base.eta()

    def baselines(self) -> FloatArray:
        """Group baselines on the link scale, (G, D)."""
        return self.base.baselines()

    def control_theta(self) -> FloatArray:
        """The preset's control group's own theta, (D,), on the link scale."""
        return self.base.control_theta()

    def of(self, block: Block) -> FloatArray:
        """Average difference in the expected outcome of each group's rows, (g, D)."""
        found = self.cells.likelihood
        assert found is not None
        # the preset's control group holds every untreated row: its groups keep their treated ones
        mine = np.isin(found.group, block.groups)
        cells = np.flatnonzero(mine)
        place = np.empty(int(found.group.max()) + 1, dtype=np.int64)
        place[block.groups] = np.arange(len(block.groups))
        index = place[found.group[cells]]
        outcome = found.outcome.take(cells)
        out = np.empty(block.theta.shape)
        weight = found.rows[cells]
        share = np.zeros((len(block.groups), len(cells)))
        share[index, np.arange(len(cells))] = weight
        share /= share.sum(axis=1, keepdims=True)
        draws = out.shape[1]
        step = max(VALUES // max(len(cells), 1), 1)
        for low in range(0, draws, step):
            k = slice(low, low + step)
            without, treated = self.counterfactual.of(block, k, cells, index)
            parameters = tuple(p[k].T for p in self.parameters)
            difference = self._mean(treated, parameters, outcome)
            difference -= self._mean(without, parameters, outcome)
            out[:, k] = share @ difference
        return out

    def _mean(
        self, eta: FloatArray, parameters: tuple[FloatArray, ...], outcome: Outcome
    ) -> FloatArray:
        family, q = FAMILIES[self.family], self.quantity
        mean = family.mean(eta, self.link, parameters, outcome)
        if family.several or mean.ndim > eta.ndim:
            mean = mean[q.first : q.last].sum(axis=0)
        return np.asarray(q.unit * mean)


def scales(posterior: Posterior) -> tuple[str, ...]:
    """The scales that effects of this fit can be told on, the default first."""
    plan = posterior.design.plan
    family = FAMILIES[plan.family]
    rows_kept = not isinstance(posterior.shared, ExactDraws)
    if plan.family == "lognormal":  # the same default whatever the method
        return ("percent", "response", "link") if rows_kept else ("percent", "link")
    extra = (
        *(("categories",) if family.support in ("ordered", "unordered") else ()),
        *(("percent",) if plan.link == "log" else ()),
    )
    return ("response", *extra, "link")


def check_scale(posterior: Posterior, scale: str | None) -> str:
    """The scale asked for, or the default. Raises :class:`PlanError` for one it does not have."""
    known = scales(posterior)
    if scale is None or scale in known:
        return known[0] if scale is None else scale
    if scale == "response":
        raise PlanError(
            f"scale='response', the difference in the mean of '{posterior.design.plan.outcome}', "
            "needs each group's own rows, which method 'exact' does not keep. Fit with "
            "method='quadrature', or say scale='percent'."
        )
    family = posterior.design.plan.family
    raise PlanError(
        f"scale={scale!r} is not known for family '{family}'.{nearest(str(scale), known)} "
        f"Known: {listing(known)}."
    )


def told_on(posterior: Posterior, cells: Cells, scale: str) -> tuple[Posterior, ...]:
    """The posterior with group effects on a scale, once for each thing that can be told on it."""
    if scale == "link":
        return (posterior,)
    if scale == "percent":
        return (in_percent(posterior),)
    found = quantities(posterior, by_category=scale == "categories")
    return tuple(on_response(posterior, cells, quantity) for quantity in found) or (posterior,)


def quantities(posterior: Posterior, by_category: bool = False) -> tuple[Quantity, ...]:
    """What the treatment's effect can be told in; none where the linear predictor is the mean.

    Ordered categories: the probability of each level or above, or ``by_category`` of each level.
    Unordered ones: of each level.
    """
    plan = posterior.design.plan
    family = FAMILIES[plan.family]
    if not link_words(plan) or isinstance(posterior.shared, ExactDraws):
        return ()
    levels = posterior.design.outcome.levels
    if family.support == "unordered" or (by_category and family.support == "ordered"):
        return tuple(
            Quantity(level, "probability", 100.0, k, k + 1) for k, level in enumerate(levels)
        )
    if family.support == "ordered":
        return tuple(
            Quantity(f"{level} or above", "probability", 100.0, k + 1, len(levels))
            for k, level in enumerate(levels[1:])
        )
    unit = 100.0 if family.response == "probability" else 1.0
    return (Quantity("", family.response, unit),)


def on_response(posterior: Posterior, cells: Cells, quantity: Quantity) -> Posterior:
    """The same posterior with group effects on the outcome's scale."""
    plan, design, local = posterior.design.plan, posterior.design, posterior.local
    counterfactual: LatentCounterfactual | JointCounterfactual
    if isinstance(posterior.shared, JointDraws):
        predictor = JointPredictor(design, cells, posterior.shared)
        counterfactual = JointCounterfactual(predictor, design.at, FAMILIES[plan.family].several)
    else:
        assert isinstance(local, LatentLocals)
        dose = design.treatment.kind == "dose"
        counterfactual = LatentCounterfactual(local, cells.layout.delta.stop, cells, dose)
    changed = ResponseLocals(
        base=local,
        counterfactual=counterfactual,
        parameters=tuple(values for _, values in posterior.parameters),
        cells=cells,
        family=plan.family,
        link=plan.link,
        quantity=quantity,
    )
    return replace(posterior, local=changed, quantity=quantity)
