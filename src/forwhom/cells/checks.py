"""Can the columns be told apart? Exact collinearity is refused, near collinearity is named."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forwhom.cells.reduce import Cells
from forwhom.design import Design
from forwhom.errors import DataError, listing
from forwhom.families import FAMILIES

FloatArray = NDArray[np.float64]

EXACT = 1e-9  # smallest eigenvalue of the columns' correlations that still counts as distinct
NOISELESS = 1e-12  # share of the outcome's variance that the columns leave over
UNTREATED = " among the untreated rows"
NEAR_VIF = 20.0  # a modifier with R^2 above 0.95 on the others


def check_columns(design: Design, cells: Cells) -> None:
    """Refuse columns that are constant, or that others add up to.

    Raises:
        DataError: the terms, by name, and the way out; or an outcome without noise.
    """
    several = len(design.effects) > 1
    names = [*design.controls.names, *design.delta_names]
    for effect in design.effects:
        of = f" of {effect.treatment.name}" if several else ""
        names += [f"{name}{of}" for name in effect.lambda_names]
    if design.estimates:
        names = names[1:]  # the intercept is not among the columns that are compared
    cross = cells.cross[1 : cells.layout.p, 1 : cells.layout.p]
    size = np.diag(cross)
    spare = 0 if FAMILIES[design.plan.family].sufficient else 1  # a row for the noise
    if cells.layout.p + spare > design.usage.n_used:
        raise DataError(
            f"{cells.layout.p} coefficients and only {design.usage.n_used:,} complete rows: use "
            "fewer modifiers or controls."
        )
    _check_arms(design)
    flat = np.flatnonzero(size <= 1e-12 * cells.n_rows)
    if len(flat):
        what = "does not vary"
        if flat[0] >= cells.layout.lambda_.start - 1:
            what = "is zero in every treated row"
        raise DataError(
            f"'{names[flat[0]]}' {what}, so its coefficient cannot be learnt. Leave the term out."
        )
    correlation = cross / np.sqrt(np.outer(size, size))
    effect = max(cells.layout.lambda_.start - 1, 0)  # the treatment itself
    found = _dependent(correlation[:effect, :effect])
    if not len(found):  # the baseline is sound, the effect's equation may not be
        found = _dependent(correlation)
    if not len(found):
        if cells.likelihood is None:
            _check_noise(design, cells)
        return
    if several or design.estimates:
        raise DataError(
            f"{listing(dict.fromkeys(names[j] for j in found))} are collinear: one is a copy or a "
            "sum of the others, so their coefficients cannot be told apart. Leave one out."
        )
    involved = list(dict.fromkeys(names[j] for j in found if j != effect))
    if effect in found and found[0] >= effect and len(involved) == 1:
        raise DataError(
            f"'{involved[0]}' does not vary among the treated rows, so the effect cannot differ "
            "by it. Leave it out."
        )
    copied = len(_dependent(correlation[: effect + 1, : effect + 1])) > 0  # of the treatment
    scope = _scope(design, cells, copied)
    if len(involved) == 1 and scope == UNTREATED:
        raise DataError(
            f"'{involved[0]}' does not vary{scope}, so the baseline cannot be told from the effect "
            "by it. Leave it out."
        )
    if effect in found and found[0] < effect:
        involved.append(design.plan.treatment)
    raise DataError(
        f"{listing(involved)} are collinear{scope}: one is a copy or a sum of the "
        "others, so their coefficients cannot be told apart. Leave one out."
    )


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


def _check_noise(design: Design, cells: Cells) -> None:
    """Refuse an outcome that the columns reproduce: without noise there is nothing to infer."""
    p = cells.layout.p
    gram, right = cells.cross[:p, :p], cells.cross[:p, p]
    left_over = cells.cross[p, p] - right @ np.linalg.solve(gram, right)
    if left_over < NOISELESS * cells.cross[p, p]:
        raise DataError(
            f"outcome '{design.plan.outcome}' follows exactly from the treatment, modifiers and "
            "controls: nothing is left to chance. Is it made from one of them?"
        )


def _dependent(correlation: FloatArray) -> NDArray[np.int64]:
    """Indices of columns that a sum of zero is made of; empty where there is none."""
    if not len(correlation):
        return np.empty(0, dtype=np.int64)
    eigenvalues, vectors = np.linalg.eigh(correlation)
    loading = np.abs(vectors[:, 0])
    if eigenvalues[0] > EXACT:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(loading > 1e-3 * loading.max())


def _scope(design: Design, cells: Cells, copied: bool) -> str:
    """Whether the dependence is in all rows or among those of one arm alone."""
    k = len(design.modifiers.names)
    if not k:
        return ""
    cross = cells.modifier_cross[1:, 1:]
    size = np.sqrt(np.outer(np.diag(cross), np.diag(cross)))
    everywhere = np.linalg.eigvalsh(cross / np.maximum(size, 1e-300))[0] <= EXACT
    if everywhere or len(design.controls.names):
        return ""
    rows = np.r_[0, 1 : 1 + k]  # of the untreated: [1, modifiers]
    untreated = cells.control_cross[np.ix_(rows, rows)]
    size = np.sqrt(np.maximum(np.diag(untreated), 1e-300))
    alone = np.linalg.eigvalsh(untreated / np.outer(size, size))[0] <= EXACT
    few = alone and not copied and design.delta_names and design.treatment.kind == "binary"
    return UNTREATED if few else " among the treated rows"


def nearly_collinear(design: Design, cells: Cells) -> tuple[tuple[str, str, float], ...]:
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


def baseline_difference(design: Design, cells: Cells) -> tuple[float, float, float] | None:
    """What a shared baseline hides: how far the untreated rows' outcomes differ by the modifiers.

    Returns:
        (sd of the baselines that the modifiers predict, in outcome units; share of the untreated
        outcome's variance they explain; the share that chance alone would explain), or None for a
        dose and where there are too few untreated rows.
    """
    k = len(design.modifiers.names)
    if not k:
        return _between_groups(cells)
    n_before = cells.layout.beta.stop
    cross = cells.control_cross
    n = cross[0, 0]
    if design.treatment.kind == "dose" or n < n_before + k + 5:
        return None

    def unexplained(columns: list[int]) -> float:
        gram = cross[np.ix_(columns, columns)]
        right = cross[columns, -1]
        return float(cross[-1, -1] - right @ np.linalg.lstsq(gram, right, rcond=1e-10)[0])

    before = list(range(n_before))
    without = unexplained(before)
    explained = max(without - unexplained([*before, *range(n_before, n_before + k)]), 0.0)
    if without <= 0:
        return None
    sd = float(np.sqrt(explained / n)) * cells.outcome_scale
    return sd, explained / without, k / (n - n_before)


def _between_groups(cells: Cells) -> tuple[float, float, float] | None:
    """The same where no modifier says how groups differ: by the groups' own means."""
    if not cells.control_within.size:
        return None
    n, count = cells.control_cross[0, 0], cells.control_groups
    controls = cells.control_within.shape[1] - 1
    if count < 2 or n < controls + count + 5:
        return None

    def unexplained(cross: FloatArray) -> float:
        right = cross[:-1, -1]
        solved = np.linalg.lstsq(cross[:-1, :-1], right, rcond=1e-10)[0] if controls else right
        return float(cross[-1, -1] - right @ solved)

    without, within = (unexplained(cross) for cross in cells.control_within)
    if without <= 0:
        return None
    explained = max(without - within, 0.0)
    sd = float(np.sqrt(explained / n)) * cells.outcome_scale
    return sd, explained / without, (count - 1) / (n - 1 - controls)
