"""How probable the data were before they were seen: the log marginal likelihood.

Tests: tests/fitted/test_evidence.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

import numpy as np

from forwhom.answers.answer import Answer
from forwhom.answers.workings import Workings
from forwhom.data import Tidy
from forwhom.fitted import no_evidence

HEADERS = {
    "method": "Method",
    "log_evidence": "Log evidence",
    "std_error": "Std. error",
    "n": "Rows",
    "reliable": "Reliable",
}
LARGE = 0.1  # nats of Monte Carlo error from which more draws are worth their time


def _table(workings: Workings) -> Tidy:
    """One row."""
    found, how = workings.evidence, workings.fitted.diagnostics
    columns = {
        "method": [how.method],
        "log_evidence": np.array([found.value]),
        "std_error": np.array([found.error]),
        "n": np.array([found.n_rows]),
        "reliable": [how.passed],
    }
    notes = [
        "Log evidence: log density of all rows with every parameter integrated over its prior, all "
        "constants kept. Of two fits of the same rows and outcome, the difference is the log Bayes "
        "factor. It leans on the priors, default ones included: look at priors() of both fits.",
        _advice(found.error, how.passed, how.evidence),
    ]
    return Tidy(columns, "Log marginal likelihood", None, tuple(notes), HEADERS)


def _advice(error: float, passed: bool, why: str) -> str:
    if not passed:
        return f"The importance weights fail their check ({why}): do not rely on it."
    if error > LARGE:
        return (
            f"Its Monte Carlo error is {error:.2g}: fit with more draws to tell close fits apart."
        )
    return f"Its Monte Carlo error is {error:.2g}, from the importance weights ({why})."


EVIDENCE = Answer(
    "evidence",
    "The log marginal likelihood: how probable model and priors held the rows to be.",
    (),
    _table,
    refuses=lambda workings: no_evidence(workings.fitted),
    when="asked",
)
