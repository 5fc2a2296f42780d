"""Can the columns be told apart? A copy is refused, near collinearity is named.

What only some levels or one arm cannot tell, the priors do: the model is fitted, and a caution
says so (``silent``). It is refused where the prior is flat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.combinations import gaps
from forwhom.cells.dependence import EXACT, correlation_of, first_dependent, null_space
from forwhom.cells.priors import resolve_priors
from forwhom.cells.sums import Sums
from forwhom.design import Design
from forwhom.design.matrix import TermRecipe
from forwhom.errors import DataError, listing
from forwhom.families import FAMILIES
from forwhom.plan.priors import SHRINKING

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NOISELESS = 1e-12  # share of the outcome's variance that the columns leave over
NEAR_VIF = 20.0  # a modifier with R^2 above 0.95 on the others
VAGUE = 1e-8  # precision, per row, of a prior that rounding would drown where no row speaks


@dataclass(frozen=True, slots=True)
class _Columns:
    """The p columns of the model but the intercept of the outcome's equation, p - 1 of them.

    Attributes:
        names: of each, the treatment's own for an effect's intercept.
        terms: the term each is of; None for a treatment.
        effect: (p - 1,) which effect's equation each is in, -1 for the outcome's.
        cross: (p - 1,) square, about the means; columns that never vary are zero. scale: (p - 1,)
            their units.
    """

    names: tuple[str, ...]
    terms: tuple[TermRecipe | None, ...]
    effect: IntArray
    cross: FloatArray
    scale: FloatArray

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Which are of a single factor, or a treatment itself, in the equation they head."""
        return np.array([term is None or len(term.encodings) == 1 for term in self.terms], bool)

    @staticmethod
    def of(design: Design, cells: Sums) -> _Columns:
        names: list[str] = []
        terms: list[TermRecipe | None] = []
        effect: list[int] = []
        recipes = [design.controls, *([design.modifiers] if design.delta_names else [])]
        for recipe in [] if design.estimates else recipes:
            names += recipe.names
            terms += [term for term in recipe.terms for _ in term.names]
        effect += [-1] * len(names)
        for j, one in enumerate(design.effects):
            if not design.estimates:
                names.append(one.treatment.name)
                terms.append(None)
            names += one.modifiers.names
            terms += [term for term in one.modifiers.terms for _ in term.names]
            effect += [j] * (len(names) - len(effect))
        cross = cells.cross[1 : cells.layout.p, 1 : cells.layout.p]
        where = np.array(effect, dtype=np.int64)
        return _Columns(tuple(names), tuple(terms), where, cross, cells.inner_scale[1:])


def check_columns(design: Design, cells: Sums) -> None:
    """Refuse columns that never vary or that others add up to, and what nothing can tell.

    Raises:
        DataError: the terms, by name, and the way out; or an outcome without noise.
    """
    spare = 0 if FAMILIES[design.plan.family].sufficient else 1  # a row for the noise
    if cells.layout.p + spare > design.usage.n_used:
        raise DataError(
            f"{cells.layout.p} coefficients and only {design.usage.n_used:,} complete rows: use "
            "fewer modifiers or controls."
        )
    _check_arms(design)
    columns = _Columns.of(design, cells)
    _check_constant(design, cells, columns)
    everything = correlation_of(cells.cross[: cells.layout.p, : cells.layout.p])
    told = bool(np.linalg.eigvalsh(everything)[0] > EXACT)
    if not told:
        _check_copies(design, columns)
    if not design.delta_names:
        _check_shared(design, cells)
    _check_varies_by_arm(design, cells, columns)
    if not told or (np.diag(columns.cross) <= 0).any():
        _check_proper(design, cells)
    if cells.content == "sums":
        _check_noise(design, cells, told)


