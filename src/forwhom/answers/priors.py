"""Every prior used.

Tests: tests/answers/test_tables.py, tests/answers/test_contract.py.
"""

from __future__ import annotations

from forwhom.answers.answer import Answer
from forwhom.answers.workings import Workings
from forwhom.cells import in_words
from forwhom.data import Tidy


def priors_table(workings: Workings) -> Tidy:
    """Every prior used: in the plan's words, in plain words, and where it comes from."""
    rows = in_words(workings.fitted.priors)
    prior_of = {entry.prior.text: entry.prior for entry in workings.fitted.priors.all}
    columns = {
        "parameter": [row[0] for row in rows],
        "term": [row[1] for row in rows],
        "prior": [row[2] for row in rows],
        "in_words": [prior_of[row[2]].words for row in rows],
        "source": [row[3] for row in rows],
    }
    headers = {
        "parameter": "Parameter",
        "term": "Term",
        "prior": "Prior",
        "in_words": "In words",
        "source": "From",
    }
    return Tidy(columns, "Priors", None, (), headers)


PRIORS = Answer(
    "priors", "Every prior used, in words and numbers, and where it comes from.", (), priors_table
)
