"""Quadrature against NUTS on the full joint density by rows, for every family and baseline.

Groups are small: three rows in the median. Tolerances as the project's: means within 4 joint Monte
Carlo standard errors; sds within 5 % or, where the two know an sd less well than that, 4 joint
standard errors. Seeds are fixed.
"""

from __future__ import annotations

import arviz_stats
import numpy as np
import pytest

import forwhom as fw
from forwhom.families import FAMILIES, Outcome, lay_out
from tests.reference.joint_family import FamilyJoint, sample

CASES = [
    *[(f.name, f.links[0], "group") for f in FAMILIES.values() if not f.several],
    ("bernoulli", "probit", "group"),
    ("bernoulli", "cloglog", "group"),
    ("bernoulli", "logit", "modifiers"),
    ("bernoulli", "logit", "shared"),
    ("poisson", "log", "modifiers"),
    ("ordinal", "probit", "shared"),
]


def simulate(name: str, link: str, dose: bool) -> dict[str, np.ndarray]:
    """150 rows in 48 groups."""
    rng = np.random.default_rng(21)
    n = 150
    a, m = rng.integers(0, 6, n).astype(float), rng.integers(0, 8, n).astype(float)
    group = (a * 8 + m).astype(int)
    d = rng.integers(0, 2, n).astype(float)
    if dose:
        d = np.round(rng.gamma(2.0, 0.4, n), 1)
    theta = 0.5 - 0.2 * a + 0.1 * m + 0.5 * rng.normal(size=48)[group]
    eta = 0.3 + 0.1 * a - 0.05 * m + 0.4 * rng.normal(size=48)[group] + theta * d
    family = FAMILIES[name]
    data = {"d": d, "a": a, "m": m}
    levels = 4 if family.support == "ordered" else 0
    if name == "binomial":
        data["trials"] = rng.integers(2, 7, n).astype(float)
    start = Outcome.of(np.zeros(n), data.get("trials"), levels=levels)
    if name == "piecewise_exponential":
        levels, start = 3, start.in_intervals(np.array([0.5, 2.0, 9.0]), np.empty(0), np.empty(0))
    own = [np.full((parameter.size(levels), 1), 1.2) for parameter in family.parameters]
    y = family.draw(rng, eta[:, None], link, own, start)[:, 0]
    if family.support == "unit":
        y = np.clip(y, 0.01, 0.99)
    if family.support == "time":
        limit = rng.exponential(6.0, n)
        data["event"] = (y <= limit).astype(float)
        y = np.minimum(y, limit)
    return data | {"y": y}


