"""The plan: the whole question, frozen and checked, before any data are touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forwhom.errors import PlanError, listing, nearest
from forwhom.plan.formula import Formula
from forwhom.plan.parts import COLUMN_KEYS, DEFAULT_BINS, PARTS, Kind
from forwhom.plan.presets import PRESETS
from forwhom.plan.priors import Prior, PriorKey, prior_keys
from forwhom.plan.treatments import Setting, Treatments, plain_setting, setting_of
from forwhom.plan.values import Bins, Breaks, Labels, Level, Missing, ValueLabels


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked, with every default filled in. Made by :func:`make_plan` only.

    Each field is a row of ``PARTS``, in its order.
    ``treatments`` pairs each treatment's column with its modifiers; ``modifiers`` are all of them.
    ``reference`` and ``treatment_type`` are one for all, or pairs of a treatment and its own.
    ``bins`` is a count, or pairs of a column and its count or cut points; ``breaks`` a number of
    intervals or the times between them. ``priors`` holds the user's own as
    ``(parameter, term or None, prior)``; :meth:`prior` adds the preset's. ``family`` and ``link``
    are "auto" until ``design.family.settle`` has seen the data. ``success`` is the outcome's level
    that counts as 1, ``event_level`` that of the column ``event``; ``None`` where words or codes
    tell. ``missing`` pairs columns with the codes that stand for missing values in them, ``labels``
    columns and terms with readable names, ``value_labels`` columns with pairs of a value's text
    and its name.
    """

    outcome: str
    treatments: Treatments
    modifiers: Formula
    controls: Formula
    groups: tuple[str, ...] | None
    clusters: tuple[str, ...]
    cluster_effects: tuple[str, ...]
    correlated: bool
    weights: str | None
    weights_kind: str
    reference: Setting[Level]
    success: Level | None
    treatment_type: str | tuple[tuple[str, str], ...]
    bins: Bins
    family: str
    link: str
    trials: str | None
    exposure: str | None
    offset: str | None
    event: str | None
    event_level: Level | None
    std_error: str | None
    breaks: Breaks | None
    reference_category: Level | None
    baseline: str
    preset: str | None
    spread: str
    sigma_by: str | None
    priors: tuple[tuple[str, str | None, Prior], ...]
    method: str
    draws: int
    seed: int
    level: float
    data: str | None
    missing: Missing = ()
    encoding: str | None = None
    sheet: str | int | None = None
    labels: Labels = ()
    value_labels: ValueLabels = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every data column used, each once: outcome, treatments, modifiers, controls, ..."""
        beside = (getattr(self, key) for key in COLUMN_KEYS)
        used = (
            *(self.outcome, *self.treatment_columns),
            *(*self.modifiers.columns, *self.controls.columns),
            *(*(self.groups or ()), *self.clusters),
            *(name for name in beside if name is not None),
        )
        return tuple(dict.fromkeys(used))

    @property
    def treatment(self) -> str:
        """The treatment's name, or the names of several."""
        names = [name for name, _ in self.treatments]
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

    @property
    def treatment_columns(self) -> tuple[str, ...]:
        """The treatments' columns; none where the outcome is itself an estimated effect."""
        return () if self.std_error else tuple(name for name, _ in self.treatments)

    @property
    def ungrouped(self) -> bool:
        """Whether no columns are named that the effect may differ by: one group of all rows."""
        return not self.modifiers and self.groups is None

    def reference_of(self, treatment: str) -> Level | None:
        """The control value asked for."""
        return setting_of(self.reference, treatment)

    def type_of(self, treatment: str) -> str:
        """How a treatment's column is to be coded."""
        return setting_of(self.treatment_type, treatment) or "auto"

    @property
    def prior_keys(self) -> dict[str, PriorKey]:
        """The parameters that take a prior, by name."""
        return prior_keys(self.family, self.treatment_columns, self.clusters)

    def prior(
        self, key: str, term: str | None = None, treatment: str | None = None
    ) -> Prior | None:
        """The prior of a parameter, or of one term of it; ``None`` means the scaled default.

        The user's prior for the term goes first, then the user's for the parameter, then the
        preset's. Of several treatments each has its own ``lambda_<treatment>`` and
        ``sigma_theta_<treatment>``: for a ``treatment``, both go before the user's ``key``.
        Raises :class:`PlanError` for an unknown parameter.

        >>> from forwhom.plan import make_plan
        >>> plan = make_plan(
        ...     outcome="y", treatment="d", modifiers="woman", preset="alley2023",
        ...     priors={"lambda": {"woman": "normal(0, 0.2)"}},
        ... )
        >>> plan.prior("lambda", "woman").text, plan.prior("lambda", "Intercept").text
        ('normal(0, 0.2)', 'normal(0, 0.5)')
        >>> plan.prior("beta") is None
        True
        """
        known = self.prior_keys
        if key not in known:
            raise PlanError(
                f"'{key}' is not a parameter that takes a prior.{nearest(key, known)} "
                f"Parameters: {listing(known, most=len(known))}."
            )
        own = {(name, of): prior for name, of, prior in self.priors}
        names = (f"{key}_{treatment}", key) if treatment else (key,)
        tried = [own.get((name, of)) for name in names for of in (term, None)]
        found = next((prior for prior in tried if prior is not None), None)
        if found is None and self.preset is not None:
            found = PRESETS[self.preset].prior(key)
        return found

    def prior_terms(self, key: str) -> tuple[str, ...]:
        """The terms that the user gave a parameter's priors for, to check against the design."""
        return tuple(term for name, term, _ in self.priors if name == key and term is not None)

    def bins_of(self, column: str) -> int | tuple[float, ...]:
        """The number of quantile bins, or the cut points, for one continuous column."""
        if isinstance(self.bins, int):
            return self.bins
        return dict(self.bins).get(column, DEFAULT_BINS)

    @property
    def reading(self) -> dict[str, Any]:
        """How the plan's data are read: keywords of ``load``."""
        return {name: getattr(self, name) for name, part in PARTS.items() if part.reads}

    def keywords(self) -> dict[str, object]:
        """The plan as plain values: ``make_plan(**plan.keywords())`` equals the plan.

        Formulas and priors are text, and what is ``None`` is left out.
        """
        special = {
            "treatment": self._treatment_keyword(),
            "modifiers": None if self._own_modifiers else self.modifiers.text,
            "event": self._event_keyword(),
            "priors": self._priors_keyword(),
        }
        found: dict[str, object] = {}
        for name, part in PARTS.items():
            if name in special:
                found[name] = special[name]
            elif part.by_treatment:
                found[name] = plain_setting(getattr(self, name))
            else:
                found[name] = _PLAIN.get(part.kind, _as_it_is)(getattr(self, name))
        return {name: value for name, value in found.items() if value is not None}

    @property
    def _own_modifiers(self) -> bool:
        """Whether treatments have different modifiers."""
        return any(formula != self.modifiers for _, formula in self.treatments)

    def _treatment_keyword(self) -> object:
        if self.std_error:
            return None
        if self._own_modifiers:
            return {name: formula.text for name, formula in self.treatments}
        names = [name for name, _ in self.treatments]
        return names[0] if len(names) == 1 else names

    def _event_keyword(self) -> object:
        if self.event is None or self.event_level is None:
            return self.event
        return {self.event: self.event_level}

    def _priors_keyword(self) -> dict[str, object]:
        whole: dict[str, object] = {key: p.text for key, term, p in self.priors if term is None}
        for key in dict.fromkeys(key for key, term, _ in self.priors if term is not None):
            whole[key] = {term: p.text for of, term, p in self.priors if of == key and term}
        return whole


def _as_it_is(value: Any) -> object:
    return value


def _plain_bins(bins: Bins) -> object:
    if isinstance(bins, int):
        return bins
    return {name: cuts if isinstance(cuts, int) else list(cuts) for name, cuts in bins}


# A part as a plain value, by its kind; None where it is left out. Other kinds are plain already.
_PLAIN: Mapping[Kind, Callable[[Any], object]] = {
    "formula": lambda formula: formula.text,
    "columns": lambda names: list(names or ()) or None,
    "clusters": lambda names: list(names) or None,
    "switch": lambda on: on or None,
    "bins": _plain_bins,
    "breaks": lambda breaks: list(breaks) if isinstance(breaks, tuple) else breaks,
    "missing": lambda pairs: {name: list(codes) for name, codes in pairs} or None,
    "labels": lambda pairs: dict(pairs) or None,
    "value_labels": lambda pairs: {name: dict(of) for name, of in pairs} or None,
}
