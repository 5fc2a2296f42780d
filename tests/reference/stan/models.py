"""The simulated models held to Stan: rows as a user has them, and as the Stan programs take them.

    python -m tests.reference.stan.models FOLDER [CASE ...]

writes one JSON file per case to FOLDER, for models.R.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.reference.checksum import checksum
from tests.reference.stan import words

Rows = dict[str, np.ndarray]


@dataclass(frozen=True)
class Model:
    """A case: its Stan program, the model in words, rows, what Stan is given, what is kept."""

    program: str
    text: str
    rows: Callable[[], Rows]
    data: Callable[[Rows], dict[str, Any]]
    keep: tuple[str, ...]


def grid(rng: np.random.Generator, n: int, a_levels: int, m_levels: int) -> tuple[Rows, np.ndarray]:
    """n rows of modifiers a and m, a fair treatment d, and the group a * m_levels + m of each."""
    a, m = rng.integers(0, a_levels, n), rng.integers(0, m_levels, n)
    d = rng.integers(0, 2, n).astype(float)
    return {"d": d, "a": a.astype(float), "m": m.astype(float)}, a * m_levels + m


def grouped(rows: Rows, modifiers: tuple[str, ...]) -> dict[str, Any]:
    """n, k, groups, d, z, g (from 1, groups sorted by their modifiers) and zg."""
    z = np.column_stack([rows[name] for name in modifiers])
    zg, g = np.unique(z, axis=0, return_inverse=True)
    sizes = {"n": len(z), "k": z.shape[1], "groups": len(zg)}
    return sizes | {"d": rows["d"], "z": z, "g": g.reshape(-1) + 1, "zg": zg}


# crossed clusters


def crossed_rows() -> Rows:
    """600 rows: 24 groups crossed with 15 clusters `rater`, which differ in level and in effect."""
    rng = np.random.default_rng(41)
    rows, g = grid(rng, 600, 4, 6)
    rater = rng.integers(0, 15, 600)
    c, w = 0.7 * rng.normal(size=15), 0.5 * rng.normal(size=15)
    theta = 0.6 - 0.3 * rows["a"] + 0.15 * rows["m"] + 0.4 * rng.normal(size=24)[g]
    eta = -0.4 + 0.2 * rows["a"] + 0.4 * rng.normal(size=24)[g] + c[rater]
    eta = eta + rows["d"] * (theta + w[rater])
    y = rng.random(600) < 1 / (1 + np.exp(-eta))
    return rows | {"y": y.astype(float), "rater": rater + 1.0}


def crossed_data(effects: int) -> Callable[[Rows], dict[str, Any]]:
    def data(rows: Rows) -> dict[str, Any]:
        clusters = {"clusters": 15, "cluster": rows["rater"].astype(int), "effects": effects}
        return grouped(rows, ("a", "m")) | clusters | {"y": rows["y"].astype(int)}

    return data


# several categories


def categorical_rows() -> Rows:
    """400 rows in 40 groups; y is "bus", "car" or "train", the first the reference."""
    rng = np.random.default_rng(42)
    rows, g = grid(rng, 400, 4, 10)
    a, m, d = rows["a"], rows["m"], rows["d"]
    eta = np.zeros((3, 400))
    for category, (level, effect) in enumerate(((0.3, 0.8), (-0.4, -0.5)), start=1):
        theta = effect - 0.2 * category * a + 0.05 * m + 0.5 * rng.normal(size=40)[g]
        base = level + 0.1 * a - 0.05 * category * m + 0.5 * rng.normal(size=40)[g]
        eta[category] = base + d * theta
    y = np.argmax(eta + rng.gumbel(size=eta.shape), axis=0)
    return rows | {"y": np.array(["bus", "car", "train"])[y]}


def categorical_data(rows: Rows) -> dict[str, Any]:
    y = np.unique(rows["y"], return_inverse=True)[1].reshape(-1) + 1
    return grouped(rows, ("a", "m")) | {"y": y, "categories": 3}


# a correlated baseline and effect


def correlated_rows(family: str) -> Callable[[], Rows]:
    def rows() -> Rows:
        """500 rows in 40 groups; groups with a high baseline have a small effect."""
        rng = np.random.default_rng(43)
        out, g = grid(rng, 500, 4, 10)
        b, e = rng.normal(size=(2, 40))
        u = 0.8 * (-0.7 * b + np.sqrt(1 - 0.7**2) * e)
        theta = 0.5 - 0.2 * out["a"] + 0.05 * out["m"] + u[g]
        eta = 0.2 + 0.1 * out["a"] + 0.9 * b[g] + out["d"] * theta
        if family == "gaussian":
            return out | {"y": np.round(eta + rng.normal(size=500), 4)}
        return out | {"y": (rng.random(500) < 1 / (1 + np.exp(-eta))).astype(float)}

    return rows


def correlated_data(family: str) -> Callable[[Rows], dict[str, Any]]:
    def data(rows: Rows) -> dict[str, Any]:
        gaussian = int(family == "gaussian")
        codes = rows["y"].astype(int) if not gaussian else np.zeros(len(rows["y"]), dtype=int)
        given = {"gaussian": gaussian, "y": rows["y"], "happened": codes}
        return grouped(rows, ("a", "m")) | given

    return data


# several arms


def arms_rows() -> Rows:
    """450 rows in 24 groups; arm "none" is the reference of "letter" and "visit"."""
    rng = np.random.default_rng(44)
    rows, g = grid(rng, 450, 4, 6)
    arm = rng.integers(0, 3, 450)
    letter = 0.3 + 0.2 * rows["a"] - 0.1 * rows["m"] + 0.4 * rng.normal(size=24)[g]
    visit = 1.0 - 0.3 * rows["a"] + 0.7 * rng.normal(size=24)[g]
    y = 1 + 0.2 * rows["a"] - 0.1 * rows["m"] + 0.5 * rng.normal(size=24)[g] + rng.normal(size=450)
    y = y + (arm == 1) * letter + (arm == 2) * visit
    columns = {"a": rows["a"], "m": rows["m"], "arm": np.array(["none", "letter", "visit"])[arm]}
    return columns | {"y": np.round(y, 4)}


def arms_data(second: tuple[str, ...]) -> Callable[[Rows], dict[str, Any]]:
    def data(rows: Rows) -> dict[str, Any]:
        out = grouped(rows | {"d": (rows["arm"] == "letter").astype(float)}, ("a", "m"))
        two = {"d2": (rows["arm"] == "visit").astype(float), "k2": len(second)}
        columns = [("a", "m").index(name) for name in second]
        return out | two | {"zg2": out["zg"][:, columns], "y": rows["y"]}

    return data


# meta-analyses

NEW_Z = 1.5


def sites_rows() -> Rows:
    """Two arms at each of 12 sites of 5 to 180 subjects an arm; z describes the site."""
    rng = np.random.default_rng(45)
    n = np.array([5, 8, 12, 16, 20, 30, 40, 60, 80, 120, 150, 180])
    z = np.round(rng.normal(size=12), 2)
    b, u = 0.5 * rng.normal(size=12), 0.4 * rng.normal(size=12)
    base, theta = -0.6 + 0.3 * z + b, 0.5 - 0.4 * z + u
    trials = np.concatenate([n, n + rng.integers(-2, 3, 12)])
    eta = np.concatenate([base, base + theta])
    y = rng.binomial(trials, 1 / (1 + np.exp(-eta)))
    two = {
        "site": np.tile(np.arange(1.0, 13.0), 2),
        "z": np.tile(z, 2),
        "d": np.repeat([0.0, 1], 12),
    }
    return two | {"trials": trials.astype(float), "y": y.astype(float)}


def sites_data(rows: Rows) -> dict[str, Any]:
    return {
        "n": 24,
        "sites": 12,
        "y": rows["y"].astype(int),
        "trials": rows["trials"].astype(int),
        "s": rows["site"].astype(int),
        "d": rows["d"],
        "z": rows["z"][:12],
        "z_new": NEW_Z,
    }


# effects of coaching for the SAT in eight schools and their standard errors: Rubin (1981),
# Estimation in parallel randomized experiments, Journal of Educational Statistics 6(4)
SCHOOL_EFFECTS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
SCHOOL_ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)


def schools_rows() -> Rows:
    effect, error = np.array(SCHOOL_EFFECTS), np.array(SCHOOL_ERRORS)
    return {"school": np.arange(1.0, 9.0), "effect": effect, "std_error": error}


def schools_data(rows: Rows) -> dict[str, Any]:
    return {"schools": 8, "effect": rows["effect"], "std_error": rows["std_error"]}


# heavy-tailed group effects


def heavy_rows() -> Rows:
    """480 rows in 30 groups, one of which has an effect seven spreads from its prediction."""
    rng = np.random.default_rng(46)
    rows, g = grid(rng, 480, 5, 6)
    u = 0.4 * rng.normal(size=30)
    u[17] = 2.8
    theta = 0.5 - 0.2 * rows["a"] + 0.1 * rows["m"] + u[g]
    y = 1 + 0.1 * rows["a"] + 0.3 * rng.normal(size=30)[g] + rows["d"] * theta
    return rows | {"y": np.round(y + 0.8 * rng.normal(size=480), 4)}


def heavy_data(rows: Rows) -> dict[str, Any]:
    return grouped(rows, ("a", "m")) | {"y": rows["y"]}


# shrinkage of many modifiers

MANY = tuple(f"x{j}" for j in range(1, 13))


def many_rows() -> Rows:
    """640 rows in 80 groups described by 12 modifiers, of which the first two matter."""
    rng = np.random.default_rng(47)
    zg = np.round(rng.normal(size=(80, 12)), 2)
    unit = rng.integers(0, 80, 640)
    d = rng.integers(0, 2, 640).astype(float)
    theta = 0.4 + zg[:, 0] - 0.6 * zg[:, 1] + 0.3 * rng.normal(size=80)
    base = 1 + zg @ np.repeat([0.3, 0.0], 6) + 0.4 * rng.normal(size=80)
    y = base[unit] + d * theta[unit] + rng.normal(size=640)
    columns = {name: zg[unit, j] for j, name in enumerate(MANY)}
    return columns | {"unit": unit + 1.0, "d": d, "y": np.round(y, 4)}


def many_data(rows: Rows) -> dict[str, Any]:
    _, first, g = np.unique(rows["unit"], return_index=True, return_inverse=True)
    z = np.column_stack([rows[name] for name in MANY])
    sizes = {"n": len(z), "k": 12, "groups": len(first)}
    out = sizes | {"d": rows["d"], "z": z, "g": g.reshape(-1) + 1, "zg": z[first]}
    return out | {"y": rows["y"]}


BASE = ("alpha", "delta", "lambda", "sigma_b", "sigma_theta", "theta", "b")
CASES = {
    "clusters": Model(
        "crossed",
        words.CROSSED.format(w="", ww=""),
        crossed_rows,
        crossed_data(0),
        (*BASE, "sigma_c", "c"),
    ),
    "clusters_effects": Model(
        "crossed",
        words.CROSSED.format(w=" + d w_k", ww=", w_k ~ normal(0, sigma_w)"),
        crossed_rows,
        crossed_data(1),
        (*BASE, "sigma_c", "c", "sigma_w", "w"),
    ),
    "categorical": Model(
        "categorical", words.CATEGORICAL, categorical_rows, categorical_data, BASE
    ),
    "correlated_gaussian": Model(
        "correlated",
        words.CORRELATED.format(y="y ~ normal(eta, sigma)", more=", sigma half_normal(2)"),
        correlated_rows("gaussian"),
        correlated_data("gaussian"),
        (*BASE, "rho", "sigma"),
    ),
    "correlated_bernoulli": Model(
        "correlated",
        words.CORRELATED.format(y="y ~ bernoulli(inv_logit(eta))", more=""),
        correlated_rows("bernoulli"),
        correlated_data("bernoulli"),
        (*BASE, "rho"),
    ),
    "arms": Model(
        "arms",
        words.ARMS.format(second="theta_2g = lambda2_1 + lambda2_2 a + u_2g"),
        arms_rows,
        arms_data(("a",)),
        (*BASE, "lambda2", "sigma_theta2", "theta2", "sigma"),
    ),
    "arms_alike": Model(
        "arms",
        words.ARMS.format(second="theta_2g = lambda2_1 + Z lambda2 + u_2g"),
        arms_rows,
        arms_data(("a", "m")),
        (*BASE, "lambda2", "sigma_theta2", "theta2", "sigma"),
    ),
    "sites": Model(
        "sites",
        words.SITES.format(z_new=NEW_Z),
        sites_rows,
        sites_data,
        (
            *("alpha", "delta", "lambda", "sigma_b", "sigma_theta", "theta", "v"),
            "theta_new",
            "risk_new",
        ),
    ),
    "schools": Model(
        "schools", words.SCHOOLS, schools_rows, schools_data, ("mu", "tau", "theta", "theta_new")
    ),
    "heavy": Model("heavy", words.HEAVY, heavy_rows, heavy_data, (*BASE, "sigma", "nu")),
    "horseshoe": Model(
        "horseshoe",
        words.SHRUNK + " " + words.HORSESHOE,
        many_rows,
        many_data,
        (*BASE, "sigma", "tau", "c2"),
    ),
    "r2d2": Model(
        "r2d2",
        words.SHRUNK + " " + words.R2D2,
        many_rows,
        many_data,
        (*BASE, "sigma", "R2", "phi"),
    ),
}


def write(folder: Path, cases: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in cases:
        model = CASES[name]
        rows = model.rows()
        found = {
            "program": model.program,
            "model": model.text,
            "keep": model.keep,
            "checksum": checksum(rows),
            "data": {
                key: value.tolist() if isinstance(value, np.ndarray) else value
                for key, value in model.data(rows).items()
            },
        }
        (folder / f"{name}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2:] or list(CASES))
