"""Effects in new groups against their law written out, on a posterior held in hand."""

from __future__ import annotations

import numpy as np
import pytest

import forwhom as fw
from forwhom.data import load
from forwhom.fitted import draw_new_groups


def rows(n: int = 300) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    site, z = np.repeat(np.arange(15.0), n // 15), np.repeat(rng.normal(size=15).round(2), n // 15)
    d, x = rng.integers(0, 2, n).astype(float), rng.normal(size=n).round(2)
    eta = -0.3 + 0.4 * x + rng.normal(size=15)[site.astype(int)] * 0.5 + d * (0.6 + 0.5 * z)
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return {"y": y, "d": d, "z": z, "x": x, "site": site}


@pytest.fixture(scope="module")
def fit() -> fw.Fit:
    return fw.fit(rows(), "y", "d", "z", "x", groups="site", family="bernoulli", draws=4000)


NEW = {"z": [0.5, -1.0], "x": [0.2, 1.5]}


def test_the_average_of_new_groups_is_the_equation(fit: fw.Fit) -> None:
    table = load(NEW, ("z", "x"))
    (found,) = draw_new_groups(fit.estimands, table, spread=False, seed=1)
    result = fit.estimands[0]
    for row, (z, x) in enumerate(zip(NEW["z"], NEW["x"], strict=True)):
        theta = result.lambda_ @ [1, z]
        baseline = result.alpha + result.beta[:, 0] * x + result.delta[:, 0] * z
        np.testing.assert_allclose(found.theta[row], theta, rtol=1e-12)
        np.testing.assert_allclose(found.baseline[row], baseline, rtol=1e-12)
        response = fit.predict(NEW, spread=False)
        plus, minus = (1 / (1 + np.exp(-e)) for e in (baseline + theta, baseline))
        estimate = np.asarray(response.columns["estimate"])[row]
        assert estimate == pytest.approx(np.median(100 * (plus - minus)), rel=1e-9)


def test_a_new_group_has_a_part_of_its_own(fit: fw.Fit) -> None:
    """Its residuals are standard normal once divided by the spread: 4 standard errors."""
    table, result = load(NEW, ("z", "x")), fit.estimands[0]
    (average,) = draw_new_groups(fit.estimands, table, spread=False, seed=1)
    (found,) = draw_new_groups(fit.estimands, table, spread=True, seed=1)
    assert result.sigma_theta is not None
    assert result.sigma_b is not None
    draws = len(result.alpha)
    for new, old, sigma in (
        (found.theta, average.theta, result.sigma_theta),
        (found.baseline, average.baseline, result.sigma_b),
    ):
        z = (new - old) / sigma
        assert abs(z.mean()) < 4 / np.sqrt(z.size)
        assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)
        assert abs(np.corrcoef(z)[0, 1]) < 4 / np.sqrt(draws)


def test_the_table_says_whose_effect_it_is(fit: fw.Fit) -> None:
    table = fit.predict(NEW)
    assert table.n_rows == 2
    assert list(table.columns)[:4] == ["treatment", "row", "z", "x"]
    assert "A new group with these modifiers" in table.notes[0]
    assert "percentage points" in table.notes[-1]
    width = [
        np.asarray(fit.predict(NEW, spread=spread, scale="link").columns["std_error"])
        for spread in (True, False)
    ]
    assert (width[0] > width[1]).all()


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"z": [0.5], "x": [None]}, "new data: 'x' is missing in 1 row"),
        ({"z": [0.5]}, "'x'"),
        (None, "predict() needs data: the values of 'z', 'x' for every new group"),
    ],
)
def test_refused(fit: fw.Fit, new: object, message: str) -> None:
    with pytest.raises(fw.DataError) as caught:
        fit.predict(new)
    assert message in str(caught.value)


def test_a_level_that_the_data_do_not_hold() -> None:
    data = rows() | {"kind": np.array(["a", "b", "c"] * 100)}
    fit = fw.fit(data, "y", "d", "kind", family="bernoulli", draws=200)
    with pytest.raises(fw.DataError, match="'d'"):
        fit.predict({"kind": ["a", "d"]})
    assert fit.predict({"kind": ["c", "a"]}).n_rows == 2
