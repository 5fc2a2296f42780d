"""The data of the stored Stan references, as Python sees them and as files for R.

python -m tests.reference.stan.export FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.paper import MODIFIERS, TREATMENT, recoded

PAPER_COLUMNS = (
    *("treat_germrus", "w2_vote_hill", "treat_germrus:w2_vote_hill", "invest_cond", "woman"),
    *("employ_dum", "college_educ", "polknowledge", "polint"),
)


def paper(case: str) -> dict[str, np.ndarray]:
    """The paper's rows with the outcome of a case: "logit" (support of at least 3) or "ordinal"."""
    rows = recoded()
    support = rows["ipe_support"]
    y = (support >= 3).astype(float) if case == "logit" else support
    return rows | {"y": y, "d": rows[TREATMENT]}


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


def case_rows(case: str) -> tuple[dict[str, np.ndarray], str, tuple[str, ...]]:
    """Rows, the modifiers' formula, and the formula's columns in their order."""
    if case in ("logit", "ordinal"):
        return paper(case), MODIFIERS, PAPER_COLUMNS
    return counts(), "a + m", ("a", "m")


def columns_of(rows: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """The modifiers' columns, products written with a colon."""
    return np.column_stack([np.prod([rows[p] for p in name.split(":")], axis=0) for name in names])


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for case in ("logit", "ordinal", "poisson", "negative_binomial"):
        rows, _, names = case_rows(case)
        z = columns_of(rows, names)
        groups, g = np.unique(z, axis=0, return_inverse=True)
        y = rows["y"]
        if case == "ordinal":
            y = np.unique(y, return_inverse=True)[1] + 1
        extra = {"exposure": rows["exposure"]} if "exposure" in rows else {}
        header = ["y", "d", "g", *extra, *(name.replace(":", "_x_") for name in names)]
        table = np.column_stack([y, rows["d"], g + 1, *extra.values(), z])
        np.savetxt(
            folder / f"{case}.csv", table, "%.10g", ",", header=",".join(header), comments=""
        )
        header = ["g", *(name.replace(":", "_x_") for name in names)]
        table = np.column_stack([np.arange(1, len(groups) + 1), groups])
        np.savetxt(
            folder / f"{case}_groups.csv", table, "%.10g", ",", header=",".join(header), comments=""
        )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
