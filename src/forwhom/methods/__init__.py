"""From cells and priors to draws: rooms, each a method behind one contract."""

from forwhom.methods.choose import METHODS, Choice, choose, sample
from forwhom.methods.diagnostics import ChainCheck, Diagnostics, WeightCheck
from forwhom.methods.method import KEPT, Draws, Levels, Method, Named, Own, blocks

__all__ = [
    "KEPT",
    "METHODS",
    "ChainCheck",
    "Choice",
    "Diagnostics",
    "Draws",
    "Levels",
    "Method",
    "Named",
    "Own",
    "WeightCheck",
    "blocks",
    "choose",
    "sample",
]