def _check_arms(design: Design) -> None:
    """Refuse effects that differ by modifiers where an arm has one row to learn it from.

    Raises:
        DataError: the arm, and the way out.
    """
    for effect in design.effects:
        treatment = effect.treatment
        arms = [(treatment.treated, int(effect.n_treated.sum()))]
        if design.delta_names:  # untreated rows teach the modifiers' coefficients in the baseline
            untreated = design.usage.n_used - arms[0][1]
            if len(design.effects) > 1:
                untreated = int(effect.n_control.sum())
            arms.append((treatment.control, untreated))
        for arm, rows in arms:
            if rows == 1 and treatment.kind == "binary" and effect.modifiers.names:
                raise DataError(
                    f"only one row has treatment '{treatment.column}' at '{arm}', so the effect "
                    f"cannot differ by {listing(effect.modifiers.names)}. Leave the modifiers out "
                    "and say groups= instead, or add rows to that arm."
                )


def _check_constant(design: Design, cells: Sums, columns: _Columns) -> None:
    """Refuse a column of one factor that never varies; a product may be empty."""
    dead = (np.diag(columns.cross) <= 0) & columns.alone & (columns.effect < 0)
    named = [columns.names[i] for i in np.flatnonzero(dead)]
    if not design.delta_names or design.estimates:
        alone = np.array(design.modifiers.main_effect, dtype=bool)
        still = (np.diag(cells.modifier_cross)[1:] <= 0) & alone
        named += [design.modifiers.names[i] for i in np.flatnonzero(still)]
    if named:
        raise DataError(
            f"'{named[0]}' does not vary, so its coefficient cannot be learnt. Leave the term out."
        )


def _check_copies(design: Design, columns: _Columns) -> None:
    """Refuse columns of single factors, or a treatment, that others make up in all rows."""
    heads = columns.alone & ((columns.effect < 0) | np.array([t is None for t in columns.terms]))
    if design.estimates:
        heads = columns.alone
    at = np.flatnonzero(heads & (np.diag(columns.cross) > 0))
    found = first_dependent(columns.cross[np.ix_(at, at)])
    if found is None:
        return
    last, others, weights = found
    units = (columns.scale * np.sqrt(np.diag(columns.cross)))[at]
    mine = [*(at[i] for i in others), at[last]]
    raise _collinear(
        [columns.names[i] for i in mine],
        [columns.terms[i] for i in mine],
        weights * units[last] / units[others],
    )


def _check_shared(design: Design, cells: Sums) -> None:
    """The same for modifiers that the outcome's equation does not hold."""
    at = np.flatnonzero(design.modifiers.main_effect)
    cross = cells.modifier_cross[1:, 1:][np.ix_(at, at)]
    if not len(at) or np.linalg.eigvalsh(correlation_of(cross))[0] > EXACT:
        return
    found = first_dependent(cross)
    if found is not None:
        last, others, weights = found
        terms = [term for term in design.modifiers.terms for _ in term.names]
        mine = [*(int(at[i]) for i in others), int(at[last])]
        units = cells.modifier_scale[at] * np.sqrt(np.diag(cross))
        raise _collinear(
            [design.modifiers.names[i] for i in mine],
            [terms[i] for i in mine],
            weights * units[last] / units[others],
        )


def _collinear(names: list[str], terms: list[TermRecipe | None], weights: FloatArray) -> DataError:
    """The last column is made of the others."""
    *others, last = (f"'{name}'" for name in names)
    if len(others) == 1:
        what = f"{last} is a copy of {others[0]}"
    else:
        made = f"{', '.join(others[:-1])} and {others[-1]}"
        plain = np.allclose(weights, 1.0, rtol=1e-6)
        what = f"{last} is the sum of {made}" if plain else f"{last} follows from {made}"
    labels = list(dict.fromkeys(term.label for term in terms if term is not None))
    way = " or ".join(f"'{label}'" for label in labels)
    merge = any(e.categorical for term in terms if term is not None for e in term.encodings)
    whole = " as a whole, or merge some of its levels" if merge else ""
    return DataError(
        f"{listing(names)} are collinear: {what}, so their coefficients cannot be told apart. "
        f"Leave out {way}{whole}."
    )


