"""From a log density on plain arrays to draws and diagnostics."""

from forwhom.inference.diagnostics import ChainCheck, Diagnostics
from forwhom.inference.exact import ExactDraws, sample_exact
from forwhom.inference.nuts import JointDraws, sample_nuts
from forwhom.inference.quadrature import LatentDraws, sample_quadrature

__all__ = [
    "ChainCheck",
    "Diagnostics",
    "ExactDraws",
    "JointDraws",
    "LatentDraws",
    "sample_exact",
    "sample_nuts",
    "sample_quadrature",
]
