"""Default priors at values worked out by hand, and where each prior comes from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forwhom.cells import Priors, in_words, reduce_rows, resolve_priors
from forwhom.data import load
from forwhom.design import build_design
from forwhom.plan import make_plan

# A full factorial: y has mean 12 and sd 2, m mean 2 and sd 1, x mean and sd 0.5, dose sd 5.
_GRID = np.array([(d, m, x) for d in (0, 1) for m in (1, 3) for x in (0, 1)] * 2)
DATA: dict[str, Any] = {
    "d": _GRID[:, 0],
    "dose": 10 * _GRID[:, 0],
    "m": _GRID[:, 1],
    "x": _GRID[:, 2],
    "y": np.repeat([10, 14], 8),
}


def priors(**plan: Any) -> Priors:
    made = make_plan(
        **{"outcome": "y", "treatment": "d", "modifiers": "m", "family": "gaussian"} | plan
    )
    design, rows = build_design(made, load(DATA, made.columns))
    return resolve_priors(design, reduce_rows(design, rows))


def texts(found: Priors) -> dict[str, str]:
    return {f"{p.parameter} {p.term}".strip(): p.prior.text for p in found.all}


def test_defaults_by_hand() -> None:
    """alpha: sqrt(5^2 + (5 * 2)^2 + (10 * 0.5)^2) = 12.2; lambda: sqrt(5^2 + (2 * 2)^2) = 6.40."""
    found = priors(controls="x")
    assert texts(found) == {
        "alpha": "normal(12, 12.2)",
        "beta x": "normal(0, 10)",
        "delta m": "normal(0, 5)",
        "lambda Intercept": "normal(0, 6.4)",
        "lambda m": "normal(0, 2)",
        "sigma_b": "half_normal(2)",
        "sigma_theta": "half_normal(2)",
        "sigma": "half_student_t(3, 5)",
    }
    assert {entry.source for entry in found.all} == {"default"}


def test_defaults_of_a_dose_are_per_unit() -> None:
    """Unit 5: lambda 2 / 5; its intercept sqrt((5 / 5)^2 + (0.4 * 2)^2) = 1.28."""
    found = texts(priors(treatment="dose", treatment_type="dose"))
    assert found["lambda m"] == "normal(0, 0.4)"
    assert found["lambda Intercept"] == "normal(0, 1.28)"
    assert found["sigma_theta"] == "half_normal(0.4)"
    assert found["sigma_b"] == "half_normal(2)"
    assert found["delta m"] == "normal(0, 5)"


def test_a_shared_baseline_and_no_spread_have_fewer() -> None:
    found = texts(priors(baseline="shared", spread="none"))
    assert list(found) == ["alpha", "lambda Intercept", "lambda m", "sigma"]
    assert found["alpha"] == "normal(12, 5)"


@pytest.mark.parametrize("factor", [1e12, 1e-12])
def test_defaults_follow_the_outcomes_unit(factor: float) -> None:
    made = make_plan(outcome="y", treatment="d", modifiers="m", controls="x", family="gaussian")
    design, rows = build_design(made, load(DATA | {"y": factor * DATA["y"]}, made.columns))
    scaled = resolve_priors(design, reduce_rows(design, rows))
    for ours, plain in zip(scaled.all, priors(controls="x").all, strict=True):
        assert ours.prior.distribution == plain.prior.distribution
        expected = [p * factor for p in plain.prior.parameters]
        if plain.prior.distribution == "half_student_t":
            expected[0] = plain.prior.parameters[0]  # degrees of freedom have no unit
        assert list(ours.prior.parameters) == pytest.approx(expected, rel=1e-12)


def test_presets_and_the_users_own_are_told_apart() -> None:
    found = priors(
        preset="alley2026", priors={"lambda": {"m": "student_t(4, 0, 0.1)"}, "sigma": "flat"}
    )
    sources = {f"{p.parameter} {p.term}".strip(): (p.prior.text, p.source) for p in found.all}
    assert sources == {
        "alpha": ("normal(0, 1)", "preset alley2026"),
        "delta m": ("normal(0, 0.5)", "preset alley2026"),
        "lambda Intercept": ("normal(0, 0.5)", "preset alley2026"),
        "lambda m": ("student_t(4, 0, 0.1)", "yours"),
        "sigma_b": ("half_normal(1)", "preset alley2026"),
        "sigma_theta": ("half_normal(1)", "preset alley2026"),
        "sigma": ("flat", "yours"),
    }


def test_equal_neighbours_share_a_row() -> None:
    found = in_words(priors(priors={"lambda": "normal(0, 1)"}, controls="x"))
    assert ("lambda", "all", "normal(0, 1)", "yours") in found
    assert ("beta", "x", "normal(0, 10)", "default") in found
    assert ("alpha", "", "normal(12, 12.2)", "default") in found
    assert len(found) == 7
