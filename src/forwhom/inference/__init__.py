"""From a log density on plain arrays to draws and diagnostics."""

from forwhom.inference.diagnostics import Diagnostics
from forwhom.inference.exact import ExactDraws, sample_exact
from forwhom.inference.prior import sample_prior
from forwhom.inference.quadrature import LatentDraws, log_likelihood, sample_quadrature

__all__ = [
    "Diagnostics",
    "ExactDraws",
    "LatentDraws",
    "log_likelihood",
    "sample_exact",
    "sample_prior",
    "sample_quadrature",
]
