"""Priors as text: ``"normal(0, 0.5)"`` to a checked :class:`Prior` and back. No densities here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forwhom.errors import PlanError, listing, nearest
from forwhom.families import FAMILIES
from forwhom.plan.terms import INTERCEPT, is_unicode


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution a prior may name; ``parameters`` pairs each parameter with its words."""

    name: str
    words: str
    parameters: tuple[tuple[str, str], ...]
    fits: tuple[str, ...]  # kinds of parameter: "coefficient", "scale", "shrinkage", "correlation"

    @property
    def usage(self) -> str:
        """How it is written."""
        inside = ", ".join(name for name, _ in self.parameters)
        return f"{self.name}({inside})" if inside else self.name


_DF = ("df", "{} degrees of freedom")
_SCALE = ("s", "scale {}")

DISTRIBUTIONS: dict[str, Distribution] = {
    row.name: row
    for row in (
        Distribution("normal", "normal", (("m", "mean {}"), ("s", "sd {}")), ("coefficient",)),
        Distribution("student_t", "Student-t", (_DF, ("m", "centre {}"), _SCALE), ("coefficient",)),
        Distribution("half_normal", "half-normal", (_SCALE,), ("scale",)),
        Distribution("half_student_t", "half Student-t", (_DF, _SCALE), ("scale",)),
        Distribution("half_cauchy", "half-Cauchy", (_SCALE,), ("scale",)),
        Distribution("exponential", "exponential", (("rate", "rate {}"),), ("scale",)),
        Distribution("gamma", "gamma", (("shape", "shape {}"), ("rate", "rate {}")), ("scale",)),
        Distribution("flat", "flat: every value equally likely", (), ("coefficient", "scale")),
        Distribution(
            "lkj",
            "LKJ",
            (("shape", "shape {} (at 1 all correlations are equally likely)"),),
            ("correlation",),
        ),
        Distribution(
            "learnt",
            "normal around zero, with an sd that is learnt",
            (("s", "half-normal of scale {}"),),
            ("shrinkage",),
        ),
        Distribution(
            "horseshoe",
            "regularised horseshoe",
            (
                ("s", "global scale {}"),
                ("slab", "slab scale {}"),
                ("df", "slab degrees of freedom {}"),
            ),
            ("shrinkage",),
        ),
        Distribution(
            "r2d2", "R2D2", (("mean", "mean R2 {}"), ("precision", "precision {}")), ("shrinkage",)
        ),
    )
}


@dataclass(frozen=True, slots=True)
class PriorKey:
    """A parameter that takes a prior, whole or also term by term; ``kinds`` of distribution."""

    name: str
    words: str
    kinds: tuple[str, ...]
    by_term: bool = False

    @property
    def what(self) -> str:
        """What sort of number it is, in words."""
        words = {"scale": "a positive number", "correlation": "a matrix of correlations"}
        return words.get(self.kinds[0], "a coefficient of either sign")


BY_OUTCOME = ("gaussian", "bernoulli", "ordinal")  # what family "auto" may become by the outcome
_COEFFICIENT, _POSITIVE, _LAMBDA = ("coefficient",), ("scale",), ("coefficient", "shrinkage")
_MODEL_KEYS = (
    PriorKey("alpha", "the outcome equation's intercept", _COEFFICIENT),
    PriorKey("beta", "the controls' coefficients", _COEFFICIENT, by_term=True),
    PriorKey("delta", "the modifiers' main effects", _COEFFICIENT, by_term=True),
    PriorKey("lambda", "the modifier coefficients", _LAMBDA, by_term=True),
    PriorKey("sigma_theta", "the effect spread", _POSITIVE),
    PriorKey("sigma_b", "the spread of the group baselines", _POSITIVE),
    PriorKey("nu_theta", "degrees of freedom of Student-t group effects", _POSITIVE),
    PriorKey("correlation", "of a group's baseline and effects", ("correlation",)),
    PriorKey("sigma_spread", "the sd of the groups' log residual sds", _POSITIVE),
)

