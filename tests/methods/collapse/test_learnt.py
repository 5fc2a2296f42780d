"""A learnt scale of two coefficients against sums over a dense grid of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import forwhom as fw
from forwhom.errors import PlanError

N, DRAWS, SCALE = 40, 40_000, 0.7
RNG = np.random.default_rng(77)
DATA = {
    "a": RNG.normal(size=N).round(3),
    "b": RNG.normal(size=N).round(3),
    "error": RNG.uniform(0.4, 1.2, N).round(3),
}
DATA["y"] = (0.3 + 0.5 * DATA["a"] + DATA["error"] * RNG.normal(size=N)).round(3)
KNOWN = {
    "outcome": "y",
    "treatment": None,
    "modifiers": "a + b",
    "std_error": "error",
    "spread": "none",
}
LEARNT = {"lambda": dict.fromkeys(("a", "b"), f"learnt({SCALE})")}


def by_grid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and sds of three coefficients, and the shares of tau below some values.

    Nothing of ours: y is one normal vector given tau, whose density is summed over a grid.
    """
    columns = np.column_stack([np.ones(N), DATA["a"], DATA["b"]])
    noise = np.diag(DATA["error"] ** 2)
    taus = (np.arange(4000) + 0.5) / 1000
    means, covariances, logs = [], [], []
    for tau in taus:
        prior = np.diag([4.0, tau**2, tau**2])
        total = noise + columns @ prior @ columns.T
        gain = np.linalg.solve(total, columns @ prior).T
        means.append(gain @ DATA["y"])
        covariances.append(prior - gain @ columns @ prior)
        log = -0.5 * np.linalg.slogdet(total)[1]
        log -= 0.5 * DATA["y"] @ np.linalg.solve(total, DATA["y"])
        logs.append(log - 0.5 * (tau / SCALE) ** 2)
    weight = np.exp(np.array(logs) - max(logs))
    weight /= weight.sum()
    mean = weight @ np.array(means)
    second = np.einsum("k,kij->ij", weight, covariances) + np.einsum(
        "k,ki,kj->ij", weight, means - mean, means - mean
    )
    return mean, np.sqrt(np.diag(second)), np.array([weight[taus < t].sum() for t in (0.2, 0.5)])


def test_against_a_grid_of_the_scale() -> None:
    priors = LEARNT | {"lambda": LEARNT["lambda"] | {"Intercept": "normal(0, 2)"}}
    fit = fw.fit(DATA, **KNOWN, priors=priors, draws=DRAWS)
    found = fit.fitted.diagnostics
    assert (found.method, found.passed) == ("collapse", True)
    few = min(DRAWS, found.statistics["proposals"] * found.statistics["effective_share"])
    mean, sd, below = by_grid()
    drawn = fit.fitted.draws.coefficients[:, 0]
    assert (np.abs(drawn.mean(axis=0) - mean) < 4 * sd / np.sqrt(few)).all()
    kurtosis = (((drawn - mean) / sd) ** 4).mean(axis=0)
    error = np.sqrt((kurtosis - 1) / (4 * few))
    assert (np.abs(drawn.std(axis=0) / sd - 1) < 4 * error).all()
    tau = np.exp(fit.fitted.draws.points.values[:, -1])
    ours = np.array([(tau < t).mean() for t in (0.2, 0.5)])
    assert (np.abs(ours - below) < 4 * np.sqrt(below * (1 - below) / few)).all()


def test_a_saved_fit_with_a_learnt_scale(tmp_path: Path) -> None:
    fit = fw.fit(DATA, **KNOWN, priors={"lambda": "learnt(0.7)"}, draws=300)
    fit.save(tmp_path / "fit.nc")
    again = fw.load(tmp_path / "fit.nc")
    np.testing.assert_array_equal(again.fitted.draws.coefficients, fit.fitted.draws.coefficients)
    assert str(again.priors()) == str(fit.priors())
    words = "normal around zero, with an sd that is learnt, half-normal of scale 0.7"
    assert words in str(again.priors())


@pytest.mark.parametrize(
    ("priors", "words"),
    [
        ({"sigma_theta": "learnt(1)"}, r"sigma_theta.*'learnt\(1\)', does not fit: .*"
         r"'learnt' is for lambda, the modifier coefficients\. It takes: half_normal"),
        ({"sigma": "learnt(1)"}, r"the prior for sigma, 'learnt\(1\)', does not fit"),
        ({"lambda": {"Intercept": "learnt(1)"}}, "not for the effect at their zero"),
        ({"lambda": "learnt(-1)"}, r"in learnt\(s\), s must be positive and finite; got -1"),
        ({"lambda": "learnt()"}, r"learnt\(s\) takes 1 number, got 0"),
        ({"lambda": "learned(1)"}, r"'learned' is not a known distribution\. .*learnt"),
        ({"lambda": {"a": "learnt(1)", "b": "learnt(2)"}}, "are shrunk together, by one prior"),
    ],
)  # fmt: skip
def test_wrong_use(priors: dict[str, object], words: str) -> None:
    data = DATA | {"d": np.arange(N) % 2}
    with pytest.raises(PlanError, match=words):
        fw.fit(data, "y", "d", "a + b", priors=priors)
