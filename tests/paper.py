"""The paper's data (Bush and Prather 2020), recoded from the published Stata file.

The file is not in this repository. It is looked for beside the project, in
``../shared/data/bush_prather``, or in the folder that ``FORWHOM_PAPER_DATA`` names. What tests hold
on it they also hold on its simulated twin (``tests/reference/twin``), which is always there.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from forwhom.data import load

BESIDE = Path(__file__).parents[2] / "shared" / "data" / "bush_prather"
FOLDER = Path(os.environ.get("FORWHOM_PAPER_DATA") or BESIDE)
FILE = FOLDER / "bush-prather-us-data-all.dta"
REFERENCE = FOLDER / "stan_reference.json"

OUTCOME, TREATMENT = "ipe_support", "treat_ipesidetaking"
MODIFIERS = (
    "treat_germrus * w2_vote_hill + invest_cond + woman + employ_dum + college_educ"
    " + polknowledge + polint"
)
# the rules of recoding: source, and what counts as 1; a missing value stays missing
RECODED = {
    "employ_dum": ("employ", lambda code: code == 1),
    "invest_cond": ("treat_ipetype", lambda code: code == 1),
    "college_educ": ("educ", lambda code: code >= 5),
    "democrat": ("party", lambda code: code == 1),
    "republican": ("party", lambda code: code == 2),
}
COMPLETE = (
    *(OUTCOME, "treat_germrus", "w2_vote_hill", TREATMENT, "woman", "employ_dum", "invest_cond"),
    *("college_educ", "democrat", "republican", "polknowledge", "polint"),
)


def absent() -> str | None:
    """What is missing and where to put it, in a sentence; None where both files are there."""
    missing = [file.name for file in (FILE, REFERENCE) if not file.is_file()]
    if not missing:
        return None
    return (
        "needs the replication data of Bush and Prather (2020, International Organization 74(2)), "
        f"which are not in this repository: put {' and '.join(missing)} into {FOLDER}, or name "
        "their folder in FORWHOM_PAPER_DATA"
    )


def recoded() -> dict[str, np.ndarray]:
    """The 468 complete rows as columns of numbers."""
    sources = {name: RECODED.get(name, (name, None))[0] for name in COMPLETE}
    table = load(FILE, tuple(dict.fromkeys(sources.values())))
    columns = {}
    for name, source in sources.items():
        values = table.columns[source].values
        if name in RECODED:
            one = RECODED[name][1](values).astype(float)
            values = np.where(np.isnan(values), np.nan, one)
        columns[name] = values
    complete = ~np.any([np.isnan(values) for values in columns.values()], axis=0)
    return {name: values[complete] for name, values in columns.items()}
