"""Which columns cannot be told apart, which nearly; what a shared baseline hides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.cells import Sums, baseline_difference, check_columns, nearly_collinear, reduce_rows
from forwhom.data import load
from forwhom.design import Design, build_design
from forwhom.errors import DataError
from forwhom.plan import make_plan
from tests.reference.survey import MODIFIERS, explicit, make_survey

DATA = make_survey()


def reduced(data: dict[str, Any], **plan: Any) -> tuple[Design, Sums]:
    made = make_plan(**{"outcome": "y", "treatment": "d"} | plan)
    design, rows = build_design(made, load(data, made.columns))
    return design, reduce_rows(design, rows)


def check(**plan: Any) -> None:
    treated = DATA["d"] == 1
    extra = {
        "twin": DATA["woman"].copy(),
        "both": DATA["woman"] + DATA["age"],
        "kept": np.where(treated, 1, DATA["woman"]),
        "lost": np.where(treated, 0, DATA["woman"]),
        "copy": DATA["d"].copy(),
        "centimes": 100 * DATA["income"] + 3,
        "four": np.full(len(treated), 4),
        "who": [f"p{i}" for i in range(len(treated))],
    }
    check_columns(*reduced(DATA | extra, **plan))


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"modifiers": "woman + twin"}, "'twin' is a copy of 'woman', so their coef"),
        ({"modifiers": "woman + age + both"}, "'both' is the sum of 'woman' and 'age', so their"),
        (
            {"modifiers": "woman + twin", "baseline": "shared"},
            "'woman', 'twin' are collinear: 'twin' is a copy",
        ),
        ({"modifiers": "age + C(age)"}, "'age', 'C(age)[35]', 'C(age)[50]' are collinear"),
        ({"modifiers": "woman", "controls": "income + centimes"}, "'income', 'centimes' are coll"),
        ({"modifiers": "woman", "controls": "twin"}, "'twin', 'woman' are collinear"),
        ({"modifiers": "woman", "controls": "copy"}, "'copy', 'd' are collinear"),
        (
            {"modifiers": "copy"},
            "'d' is a copy of 'copy', so their coefficients cannot be told apart. "
            "Leave out 'copy'.",
        ),
        ({"modifiers": "kept"}, "'kept' does not vary among the treated rows"),
        ({"modifiers": "kept", "baseline": "shared"}, "'kept' does not vary among the treated"),
        ({"modifiers": "lost"}, "'lost' is zero in every treated row"),
        ({"modifiers": "woman", "controls": "four"}, "'four' does not vary, so its coefficient"),
        ({"modifiers": "who"}, "480 coefficients and only 240 complete rows"),
    ],
)
def test_what_is_refused(plan: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError) as caught:
        check(**plan)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "plan",
    [
        {"modifiers": MODIFIERS, "controls": "income"},
        {"modifiers": "region:woman"},
        {"modifiers": "bs(income, df=6)"},
        {"modifiers": "poly(age, 2)*region"},
        {"modifiers": "region", "treatment": "dose", "baseline": "shared"},
    ],
)
def test_what_is_not(plan: dict[str, Any]) -> None:
    check(**plan)


@pytest.mark.parametrize(("noise", "named"), [(0.5, True), (4.0, False)])
def test_nearly_collinear_by_their_variance_inflation(noise: float, named: bool) -> None:
    rng = np.random.default_rng(0)
    close = DATA["income"] + noise * rng.normal(size=240)
    data = DATA | {"close": close}
    design, cells = reduced(data, modifiers="income + close + woman + income:woman")
    others = np.column_stack([np.ones(240), close, DATA["woman"]])
    y = DATA["income"]
    left = y - others @ np.linalg.lstsq(others, y)[0]
    by_hand = float(((y - y.mean()) ** 2).sum() / (left @ left))
    assert (by_hand > 20) == named
    found = nearly_collinear(design, cells)
    assert bool(found) == named
    if named:
        pair = {row[0]: row for row in found}["income"]
        assert pair[1] == "close"
        assert pair[2] == pytest.approx(by_hand, rel=1e-8)


def test_columns_of_one_term_are_not_each_others_fault() -> None:
    """Levels beside a rare first one are correlated by construction."""
    skewed = np.where(np.arange(240) < 2, "a", np.where(np.arange(240) % 2, "b", "c"))
    design, cells = reduced(DATA | {"rare": skewed}, modifiers="rare + woman")
    inflation = np.linalg.inv(np.corrcoef(np.array([skewed == "b", skewed == "c"])))
    assert inflation[0, 0] > 20
    assert nearly_collinear(design, cells) == ()


@pytest.mark.parametrize(
    "plan",
    [
        {"baseline": "shared"},
        {"baseline": "shared", "controls": "income"},
        {"preset": "alley2023"},
        {"baseline": "shared", "weights": "pweight"},
    ],
)
def test_baseline_difference_is_a_regression_on_the_untreated(plan: dict[str, Any]) -> None:
    design, cells = reduced(DATA, modifiers=MODIFIERS, **plan)
    rows = explicit(DATA, {"treatment": "d"} | plan)
    free = rows.d == 0
    root = np.sqrt(rows.w[free])[:, None]
    small = np.column_stack([np.ones(free.sum()), rows.X[free]])
    large = np.column_stack([small, rows.Z[free]])
    y = rows.y[free] * root[:, 0]
    n = float(rows.w[free].sum())

    def unexplained(columns: np.ndarray) -> float:
        left = y - (columns * root) @ np.linalg.lstsq(columns * root, y)[0]
        return float(left @ left)

    explained = unexplained(small) - unexplained(large)
    found = baseline_difference(design, cells)
    assert found == pytest.approx(
        (
            np.sqrt(explained / n),
            explained / unexplained(small),
            rows.Z.shape[1] / (n - small.shape[1]),
        ),
        rel=1e-8,  # normal equations of standardised columns
    )


def test_baseline_difference_of_a_dose_is_none() -> None:
    for asked in ({"modifiers": MODIFIERS}, {"groups": "site"}):
        design, cells = reduced(DATA, baseline="shared", treatment="dose", **asked)
        assert baseline_difference(design, cells) is None


@pytest.mark.parametrize(
    "plan", [{}, {"controls": "income + x"}, {"controls": "income", "weights": "pweight"}], ids=str
)
def test_baseline_difference_without_modifiers_is_a_regression_on_the_groups(
    plan: dict[str, Any],
) -> None:
    """The long way: an indicator for each group."""
    data = DATA | {"x": np.cos(np.arange(len(DATA["y"])))}
    design, cells = reduced(data, groups="site", baseline="shared", **plan)
    free = np.asarray(DATA["d"]) == 0
    w = np.ones(free.sum())
    if "weights" in plan:
        weight = np.asarray(DATA["pweight"], dtype=float)
        w = (weight * len(weight) / weight.sum())[free]
    root, y = np.sqrt(w)[:, None], np.asarray(DATA["y"], dtype=float)[free]
    names = [name for name in ("income", "x") if name in plan.get("controls", "")]
    small = np.column_stack([np.ones(free.sum()), *(data[name][free] for name in names)])
    site = np.asarray(DATA["site"])[free]
    sites = np.unique(site)
    large = np.column_stack([small, *((site == one).astype(float) for one in sites[1:])])

    def unexplained(columns: np.ndarray) -> float:
        left = (
            y * root[:, 0] - (columns * root) @ np.linalg.lstsq(columns * root, y * root[:, 0])[0]
        )
        return float(left @ left)

    explained = unexplained(small) - unexplained(large)
    assert baseline_difference(design, cells) == pytest.approx(
        (
            np.sqrt(explained / w.sum()),
            explained / unexplained(small),
            (len(sites) - 1) / (w.sum() - small.shape[1]),
        ),
        rel=1e-8,  # normal equations of standardised columns
    )


def test_an_outcome_without_noise_is_refused() -> None:
    rng = np.random.default_rng(0)
    d, m = rng.integers(0, 2, 60).astype(float), rng.integers(0, 3, 60).astype(float)
    data = {"y": 1 + d - 0.5 * m * d + 1e-9 * rng.normal(size=60), "d": d, "m": m}
    with pytest.raises(DataError, match=r"outcome 'y' follows exactly from .* made from one"):
        fw.fit(data, "y", "d", "m")
