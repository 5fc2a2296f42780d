"""Every prior of the fit, the user's own, a preset's or the default scaled to the data.

Defaults, with s the sd of the outcome (1 where effects are on a logit, log or other link scale,
and the outcome's mean taken to that scale):

- alpha: normal, centred at the outcome's mean, sd 2.5 s, widened by what the coefficients' priors
  imply for the point where every predictor is zero (so that an uncentred year does no harm);
- beta, delta: normal(0, 2.5 s / sd of the column), as rstanarm's defaults;
- lambda: the intercept normal(0, 2.5 s), widened likewise; the others normal(0, s / sd of the
  modifier): a modifier seldom moves an effect by more than the outcome's whole spread;
- sigma_theta, sigma_b: half_normal(s); sigma: half_student_t(3, 2.5 s); other parameters of
  a family: as its file says;
- nu_theta: gamma(2, 0.1) (Juarez and Steel 2010, JBES 28(1)); correlation: lkj(2); sigma_spread:
  half_normal(0.5).

For a dose, everything about the effect is per unit of dose.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.origins import FAR
from forwhom.cells.sums import Sums
from forwhom.design import Design
from forwhom.families import FAMILIES
from forwhom.plan import INTERCEPT
from forwhom.plan.priors import SHRINKING, Prior, parse_prior

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ResolvedPrior:
    """One parameter's prior and where it comes from.

    Attributes:
        parameter: alpha, beta, delta, lambda, sigma_theta, sigma_b or sigma.
        term: the coefficient, or an empty string.
        prior: the distribution.
        source: "default", "yours" or "preset alley2023".
    """

    parameter: str
    term: str
    prior: Prior
    source: str


@dataclass(frozen=True, slots=True)
class Priors:
    """All priors, coefficients in the layout's order.

    Attributes:
        coefficients: (p,) of them.
        parameters: one per parameter of the family's own, such as sigma.
        spreads: one per group parameter, in the design's order.
        clusters: per clustering its sd's, and those of the effects that vary across it.
        shapes: of the group parameters' law: degrees of freedom, correlation, residual spread.
    """

    coefficients: tuple[ResolvedPrior, ...]
    parameters: tuple[ResolvedPrior, ...]
    spreads: tuple[ResolvedPrior, ...]
    clusters: tuple[tuple[ResolvedPrior, ...], ...] = ()
    shapes: tuple[ResolvedPrior, ...] = ()

    @property
    def all(self) -> tuple[ResolvedPrior, ...]:
        """Every prior, coefficients first."""
        of_clusters = (entry for entries in self.clusters for entry in entries)
        return (*(*self.coefficients, *self.spreads, *of_clusters, *self.shapes, *self.parameters),)

    def shape(self, parameter: str) -> Prior | None:
        """The prior of one of ``shapes``, or None where the model has no such parameter."""
        return next((e.prior for e in self.shapes if e.parameter == parameter), None)


def resolve_priors(design: Design, cells: Sums) -> Priors:
    """Fill in what the user left open."""
    fill = _Blanks(design, cells.link_scale)
    coefficients = [] if design.estimates else _baseline(fill, cells)
    several = len(design.effects) > 1
    effects = []  # name where there are several, and the size of its group parameter's sd
    for j, effect in enumerate(design.effects):
        named = effect.treatment.column if several else None
        coefficients += _lambdas(fill, cells, j, named)
        effects.append((named, fill.s / cells.dose_scale[j]))
    return Priors(
        tuple(coefficients),
        _own(fill),
        _spreads(fill, effects),
        _clusters(fill, effects),
        _shapes(fill),
    )


@dataclass(frozen=True, slots=True)
class _Blanks:
    """What is filled in where the plan says nothing; s is the outcome's sd on the link scale."""

    design: Design
    s: float

    def resolve(
        self, parameter: str, term: str, default: Prior, treatment: str | None = None
    ) -> ResolvedPrior:
        """One parameter's prior."""
        plan = self.design.plan
        own = plan.prior(parameter, term or None, treatment)
        name = f"{parameter}_{treatment}" if treatment else parameter
        if own is None or (own.distribution in SHRINKING and term == INTERCEPT):
            return ResolvedPrior(name, term, default, "default")
        users = _is_users(self.design, {parameter, name}, term)
        return ResolvedPrior(name, term, own, "yours" if users else f"preset {plan.preset}")

    def normals(
        self, parameter: str, names: tuple[str, ...], sds: FloatArray, named: str | None = None
    ) -> list[ResolvedPrior]:
        """Those of some coefficients, around zero."""
        return [
            self.resolve(parameter, name, _normal(0.0, float(sd)), named)
            for name, sd in zip(names, sds, strict=True)
        ]

    def half(self, parameter: str, size: float, treatment: str | None = None) -> ResolvedPrior:
        """That of an sd."""
        return self.resolve(parameter, "", Prior("half_normal", (_rounded(size),)), treatment)


def _baseline(fill: _Blanks, cells: Sums) -> list[ResolvedPrior]:
    """Of alpha, beta and delta."""
    design, layout = fill.design, cells.layout
    before = slice(0, layout.delta.stop)
    center, scale = cells.inner_center[before], cells.inner_scale[before]
    sds = _default_sds(2.5 * fill.s / scale, center, scale, cells.unmove[before, before])
    return [
        fill.resolve("alpha", "", _normal(cells.link_center, float(sds[0]))),
        *fill.normals("beta", design.controls.names, sds[layout.beta]),
        *fill.normals("delta", design.delta_names, sds[layout.delta]),
    ]


