"""Dates as numbers, seconds since 1970 and the like fit as their centred copies do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import forwhom as fw

N = 500
RNG = np.random.default_rng(127)
M = RNG.integers(0, 5, N).astype(float)
W = RNG.normal(0, 1, N).round(1)
R = np.array(["a", "b", "c"])[RNG.integers(0, 3, N)]
D = RNG.integers(0, 2, N).astype(float)
DOSE = RNG.gamma(2, 1, N)
Y = 0.5 * D + 0.2 * M + 0.3 * D * M + 0.2 * W * M * D + RNG.normal(0, 1, N)
SITE = RNG.integers(0, 15, N)
PLACES = {
    "year": 2016 + M,
    "month": 201601 + M,
    "day": 20160101 + M,
    "seconds": 1.45e9 + 86400 * M,
    "milliseconds": 1.45e12 + 864e5 * M,
    "1e5": 1e5 + M,
    "below zero": M - 1e6,
    "tiny": 1e-9 * (M - 2),
    "huge": 1e12 * (M - 2),
}
PLANS: dict[str, dict[str, Any]] = {
    "modifier": {"modifiers": "x"},
    "product": {"modifiers": "x*w"},
    "levels": {"modifiers": "x*r"},
    "slopes by level": {"modifiers": "r + x:r"},
    "three": {"modifiers": "x*w*r"},
    "control": {"groups": "site", "controls": "x*w"},
    "shared": {"modifiers": "x*w", "baseline": "shared"},
    "no spread": {"modifiers": "x", "spread": "none"},
    "dose": {"modifiers": "x", "treatment": "dose"},
    "centred": {"modifiers": "center(x)*r"},
    "scaled": {"modifiers": "scale(x)"},
    "curve": {"modifiers": "poly(x, 2)"},
    "bernoulli": {"modifiers": "x", "outcome": "yb", "family": "bernoulli"},
    "poisson": {"modifiers": "x*r", "outcome": "count", "family": "poisson"},
}


def fit(x: np.ndarray, **plan: Any) -> fw.Fit:
    data = {
        "y": Y, "yb": (Y > 1) * 1, "count": RNG_COUNT, "d": D, "dose": DOSE, "x": x, "w": W,
        "r": R, "site": SITE,
    }  # fmt: skip
    words = {"outcome": "y", "treatment": "d", "groups": "site", "draws": 4000} | plan
    return fw.fit(data, **words)


RNG_COUNT = RNG.poisson(np.exp(0.3 * D + 0.1 * M))


@pytest.mark.parametrize("plan", PLANS)
def test_the_centred_copy_and_every_other_place_agree(plan: str) -> None:
    """Effects and their standard errors, by Monte Carlo error.

    The default priors differ a little: of an intercept at zero beside one at the mean.
    """
    centred = fit(M - 2, **PLANS[plan])
    one = centred.effects(scale="link").to_dict()
    estimate, error = np.array(one["estimate"]), np.array(one["std_error"])
    assert centred.passed
    for place, x in PLACES.items():
        found = fit(x, **PLANS[plan])
        other = found.effects(scale="link").to_dict()
        assert found.passed, place
        # a median of 4,000 draws has an error of 1.25 / sqrt(4000) = 0.02 sd, and so has the other
        off = (np.array(other["estimate"]) - estimate) / error
        assert np.abs(off).max() < 0.12, place
        ratio = np.array(other["std_error"]) / error
        np.testing.assert_allclose(ratio, 1, rtol=0.06, err_msg=place)
        assert not [c for c in found.warnings if c.code == "empty_levels"], place


@pytest.mark.parametrize("place", ["month", "day", "milliseconds", "below zero"])
def test_a_slope_is_the_centred_copy_s(place: str) -> None:
    x = PLACES[place]
    unit = (x[1] - x[0]) / (M[1] - M[0])
    row = {r["term"]: r for r in _rows(fit(M - 2, modifiers="x"))}["x"]
    other = {r["term"]: r for r in _rows(fit(x, modifiers="x"))}["x"]
    assert abs(other["estimate"] * unit - row["estimate"]) < 0.12 * row["std_error"]


def test_new_rows_are_predicted_alike() -> None:
    new = np.array([0.0, 2.0, 4.0])
    near = fit(M - 2, modifiers="x*w").predict({"x": new - 2, "w": [0.0, 1.0, -1.0]}).to_dict()
    far = fit(20160101 + M, modifiers="x*w").predict(
        {"x": 20160101 + new, "w": [0.0, 1.0, -1.0]}
    ).to_dict()  # fmt: skip
    off = np.array(far["estimate"]) - np.array(near["estimate"])
    assert np.abs(off / np.array(near["std_error"])).max() < 0.12


def test_a_saved_fit_draws_the_same(tmp_path: Any) -> None:
    found = fit(20160101 + M, modifiers="x*w", priors={"lambda": {"x": "normal(0, 1e-6)"}})
    found.save(tmp_path / "fit.nc")
    again = fw.load(tmp_path / "fit.nc")
    for name in ("estimate", "std_error"):
        np.testing.assert_allclose(
            again.effects().to_dict()[name], found.effects().to_dict()[name], rtol=1e-9
        )


def test_nuts_by_name() -> None:
    exact = fit(20160101 + M, modifiers="x", spread="none")
    nuts = fit(20160101 + M, modifiers="x", spread="none", method="nuts", draws=2000)
    assert nuts.passed
    one, other = exact.average().row(0), nuts.average().row(0)
    assert abs(one["estimate"] - other["estimate"]) < 0.2 * one["std_error"]
    assert other["std_error"] == pytest.approx(one["std_error"], rel=0.1)


def test_what_does_not_vary_is_still_said() -> None:
    with pytest.raises(fw.DataError, match="'x' does not vary among the treated rows"):
        fit(np.where(D == 1, 20160101.0, 20160101 + M), modifiers="x")
    with pytest.raises(fw.DataError, match="'x' does not vary among the untreated rows"):
        fit(np.where(D == 0, 20160101.0, 20160101 + M), modifiers="x")
    with pytest.raises(fw.DataError, match="'x' does not vary, so its coefficient"):
        fit(np.full(N, 20160101.0), modifiers="x")


def _rows(found: fw.Fit) -> list[dict[str, Any]]:
    table = found.modifiers()
    return [table.row(i) for i in range(table.n_rows)]