def _check_varies_by_arm(design: Design, cells: Sums, columns: _Columns) -> None:
    """Refuse a numeric modifier that is one value in a whole arm: no effect can differ by it."""
    size = np.diag(columns.cross)
    for j in range(len(design.effects)) if not design.estimates else ():
        mine = np.flatnonzero(columns.effect == j)
        head, *rest = mine.tolist()
        for i in rest:
            if not _is_number(columns.terms[i]):
                continue
            if size[i] <= 0 or _copies(columns.cross, head, i):
                zero = cells.center[i + 1] == 0 and size[i] <= 0
                what = "is zero in every treated row" if zero else ""
                what = what or "does not vary among the treated rows"
                raise DataError(
                    f"'{columns.names[i]}' {what}, so the effect cannot differ by it. Leave it out."
                )
    single = len(design.effects) == 1 and design.effects[0].treatment.kind == "binary"
    if not single or not design.delta_names or design.estimates:
        return
    first = 1 + len(design.controls.names)
    cross = cells.control_cross
    for k, term in enumerate(t for t in design.modifiers.terms for _ in t.names):
        at = first + k
        if _is_number(term):
            varies = cross[at, at] - cross[0, at] ** 2 / cross[0, 0]
            if varies <= EXACT * cross[at, at]:
                raise DataError(
                    f"'{design.modifiers.names[k]}' does not vary among the untreated rows, so the "
                    "baseline cannot be told from the effect by it. Leave it out."
                )


def _is_number(term: TermRecipe | None) -> bool:
    """Whether the column is a predictor by itself, not one of several levels or powers."""
    return term is not None and len(term.encodings) == 1 and len(term.encodings[0].names) == 1


def _copies(cross: FloatArray, i: int, j: int) -> bool:
    left = cross[j, j] - cross[i, j] ** 2 / cross[i, i]
    return bool(left <= EXACT * cross[j, j])


def _check_proper(design: Design, cells: Sums) -> None:
    """Refuse directions in which neither a row nor a prior says anything.

    Raises:
        DataError: the coefficients with a flat prior, and what no row tells.
    """
    p = cells.layout.p
    directions = null_space(cells.cross[:p, :p])
    if not directions.shape[1]:
        return
    entries = resolve_priors(design, cells).coefficients
    sd = np.array([_width(entry.prior.distribution, entry.prior.parameters) for entry in entries])
    shrunk = [entry.prior.distribution in SHRINKING for entry in entries]
    sd = np.where(shrunk, cells.link_scale / cells.scale, sd)
    moved = coefficient_map(cells) @ directions  # (p, m), in units of the outcome's spread
    weighted = moved * (cells.link_scale / sd)[:, None]
    # a direction is a unit long in columns of one row's size
    values, vectors = np.linalg.eigh(weighted.T @ weighted)
    if values[0] > VAGUE:
        return
    size = np.abs(moved @ vectors[:, 0]) * cells.scale
    vague = np.flatnonzero((size > 1e-3 * size.max()) & (weighted @ vectors[:, 0] < 1e-3))
    some = [entries[i] for i in (vague if len(vague) else np.flatnonzero(size == size.max()))]
    keys = list(dict.fromkeys(entry.parameter for entry in some))
    terms = listing([f"{e.parameter} {e.term}".strip() for e in some])
    known = "; ".join(words for words, _ in silent(design, cells)[:4])
    flat = any(entry.prior.distribution == "flat" for entry in some)
    result = "the posterior is improper" if flat else "nothing holds it that arithmetic can see"
    raise DataError(
        f"the data say nothing of {terms}, and the prior, {some[0].prior.text}, nothing either, so "
        f"{result}{f' ({known})' if known else ''}. Give a prior that does, for instance "
        f"priors={{'{keys[-1]}': 'normal(0, 1)'}}, or leave priors= for it out."
    )


def _width(distribution: str, numbers: tuple[float, ...]) -> float:
    if distribution == "flat":
        return float("inf")
    return numbers[-1] if distribution in ("normal", "student_t") else 1.0


def coefficient_map(cells: Sums) -> FloatArray:
    """Coefficients as written from those of the inner columns, in units of the outcome; (p, p)."""
    matrix = np.diag(1 / cells.inner_scale)
    matrix[0, 1:] = -cells.inner_center[1:] / cells.inner_scale[1:]
    return np.asarray(cells.unmove @ matrix)


