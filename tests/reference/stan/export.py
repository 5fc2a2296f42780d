"""The data of the stored Stan references, as Python sees them and as files for R.

python -m tests.reference.stan.export FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.paper import MODIFIERS, OUTCOME, TREATMENT
from tests.studies import PAPER, Study

PAPER_COLUMNS = (
    *("treat_germrus", "w2_vote_hill", "treat_germrus:w2_vote_hill", "invest_cond", "woman"),
    *("employ_dum", "college_educ", "polknowledge", "polint"),
)


def support(case: str, study: Study) -> dict[str, np.ndarray]:
    """A study's rows with the outcome of a case: "logit" (support of at least 3) or "ordinal"."""
    rows = study.rows()
    y = rows[OUTCOME]
    return rows | {"y": (y >= 3).astype(float) if case == "logit" else y, "d": rows[TREATMENT]}


def counts() -> dict[str, np.ndarray]:
    """400 rows in 40 groups with exposures, more spread out than Poisson."""
    rng = np.random.default_rng(2026)
    n = 400
    a, m = rng.integers(0, 4, n).astype(float), rng.integers(0, 10, n).astype(float)
    d, exposure = rng.integers(0, 2, n).astype(float), np.round(rng.uniform(0.5, 3.0, n), 2)
    g = (a * 10 + m).astype(int)
    theta = 0.4 - 0.2 * a + 0.05 * m + 0.3 * rng.normal(size=40)[g]
    eta = 0.5 + 0.1 * a - 0.05 * m + 0.3 * rng.normal(size=40)[g] + d * theta
    mean = exposure * np.exp(eta) * rng.gamma(3.0, 1 / 3.0, n)
    return {"y": rng.poisson(mean).astype(float), "d": d, "a": a, "m": m, "exposure": exposure}


def case_rows(
    case: str, study: Study = PAPER
) -> tuple[dict[str, np.ndarray], str, tuple[str, ...]]:
    """Rows, the modifiers' formula, and the formula's columns in their order.

    The study is of "logit" and "ordinal"; counts are simulated.
    """
    if case in ("logit", "ordinal"):
        return support(case, study), MODIFIERS, PAPER_COLUMNS
    return counts(), "a + m", ("a", "m")


def columns_of(rows: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """The modifiers' columns, products written with a colon."""
    return np.column_stack([np.prod([rows[p] for p in name.split(":")], axis=0) for name in names])


def stan_data(case: str, rows: dict[str, np.ndarray], names: tuple[str, ...]) -> dict[str, Any]:
    """What a program's data block asks for; groups are numbered from 1."""
    z = columns_of(rows, names)
    zg, g = np.unique(z, axis=0, return_inverse=True)
    y = np.unique(rows["y"], return_inverse=True)[1] + 1 if case == "ordinal" else rows["y"]
    sizes = {"n": len(z), "k": len(names), "groups": len(zg)}
    levels = {"levels": int(y.max())} if case == "ordinal" else {}
    return sizes | levels | {"y": y.astype(int), "d": rows["d"], "z": z, "g": g + 1, "zg": zg}


def write(folder: Path, study: Study = PAPER) -> None:
    """The cases' rows and groups as CSV files, which ``make.R`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in ("logit", "ordinal", "poisson", "negative_binomial"):
        rows, _, names = case_rows(case, study)
        data = stan_data(case, rows, names)
        extra = {"exposure": rows["exposure"]} if "exposure" in rows else {}
        columns = [name.replace(":", "_x_") for name in names]
        table = np.column_stack([data["y"], data["d"], data["g"], *extra.values(), data["z"]])
        _save(folder / f"{case}.csv", ["y", "d", "g", *extra, *columns], table)
        table = np.column_stack([np.arange(1, data["groups"] + 1), data["zg"]])
        _save(folder / f"{case}_groups.csv", ["g", *columns], table)


def _save(path: Path, header: list[str], table: np.ndarray) -> None:
    np.savetxt(path, table, "%.10g", ",", header=",".join(header), comments="")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
