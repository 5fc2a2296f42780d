"""From what is given to what a plan holds: one check for each kind of part, by its row.

Tests: tests/plan/test_plan.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from forwhom.errors import PlanError, listing, nearest
from forwhom.families import FAMILIES
from forwhom.plan import values
from forwhom.plan.formula import Formula, parse_formula, plain_names
from forwhom.plan.parts import AUTO, DEFAULT_INTERVALS, PARTS, Kind, Part
from forwhom.plan.presets import PRESETS
from forwhom.plan.priors import Prior, parse_priors, prior_keys
from forwhom.plan.treatments import Treatments, all_modifiers, read_setting, read_treatments

MOST_PRIORS = 10_000


@dataclass(frozen=True, slots=True)
class Frame:
    """What is settled first, by the names of its parts, and what the others are held against.

    ``family`` is "auto" where the outcome will tell; ``given`` are the keywords.
    """

    given: Mapping[str, object]
    family: str
    preset: str | None
    treatment: Treatments
    modifiers: Formula
    groups: tuple[str, ...] | None
    clusters: tuple[str, ...]

    @property
    def estimates(self) -> bool:
        """Whether the outcome is itself an estimated effect."""
        return "std_error" in self.given

    @property
    def ungrouped(self) -> bool:
        """Whether no columns are named that the effect may differ by."""
        return not self.modifiers and self.groups is None

    @property
    def treatments(self) -> tuple[str, ...]:
        """The treatments' names."""
        return tuple(name for name, _ in self.treatment)


SETTLED = tuple(field.name for field in fields(Frame) if field.name != "given")


def frame_of(given: Mapping[str, object], family: str) -> Frame:
    """Check the parts that other parts are held against. Raises :class:`PlanError`."""
    preset = None
    if "preset" in given:
        preset = values.choice(given["preset"], "preset", PARTS["preset"].choices)
    estimates = "std_error" in given
    if estimates:
        _check_effect_alone(given)
    treatment = read_treatments(given.get("treatment"), given.get("modifiers"), estimates)
    return Frame(
        given=given,
        family=family,
        preset=preset,
        treatment=treatment,
        modifiers=all_modifiers(treatment),
        clusters=plain_names(given.get("clusters") or None, "clusters"),
        groups=plain_names(given.get("groups"), "groups") or None,
    )


def value_of(part: Part, frame: Frame) -> Any:
    """What a plan holds of a part: the value given, checked, or its default.

    Raises:
        PlanError: the value is not one, or the family has no place for it.

    >>> frame = frame_of({"treatment": "d", "modifiers": "age", "bins": {"age": 3}}, "auto")
    >>> value_of(PARTS["bins"], frame), value_of(PARTS["draws"], frame)
    ((('age', 3),), 4000)
    """
    if part.name in SETTLED:
        return getattr(frame, part.name)
    value = frame.given.get(part.name)
    if value is None:
        return _default(part, frame)
    _check_family(part, frame.family)
    check = KINDS[part.kind]
    if not part.by_treatment:
        return check(part, value, frame)

    def read(own: object, key: str) -> Any:
        return check(replace(part, name=key), own, frame)

    found = read_setting(value, part.name, frame.treatments, read)
    return part.default if found is None else found


def _default(part: Part, frame: Frame) -> object:
    """What a part is where it is not given: its row's default, or what others make of it."""
    match part.name:
        case "baseline" if frame.estimates or frame.ungrouped:  # an effect has none; one group
            return "shared"
        case "spread" if frame.ungrouped:
            return "none"
        case "baseline" if frame.preset:
            return PRESETS[frame.preset].baseline
        case "breaks" if frame.family in part.families:
            return DEFAULT_INTERVALS
        case "link" if frame.family != AUTO:
            return FAMILIES[frame.family].links[0]
        case "trials" if frame.family == "binomial":
            raise PlanError(
                "family 'binomial' needs trials: the column with the numbers of trials. An outcome "
                "of 0 and 1 is family 'bernoulli'."
            )
    return part.default


def _check_family(part: Part, family: str) -> None:
    """The family has a place for the part; of an offset that is seen once it is settled."""
    if not part.families or family in (AUTO, *part.families):
        return
    if part.name == "std_error":
        raise PlanError(
            f"std_error ({part.role}) belongs to family 'gaussian', not to '{family}'. Leave out "
            "std_error or family."
        )
    way = "choose another family"
    if part.kind not in ("column", "event"):
        way = f"say family='{part.families[0]}'"
    raise PlanError(
        f"{part.name} ({part.role}) belongs to {listing(part.families, most=len(part.families))}, "
        f"not to family '{family}'. Leave out {part.name}, or {way}."
    )


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


