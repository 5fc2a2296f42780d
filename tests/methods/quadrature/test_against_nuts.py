"""Quadrature against NUTS on the full joint density by rows, for every family and baseline.

The posteriors of NUTS are stored; ``make references`` makes them again, and one small one is
sampled here. Groups are small: three rows in the median. Tolerances as the project's: means within
4 joint Monte Carlo standard errors; sds within 5 % or, where the two know an sd less well than
that, 4 joint standard errors. Seeds are fixed.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import forwhom as fw
from tests.posteriors import Known, differences, of_independent
from tests.reference.checksum import checksum
from tests.reference.nuts.cases import CASES, Case, group_codes, joint_of
from tests.reference.nuts.make import FOLDER, write

DRAWS, EFFECTIVE = 20_000, 12_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_quadrature_equals_nuts(case: Case) -> None:
    assert np.median(np.bincount(group_codes(case.data())[1])) == 3
    compare(case, FOLDER)


def test_quadrature_equals_nuts_sampled_now(tmp_path: Path) -> None:
    case = Case("bernoulli", "logit", "group", rows=40)
    made = write(case, tmp_path, draws=1000)["made"]
    assert made["divergences"] <= 5
    compare(case, tmp_path)


def test_every_stored_posterior_has_a_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {case.name for case in CASES}


def compare(case: Case, folder: Path) -> None:
    path, data = folder / f"{case.name}.json", case.data()
    assert path.exists(), f"{case.name} has no stored posterior: make references CASES={case.name}"
    stored = json.loads(path.read_text())
    stale = f"the case has changed since {path.name} was made: make references CASES={case.name}"
    assert stored["data"] == checksum(data), stale
    assert stored["priors"] == case.priors(), stale
    assert stored["made"]["rhat"] < 1.01
    assert stored["made"]["divergences"] <= 5
    fit = fw.fit(
        data,
        "y",
        "d",
        "a + m",
        family=case.family,
        link=case.link,
        baseline=case.baseline,
        trials="trials" if "trials" in data else None,
        event="event" if "event" in data else None,
        treatment_type="dose" if case.dose else "binary",
        priors=case.priors(),
        bins=12,
        method="quadrature",
        draws=DRAWS,
        seed=3,
    )
    found = fit.fitted.diagnostics.check
    assert found.k_hat < 0.7
    assert found.effective_share >= 0.3
    ours, theirs = quantities(fit, case), stored["quantities"]
    assert ours.keys() == theirs.keys()
    pairs = {
        key: (of_independent(draws, EFFECTIVE), Known(*theirs[key])) for key, draws in ours.items()
    }
    assert differences(pairs) == {}


def quantities(fit: fw.Fit, case: Case) -> dict[str, np.ndarray]:
    """Our draws (D,) by the names of the stored posteriors."""
    result = fit.estimands[0]
    out = {"alpha[1]": result.alpha}
    out |= {f"delta[{j + 1}]": column for j, column in enumerate(result.delta.T)}
    out |= {f"lambda[{j + 1}]": column for j, column in enumerate(result.lambda_.T)}
    for name, values in result.parameters.items():
        out |= {f"{name}[{j + 1}]": column for j, column in enumerate(values.T)}
    out["sigma_theta"] = result.sigma_theta
    groups = result.design.groups
    z = np.column_stack([np.asarray(groups.column_values(j)) for j in range(2)])
    np.testing.assert_array_equal(z, group_codes(case.data())[0])
    theta = result.theta()
    out |= {f"theta[{g + 1}]": draws for g, draws in enumerate(theta)}
    if case.baseline == "group":
        out["sigma_b"] = result.sigma_b
        b = result.baselines() - z @ result.delta.T
        out |= {f"b[{g + 1}]": draws for g, draws in enumerate(b)}
        eta = result.lambda_ @ np.r_[1.0, z[3]]
        out["b*u"] = b[3] * (theta[3] - eta)
    return out


def test_the_joint_densitys_gradient_is_its_slope() -> None:
    """NUTS with a wrong gradient is still right, but slow; with a wrong density it is not."""
    for case in CASES:
        joint = joint_of(case, case.data())
        p, r, h = joint.dims
        rng = np.random.default_rng(5)
        x = 0.3 * rng.standard_normal(p + r * h + r + sum(joint.sizes))
        step = rng.standard_normal(len(x))
        up, down = (joint.logp(x + s * 1e-5 * step)[0] for s in (1, -1))
        slope = joint.logp(x)[1] @ step
        assert (up - down) / 2e-5 == pytest.approx(slope, rel=1e-4, abs=1e-4), case.name


def test_the_rows_densities_are_the_families() -> None:
    """Up to what depends on the data alone; forwhom's are held to scipy's on their own."""
    for case in CASES:
        joint = joint_of(case, case.data())
        own = np.linspace(0.4, 1.5, sum(joint.sizes))
        ends = np.cumsum((0, *joint.sizes))
        parts = [own[a:b, None] for a, b in pairwise(ends)]
        apart = []
        for eta in np.random.default_rng(2).normal(size=(2, len(joint.F))):
            value, pull, slopes = joint.rows(eta, own)
            theirs = joint.family.derivatives(joint.outcome, eta[:, None], case.link, parts)
            np.testing.assert_allclose(pull, theirs.first[:, 0], rtol=1e-8, atol=1e-10)
            expected = [one.sum(axis=(1, 2)) for one in theirs.parameters]
            np.testing.assert_allclose(slopes, np.hstack([*expected, []]), rtol=1e-8, atol=1e-8)
            apart.append(value - theirs.value.sum())
        assert apart[0] == pytest.approx(apart[1], abs=1e-8), case.name