_TEXT = re.compile(r"\s*([^\W\d]\w*)\s*(?:\(([^()]*)\)\s*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


SHRINKING = tuple(row.name for row in DISTRIBUTIONS.values() if row.fits == ("shrinkage",))


@dataclass(frozen=True, slots=True)
class Prior:
    """A distribution by name with its parameters, checked when made.

    >>> prior = Prior("normal", (0.0, 0.5))
    >>> prior.text, prior.words
    ('normal(0, 0.5)', 'normal, mean 0, sd 0.5')
    """

    distribution: str
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        row = DISTRIBUTIONS.get(self.distribution)
        if row is None:
            raise PlanError(
                f"'{self.distribution}' is not a known distribution."
                f"{nearest(self.distribution, DISTRIBUTIONS)} Known: {_usages()}."
            )
        if len(self.parameters) != len(row.parameters):
            counted = {0: "no numbers", 1: "1 number"}
            takes = counted.get(len(row.parameters), f"{len(row.parameters)} numbers")
            raise PlanError(f"{row.usage} takes {takes}, got {len(self.parameters)}.")
        for (name, _), value in zip(row.parameters, self.parameters, strict=True):
            if not math.isfinite(value) or (name != "m" and value <= 0):
                must = "a finite number" if name == "m" else "positive and finite"
                raise PlanError(f"in {row.usage}, {name} must be {must}; got {_number(value)}.")
            if self.distribution == "r2d2" and name == "mean" and value >= 1:
                raise PlanError(f"in {row.usage}, mean must be below 1; got {_number(value)}.")

    @property
    def text(self) -> str:
        """The prior as written in a plan; parses to an equal prior."""
        inside = ", ".join(_number(value) for value in self.parameters)
        return f"{self.distribution}({inside})" if inside else self.distribution

    @property
    def words(self) -> str:
        """The prior as a reader would say it."""
        row = DISTRIBUTIONS[self.distribution]
        said = (
            words.format(_number(value))
            for (_, words), value in zip(row.parameters, self.parameters, strict=True)
        )
        return ", ".join((row.words, *said))

    def __str__(self) -> str:
        return self.text


def parse_prior(text: object, where: str) -> Prior:
    """Read one prior; ``where`` is the parameter it is for, used in messages.

    Raises :class:`PlanError` for an unknown distribution, a wrong count of numbers, or a scale
    that is not positive.

    >>> parse_prior("half_student_t(3, 2.5)", "sigma_theta").words
    'half Student-t, 3 degrees of freedom, scale 2.5'
    """
    if isinstance(text, Prior):
        return text
    if not isinstance(text, str):
        raise PlanError(
            f"the prior for {where} is text such as 'normal(0, 1)', not {text!r}. "
            f"Known: {_usages()}."
        )
    if len(text) > 200:
        raise PlanError(f"the prior for {where} is too long to be one: '{text[:40]}...'.")
    match = _TEXT.fullmatch(text)
    numbers = [part.strip() for part in ((match and match[2]) or "").split(",")]
    if numbers == [""]:
        numbers = []
    if match is None or not all(_NUMBER.fullmatch(number) for number in numbers):
        raise PlanError(
            f"the prior for {where}, '{text}', does not read as a distribution with plain "
            f"numbers. Write one of: {_usages()}."
        )
    try:
        return Prior(match[1], tuple(float(number) for number in numbers))
    except PlanError as error:
        raise PlanError(f"the prior for {where}, '{text}': {error}") from None


def prior_keys(
    family: str, treatments: Iterable[str] = (), clusters: Iterable[str] = ()
) -> dict[str, PriorKey]:
    """The parameters that take a prior under a family, by name; under "auto", of those it may be.

    Of several treatments each has a lambda and a sigma_theta of its own, ``lambda_ad`` going
    before ``lambda``; a cluster has its sd, and that of the treatments' effects across it.

    >>> [key for key in prior_keys("poisson", ["ad", "mail"], ["state"]) if key.endswith("_ad")]
    ['lambda_ad', 'sigma_theta_ad']
    >>> list(prior_keys("poisson", ["ad"], ["state"]))[-2:]
    ['sigma_state', 'sigma_theta_state']
    """
    names = tuple(treatments)
    own = [
        PriorKey(parameter.name, parameter.words, _POSITIVE if parameter.positive else _COEFFICIENT)
        for one in (BY_OUTCOME if family == "auto" else (family,))
        for parameter in FAMILIES[one].parameters
    ]
    for name in names if len(names) > 1 else ():  # one alone has lambda and sigma_theta
        own += treatment_keys(name)
    for name in clusters:
        own += cluster_keys(name)
    return {key.name: key for key in (*_MODEL_KEYS, *own)}


def treatment_keys(name: str) -> tuple[PriorKey, PriorKey]:
    """The parameters of one of several treatments."""
    return (
        PriorKey(f"lambda_{name}", f"the modifier coefficients of '{name}'", _LAMBDA, by_term=True),
        PriorKey(f"sigma_theta_{name}", f"the effect spread of '{name}'", _POSITIVE),
    )


def cluster_keys(name: str) -> tuple[PriorKey, PriorKey]:
    """The parameters of a clustering: the spread of its intercepts, and of effects across it."""
    return (
        PriorKey(f"sigma_{name}", f"the spread between clusters of '{name}'", _POSITIVE),
        PriorKey(f"sigma_theta_{name}", f"the spread of effects across '{name}'", _POSITIVE),
    )


def parse_priors(
    mapping: object, keys: Mapping[str, PriorKey] | None = None
) -> dict[str, Prior | dict[str, Prior]]:
    """Read ``{parameter: prior}``; beta, delta and lambda also take ``{term: prior}``.

    ``keys`` are those of the plan, by default a Gaussian one's. Raises :class:`PlanError` for an
    unknown parameter, or a distribution that does not fit it: coefficients take normal, student_t
    and flat; scales take the half distributions, exponential, gamma and flat; lambda
    also takes learnt, horseshoe and r2d2, as a whole, which leaves its intercept to the default,
    or for those terms that are to be shrunk together.

    >>> parse_priors({"alpha": "flat", "lambda": {"woman": "normal(0, 0.2)"}})["alpha"].text
    'flat'
    """
    if mapping is None:
        return {}
    if not isinstance(mapping, Mapping):
        raise PlanError(
            f"priors is a table such as {{'lambda': 'normal(0, 0.5)'}}, not {mapping!r}."
        )
    keys = prior_keys("gaussian") if keys is None else keys
    found: dict[str, Prior | dict[str, Prior]] = {}
    for name, value in mapping.items():
        key = keys.get(name) if isinstance(name, str) else None
        if key is None:
            raise PlanError(
                f"priors: '{name}' is not a parameter that takes a prior."
                f"{nearest(str(name), keys)} Parameters: {listing(keys, most=len(keys))}."
            )
        if isinstance(value, Mapping):
            found[name] = _by_term(key, value)
        else:
            found[name] = _fitting(key, value)
    return found


def _by_term(key: PriorKey, table: Mapping[object, object]) -> dict[str, Prior]:
    if not key.by_term:
        raise PlanError(f"{key.name} is one parameter and takes one prior, not a table of terms.")
    priors: dict[str, Prior] = {}
    for term, value in table.items():
        if not isinstance(term, str) or not term or not is_unicode(term):
            raise PlanError(f"a prior for {key.name} names its term with text, not {term!r}.")
        if term == INTERCEPT and key.kinds != _LAMBDA:
            raise PlanError(
                f"{key.name} has no intercept: the outcome equation's intercept is alpha. "
                "Give its prior as 'alpha'."
            )
        priors[term] = _fitting(key, value, term)
    shrunk = {p.text: term for term, p in priors.items() if p.distribution in SHRINKING}
    if len(shrunk) > 1:
        (one, first), (other, second), *_ = shrunk.items()
        raise PlanError(
            f"priors: terms of {key.name} are shrunk together, by one prior; '{first}' has '{one}' "
            f"and '{second}' has '{other}'. Give them the same."
        )
    return priors


def _fitting(key: PriorKey, value: object, term: str | None = None) -> Prior:
    where = key.name if term is None else f"{key.name}, term '{term}'"
    prior = parse_prior(value, where)
    row = DISTRIBUTIONS[prior.distribution]
    kinds = set(key.kinds) - ({"shrinkage"} if term == INTERCEPT else set())
    fits = [d for d in DISTRIBUTIONS.values() if kinds & set(d.fits)]
    if row in fits:
        return prior
    half = f"half_{prior.distribution}"
    way = ""
    if prior.distribution in SHRINKING:
        way = (
            f" '{row.name}' is for the coefficients of modifiers, not for the effect at their zero."
            if "shrinkage" in key.kinds
            else f" '{row.name}' is for lambda, the modifier coefficients."
        )
    elif key.kinds == _POSITIVE and half in DISTRIBUTIONS:
        kept = (v for (n, _), v in zip(row.parameters, prior.parameters, strict=True) if n != "m")
        way = f" Did you mean '{Prior(half, tuple(kept)).text}'?"
    raise PlanError(
        f"the prior for {where}, '{prior.text}', does not fit: {key.name} ({key.words}) is "
        f"{key.what}.{way} It takes: {_usages(fits)}."
    )


def _usages(rows: Iterable[Distribution] = DISTRIBUTIONS.values()) -> str:
    return ", ".join(row.usage for row in rows)


def _number(value: float) -> str:
    """The shortest text that reads back as the same number, without a needless ``.0``."""
    whole = float(value).is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else repr(float(value))
