"""The plan: the whole question, frozen and checked, before any data are touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from forwhom.errors import PlanError, listing, nearest
from forwhom.families import FAMILIES
from forwhom.plan import values
from forwhom.plan.formula import Formula, parse_formula, plain_names
from forwhom.plan.presets import PRESETS, Preset
from forwhom.plan.priors import Prior, parse_priors, prior_keys
from forwhom.plan.values import Bins, Breaks, Level

BASELINES = ("group", "modifiers", "shared")
METHODS = ("auto", "exact", "quadrature")
SPREADS = ("normal", "none")
TREATMENT_TYPES = ("auto", "binary", "dose")
WEIGHTS_KINDS = ("sampling", "frequency")

# Words of the design that this version refuses by name, so that nobody hunts for a typing error.
LATER_METHODS = ("nuts",)
LATER_SPREADS = ("student",)
LATER_KEYS = ("clusters",)
EXACT_FAMILIES = ("gaussian", "lognormal")

DEFAULT_BINS = 4
DEFAULT_INTERVALS = 4
DEFAULT_DRAWS = 4_000
DEFAULT_SEED = 1
DEFAULT_LEVEL = 0.95
MAX_DRAWS = 10_000_000
MAX_SEED = 2**63 - 1  # what a plan file can hold


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked, with every default filled in. Made by :func:`make_plan` only.

    ``bins`` is a count, or pairs of a column and its count or cut points; ``breaks`` a number of
    intervals or the times between them. ``priors`` holds the
    user's own as ``(parameter, term or None, prior)``; :meth:`prior` adds the preset's.
    """

    outcome: str
    treatment: str
    modifiers: Formula
    controls: Formula
    groups: tuple[str, ...] | None
    weights: str | None
    weights_kind: str
    reference: Level | None
    treatment_type: str
    bins: Bins
    family: str
    link: str
    trials: str | None
    exposure: str | None
    offset: str | None
    event: str | None
    breaks: Breaks | None
    reference_category: Level | None
    baseline: str
    preset: str | None
    spread: str
    priors: tuple[tuple[str, str | None, Prior], ...]
    method: str
    draws: int
    seed: int
    level: float
    data: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every data column used, each once: outcome, treatment, modifiers, controls, ..."""
        beside = (self.weights, self.trials, self.exposure, self.offset, self.event)
        used = (
            *(self.outcome, self.treatment),
            *(*self.modifiers.columns, *self.controls.columns),
            *(*(self.groups or ()), *(name for name in beside if name is not None)),
        )
        return tuple(dict.fromkeys(used))

    def prior(self, key: str, term: str | None = None) -> Prior | None:
        """The prior of a parameter, or of one term of it; ``None`` means the scaled default.

        The user's prior for the term goes first, then the user's for the parameter, then the
        preset's. Raises :class:`PlanError` for an unknown parameter.

        >>> plan = make_plan(
        ...     outcome="y", treatment="d", modifiers="woman", preset="alley2023",
        ...     priors={"lambda": {"woman": "normal(0, 0.2)"}},
        ... )
        >>> plan.prior("lambda", "woman").text, plan.prior("lambda", "Intercept").text
        ('normal(0, 0.2)', 'normal(0, 0.5)')
        >>> plan.prior("beta") is None
        True
        """
        known = prior_keys(self.family)
        if key not in known:
            raise PlanError(
                f"'{key}' is not a parameter that takes a prior.{nearest(key, known)} "
                f"Parameters: {listing(known)}."
            )
        own = {(name, of): prior for name, of, prior in self.priors}
        found = own.get((key, term)) or own.get((key, None))
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

    def keywords(self) -> dict[str, object]:
        """The plan as plain values: ``make_plan(**plan.keywords())`` equals the plan.

        Formulas and priors are text, and what is ``None`` is left out.
        """
        bins = self.bins if isinstance(self.bins, int) else _plain_bins(self.bins)
        priors: dict[str, object] = {k: p.text for k, term, p in self.priors if term is None}
        for key in dict.fromkeys(k for k, term, _ in self.priors if term is not None):
            priors[key] = {term: p.text for k, term, p in self.priors if k == key and term}
        special: dict[str, object] = {
            "modifiers": self.modifiers.text,
            "controls": self.controls.text,
            "groups": None if self.groups is None else list(self.groups),
            "bins": bins,
            "breaks": list(self.breaks) if isinstance(self.breaks, tuple) else self.breaks,
            "priors": priors,
        }
        found = {key: special.get(key, getattr(self, key)) for key in KEYS}
        return {key: value for key, value in found.items() if value is not None}


KEYS: tuple[str, ...] = tuple(field.name for field in fields(Plan))


def make_plan(**keywords: object) -> Plan:
    """Check everything that needs no data and fill in the defaults.

    Keywords are the fields of :class:`Plan`; ``outcome``, ``treatment`` and ``modifiers`` or
    ``groups`` must be given, and ``None`` anywhere means "not given". ``bins`` is a count (4) or
    a mapping of column to count or cut points; ``priors`` a mapping of parameter to text, or to a
    mapping of term to text. Raises :class:`PlanError`.

    >>> plan = make_plan(outcome="vote", treatment="letter", modifiers="age*woman")
    >>> plan.columns
    ('vote', 'letter', 'age', 'woman')
    >>> plan.baseline, plan.draws
    ('group', 4000)
    """
    given = {key: value for key, value in keywords.items() if value is not None}
    _check_keys(given)
    preset = None if "preset" not in given else values.choice(given["preset"], "preset", PRESETS)
    family = values.choice(given.get("family", "gaussian"), "family", FAMILIES)
    modifiers = parse_formula(given.get("modifiers"), "modifiers")
    groups = plain_names(given.get("groups"), "groups") or None
    weights = None
    if "weights" in given:
        weights = values.column(given["weights"], "weights", "the column of weights")
    columns = tuple(dict.fromkeys((*modifiers.columns, *(groups or ()))))
    plan = Plan(
        outcome=values.column(given["outcome"], "outcome", "what is measured"),
        treatment=values.column(given["treatment"], "treatment", "what is given"),
        modifiers=modifiers,
        controls=parse_formula(given.get("controls"), "controls"),
        groups=groups,
        weights=weights,
        weights_kind=values.choice(
            given.get("weights_kind", "sampling"), "weights_kind", WEIGHTS_KINDS
        ),
        reference=values.level(given["reference"], "reference") if "reference" in given else None,
        treatment_type=values.choice(
            given.get("treatment_type", "auto"), "treatment_type", TREATMENT_TYPES
        ),
        bins=values.bins(given.get("bins") or DEFAULT_BINS, columns),
        family=family,
        link=_link(given, family),
        trials=_beside(given, "trials", "the number of trials", family),
        exposure=_beside(given, "exposure", "time or size at risk", family),
        offset=_beside(given, "offset", "added to the linear predictor", family),
        event=_beside(given, "event", "1 where the time ended in the event", family),
        breaks=_breaks(given, family),
        reference_category=_reference_category(given, family),
        baseline=_baseline(given, PRESETS[preset] if preset else None),
        preset=preset,
        spread=values.choice(given.get("spread", "normal"), "spread", SPREADS, LATER_SPREADS),
        priors=_priors(given.get("priors"), family),
        method=values.choice(given.get("method", "auto"), "method", METHODS, LATER_METHODS),
        draws=values.whole(given.get("draws", DEFAULT_DRAWS), "draws", 2, MAX_DRAWS),
        seed=values.whole(given.get("seed", DEFAULT_SEED), "seed", 0, MAX_SEED),
        level=values.probability(given.get("level", DEFAULT_LEVEL), "level"),
        data=values.path(given["data"], "data") if "data" in given else None,
    )
    _check_columns(plan)
    _check_agreement(plan)
    return plan


def _check_keys(given: Mapping[str, object]) -> None:
    for key, value in given.items():
        if key in KEYS:
            continue
        if key in LATER_KEYS:
            if not value:
                continue
            raise PlanError(
                f"'{key}' is planned but not in this version. Leave it out. "
                f"A plan has: {listing(KEYS, most=len(KEYS))}."
            )
        raise PlanError(
            f"'{key}' is not a part of a plan.{nearest(key, KEYS)} "
            f"A plan has: {listing(KEYS, most=len(KEYS))}."
        )
    for key, words in (("outcome", "what is measured"), ("treatment", "what is given")):
        if key not in given:
            raise PlanError(f"a plan needs {key}: the column that holds {words}.")


def _baseline(given: Mapping[str, object], preset: Preset | None) -> str:
    asked = given.get("baseline", preset.baseline if preset else BASELINES[0])
    baseline = values.choice(asked, "baseline", BASELINES)
    if preset and baseline != preset.baseline:
        raise PlanError(
            f"preset '{preset.name}' has baseline '{preset.baseline}', not '{baseline}'. "
            "Leave out baseline or preset."
        )
    return baseline


def _link(given: Mapping[str, object], family: str) -> str:
    links = FAMILIES[family].links
    link = given.get("link", links[0])
    if link not in links:
        known = f"its link{'s are' if len(links) > 1 else ' is'} {listing(links)}"
        raise PlanError(
            f"family '{family}' has no link {link!r}; {known}.{nearest(str(link), links)}"
        )
    return str(link)


BESIDE = {  # a column beside the outcome, and the families it belongs to
    "trials": ("successes",),
    "exposure": ("count",),
    "event": ("time",),
    "offset": (
        *("count", "binary", "successes", "time", "positive", "unit", "closed unit", "ordered"),
        "numeric",
    ),
}


def _beside(given: Mapping[str, object], key: str, words: str, family: str) -> str | None:
    """A column beside the outcome, where the family has a place for it."""
    needed = key == "trials" and family == "binomial"
    if key not in given:
        if needed:
            raise PlanError(
                "family 'binomial' needs trials: the column with the numbers of trials."
            )
        return None
    fitting = [f.name for f in FAMILIES.values() if f.support in BESIDE[key]]
    if key == "offset":  # closed-form families have no place for it
        fitting = [name for name in fitting if name not in EXACT_FAMILIES]
    if family not in fitting:
        raise PlanError(
            f"{key} ({words}) belongs to {listing(fitting, most=len(fitting))}, not to family "
            f"'{family}'. Leave out {key}, or choose another family."
        )
    return values.column(given[key], key, words)


def _own(given: Mapping[str, object], key: str, words: str, family: str, owner: str) -> bool:
    """Whether a key that one family alone has is given."""
    if key in given and family != owner:
        raise PlanError(
            f"{key} ({words}) belongs to '{owner}', not to family '{family}'. Leave out {key}, or "
            f"say family='{owner}'."
        )
    return key in given


def _breaks(given: Mapping[str, object], family: str) -> Breaks | None:
    owner = "piecewise_exponential"
    if _own(given, "breaks", "where the hazard may change", family, owner):
        return values.breaks(given["breaks"])
    return DEFAULT_INTERVALS if family == owner else None


def _reference_category(given: Mapping[str, object], family: str) -> Level | None:
    key, words = "reference_category", "the category that the others are held against"
    if _own(given, key, words, family, "categorical"):
        return values.level(given[key], key, "outcome")
    return None


def _priors(source: object, family: str) -> tuple[tuple[str, str | None, Prior], ...]:
    found: list[tuple[str, str | None, Prior]] = []
    for key, value in parse_priors(source, family).items():
        if isinstance(value, Prior):
            found.append((key, None, value))
        else:
            found += [(key, term, prior) for term, prior in value.items()]
    # The order of a plan file, whole parameters before tables, so that equal plans compare equal.
    order = list(prior_keys(family))
    found.sort(key=lambda row: (row[1] is not None, order.index(row[0])))
    return tuple(found)


def _plain_bins(pairs: tuple[tuple[str, int | tuple[float, ...]], ...]) -> dict[str, object]:
    return {name: cuts if isinstance(cuts, int) else list(cuts) for name, cuts in pairs}


def _check_columns(plan: Plan) -> None:
    """Outcome, treatment and weights have one role each."""
    if plan.outcome == plan.treatment:
        raise PlanError(
            f"'{plan.outcome}' is both the outcome and the treatment. Name two columns."
        )
    roles = (
        ("modifiers", plan.modifiers.columns),
        ("controls", plan.controls.columns),
        ("groups", plan.groups or ()),
        *(
            (key, () if getattr(plan, key) is None else (getattr(plan, key),))
            for key in ("weights", *BESIDE)
        ),
    )
    for role, columns in roles:
        if plan.outcome in columns:
            raise PlanError(
                f"the outcome '{plan.outcome}' is among the {role}: it cannot explain itself. "
                f"Take it out of {role}."
            )
        if plan.treatment in columns:
            raise PlanError(
                f"the treatment '{plan.treatment}' is among the {role}: its effect, and how that "
                f"differs by the modifiers, is always in the model. Take it out of {role}."
            )
    if not plan.modifiers and plan.groups is None:
        raise PlanError(
            "a plan needs modifiers, groups or both: the columns that the treatment's effect may "
            'vary with, such as modifiers="age + region".'
        )


def _check_agreement(plan: Plan) -> None:
    """No part of the plan asks for what another part takes away."""
    if plan.weights is None and plan.weights_kind != WEIGHTS_KINDS[0]:
        raise PlanError(
            f"weights_kind '{plan.weights_kind}' needs weights. Name their column in weights."
        )
    if plan.treatment_type == "dose" and plan.reference is not None:
        raise PlanError(
            "reference names the control level of a two-level treatment, and a dose has none. "
            "Leave out reference, or set treatment_type to 'binary'."
        )
    if FAMILIES[plan.family].several and plan.method != "auto":
        raise PlanError(
            f"method '{plan.method}' takes one linear predictor, and family '{plan.family}' has "
            "one for every category but the reference. Leave method to 'auto'."
        )
    if plan.method == "exact" and plan.family not in EXACT_FAMILIES:
        raise PlanError(
            f"method 'exact' is for families {listing(EXACT_FAMILIES)}, whose groups integrate out "
            f"in closed form; family '{plan.family}' has no such form. Say method='quadrature', or "
            "leave it to 'auto'."
        )
    if plan.preset == "alley2023":
        if plan.treatment_type == "dose":
            raise PlanError(
                "preset 'alley2023' is for a treatment with two levels, not a dose. "
                "Leave out preset or treatment_type."
            )
        if plan.spread == "none":
            raise PlanError(
                "preset 'alley2023' lets effects vary around their prediction, and spread 'none' "
                "does not. Leave out preset or spread."
            )
    absent = {
        "beta": "there are no controls" if not plan.controls else "",
        "delta": (
            "baseline 'shared' has no main effects of the modifiers"
            if plan.baseline == "shared"
            else ("there are no modifiers" if not plan.modifiers else "")
        ),
        "sigma_theta": "spread 'none' fixes it at zero" if plan.spread == "none" else "",
        "sigma_b": (
            f"baseline '{plan.baseline}' has no group baselines" if plan.baseline != "group" else ""
        ),
    }
    for key, _, _ in plan.priors:
        if reason := absent.get(key):
            raise PlanError(
                f"priors: '{key}' is not in this model, because {reason}. Leave it out."
            )
