"""A quantity of a fit: its draws, and its words.

Tests: tests/test_api.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forwhom.cells import Priors
from forwhom.design import Design, Effect, number_text
from forwhom.design.treatment import TreatmentCoding
from forwhom.families import FAMILIES
from forwhom.fitted.fitted import Fitted
from forwhom.fitted.quantity import RESPONSE_WORDS, Quantity
from forwhom.fitted.scales import link_words, own_needed, quantities, values
from forwhom.methods import Diagnostics, Own

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

KEPT = 2_000_000  # groups x draws that are kept, 16 MB; more are worked out anew for each question


@dataclass(frozen=True, slots=True)
class Block:
    """Draws for some groups: their indices (g,), and theta (g, D) in the estimand's quantity."""

    groups: IntArray
    theta: FloatArray


@dataclass(frozen=True, eq=False)
class Estimand:
    """One effect of a fit on one scale; D draws, G groups.

    What belongs to the equations is on the link scale, whatever the quantity's.
    """

    fitted: Fitted
    quantity: Quantity

    @property
    def design(self) -> Design:
        """What the names and groups mean."""
        return self.fitted.design

    @property
    def priors(self) -> Priors:
        """Every prior used."""
        return self.fitted.priors

    @property
    def diagnostics(self) -> Diagnostics:
        """How the draws were made."""
        return self.fitted.diagnostics

    @property
    def effect(self) -> Effect:
        """The effect."""
        return self.design.effects[self.quantity.effect]

    @property
    def treatment(self) -> TreatmentCoding:
        """What d means."""
        return self.effect.treatment

    @property
    def count(self) -> int:
        """G."""
        return self.design.groups.count

    @property
    def group_weight(self) -> FloatArray:
        """(G,) weight of each group's rows, for averages."""
        return self.fitted.group_weight

    @cached_property
    def _coefficients(self) -> FloatArray:
        return self.fitted.draws.coefficients[:, self.quantity.predictor]

    @property
    def alpha(self) -> FloatArray:
        """(D,) the intercept of the outcome's equation."""
        return self._coefficients[:, 0]

    @property
    def beta(self) -> FloatArray:
        """(D, controls)."""
        return self._coefficients[:, self.fitted.layout.beta]

    @property
    def delta(self) -> FloatArray:
        """(D, k) of the baseline."""
        return self._coefficients[:, self.fitted.layout.delta]

    @property
    def lambda_(self) -> FloatArray:
        """(D, k + 1) of the heterogeneity equation."""
        return self._coefficients[:, self.fitted.layout.lambdas[self.quantity.effect]]

    @property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The family's own, (D, size) each."""
        return self.fitted.draws.parameters

    @property
    def sigma(self) -> FloatArray:
        """The residual sd, (D,), of a family that has one."""
        return self.parameters["sigma"][:, 0]

    @property
    def sigma_b(self) -> FloatArray | None:
        """(D,), or None where baselines do not vary."""
        if "b" not in self.design.random_names:
            return None
        return self.fitted.draws.spreads[:, self.quantity.predictor, 0]

    @property
    def sigma_theta(self) -> FloatArray | None:
        """(D,), or None where effects do not vary."""
        own = self.fitted.own_effect(self.quantity.effect)
        return self.fitted.draws.spreads[:, self.quantity.predictor, own[0]] if own else None

    @property
    def others(self) -> tuple[tuple[str, tuple[str, ...], FloatArray], ...]:
        """Of clusters and of the group parameters' law: parameter, terms, draws (D, terms)."""
        found: list[tuple[str, tuple[str, ...], FloatArray]] = []
        design, at = self.design, self.quantity.predictor
        several = len(design.effects) > 1
        effects = tuple(effect.treatment.name if several else "" for effect in design.effects)
        for cluster, levels in zip(design.clusters, self.fitted.draws.clusters, strict=True):
            sds = levels.spreads[:, at]
            found.append((f"sigma_{cluster.name}", ("",), sds[:, :1]))
            if cluster.effects:
                found.append((f"sigma_theta_{cluster.name}", effects, sds[:, 1:]))
        for one in self.fitted.draws.further:
            found.append((one.name, one.terms, one.values[:, min(at, one.values.shape[1] - 1)]))
        return tuple(found)

    @property
    def few(self) -> bool:
        """Whether all group effects are kept, so that each question need not draw them anew."""
        return self.count * self.fitted.count <= KEPT

    def map[T](self, work: Callable[[Block], T]) -> Iterator[T]:
        """Apply ``work`` to every block of the groups, in one order; to all at once where few."""
        if self.few:
            return iter([work(Block(np.arange(self.count), self._few))])
        return self._each(work)

    def _each[T](self, work: Callable[[Block], T]) -> Iterator[T]:
        def of(own: Own) -> T:
            return work(Block(own.groups, values(self.fitted, self.quantity, own)))

        return self.fitted.draws.map(of, self.needed)

    @property
    def needed(self) -> Sequence[int]:
        """Which of the groups' own parameters the effect is made of."""
        return own_needed(self.fitted, self.quantity)

    def effects_of(self, own: Own, drawn: Sequence[int]) -> FloatArray:
        """Effects of some groups, (g, D), from those own parameters that were drawn."""
        some = [list(drawn).index(r) for r in self.needed]
        return values(self.fitted, self.quantity, Own(own.groups, own.u[:, some]))

    @cached_property
    def _few(self) -> FloatArray:
        """All group effects, (G, D): every question asks for them again."""
        out = self.theta()
        out.flags.writeable = False
        return out

    def theta(self) -> FloatArray:
        """All group effects, (G, D). Mind the memory: map over blocks where G is large."""
        out = np.empty((self.count, self.fitted.count))

        def fill(block: Block) -> None:
            out[block.groups] = block.theta

        deque(self._each(fill), maxlen=0)
        return out

    def eta(self) -> FloatArray:
        """Predicted effects on the link scale, (G, D)."""
        rows = self.fitted.modifier_rows[self.quantity.effect]
        return np.asarray(rows[: self.count] @ self.lambda_.T)

    def baselines(self) -> FloatArray:
        """Group baselines b on the link scale, (G, D): predicted, and the group's own part."""
        has_delta = bool(self.design.delta_names)
        rows = self.fitted.cells.modifier_mean if has_delta else np.empty((self.count, 0))
        predicted = np.asarray(rows @ self.delta.T)
        if "b" in self.design.random_names:

            def add(own: Own) -> None:
                predicted[own.groups] += own.u[self.quantity.predictor, 0]

            deque(self.fitted.draws.map(add, [0]), maxlen=0)
        return predicted

    def control_theta(self) -> FloatArray:
        """The preset's control group's own theta, (D,), on the link scale."""
        own = self.fitted.own_effect(self.quantity.effect)
        found = self.fitted.draws.of(np.array([self.count]), own)
        return np.asarray(found.u[self.quantity.predictor, 0, 0])

    @property
    def category(self) -> str:
        """Of an unordered outcome on the link scale, the one whose linear predictor this is."""
        several = FAMILIES[self.design.plan.family].several and self.quantity.scale == "link"
        return self.design.outcome.levels[self.quantity.predictor + 1] if several else ""

    @property
    def unit_words(self) -> str:
        """The unit of effects in words, where they have one."""
        return self.quantity.unit_words

    @property
    def effect_on(self) -> str:
        """What an effect is an effect on, in words: "responded", "the log odds of voted = Yes"."""
        return self.effect_in(self.design.plan.outcome, self.design.measured)

    def effect_in(
        self, outcome: str, measured: str, called: Callable[[str], str] = lambda level: level
    ) -> str:
        """The same with other names: of the outcome, also with the level that counts, of levels."""
        if self.quantity.scale == "link":
            on = link_words(self.design.plan)
            if self.category:
                reference = self.design.outcome.levels[0]
                rather = f"{called(self.category)} rather than {called(reference)}"
                return f"the log odds of {outcome} being {rather}"
            return f"the {on} of {measured}" if on else measured
        words = RESPONSE_WORDS[self.quantity.response]
        what = f"{outcome} being {called(self.quantity.label)}" if self.quantity.label else measured
        if self.quantity.response == "restricted time":
            what += f" up to {number_text(self.design.outcome.ends[-1])}"
        return f"{words} of {what}"


def estimands_of(fitted: Fitted, scale: str = "link") -> tuple[Estimand, ...]:
    """Everything that can be told on a scale, in the order of ``quantities``."""
    return tuple(Estimand(fitted, quantity) for quantity in quantities(fitted, scale))
