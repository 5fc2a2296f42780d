"""Every sufficient statistic against explicit matrices of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forwhom.cells import EffectColumns, Sums, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import Design, Rows, build_design
from forwhom.plan import make_plan
from tests.reference.survey import CASES, MODIFIERS, explicit, make_survey

SUMS = {"rtol": 1e-10, "atol": 1e-8}  # sums of a few hundred terms of size one
DATA = make_survey()


def reduced(data: dict[str, Any], **plan: Any) -> tuple[Design, Rows, Sums]:
    made = make_plan(outcome="y", modifiers=MODIFIERS, **plan)
    design, rows = build_design(made, load(data, made.columns))
    return design, rows, reduce_rows(design, rows)


def moments(columns: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = w @ columns / w.sum()
    return mean, np.sqrt(w @ (columns - mean) ** 2 / w.sum())


@pytest.mark.parametrize("case", CASES)
def test_statistics_equal_those_of_the_rows(case: str) -> None:
    plan = CASES[case]
    design, rows, cells = reduced(DATA, **plan)
    brute = explicit(DATA, plan)
    w, Z = brute.w, brute.Z
    np.testing.assert_array_equal(rows.groups, brute.group)

    center, scale = moments(np.column_stack([brute.F, brute.y]), w)
    center[0], scale[0] = 0, 1
    np.testing.assert_allclose(
        [*cells.center, cells.outcome_center], center, rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose([*cells.scale, cells.outcome_scale], scale, rtol=1e-12)
    S = (np.column_stack([brute.F, brute.y]) - center) / scale
    np.testing.assert_allclose(cells.cross, S.T @ (S * w[:, None]), **SUMS)
    assert cells.n_rows == pytest.approx(w.sum(), rel=1e-12)

    dose_scale = (
        moments(brute.d[:, None], w)[1][0] if design.effects[0].treatment.kind == "dose" else 1.0
    )
    assert cells.dose_scale == pytest.approx(dose_scale, rel=1e-12)
    own = brute.own.copy()
    if "theta" in design.random_names and plan.get("preset") != "alley2023":
        own[:, -1] /= dose_scale
    indicator = (brute.group[:, None] == np.arange(brute.group.max() + 1)).astype(float)
    weighted = indicator * w[:, None]
    np.testing.assert_allclose(
        cells.group_cross, np.einsum("ng,nr,nq->grq", weighted, own, S), **SUMS
    )
    np.testing.assert_allclose(
        cells.group_gram, np.einsum("ng,nr,ns->grs", weighted, own, own), **SUMS
    )

    G = design.groups.count
    total = weighted.sum(axis=0)
    np.testing.assert_allclose(cells.group_weight, total[:G], rtol=1e-12)
    means = (weighted.T @ Z / total[:, None])[:G]
    np.testing.assert_allclose(cells.modifier_mean, means, rtol=1e-12, atol=1e-12)
    z_center, z_scale = moments(Z, w)
    np.testing.assert_allclose(cells.modifier_center, z_center, rtol=1e-12)
    np.testing.assert_allclose(cells.modifier_scale, z_scale, rtol=1e-12)
    standard = np.column_stack([np.ones(len(Z)), (Z - z_center) / z_scale])
    np.testing.assert_allclose(cells.modifier_cross, standard.T @ (standard * w[:, None]), **SUMS)

    free = brute.d == 0
    n_x = brute.X.shape[1]
    some = np.column_stack([S[:, : 1 + n_x], standard[:, 1:], S[:, -1]])[free]
    np.testing.assert_allclose(cells.control_cross, some.T @ (some * w[free, None]), **SUMS)

    varies = [any(np.ptp(Z[brute.group == g, j]) > 0 for g in range(G)) for j in range(Z.shape[1])]
    assert cells.modifier_varies.tolist() == varies
    if plan.get("preset") != "alley2023":
        moved = [np.ptp(brute.d[brute.group == g]) > 0 for g in range(G)]
        assert cells.within_variation == pytest.approx(np.mean(moved))


@pytest.mark.parametrize("case", CASES)
def test_small_chunks_give_the_same(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, whole = reduced(DATA, **CASES[case])
    monkeypatch.setattr("forwhom.cells.columns.CHUNK", 17)
    _, _, pieces = reduced(DATA, **CASES[case])
    assert_same(whole, pieces)


@pytest.mark.parametrize(
    "plan",
    [
        {"treatment": "d", "controls": "income"},
        {"treatment": "d", "preset": "alley2023"},
        {"treatment": "dose", "baseline": "modifiers"},
        {"treatment": "d", "groups": "site"},
    ],
)
def test_frequency_weights_are_repeated_rows(plan: dict[str, Any]) -> None:
    repeated = {name: np.repeat(values, DATA["count"]) for name, values in DATA.items()}
    design, _, weighted = reduced(DATA, weights="count", weights_kind="frequency", **plan)
    other, _, long = reduced(repeated, **plan)
    assert_same(weighted, long)
    ours, theirs = resolve_priors(design, weighted), resolve_priors(other, long)
    assert [entry.prior.text for entry in ours.all] == [entry.prior.text for entry in theirs.all]


def test_sampling_weights_do_not_care_for_their_unit() -> None:
    _, _, one = reduced(DATA, treatment="d", weights="pweight")
    _, _, other = reduced(
        DATA | {"pweight": 1e6 * DATA["pweight"]}, treatment="d", weights="pweight"
    )
    assert_same(one, other)


def test_a_far_off_origin_loses_no_digits() -> None:
    """Years near 2,000 and an outcome near a million: centred sums keep their accuracy."""
    far = DATA | {"age": DATA["age"] + 100_000, "y": DATA["y"] + 1e6}
    plan = {"treatment": "d", "modifiers": "age", "outcome": "y"}
    made = make_plan(**plan)
    near, distant = (
        reduce_rows(*build_design(made, load(data, made.columns))) for data in (DATA, far)
    )
    at = [1, 2, 4]  # delta of age, d, the outcome; d * age itself is another column now
    np.testing.assert_allclose(
        distant.cross[np.ix_(at, at)], near.cross[np.ix_(at, at)], rtol=0, atol=1e-7
    )  # 1e6 keeps 10 of 16 digits, times 240 rows


def test_rows_stand_beside_the_same_sums() -> None:
    design, rows, sums = reduced(DATA, treatment="d")
    beside = reduce_rows(design, rows, "rows")
    assert (sums.content, beside.content) == ("sums", "rows")
    for name in set(Sums.__slots__) - {"effects"}:
        np.testing.assert_equal(getattr(beside, name), getattr(sums, name))
    assert beside.likelihood.rows.sum() == sums.n_rows
    with pytest.raises(AssertionError, match="only sums were kept"):
        sums.likelihood  # noqa: B018


def assert_same(left: Sums, right: Sums) -> None:
    assert left.layout == right.layout
    assert left.content == right.content == "sums"
    for name in Sums.__slots__:
        if name not in ("layout", "effects"):
            assert_close(left, right, name)
    for one, other in zip(left.effects, right.effects, strict=True):
        for name in EffectColumns.__slots__:
            assert_close(one, other, name)


def assert_close(left: object, right: object, name: str) -> None:
    np.testing.assert_allclose(
        getattr(left, name), getattr(right, name), rtol=1e-10, atol=1e-8, err_msg=name
    )
