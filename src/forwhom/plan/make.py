"""From keywords to a checked plan: everything that needs no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from forwhom.errors import PlanError, listing, nearest
from forwhom.families import FAMILIES
from forwhom.plan import values
from forwhom.plan.agreement import BESIDE, check_agreement, check_columns
from forwhom.plan.family import NAMES, implied_family
from forwhom.plan.formula import parse_formula, plain_names
from forwhom.plan.plan import (
    AUTO,
    BASELINES,
    DEFAULT_BINS,
    DEFAULT_DRAWS,
    DEFAULT_INTERVALS,
    DEFAULT_LEVEL,
    DEFAULT_SEED,
    EXACT_FAMILIES,
    KEYS,
    MAX_DRAWS,
    MAX_SEED,
    METHODS,
    SIGMA_BY,
    SPREADS,
    WEIGHTS_KINDS,
    Plan,
)
from forwhom.plan.presets import PRESETS, Preset
from forwhom.plan.priors import Prior, PriorKey, parse_priors, prior_keys
from forwhom.plan.treatments import all_modifiers, read_reference, read_treatments, read_type
from forwhom.plan.values import Breaks, Level

EVENT = "1 where the time ended in the event"
MOST_PRIORS = 10_000


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
    try:
        return _make(given)
    except PlanError as error:
        from forwhom.plan.rewrite import in_our_words  # only a mistake pays for it

        if words := in_our_words(given, _make, str(error)):
            raise PlanError(f"{error}{words}") from None
        raise


def _make(given: Mapping[str, object]) -> Plan:
    """The plan of the keywords that are given."""
    _check_keys(given)
    asked = values.choice(given.get("family", AUTO), "family", NAMES)
    implied = implied_family(given) if asked == AUTO else None
    family, why = implied or (asked, "")
    try:
        plan = _of_family(given, family)
    except PlanError as error:
        if f"'{family}'" not in str(error) or not why:
            raise
        raise PlanError(f"{error} (Family '{family}', because {why}.)") from None
    return replace(plan, family=asked)  # "auto" is settled, with its reason, beside the data


def _of_family(given: Mapping[str, object], family: str) -> Plan:
    """The plan under a family, or "auto" where the outcome will tell."""
    preset = None if "preset" not in given else values.choice(given["preset"], "preset", PRESETS)
    estimates = "std_error" in given
    if estimates:
        _check_effect_alone(given)
    treatments = read_treatments(given.get("treatment"), given.get("modifiers"), estimates)
    names = tuple(name for name, _ in treatments)
    modifiers = all_modifiers(treatments)
    clusters = plain_names(given.get("clusters") or None, "clusters")
    groups = plain_names(given.get("groups"), "groups") or None
    weights = None
    if "weights" in given:
        weights = values.column(given["weights"], "weights", "the column of weights")
    columns = tuple(dict.fromkeys((*modifiers.traits, *(groups or ()))))
    event, event_level = values.event(given.get("event"))
    plan = Plan(
        outcome=values.column(given["outcome"], "outcome", "what is measured"),
        treatments=treatments,
        modifiers=modifiers,
        controls=parse_formula(given.get("controls"), "controls"),
        groups=groups,
        clusters=clusters,
        cluster_effects=_cluster_effects(given, clusters),
        correlated=values.yes_or_no(given.get("correlated", False), "correlated"),
        weights=weights,
        weights_kind=values.choice(
            given.get("weights_kind", "sampling"), "weights_kind", WEIGHTS_KINDS
        ),
        reference=read_reference(given.get("reference"), names),
        success=_success(given, family),
        treatment_type=read_type(given.get("treatment_type"), names),
        bins=values.bins(given.get("bins") or DEFAULT_BINS, columns),
        family=family,
        link=_link(given, family),
        trials=_beside(given, "trials", "the number of trials", family),
        exposure=_beside(given, "exposure", "time or size at risk", family),
        offset=_beside(given, "offset", "added to the linear predictor", family),
        event=_beside({**given, "event": event}, "event", EVENT, family),
        event_level=event_level,
        std_error=_std_error(given, family),
        breaks=_breaks(given, family),
        reference_category=_reference_category(given, family),
        baseline=_baseline(given, PRESETS[preset] if preset else None),
        preset=preset,
        spread=values.choice(given.get("spread", "normal"), "spread", SPREADS),
        sigma_by=values.choice(given["sigma_by"], "sigma_by", SIGMA_BY)
        if "sigma_by" in given
        else None,
        priors=_priors(
            given.get("priors"), prior_keys(family, () if estimates else names, clusters)
        ),
        method=values.choice(given.get("method", "auto"), "method", METHODS),
        draws=values.whole(given.get("draws", DEFAULT_DRAWS), "draws", 2, MAX_DRAWS),
        seed=values.whole(given.get("seed", DEFAULT_SEED), "seed", 0, MAX_SEED),
        level=values.probability(given.get("level", DEFAULT_LEVEL), "level"),
        data=values.path(given["data"], "data") if "data" in given else None,
        missing=values.missing(given.get("missing")),
        encoding=values.encoding(given["encoding"]) if "encoding" in given else None,
        sheet=values.sheet(given["sheet"]) if "sheet" in given else None,
    )
    check_columns(plan)
    check_agreement(plan)
    return plan


def _success(given: Mapping[str, object], family: str) -> Level | None:
    if "success" not in given:
        return None
    _only(family, "success", "the level of a two-level outcome that counts as 1", "bernoulli")
    return values.level(given["success"], "success", "outcome")


def _check_keys(given: Mapping[str, object]) -> None:
    for key in given:
        if key not in KEYS:
            from forwhom.plan.spellings import keyword_elsewhere  # only a mistake pays for it

            found = keyword_elsewhere(key)
            hint = f": {found.words}." if found else f".{nearest(key, KEYS)}"
            raise PlanError(
                f"'{key}' is not a part of a plan{hint} "
                f"A plan has: {listing(KEYS, most=len(KEYS))}."
            )
    if "outcome" not in given:
        raise PlanError("a plan needs outcome: the column that holds what is measured.")


def _cluster_effects(given: Mapping[str, object], clusters: tuple[str, ...]) -> tuple[str, ...]:
    names = plain_names(given.get("cluster_effects") or None, "cluster_effects")
    for name in names:
        if name not in clusters:
            raise PlanError(
                f"cluster_effects: '{name}' is not among the clusters, so effects cannot vary "
                f"across it.{nearest(name, clusters)} Name it in clusters too."
            )
    return names


def _std_error(given: Mapping[str, object], family: str) -> str | None:
    if "std_error" not in given:
        return None
    words = "the known standard error of an estimated effect"
    if family != "gaussian":
        raise PlanError(
            f"std_error ({words}) belongs to family 'gaussian', not to '{family}'. Leave out "
            "std_error or family."
        )
    return values.column(given["std_error"], "std_error", words)


def _check_effect_alone(given: Mapping[str, object]) -> None:
    """What an outcome that is itself an estimated effect has no place for."""
    kept = {"baseline": "shared", "treatment_type": "auto"}  # as a plan file writes them
    missing = {
        **dict.fromkeys(("treatment", "reference", "treatment_type"), "no treatment to name"),
        **dict.fromkeys(("baseline", "preset"), "no baseline"),
    }
    for key, what in missing.items():
        value = values.plain(given.get(key))
        if value is not None and not (key in kept and value == kept[key]):
            raise PlanError(
                f"std_error says that the outcome is itself an estimated effect, which has {what}. "
                f"Leave out {key} {value!r}, or std_error."
            )


def _baseline(given: Mapping[str, object], preset: Preset | None) -> str:
    if "std_error" in given:  # an effect has no baseline
        return "shared"
    asked = given.get("baseline", preset.baseline if preset else BASELINES[0])
    baseline = values.choice(asked, "baseline", BASELINES)
    if preset and baseline != preset.baseline:
        raise PlanError(
            f"preset '{preset.name}' has baseline '{preset.baseline}', not '{baseline}'. "
            "Leave out baseline or preset."
        )
    return baseline


def _link(given: Mapping[str, object], family: str) -> str:
    link = given.get("link", AUTO)
    if family == AUTO:
        known_links = dict.fromkeys(link for row in FAMILIES.values() for link in row.links)
        return values.choice(link, "link", (AUTO, *known_links))
    links = FAMILIES[family].links
    if link == AUTO:
        return links[0]
    if link not in links:
        known = f"its link{'s are' if len(links) > 1 else ' is'} {listing(links)}"
        raise PlanError(
            f"family '{family}' has no link {link!r}; {known}.{nearest(str(link), links)}"
        )
    return str(link)


def _beside(given: Mapping[str, object], key: str, words: str, family: str) -> str | None:
    """A column beside the outcome, where the family has a place for it."""
    needed = key == "trials" and family == "binomial"
    if given.get(key) is None:
        if needed:
            raise PlanError(
                "family 'binomial' needs trials: the column with the numbers of trials. An outcome "
                "of 0 and 1 is family 'bernoulli'."
            )
        return None
    if family == AUTO:  # an offset; whether it has a place is seen once the family is settled
        return values.column(given[key], key, words)
    fitting = [f.name for f in FAMILIES.values() if f.support in BESIDE[key]]
    if key == "offset":  # closed-form families have no place for it
        fitting = [name for name in fitting if name not in EXACT_FAMILIES]
    if family not in fitting:
        raise PlanError(
            f"{key} ({words}) belongs to {listing(fitting, most=len(fitting))}, not to family "
            f"'{family}'. Leave out {key}, or choose another family."
        )
    return values.column(given[key], key, words)


def _breaks(given: Mapping[str, object], family: str) -> Breaks | None:
    if "breaks" not in given:
        return DEFAULT_INTERVALS if family == "piecewise_exponential" else None
    _only(family, "breaks", "where the hazard may change", "piecewise_exponential")
    return values.breaks(given["breaks"])


def _reference_category(given: Mapping[str, object], family: str) -> Level | None:
    if "reference_category" not in given:
        return None
    words = "the category that the others are held against"
    _only(family, "reference_category", words, "categorical")
    return values.level(given["reference_category"], "reference_category", "outcome")


def _only(family: str, key: str, words: str, owner: str) -> None:
    if family != owner:
        raise PlanError(
            f"{key} ({words}) belongs to '{owner}', not to family '{family}'. Leave out {key}, or "
            f"say family='{owner}'."
        )


def _priors(
    source: object, keys: Mapping[str, PriorKey]
) -> tuple[tuple[str, str | None, Prior], ...]:
    found: list[tuple[str, str | None, Prior]] = []
    for key, value in parse_priors(source, keys).items():
        if isinstance(value, Prior):
            found.append((key, None, value))
        else:
            found += [(key, term, prior) for term, prior in value.items()]
    if len(found) > MOST_PRIORS:
        raise PlanError(
            f"priors names {len(found):,} terms; a plan takes up to {MOST_PRIORS:,}. Give a "
            "parameter one prior for all its terms."
        )
    # The order of a plan file, whole parameters before tables, so that equal plans compare equal.
    order = list(keys)
    found.sort(key=lambda row: (row[1] is not None, order.index(row[0])))
    return tuple(found)
