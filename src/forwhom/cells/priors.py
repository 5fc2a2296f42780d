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
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.origins import FAR
from forwhom.cells.reduce import Cells
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


def resolve_priors(design: Design, cells: Cells) -> Priors:
    """Fill in what the user left open."""
    s = cells.link_scale
    layout = cells.layout

    def resolve(
        parameter: str, term: str, default: Prior, treatment: str | None = None
    ) -> ResolvedPrior:
        own = design.plan.prior(parameter, term or None, treatment)
        name = f"{parameter}_{treatment}" if treatment else parameter
        if own is None or (own.distribution in SHRINKING and term == INTERCEPT):
            return ResolvedPrior(name, term, default, "default")
        users = _is_users(design, {parameter, name}, term)
        source = "yours" if users else f"preset {design.plan.preset}"
        return ResolvedPrior(name, term, own, source)

    def normals(
        parameter: str, names: tuple[str, ...], sds: FloatArray, named: str | None = None
    ) -> list[ResolvedPrior]:
        return [
            resolve(parameter, name, _normal(0.0, float(sd)), named)
            for name, sd in zip(names, sds, strict=True)
        ]

    def half(parameter: str, size: float, treatment: str | None = None) -> ResolvedPrior:
        return resolve(parameter, "", Prior("half_normal", (_rounded(size),)), treatment)

    coefficients: list[ResolvedPrior] = []
    if not design.estimates:
        before = slice(0, layout.delta.stop)
        center, scale = cells.inner_center[before], cells.inner_scale[before]
        sds = _default_sds(2.5 * s / scale, center, scale, cells.unmove[before, before])
        coefficients.append(resolve("alpha", "", _normal(cells.link_center, float(sds[0]))))
        coefficients += normals("beta", design.controls.names, sds[layout.beta])
        coefficients += normals("delta", design.delta_names, sds[layout.delta])
    several = len(design.effects) > 1
    theta = []
    for effect, columns, unit, part in zip(
        design.effects, cells.effects, cells.dose_scale, layout.lambdas, strict=True
    ):
        named = effect.treatment.column if several else None
        center, scale = np.r_[0.0, columns.center], np.r_[1.0, columns.scale]
        base = s / (scale * unit)
        base[0] *= 2.5
        sds = _default_sds(base, center, scale, cells.unmove[part, part])
        middle = cells.link_center if design.estimates else 0.0
        first = _normal(middle, float(sds[0]))
        coefficients.append(resolve("lambda", INTERCEPT, first, named))
        coefficients += normals("lambda", effect.lambda_names[1:], sds[1:], named)
        theta.append((named, s / unit))
    random = design.random_names
    spreads = [half("sigma_b", s)] if "b" in random else []
    if "theta" in random:
        spreads += [half("sigma_theta", size, named) for named, size in theta]
    clusters = tuple(
        (
            half(f"sigma_{cluster.name}", s),
            *(
                half(f"sigma_theta_{cluster.name}", size)
                for _, size in (theta if cluster.effects else ())
            ),
        )
        for cluster in design.clusters
    )
    return Priors(
        tuple(coefficients),
        _own(design, s, resolve),
        tuple(spreads),
        clusters,
        _shapes(design, resolve),
    )


Resolve = Callable[[str, str, Prior], ResolvedPrior]


def _own(design: Design, s: float, resolve: Resolve) -> tuple[ResolvedPrior, ...]:
    """Of the family's own parameters; none where the standard errors are known."""
    if design.estimates:
        return ()
    return tuple(
        resolve(
            parameter.name,
            "",
            Prior("half_student_t", (3.0, _rounded(2.5 * s)))
            if parameter.name == "sigma"
            else parse_prior(parameter.prior, parameter.name),
        )
        for parameter in FAMILIES[design.plan.family].parameters
    )


def _shapes(design: Design, resolve: Resolve) -> tuple[ResolvedPrior, ...]:
    plan = design.plan
    wanted = (
        (plan.spread == "student", "nu_theta", Prior("gamma", (2.0, 0.1))),
        (plan.correlated, "correlation", Prior("lkj", (2.0,))),
        (plan.sigma_by == "group", "sigma_spread", Prior("half_normal", (0.5,))),
    )
    return tuple(resolve(name, "", default) for asked, name, default in wanted if asked)


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
