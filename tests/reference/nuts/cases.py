"""Families and baselines held to NUTS: their data, their priors and the joint density by rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forwhom.families import FAMILIES, Family, Outcome, lay_out
from tests.reference.joint_family import FamilyJoint

BASELINES = ("group", "modifiers", "shared")


@dataclass(frozen=True)
class Case:
    family: str
    link: str
    baseline: str
    dose: bool = False
    rows: int = 150

    @property
    def name(self) -> str:
        parts = [self.family, self.link, self.baseline, *(["dose"] if self.dose else [])]
        return "-".join(parts)

    @property
    def row(self) -> Family:
        return FAMILIES[self.family]

    def data(self) -> dict[str, np.ndarray]:
        return simulate(self.family, self.link, self.dose, self.rows)

    def priors(self) -> dict[str, str]:
        """Every prior of the case, as a user writes them."""
        out = {
            "alpha": "normal(0, 1.5)",
            "lambda": "normal(0, 0.7)",
            "sigma_theta": "half_normal(0.8)",
        }
        if self.baseline != "shared":
            out["delta"] = "normal(0, 1)"
        if self.baseline == "group":
            out["sigma_b"] = "half_normal(0.6)"
        own = self.row.parameters
        return out | {p.name: "gamma(2, 1)" if p.positive else "normal(0, 1)" for p in own}


# a family with several predictors has another joint density
SINGLE = [name for name, family in FAMILIES.items() if not family.several]
CASES = (
    *(Case(name, FAMILIES[name].links[0], baseline) for name in SINGLE for baseline in BASELINES),
    Case("bernoulli", "probit", "group"),
    Case("bernoulli", "cloglog", "group"),
    Case("ordinal", "probit", "shared"),
    Case("bernoulli", "logit", "group", dose=True),
)


def usual(name: str) -> dict[str, np.ndarray]:
    """Rows for a family with its usual link."""
    return simulate(name, FAMILIES[name].links[0], dose=False)


def uncensored(name: str) -> dict[str, np.ndarray]:
    """Rows for a family with its usual link, no time of them cut off."""
    return {key: values for key, values in usual(name).items() if key != "event"}


def simulate(name: str, link: str, dose: bool, rows: int = 150) -> dict[str, np.ndarray]:
    """Rows in at most 48 groups; with 150, three in the median group."""
    rng = np.random.default_rng(21)
    a, m = rng.integers(0, 6, rows).astype(float), rng.integers(0, 8, rows).astype(float)
    group = (a * 8 + m).astype(int)
    d = rng.integers(0, 2, rows).astype(float)
    if dose:
        d = np.round(rng.gamma(2.0, 0.4, rows), 1)
    theta = 0.5 - 0.2 * a + 0.1 * m + 0.5 * rng.normal(size=48)[group]
    eta = 0.3 + 0.1 * a - 0.05 * m + 0.4 * rng.normal(size=48)[group] + theta * d
    family = FAMILIES[name]
    data = {"d": d, "a": a, "m": m}
    levels = 4 if family.support == "ordered" else 0
    if name == "binomial":
        data["trials"] = rng.integers(2, 7, rows).astype(float)
    start = Outcome.of(np.zeros(rows), data.get("trials"), levels=levels)
    if name == "piecewise_exponential":
        levels, start = 3, start.in_intervals(np.array([0.5, 2.0, 9.0]), np.empty(0), np.empty(0))
    own = [np.full((parameter.size(levels), 1), 1.2) for parameter in family.parameters]
    y = family.draw(rng, eta[:, None], link, own, start)[:, 0]
    if family.support == "unit":
        y = np.clip(y, 0.01, 0.99)
    if family.support == "time":
        limit = rng.exponential(6.0, rows)
        data["event"] = (y <= limit).astype(float)
        y = np.minimum(y, limit)
    return data | {"y": y}


def group_codes(data: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The groups' modifiers (G, 2), sorted, and each row's group (n,)."""
    pairs = np.column_stack([data["a"], data["m"]])
    groups, codes = np.unique(pairs, axis=0, return_inverse=True)
    return groups, codes.reshape(-1)


def joint_of(case: Case, data: Mapping[str, np.ndarray]) -> FamilyJoint:
    """The numbers of ``Case.priors`` again, in the order of the columns."""
    family, d = case.row, data["d"]
    z, one = np.column_stack([data["a"], data["m"]]), np.ones((len(d), 1))
    main = [] if case.baseline == "shared" else [z]
    F = np.hstack([one, *main, d[:, None], d[:, None] * z])
    y = np.log(data["y"]) if case.family == "lognormal" else data["y"]
    if family.support == "ordered":
        y = np.unique(y, return_inverse=True)[1].astype(float)
    levels = int(y.max()) + 1 if family.support == "ordered" else 0
    outcome = Outcome.of(y, data.get("trials"), data.get("event"), levels)
    if case.family == "piecewise_exponential":  # the default: quarters of the events
        cuts = np.quantile(y[data["event"] == 1], [0.25, 0.5, 0.75], method="inverted_cdf")
        ends, levels = np.array([*cuts, y.max()]), 4
        outcome = outcome.in_intervals(ends, *lay_out(y, data["event"], ends))
    return FamilyJoint(
        family=FAMILIES["gaussian"] if case.family == "lognormal" else family,
        link=case.link,
        outcome=outcome,
        F=F,
        own=(one[:, 0], d) if case.baseline == "group" else (d,),
        group=group_codes(data)[1],
        prior_mean=np.zeros(F.shape[1]),
        prior_sd=np.r_[1.5, [1.0] * 2 * len(main), 0.7, 0.7, 0.7],
        tau_scale=np.array([0.6, 0.8] if case.baseline == "group" else [0.8]),
        sizes=tuple(parameter.size(levels) for parameter in family.parameters),
        rates=tuple(1.0 for _ in family.parameters),
    )