def compare(name: str, link: str, baseline: str, dose: bool = False) -> None:
    data = simulate(name, link, dose)
    family = FAMILIES[name]
    rates = tuple(1.0 for _ in family.parameters)
    priors = {
        "alpha": "normal(0, 1.5)",
        "lambda": "normal(0, 0.7)",
        "sigma_theta": "half_normal(0.8)",
    }
    priors |= {p.name: "gamma(2, 1)" if p.positive else "normal(0, 1)" for p in family.parameters}
    if baseline != "shared":
        priors["delta"] = "normal(0, 1)"
    if baseline == "group":
        priors["sigma_b"] = "half_normal(0.6)"
    fit = fw.fit(
        data,
        "y",
        "d",
        "a + m",
        family=name,
        link=link,
        baseline=baseline,
        trials="trials" if "trials" in data else None,
        event="event" if "event" in data else None,
        treatment_type="dose" if dose else "binary",
        priors=priors,
        bins=12,
        method="quadrature",
        draws=20_000,
        seed=3,
    )
    found = fit.result.diagnostics
    assert found.k_hat < 0.7
    assert found.effective_share > 0.3
    z = np.column_stack([data["a"], data["m"]])
    d, one = data["d"], np.ones((150, 1))
    F = np.hstack([one, *([] if baseline == "shared" else [z]), d[:, None], d[:, None] * z])
    _, codes = np.unique(data["a"] * 8 + data["m"], return_inverse=True)
    y = np.log(data["y"]) if name == "lognormal" else data["y"]
    if family.support == "ordered":
        y = np.unique(y, return_inverse=True)[1].astype(float)
    levels = fit.result.design.outcome.n_levels
    outcome = Outcome.of(y, data.get("trials"), data.get("event"), levels)
    if ends := fit.result.design.outcome.ends:
        outcome = outcome.in_intervals(np.array(ends), *lay_out(y, data["event"], np.array(ends)))
    joint = FamilyJoint(
        family=FAMILIES["gaussian"] if name == "lognormal" else family,
        link=link,
        outcome=outcome,
        F=F,
        own=(np.ones(150), d) if baseline == "group" else (d,),
        group=codes,
        prior_mean=np.zeros(F.shape[1]),
        prior_sd=np.r_[1.5, *([] if baseline == "shared" else [1.0, 1.0]), 0.7, 0.7, 0.7],
        tau_scale=np.array([0.6, 0.8] if baseline == "group" else [0.8]),
        sizes=tuple(parameter.size(levels) for parameter in family.parameters),
        rates=rates,
    )
    reference = sample(joint, float(np.median(fit.result.alpha)), draws=3000, seed=8)
    ours, theirs = quantities(fit, reference, baseline)
    wrong = {}
    for key, sampled in theirs.items():
        exact = ours[key]
        error = np.hypot(arviz_stats.mcse(sampled, method="mean"), exact.std() / np.sqrt(12_000))
        off = abs(exact.mean() - sampled.mean()) / error
        fourth = ((exact - exact.mean()) ** 4).mean() / exact.var() ** 2
        own_error = exact.std() * np.sqrt((fourth - 1) / (4 * 12_000))
        sd_error = np.hypot(arviz_stats.mcse(sampled, method="sd"), own_error)
        apart = abs(exact.std() - sampled.std()) / max(0.05 * sampled.std(), 4 * sd_error)
        if off > 4 or apart > 1:
            wrong[key] = (round(float(off), 2), round(float(apart), 2))
    assert not wrong


def quantities(
    fit: fw.Fit, reference: dict[str, np.ndarray], baseline: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every scalar of both posteriors by one name; draws (D,) and (chain, draw)."""
    result, phi = fit.result, reference["phi"]
    columns = np.column_stack([result.alpha, result.delta, result.lambda_])
    ours = {f"phi[{j}]": columns[:, j] for j in range(columns.shape[1])}
    theirs = {f"phi[{j}]": phi[..., j] for j in range(phi.shape[-1])}
    ours["sigma_theta"], theirs["sigma_theta"] = result.sigma_theta, reference["tau"][..., -1]
    own = np.hstack([values for _, values in result.parameters] or [np.empty((20_000, 0))])
    for j in range(own.shape[1]):
        ours[f"own[{j}]"], theirs[f"own[{j}]"] = own[:, j], reference["own"][..., j]
    groups = result.design.groups
    z = np.column_stack(
        [np.ones(groups.count), *(np.asarray(groups.column_values(j)) for j in range(2))]
    )
    eta = np.einsum("cdk,gk->cdg", phi[..., -3:], z)
    theta = result.local.theta()
    for g in range(groups.count):
        ours[f"theta[{g}]"] = theta[g]
        theirs[f"theta[{g}]"] = eta[..., g] + reference["u"][:, :, -1, g]
    if baseline == "group":
        ours["sigma_b"], theirs["sigma_b"] = result.sigma_b, reference["tau"][..., 0]
        b = result.local.baselines() - z[:, 1:] @ result.delta.T
        for g in range(groups.count):
            ours[f"b[{g}]"], theirs[f"b[{g}]"] = b[g], reference["u"][:, :, 0, g]
        # a baseline and an effect of one group lean on the same rows: their product must agree
        ours["b*u"] = b[3] * (theta[3] - z[3] @ result.lambda_.T)
        theirs["b*u"] = reference["u"][:, :, 0, 3] * reference["u"][:, :, 1, 3]
    return ours, theirs


@pytest.mark.parametrize(
    ("name", "link", "baseline"), CASES, ids=["-".join(case) for case in CASES]
)
def test_quadrature_equals_nuts(name: str, link: str, baseline: str) -> None:
    compare(name, link, baseline)


def test_a_dose_too() -> None:
    compare("bernoulli", "logit", "group", dose=True)