def silent(design: Design, cells: Sums) -> list[tuple[str, tuple[str, ...]]]:
    """What no row tells, in words, with the columns it is about.

    Combinations of levels without rows, or without rows of an arm; products that are empty; else
    whatever columns cannot be told apart.
    """
    columns = _Columns.of(design, cells)
    empty = np.diag(columns.cross) <= 0
    found = gaps(design, cells.level_rows)
    said = {name for _, names in found for name in names}
    for i in np.flatnonzero(empty & (columns.effect < 0)):
        if not said >= (mine := _columns_of(columns.terms[i])):
            found.append((f"'{columns.names[i]}' never varies", tuple(sorted(mine))))
    if found:
        return found
    directions = null_space(columns.cross)
    if not directions.shape[1]:
        return []
    size = np.abs(directions) * np.sqrt(np.maximum(np.diag(columns.cross), 1.0))[:, None]
    some = np.flatnonzero(size.max(axis=1) > 1e-3 * size.max())
    names = tuple(dict.fromkeys(columns.names[i] for i in some))
    factors = sorted(set().union(*(_columns_of(columns.terms[i]) for i in some)))
    if len(names) == 1:
        what = f"the effect's '{names[0]}' never varies in the rows it acts in"
    else:
        before = columns.effect < 0
        alike = null_space(columns.cross[np.ix_(before, before)]).shape[1] > 0
        where = "any row" if alike else "the rows of one arm"
        what = f"{listing(names, most=6)} cannot be told apart in {where}"
    return [(what, tuple(factors))]


def _columns_of(term: TermRecipe | None) -> set[str]:
    return set() if term is None else {e.factor.column for e in term.encodings}


def _check_noise(design: Design, cells: Sums, full_rank: bool) -> None:
    """Refuse an outcome that the columns reproduce: without noise there is nothing to infer."""
    p = cells.layout.p
    gram, size = correlation_of(cells.cross[:p, :p]), np.sqrt(np.diag(cells.cross)[:p])
    right = cells.cross[:p, p] / np.where(size > 0, size, 1.0)
    solved = (
        np.linalg.solve(gram, right)
        if full_rank
        else np.linalg.pinv(gram, rcond=EXACT, hermitian=True) @ right
    )
    if cells.cross[p, p] - right @ solved < NOISELESS * cells.cross[p, p]:
        raise DataError(
            f"outcome '{design.plan.outcome}' follows exactly from the treatment, modifiers and "
            "controls: nothing is left to chance. Is it made from one of them?"
        )


def nearly_collinear(design: Design, cells: Sums) -> tuple[tuple[str, str, float], ...]:
    """Main-effect modifiers that other terms' columns all but determine.

    Returns:
        (modifier, the other it is closest to, its variance inflation factor), worst first.
    """
    keep = np.flatnonzero(design.modifiers.main_effect)
    sums = cells.modifier_cross  # their centre is another than the rows' for binomial rows
    cross = (sums - np.outer(sums[:, 0], sums[0]) / sums[0, 0])[1:, 1:][np.ix_(keep, keep)]
    size = np.sqrt(np.diag(cross))
    correlation = cross / np.outer(size, size)
    names = [design.modifiers.names[j] for j in keep]
    terms = [t for t in design.modifiers.terms if len(t.encodings) == 1]
    term = np.repeat(np.arange(len(terms)), [len(t.names) for t in terms])
    found = []
    for t in range(len(terms) if len(terms) > 1 else 0):
        own, others = np.flatnonzero(term == t), np.flatnonzero(term != t)
        right = correlation[np.ix_(others, own)]
        solved = np.linalg.pinv(correlation[np.ix_(others, others)], hermitian=True) @ right
        left = np.maximum(1 - (right * solved).sum(axis=0), np.finfo(float).eps)
        for i, inflation in zip(own, 1 / left, strict=True):
            if inflation > NEAR_VIF:
                partner = others[np.argmax(np.abs(correlation[i, others]))]
                found.append((names[i], names[partner], float(inflation)))
    return tuple(sorted(found, key=lambda row: -row[2]))
