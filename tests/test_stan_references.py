"""Posteriors of long Stan runs, stored with the program and the script that made them.

Means within 4 joint Monte Carlo standard errors; sds within 5 %, or 4 standard errors of Stan's own
sd where that is more. make.R and models.R in tests/reference/stan remake them; make twin its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

import forwhom as fw
from tests.paper_needed import STUDIES
from tests.posteriors import Known, differences, of_independent
from tests.reference.checksum import checksum
from tests.reference.stan.export import case_rows, columns_of
from tests.reference.stan.models import NEW_Z, sites_rows
from tests.studies import Study

FOLDER = Path(__file__).parent / "reference" / "stan"
FAMILY = {"logit": "bernoulli"}
PRIORS = {
    "delta": "normal(0, 1)",
    "lambda": "normal(0, 1)",
    "sigma_b": "half_normal(1)",
    "sigma_theta": "half_normal(1)",
}


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("case", ["logit", "ordinal"])
def test_the_studys_posterior_is_stans(case: str, study: Study) -> None:
    compare(case, case_rows(case, study), study.posterior(case))


@pytest.mark.parametrize("case", ["poisson", "negative_binomial"])
def test_the_posterior_is_stans(case: str) -> None:
    compare(case, case_rows(case), json.loads((FOLDER / f"{case}.json").read_text()))


def compare(
    case: str,
    given: tuple[dict[str, np.ndarray], str, tuple[str, ...]],
    stored: dict[str, dict[str, dict[str, float]]],
) -> None:
    rows, formula, names = given
    alpha = "normal(0, 1.5)" if case in ("logit", "ordinal") else "normal(0, 2)"
    extra = {"gaps": "half_student_t(3, 2.5)"} if case == "ordinal" else {}
    if case == "negative_binomial":
        extra = {"shape": "gamma(2, 0.1)"}
    fit = fw.fit(
        rows,
        "y",
        "d",
        formula,
        family=FAMILY.get(case, case),
        exposure="exposure" if "exposure" in rows else None,
        priors=PRIORS | extra | {"alpha": alpha},
        draws=20_000,
    )
    agree(fit, quantities(fit, columns_of(rows, names), names), stored["parameters"])


def test_a_binomial_meta_analysis_is_stans() -> None:
    """Two arms at 12 sites, and what is foreseen for a site not seen yet."""
    rows = sites_rows()
    stored = json.loads((FOLDER / "sites.json").read_text())
    assert stored["data"] == checksum(rows), "make the references of Stan again: sites"
    fit = fw.fit(
        rows,
        "y",
        "d",
        "z",
        groups="site",
        family="binomial",
        trials="trials",
        priors=PRIORS | {"alpha": "normal(0, 1.5)"},
        draws=20_000,
    )
    result = fit.estimands[0]
    out = {key: getattr(result, key) for key in ("alpha", "sigma_b", "sigma_theta")}
    out |= {"delta": result.delta[:, 0]}
    out |= {f"lambda[{j + 1}]": result.lambda_[:, j] for j in range(2)}
    assert list(result.design.groups.column_values(0)) == list(range(1, 13))
    out |= {f"theta[{s + 1}]": draws for s, draws in enumerate(result.theta())}
    v = result.baselines() - np.outer(rows["z"][:12], result.delta[:, 0])
    out |= {f"v[{s + 1}]": draws for s, draws in enumerate(v)}
    rng = np.random.default_rng(6)
    new_u, new_v = rng.normal(size=(2, 20_000)) * [result.sigma_theta, result.sigma_b]
    out["theta_new"] = result.lambda_ @ [1.0, NEW_Z] + new_u
    untreated = result.alpha + result.delta[:, 0] * NEW_Z + new_v
    out["risk_new"] = expit(untreated + out["theta_new"]) - expit(untreated)
    agree(fit, out, stored["parameters"])


def agree(fit: fw.Fit, ours: dict[str, np.ndarray], theirs: dict[str, dict[str, float]]) -> None:
    diagnostics = fit.fitted.diagnostics
    assert diagnostics.method == "quadrature"
    assert diagnostics.check.k_hat < 0.7
    assert diagnostics.check.effective_share >= 0.3
    assert set(ours) == set(theirs)
    pairs = {}
    for key, draws in ours.items():
        stan = Known(*(theirs[key][name] for name in ("mean", "sd", "mcse_mean", "mcse_sd")))
        pairs[key] = (of_independent(draws, 12_000)._replace(sd_error=0.0), stan)
    assert differences(pairs) == {}


def quantities(fit: fw.Fit, z: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Our draws by Stan's names."""
    result = fit.estimands[0]
    assert sorted(result.design.modifiers.names) == sorted(names)
    at = [result.design.modifiers.names.index(name) for name in names]
    out = {"alpha": result.alpha, "sigma_b": result.sigma_b, "sigma_theta": result.sigma_theta}
    out |= {f"delta[{j + 1}]": result.delta[:, i] for j, i in enumerate(at)}
    out |= {"lambda[1]": result.lambda_[:, 0]}
    out |= {f"lambda[{j + 2}]": result.lambda_[:, i + 1] for j, i in enumerate(at)}
    for name, values in result.parameters.items():
        out |= {f"{name}[{j + 1}]": values[:, j] for j in range(values.shape[1])}
    theta = result.theta()
    ours = np.column_stack(
        [
            np.asarray(result.design.groups.column_values(j))
            for j in range(len(result.design.groups.columns))
        ]
    )
    columns = list(result.design.groups.columns)
    order = [name for name in names if ":" not in name]
    ours = ours[:, [columns.index(name) for name in order]]
    stan_groups = np.unique(z, axis=0)[:, [names.index(name) for name in order]]
    place = {tuple(row): g for g, row in enumerate(ours.tolist())}
    for g, row in enumerate(stan_groups.tolist()):
        out[f"theta[{g + 1}]"] = theta[place[tuple(row)]]
    return out
