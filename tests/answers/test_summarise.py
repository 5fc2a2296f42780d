"""Draws to summaries, against numpy and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.answers import summarise


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("count", [2, 3, 1000, 1001])
def test_quantiles_are_numpys(level: float, count: int) -> None:
    draws = np.random.default_rng(0).standard_t(3, (4, count))
    found = summarise(draws, level)
    tail = (1 - level) / 2
    for name, probability in (("estimate", 0.5), ("conf_low", tail), ("conf_high", 1 - tail)):
        distance = np.quantile(draws, probability, axis=1) - draws.mean(axis=1)
        # order statistics are found in single precision, 24 bits, as distances from the mean
        error = found[name] - draws.mean(axis=1) - distance
        assert (np.abs(error) <= 2.0**-23 * np.ptp(draws, axis=1)).all()
    np.testing.assert_allclose(found["std_error"], np.std(draws, axis=1, ddof=1), rtol=1e-12)


def test_by_hand() -> None:
    """Zero is not positive; 90 % of -1, 0, 1, 2, 3 runs from -0.8 to 2.8."""
    found = summarise(np.array([[3.0, -1, 0, 2, 1]]), 0.9)
    assert {name: values.tolist() for name, values in found.items()} == {
        "estimate": [1.0],
        "std_error": [pytest.approx(np.sqrt(2.5), rel=1e-15)],
        "conf_low": [pytest.approx(-0.8, rel=1e-12)],
        "conf_high": [pytest.approx(2.8, rel=1e-12)],
        "prob_positive": [0.6],
    }


def test_a_narrow_row_beside_a_wide_one_keeps_its_digits() -> None:
    """Rows of very different spread and far from zero are summarised together."""
    z = np.random.default_rng(1).normal(size=1000)
    rows = np.array([1e9 + 1e6 * z, 1e-9 * z, 5 + 1e-3 * z])
    found = summarise(rows, 0.9)
    for row, center, sd in zip(range(3), (1e9, 0, 5), (1e6, 1e-9, 1e-3), strict=True):
        for name, probability in (("estimate", 0.5), ("conf_low", 0.05), ("conf_high", 0.95)):
            expected = np.quantile(z, probability)
            # single precision of a distance of at most four sds; 5 + 1e-3 z itself has 1e-13
            assert (found[name][row] - center) / sd == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("unit", [1e-60, 1e60])
def test_any_unit(unit: float) -> None:
    z = np.random.default_rng(2).normal(size=(2, 100))
    found, plain = summarise(unit * z, 0.9), summarise(z, 0.9)
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        np.testing.assert_allclose(found[name] / unit, plain[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("far", [1e6, 1e217])
def test_a_far_draw_takes_the_sd_and_nothing_else(far: float, precise: bool) -> None:
    z = np.random.default_rng(3).normal(5, 1, (2, 1000))
    wild = z.copy()
    wild[1, [0, 7, 400]] = far, 0.9 * far, -far
    found, plain = summarise(wild, 0.9, precise), summarise(z, 0.9, precise)
    assert found["std_error"][0] == plain["std_error"][0]
    assert np.isnan(found["std_error"][1])
    for name, share in (("estimate", 0.5), ("conf_low", 0.05), ("conf_high", 0.95)):
        np.testing.assert_allclose(found[name], np.quantile(wild, share, axis=1), rtol=1e-6)


def test_an_sd_is_given_where_no_draw_stands_out() -> None:
    rng = np.random.default_rng(4)
    for draws in (rng.normal(size=(50, 100)), rng.standard_t(5, (50, 4000))):
        np.testing.assert_allclose(summarise(draws, 0.9)["std_error"], draws.std(axis=1, ddof=1))
    assert summarise(np.full((1, 200), 3.0), 0.9)["std_error"][0] == 0


def test_draws_are_left_as_they_were() -> None:
    draws = np.array([[3.0, 1.0, 2.0]])
    summarise(draws, 0.95)
    assert draws.tolist() == [[3, 1, 2]]
