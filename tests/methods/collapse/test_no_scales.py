"""Known standard errors and no spread: no sd is left, and the posterior is one normal law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import forwhom as fw
from forwhom.errors import DataError
from forwhom.fitted.storage import save
from tests.methods.collapse.cases import DATA

KNOWN = {
    "outcome": "y",
    "treatment": None,
    "modifiers": "a + x",
    "std_error": "error",
    "spread": "none",
    "priors": {"lambda": {"Intercept": "normal(0.4, 2)", "a": "normal(0, 0.5)", "x": "flat"}},
}
DRAWS = 40_000


def test_draws_are_from_the_normal_law() -> None:
    fit = fw.fit(DATA, **KNOWN, draws=DRAWS)
    found = fit.fitted.diagnostics
    assert (found.method, found.check, found.passed) == ("collapse", None, True)
    columns = np.column_stack([np.ones(len(DATA["y"])), DATA["a"], DATA["x"]])
    weight = 1 / DATA["error"] ** 2
    precision = columns.T @ (columns * weight[:, None]) + np.diag([1 / 4, 1 / 0.25, 0.0])
    covariance = np.linalg.inv(precision)
    mean = covariance @ (columns.T @ (weight * DATA["y"]) + np.array([0.4 / 4, 0.0, 0.0]))
    drawn = fit.fitted.draws.coefficients[:, 0]
    root = np.linalg.cholesky(np.linalg.inv(covariance))
    white = (drawn - mean) @ root  # independent standard normals
    assert (np.abs(white.mean(axis=0)) < 4 / np.sqrt(DRAWS)).all()
    off = white.T @ white / DRAWS - np.eye(3)
    assert (np.abs(off) < 4 * np.sqrt(2 / DRAWS)).all()


def test_a_saved_fit_has_the_same_draws(tmp_path: Path) -> None:
    fit = fw.fit(DATA, **KNOWN, draws=200)
    fit.save(tmp_path / "fit.nc")
    again = fw.load(tmp_path / "fit.nc")
    assert again.passed
    np.testing.assert_array_equal(again.fitted.draws.coefficients, fit.fitted.draws.coefficients)
    assert "independent draws" in str(again)


def test_a_file_of_draws_that_ought_to_be_checked(tmp_path: Path) -> None:
    """Where an sd is learnt, a file that says nothing of the weights is refused."""
    fit = fw.fit(DATA, "y", None, "a", std_error="error", draws=200, method="collapse")
    points = fit.fitted.draws.points
    unchecked = replace(points, diagnostics=replace(points.diagnostics, check=None))
    fitted = replace(fit.fitted, draws=replace(fit.fitted.draws, points=unchecked))
    save(tmp_path / "fit.nc", fitted, {"engine": "", "source": "", "fingerprint": ""})
    with pytest.raises(DataError, match="its draws were not checked"):
        fw.load(tmp_path / "fit.nc")


def test_a_prior_with_scales_of_its_own_is_weighed() -> None:
    priors = {"lambda": {"x": "student_t(4, 0, 0.5)"}}
    fit = fw.fit(DATA, **(KNOWN | {"priors": priors}), draws=500)
    assert fit.fitted.diagnostics.method == "collapse"
    assert fit.fitted.diagnostics.statistics["k_hat"] < 0.6
