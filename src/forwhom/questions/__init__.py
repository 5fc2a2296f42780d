"""The methods of ``Fit`` that ask: written by hand, three lines each under what they say.

``tests/answers/test_contract.py`` holds each to the row of ``ANSWERS`` that it asks.
"""

from forwhom.questions.compare import ComparingQuestions
from forwhom.questions.effects import EffectQuestions
from forwhom.questions.model import ModelQuestions

__all__ = ["ComparingQuestions", "EffectQuestions", "ModelQuestions"]
