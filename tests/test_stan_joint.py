"""Stan's posteriors of models beyond one treatment and one grouping, and of two meta-analyses.

The models are in words, priors included, in tests/reference/stan/*.json, and their programs beside
them. Means within 4 joint Monte Carlo standard errors; sds within 5 %, or 4 joint standard errors
where that is more. Priors are written out here, so that both sides have the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forwhom as fw
from forwhom.fitted import Estimand
from forwhom.methods import ChainCheck
from tests.posteriors import Known, differences, of_chains, of_independent
from tests.reference.checksum import checksum
from tests.reference.stan.models import CASES as MODELS
from tests.reference.stan.models import MANY

FOLDER = Path(__file__).parent / "reference" / "stan"
ONE = "normal(0, 1)"
HALF = "half_normal(1)"
SPREADS = {"sigma_b": HALF, "sigma_theta": HALF}
USUAL = SPREADS | {"alpha": "normal(0, 1.5)", "delta": ONE, "lambda": ONE}
NUMBERS = SPREADS | {"alpha": "normal(0, 2)", "delta": ONE, "sigma": "half_normal(2)"}
RATERS = {"clusters": "rater", "family": "bernoulli"}
UNITS = {"groups": "unit", "modifiers": " + ".join(MANY)}

# what is asked of forwhom, and how many draws
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "clusters": (RATERS | {"priors": USUAL | {"sigma_rater": HALF}}, 4000),
    "clusters_effects": (
        RATERS
        | {
            "cluster_effects": "rater",
            "priors": USUAL | {"sigma_rater": HALF, "sigma_theta_rater": HALF},
        },
        4000,
    ),
    "categorical": (
        {
            "family": "categorical",
            "reference_category": "bus",
            "priors": USUAL | {"alpha": "normal(0, 2.5)", "delta": "normal(0, 2)"},
        },
        4000,
    ),
    "correlated_gaussian": (
        {"correlated": True, "priors": USUAL | {"sigma": "half_normal(2)"}},
        4000,
    ),
    "correlated_bernoulli": ({"correlated": True, "family": "bernoulli", "priors": USUAL}, 4000),
    "arms": (
        {
            "treatment": {"letter": "a + m", "visit": "a"},
            "modifiers": None,
            "priors": NUMBERS | {"lambda": ONE},
        },
        4000,
    ),
    "arms_alike": (
        {"treatment": "arm", "reference": "none", "priors": NUMBERS | {"lambda": ONE}},
        4000,
    ),
    "heavy": ({"spread": "student", "priors": NUMBERS | {"lambda": ONE}}, 4000),
    "sites": (
        {
            "family": "binomial",
            "trials": "trials",
            "groups": "site",
            "modifiers": "z",
            "priors": USUAL,
        },
        20_000,
    ),
    "schools": (
        {
            "outcome": "effect",
            "treatment": None,
            "modifiers": None,
            "groups": "school",
            "std_error": "std_error",
            "priors": {"lambda": "normal(0, 20)", "sigma_theta": "half_normal(10)"},
        },
        20_000,
    ),
    "horseshoe": (UNITS | {"priors": NUMBERS | {"lambda": "horseshoe(0.1, 2, 4)"}}, 4000),
    "r2d2": (UNITS | {"priors": NUMBERS | {"lambda": "r2d2(0.5, 2)"}}, 4000),
}
COLLAPSE = ("correlated_gaussian", "arms", "arms_alike", "schools", "horseshoe", "r2d2")
LAPLACE = ("clusters", "clusters_effects", "categorical")
QUADRATURE = ("sites", "correlated_bernoulli", "heavy")
BY = (
    dict.fromkeys(COLLAPSE, "collapse")
    | dict.fromkeys(LAPLACE, "laplace")
    | dict.fromkeys(QUADRATURE, "quadrature")
)
# what Stan keeps and a fit does not: the scales within a shrinkage prior, and a new site
UNKEPT = ("tau", "c2", "R2", "phi", "theta_new", "risk_new")


@pytest.mark.parametrize("case", CASES)
def test_the_posterior_is_stans(case: str) -> None:
    rows, stored = MODELS[case].rows(), json.loads((FOLDER / f"{case}.json").read_text())
    assert stored["data"] == checksum(rows)
    if case == "arms":  # arms with different modifiers are treatments of their own
        for arm in ("letter", "visit"):
            rows[arm] = (rows["arm"] == arm).astype(float)
    asked, draws = CASES[case]
    lambda_ = asked["priors"].get("lambda", "")
    shrunk = lambda_.startswith(("horseshoe", "r2d2"))
    if shrunk:  # the intercept is not shrunk
        prior = {"Intercept": ONE} | dict.fromkeys(MANY, lambda_)
        asked = asked | {"priors": asked["priors"] | {"lambda": prior}}
    usual = {"outcome": "y", "treatment": "d", "modifiers": "a + m"}
    fit = fw.fit(rows, **(usual | asked), draws=draws, seed=1)
    found = fit.fitted.diagnostics
    assert found.method == BY[case]
    assert found.passed, found
    ours, theirs = quantities(fit, case), stored["parameters"]
    kept = {key for key in theirs if case == "schools" or key.split("[")[0] not in UNKEPT}
    assert set(ours) == kept - {"theta_new"}
    pairs = {key: (known(fit, values), stan(theirs[key])) for key, values in ours.items()}
    assert differences(pairs) == {}


def known(fit: fw.Fit, values: np.ndarray) -> Known:
    """Our mean and sd, with their Monte Carlo standard errors."""
    check = fit.fitted.diagnostics.check
    if isinstance(check, ChainCheck):
        return of_chains(values.reshape(check.chains, -1))
    return of_independent(values, len(values) * min(check.effective_share, 1.0))


def stan(stored: dict[str, float]) -> Known:
    """Of a stored parameter."""
    return Known(*(stored[name] for name in ("mean", "sd", "mcse_mean", "mcse_sd")))


def quantities(fit: fw.Fit, case: str) -> dict[str, np.ndarray]:
    """Our draws by Stan's names, groups in Stan's order."""
    if case == "schools":
        return of_schools(fit.estimands[0])
    shown = fit.estimands
    predictors = 2 if case == "categorical" else 1
    out: dict[str, np.ndarray] = {}
    for i, one in enumerate(shown):
        effect = i if predictors == 1 else 0
        category = f"{i + 1}," if predictors > 1 else ""

        def name(base: str, j: int | None = None, category: str = category) -> str:
            if j is None:
                return f"{base}[{category[:-1]}]" if category else base
            return f"{base}[{category}{j + 1}]"

        second = "2" if effect else ""
        order = stan_order(one)
        lambda_, theta = f"lambda{second}", one.theta()[order]
        out |= {name(lambda_, j): one.lambda_[:, j] for j in range(one.lambda_.shape[1])}
        out |= {name(f"theta{second}", g): theta[g] for g in range(len(theta))}
        assert one.sigma_theta is not None
        out[name(f"sigma_theta{second}")] = one.sigma_theta
        if effect:
            continue
        assert one.sigma_b is not None
        out |= {name("alpha"): one.alpha, name("sigma_b"): one.sigma_b}
        out |= {name("delta", j): one.delta[:, j] for j in range(one.delta.shape[1])}
        base = "v" if case == "sites" else "b"
        b = one.baselines() - stored_z(fit) @ one.delta.T
        out |= {name(base, g): b[order][g] for g in range(len(b))}
    first = shown[0]
    listed = "[1]" if case.startswith("correlated") else ""  # its program has a list of one
    out |= {f"{key}{listed}": values[:, 0] for key, values in first.parameters.items()}
    rename = {"correlation": "rho", "nu_theta": "nu", "sigma_rater": "sigma_c"}
    rename["sigma_theta_rater"] = "sigma_w[1]"
    out |= {rename[key]: values[:, 0] for key, _, values in first.others}
    for cluster in fit.fitted.draws.clusters:  # the raters
        for r, levels in enumerate(cluster.u[0]):
            out |= {f"{'cw'[r]}[{k + 1}]": draws for k, draws in enumerate(levels)}
    if case == "sites":  # one number, not a list of one
        out["delta"] = out.pop("delta[1]")
    return out


def of_schools(estimand: Estimand) -> dict[str, np.ndarray]:
    theta = estimand.theta()[stan_order(estimand)]
    assert estimand.sigma_theta is not None
    out = {"mu": estimand.lambda_[:, 0], "tau": estimand.sigma_theta}
    return out | {f"theta[{g + 1}]": theta[g] for g in range(len(theta))}


def stan_order(estimand: Estimand) -> np.ndarray:
    """Groups sorted by their columns, the first column first."""
    groups = estimand.design.groups
    values = [np.asarray(groups.column_values(j)) for j in range(len(groups.columns))]
    return np.lexsort(values[::-1])


def stored_z(fit: fw.Fit) -> np.ndarray:
    """The modifiers of each group, (G, k)."""
    return fit.fitted.cells.modifier_mean
