"""The twin of the paper's analysis: simulated rows of the same shape.

468 rows of which 228 are treated, the treated ones in 171 combinations of the paper's eight
modifiers, and an outcome from 1 to 4. Every number comes from the seed and the model below; no row
of the published file went into it, only its counts of rows and groups.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
FILE = FOLDER / "twin.csv"
CASES = ("alley2023", "logit", "ordinal")
SEED = 2026
ROWS, TREATED, GROUPS = 468, 228, 171
OUTCOME, TREATMENT = "ipe_support", "treat_ipesidetaking"
TRAITS = (
    *("treat_germrus", "w2_vote_hill", "woman", "employ_dum"),
    *("invest_cond", "college_educ", "polknowledge", "polint"),
)


def simulate(seed: int = SEED) -> dict[str, np.ndarray]:
    """The twin's columns; traits are drawn again until the treated rows form 171 groups."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(np.arange(ROWS) < TREATED)
    while True:
        traits = _traits(rng)
        keys = np.column_stack(list(traits.values()))[treated]
        _, group = np.unique(keys, axis=0, return_inverse=True)
        if group.max() + 1 == GROUPS:
            break
    effect = (
        *(0.1, -0.1 * traits["treat_germrus"], -0.2 * traits["w2_vote_hill"]),
        *(0.3 * traits["treat_germrus"] * traits["w2_vote_hill"], 0.15 * traits["invest_cond"]),
        *(-0.1 * traits["woman"], 0.1 * traits["college_educ"], -0.05 * traits["polint"]),
    )
    own = np.zeros(ROWS)
    own[treated] = rng.normal(0, 0.15, GROUPS)[group]
    mean = 2.85 + treated * (sum(effect) + own)
    support = np.clip(np.round(mean + rng.normal(0, 0.85, ROWS)), 1, 4)
    return {OUTCOME: support, TREATMENT: treated.astype(float)} | traits


def _traits(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The modifiers: four fair coins, two others, knowledge by education, and interest."""
    coins = {name: rng.integers(0, 2, ROWS) for name in TRAITS[:5] if name != "employ_dum"}
    college = rng.random(ROWS) < 0.45
    made = coins | {
        "employ_dum": rng.random(ROWS) < 0.4,
        "college_educ": college,
        "polknowledge": rng.binomial(3, np.where(college, 0.8, 0.65)),
        "polint": 1 + rng.binomial(3, 0.75, ROWS),
    }
    return {name: made[name].astype(float) for name in TRAITS}


def rows() -> dict[str, np.ndarray]:
    """The stored columns of numbers."""
    names = FILE.read_text(encoding="utf-8").partition("\n")[0].split(",")
    table = np.loadtxt(FILE, delimiter=",", skiprows=1)
    return {name: table[:, j] for j, name in enumerate(names)}


def write() -> None:
    """Store the simulated columns."""
    columns = simulate()
    table = np.column_stack(list(columns.values()))
    np.savetxt(FILE, table, "%d", ",", header=",".join(columns), comments="")
