"""What is read off the posterior: one file and one row for each question, and the warnings."""

from forwhom.answers.answer import Answer
from forwhom.answers.average import AVERAGE
from forwhom.answers.by import BY
from forwhom.answers.caution import Caution
from forwhom.answers.cautions import cautions
from forwhom.answers.check import CHECK
from forwhom.answers.contrasts import CONTRASTS
from forwhom.answers.diagnostics import DIAGNOSTICS
from forwhom.answers.differences import DIFFERENCES
from forwhom.answers.effects import EFFECTS
from forwhom.answers.evidence import EVIDENCE
from forwhom.answers.groups import GROUPS
from forwhom.answers.implied import IMPLIED
from forwhom.answers.loo import LOO, WAIC
from forwhom.answers.modifiers import MODIFIERS
from forwhom.answers.options import OPTIONS, Option
from forwhom.answers.outcomes import OUTCOMES
from forwhom.answers.parameters import PARAMETERS
from forwhom.answers.pooling import POOLING
from forwhom.answers.predict import PREDICT
from forwhom.answers.priors import PRIORS
from forwhom.answers.ranking import RANKING
from forwhom.answers.rows import ROWS
from forwhom.answers.sensitivity import SENSITIVITY
from forwhom.answers.summarise import summarise
from forwhom.answers.who import WHO
from forwhom.answers.workings import Workings

ANSWERS = {
    answer.name: answer
    for answer in (
        WHO,
        DIFFERENCES,
        MODIFIERS,
        EFFECTS,
        AVERAGE,
        PARAMETERS,
        GROUPS,
        ROWS,
        PRIORS,
        DIAGNOSTICS,
        CHECK,
        LOO,
        SENSITIVITY,
        WAIC,
        EVIDENCE,
        BY,
        PREDICT,
        CONTRASTS,
        RANKING,
        POOLING,
        OUTCOMES,
    )
}  # in the order of a results folder

__all__ = [
    "ANSWERS",
    "IMPLIED",
    "OPTIONS",
    "Answer",
    "Caution",
    "Option",
    "Workings",
    "cautions",
    "summarise",
]
