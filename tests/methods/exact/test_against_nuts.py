"""The exact posterior against NUTS on the full joint density, written out by rows.

Tolerances: 4 joint Monte Carlo standard errors of the mean and of the sd. A case compares about
60 quantities, of which a correct method puts one outside 4 standard errors in 1 case of 250; the
seeds are fixed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

import forwhom as fw
from tests.posteriors import errors_apart, of_chains, of_independent
from tests.reference.joint import Joint, sample


@dataclass(frozen=True)
class Case:
    name: str
    options: dict[str, object]
    dose: bool = False
    controls: bool = False
    student: bool = False
    seed: int = 0
    columns: tuple[str, ...] = field(default=("alpha", "delta", "lambda"))


CASES = (
    Case("group", {"baseline": "group"}),
    Case("modifiers", {"baseline": "modifiers"}),
    Case("shared", {"baseline": "shared"}),
    Case("one control group", {"preset": "alley2023"}),
    Case("group, continuous controls", {"baseline": "group"}, controls=True),
    Case("group, dose", {"baseline": "group"}, dose=True),
    Case("modifiers, Student-t priors", {"baseline": "modifiers"}, student=True),
)


def simulate(case: Case) -> dict[str, np.ndarray]:
    """About 240 rows in 18 groups: small groups, so that pooling matters."""
    rng = np.random.default_rng(11)
    n = 240
    a, b = rng.integers(0, 3, n).astype(float), rng.integers(0, 6, n).astype(float)
    d = rng.integers(0, 2, n).astype(float)
    if case.dose:
        d = np.round(rng.gamma(2.0, 1.5, n), 1)
    x1, x2 = rng.normal(size=n), rng.gamma(2.0, size=n)
    group = (a * 6 + b).astype(int)
    theta = 0.4 - 0.3 * a + 0.1 * b + 0.35 * rng.normal(size=18)[group]
    y = 1 + 0.2 * a - 0.1 * b + 0.4 * rng.normal(size=18)[group] + theta * d + rng.normal(size=n)
    return {"y": y + 0.5 * x1 - 0.2 * x2, "d": d, "a": a, "b": b, "x1": x1, "x2": x2}


def joint_model(case: Case, data: dict[str, np.ndarray], priors: dict[str, str]) -> Joint:
    d, z = data["d"], np.column_stack([data["a"], data["b"]])
    one = np.ones((len(d), 1))
    controls = np.column_stack([data["x1"], data["x2"]]) if case.controls else np.empty((len(d), 0))
    shared = case.options.get("baseline") == "shared" or "preset" in case.options
    main = np.empty((len(d), 0)) if shared else z
    F = np.hstack([one, controls, main, d[:, None], d[:, None] * z])
    n_baseline = 1 + controls.shape[1] + main.shape[1]
    numbers = [
        [float(v) for v in priors[key][priors[key].index("(") + 1 : -1].split(",")]
        for key in ["alpha"]
        + ["beta"] * controls.shape[1]
        + ["delta"] * main.shape[1]
        + ["lambda"] * 3
    ]
    df = np.array([v[0] if len(v) == 3 else np.inf for v in numbers])
    _, codes = np.unique(data["a"] * 6 + data["b"], return_inverse=True)
    own: tuple[np.ndarray, ...] = (d,)
    tau_scale: tuple[float, ...] = (1.0,)
    if case.options.get("baseline") == "group":
        own, tau_scale = (np.ones(len(d)), d), (1.0, 1.0)
    if "preset" in case.options:
        _, within = np.unique(codes[d == 1], return_inverse=True)
        codes = np.full(len(d), within.max() + 1)
        codes[d == 1] = within
        own, tau_scale = (np.ones(len(d)),), (0.5,)
    assert n_baseline + 3 == F.shape[1]
    return Joint(
        F,
        data["y"],
        own,
        codes,
        np.array([v[-2] for v in numbers]),
        np.array([v[-1] for v in numbers]),
        df,
        np.inf if "preset" in case.options else 2.0,
        tau_scale,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exact_equals_nuts(case: Case) -> None:
    data = simulate(case)
    tails = "student_t(4, 0, 0.3)" if case.student else "normal(0, 0.7)"
    priors = {"alpha": "normal(0.5, 1.5)", "delta": "normal(0, 1)", "lambda": tails}
    if case.controls:
        priors["beta"] = "normal(0, 1)"
    given = dict(priors) | {"sigma": "half_normal(2)", "sigma_theta": "half_normal(1)"}
    if case.options.get("baseline") == "group":
        given["sigma_b"] = "half_normal(1)"
    if case.options.get("baseline") == "shared":
        del given["delta"]
    if "preset" in case.options:
        given = {}
        priors = {"alpha": "normal(0, 1)", "lambda": "normal(0, 0.5)"}
    fit = fw.fit(
        data,
        outcome="y",
        treatment="d",
        modifiers="a + b",
        controls="x1 + x2" if case.controls else None,
        treatment_type="dose" if case.dose else "binary",
        priors=given,
        draws=20_000,
        seed=5,
        **case.options,
    )
    assert fit.passed
    reference = sample(joint_model(case, data, priors), draws=1500, chains=4, seed=3)
    exact, sampled = quantities(case, fit, reference)
    assert exact.keys() == sampled.keys()
    wrong = {name: z for name in exact if (z := apart(exact[name], sampled[name])) > 4}
    assert not wrong


def quantities(
    case: Case, fit: fw.Fit, reference: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every scalar of both posteriors by one name; draws (D,) and (chain, draw)."""
    result, phi = fit.estimands[0], reference["phi"]
    ours = np.column_stack([result.alpha, result.beta, result.delta, result.lambda_])
    exact = {f"phi[{j}]": ours[:, j] for j in range(ours.shape[1])}
    sampled = {f"phi[{j}]": phi[..., j] for j in range(phi.shape[-1])}
    exact |= {"sigma": result.sigma, "sigma_theta": result.sigma_theta}
    sampled |= {"sigma": reference["sigma"], "sigma_theta": reference["tau"][..., -1]}
    z = np.column_stack(
        [np.ones(result.design.groups.count)]
        + [np.asarray(result.design.groups.column_values(j)) for j in range(2)]
    )
    eta = np.einsum("cdk,gk->cdg", phi[..., -3:], z)
    theta = result.theta()
    exact |= {f"theta[{g}]": theta[g] for g in range(len(theta))}
    sampled |= {f"theta[{g}]": eta[..., g] + reference["u"][:, :, -1, g] for g in range(len(theta))}
    if result.sigma_b is not None:
        own = result.baselines() - (z[:, 1:] @ result.delta.T)
        exact |= {"sigma_b": result.sigma_b} | {f"b[{g}]": own[g] for g in range(len(own))}
        sampled |= {"sigma_b": reference["tau"][..., 0]}
        sampled |= {f"b[{g}]": reference["u"][:, :, 0, g] for g in range(len(own))}
        # a baseline and an effect of one group lean on the same rows: their product must agree
        exact["b*theta"] = own[3] * (theta[3] - z[3] @ result.lambda_.T)
        sampled["b*theta"] = reference["u"][:, :, 0, 3] * reference["u"][:, :, 1, 3]
    if "preset" in case.options:
        exact["theta_control"] = result.control_theta()
        sampled["theta_control"] = reference["u"][:, :, 0, -1]
    return exact, sampled


def apart(exact: np.ndarray, sampled: np.ndarray) -> float:
    """Largest distance of mean and sd in joint Monte Carlo standard errors."""
    return max(errors_apart(of_independent(exact), of_chains(sampled)))


def test_one_row_per_group_is_sampled_well() -> None:
    """sigma and sigma_b cannot be told apart; the grid over sigma as well must cope."""
    rng = np.random.default_rng(3)
    d = rng.integers(0, 2, 200).astype(float)
    data = {
        "y": rng.normal(size=200) + 0.3 * d,
        "d": d,
        "m": rng.permutation(200).astype(float),
        "unit": [f"unit {i}" for i in range(200)],
    }
    fit = fw.fit(data, "y", "d", "m", groups="unit", baseline="group", draws=20_000)
    check = fit.fitted.diagnostics.check
    assert check.k_hat < 0.5
    assert check.effective_share > 0.5
    # their squares' sum is what the data know; each alone follows its prior more or less
    total = np.hypot(fit.estimands[0].sigma, fit.estimands[0].sigma_b)
    assert total.std() / total.mean() < 0.1
    assert fit.estimands[0].sigma_b.std() / fit.estimands[0].sigma_b.mean() > 0.2