def _column(part: Part, value: object, frame: Frame) -> str:
    return values.column(value, part.name, part.role)


def _clusters(part: Part, value: object, frame: Frame) -> tuple[str, ...]:
    names = plain_names(value or None, part.name)
    for name in names:
        if name not in frame.clusters:
            raise PlanError(
                f"{part.name}: '{name}' is not among the clusters, so effects cannot vary across "
                f"it.{nearest(name, frame.clusters)} Name it in clusters too."
            )
    return names


def _baseline(part: Part, value: object, frame: Frame) -> str:
    baseline = values.choice(value, part.name, part.choices)
    preset = PRESETS[frame.preset] if frame.preset else None
    if preset and baseline != preset.baseline:
        raise PlanError(
            f"preset '{preset.name}' has baseline '{preset.baseline}', not '{baseline}'. "
            "Leave out baseline or preset."
        )
    return baseline


def _formula(part: Part, value: object, frame: Frame) -> Formula:
    return parse_formula(value, part.name)


def _choice(part: Part, value: object, frame: Frame) -> str:
    return values.choice(value, part.name, part.choices)


def _level(part: Part, value: object, frame: Frame) -> values.Level:
    return values.level(value, part.name, "treatment" if part.by_treatment else "outcome")


def _event(part: Part, value: object, frame: Frame) -> tuple[str, values.Level | None]:
    column, level = values.event(value)
    return values.column(column, part.name, part.role), level


def _bins(part: Part, value: object, frame: Frame) -> values.Bins:
    columns = tuple(dict.fromkeys((*frame.modifiers.traits, *(frame.groups or ()))))
    return values.bins(value or part.default, columns)


def _link(part: Part, value: object, frame: Frame) -> str:
    family = frame.family
    if family == AUTO:
        known_links = dict.fromkeys(link for row in FAMILIES.values() for link in row.links)
        return values.choice(value, part.name, (AUTO, *known_links))
    links = FAMILIES[family].links
    if value == AUTO:
        return links[0]
    if value not in links:
        known = f"its link{'s are' if len(links) > 1 else ' is'} {listing(links)}"
        raise PlanError(
            f"family '{family}' has no link {value!r}; {known}.{nearest(str(value), links)}"
        )
    return str(value)


def _priors(part: Part, value: object, frame: Frame) -> tuple[tuple[str, str | None, Prior], ...]:
    keys = prior_keys(frame.family, () if frame.estimates else frame.treatments, frame.clusters)
    found: list[tuple[str, str | None, Prior]] = []
    for key, own in parse_priors(value, keys).items():
        if isinstance(own, Prior):
            found.append((key, None, own))
        else:
            found += [(key, term, prior) for term, prior in own.items()]
    if len(found) > MOST_PRIORS:
        raise PlanError(
            f"priors names {len(found):,} terms; a plan takes up to {MOST_PRIORS:,}. Give a "
            "parameter one prior for all its terms."
        )
    # The order of a plan file, whole parameters before tables, so that equal plans compare equal.
    order = list(keys)
    found.sort(key=lambda row: (row[1] is not None, order.index(row[0])))
    return tuple(found)


KINDS: Mapping[Kind, Callable[[Part, object, Frame], Any]] = {
    "baseline": _baseline,
    "bins": _bins,
    "breaks": lambda part, value, frame: values.breaks(value),
    "choice": _choice,
    "column": _column,
    "clusters": _clusters,
    "encoding": lambda part, value, frame: values.encoding(value),
    "event": _event,
    "formula": _formula,
    "labels": lambda part, value, frame: values.labels(value),
    "level": _level,
    "link": _link,
    "missing": lambda part, value, frame: values.missing(value),
    "path": lambda part, value, frame: values.path(value, part.name),
    "priors": _priors,
    "share": lambda part, value, frame: values.probability(value, part.name),
    "sheet": lambda part, value, frame: values.sheet(value),
    "switch": lambda part, value, frame: values.yes_or_no(value, part.name),
    "value_labels": lambda part, value, frame: values.value_labels(value),
    "whole": lambda part, value, frame: values.whole(value, part.name, *part.limits),
}