def _lambdas(fill: _Blanks, cells: Sums, j: int, named: str | None) -> list[ResolvedPrior]:
    """Of effect j's equation."""
    design, columns, part = fill.design, cells.effects[j], cells.layout.lambdas[j]
    center, scale = np.r_[0.0, columns.center], np.r_[1.0, columns.scale]
    base = fill.s / (scale * cells.dose_scale[j])
    base[0] *= 2.5
    sds = _default_sds(base, center, scale, cells.unmove[part, part])
    middle = cells.link_center if design.estimates else 0.0
    first = _normal(middle, float(sds[0]))
    names = design.effects[j].lambda_names
    return [
        fill.resolve("lambda", INTERCEPT, first, named),
        *fill.normals("lambda", names[1:], sds[1:], named),
    ]


def _spreads(fill: _Blanks, effects: list[tuple[str | None, float]]) -> tuple[ResolvedPrior, ...]:
    """Of the sds of the groups' own parameters."""
    random = fill.design.random_names
    spreads = [fill.half("sigma_b", fill.s)] if "b" in random else []
    if "theta" in random:
        spreads += [fill.half("sigma_theta", size, named) for named, size in effects]
    return tuple(spreads)


def _clusters(
    fill: _Blanks, effects: list[tuple[str | None, float]]
) -> tuple[tuple[ResolvedPrior, ...], ...]:
    """Of the sds of each clustering's levels."""
    return tuple(
        (
            fill.half(f"sigma_{cluster.name}", fill.s),
            *(
                fill.half(f"sigma_theta_{cluster.name}", size)
                for _, size in (effects if cluster.effects else ())
            ),
        )
        for cluster in fill.design.clusters
    )


def _own(fill: _Blanks) -> tuple[ResolvedPrior, ...]:
    """Of the family's own parameters; none where the standard errors are known."""
    design = fill.design
    if design.estimates:
        return ()
    return tuple(
        fill.resolve(
            parameter.name,
            "",
            Prior("half_student_t", (3.0, _rounded(2.5 * fill.s)))
            if parameter.name == "sigma"
            else parse_prior(parameter.prior, parameter.name),
        )
        for parameter in FAMILIES[design.plan.family].parameters
    )


def _shapes(fill: _Blanks) -> tuple[ResolvedPrior, ...]:
    """Of what the group parameters' law has beside sds."""
    plan = fill.design.plan
    wanted = (
        (plan.spread == "student", "nu_theta", Prior("gamma", (2.0, 0.1))),
        (plan.correlated, "correlation", Prior("lkj", (2.0,))),
        (plan.sigma_by == "group", "sigma_spread", Prior("half_normal", (0.5,))),
    )
    return tuple(fill.resolve(name, "", default) for has, name, default in wanted if has)


def in_words(priors: Priors) -> list[tuple[str, str, str, str]]:
    """(parameter, terms, prior as text, source), equal neighbours gathered in one row.

    A row that holds every term of its parameter says "all" instead of naming them.
    """
    rows: list[tuple[str, list[str], str, str]] = []
    for entry in priors.all:
        text = entry.prior.text
        if rows and rows[-1][0] == entry.parameter and rows[-1][2:] == (text, entry.source):
            rows[-1][1].append(entry.term)
        else:
            rows.append((entry.parameter, [entry.term], text, entry.source))
    size = Counter(entry.parameter for entry in priors.all)
    return [
        (name, "all" if 1 < size[name] == len(terms) else ", ".join(terms), text, source)
        for name, terms, text, source in rows
    ]


def _is_users(design: Design, names: set[str], term: str) -> bool:
    return any(key in names and of in (None, term) for key, of, _ in design.plan.priors)


def _default_sds(
    base: FloatArray, center: FloatArray, scale: FloatArray, unmove: FloatArray
) -> FloatArray:
    """Sds of one equation's coefficients as written, its intercept first; (k + 1,).

    The intercept is widened by what the slopes' priors imply for the point where every predictor
    is zero. What a predictor far from zero implies for an intercept, or for what it is multiplied
    with, counts for more the farther it is: held at a point so remote, they would hold the slope
    as well, and a date would not fit as days since do.

    Args:
        base: where predictors are at their mean; center, scale: of the moved columns.
        unmove: from coefficients of moved columns to those as written.
    """
    variance = base**2
    variance[0] += ((base[1:] * center[1:]) ** 2).sum()
    far = np.abs(unmove - np.eye(len(base)))
    remote = np.maximum(far * (scale[:, None] / scale) / FAR, 1.0)
    return np.asarray(np.sqrt(variance + ((far * base * remote) ** 2).sum(axis=1)))


def _normal(mean: float, sd: float) -> Prior:
    """Normal, its mean rounded to a hundredth of its sd."""
    digits = 2 - int(np.floor(np.log10(sd)))
    return Prior("normal", (round(mean, digits), _rounded(sd)))


def _rounded(x: float) -> float:
    """Three significant digits: the prior printed is the prior used."""
    return float(f"{x:.3g}")
