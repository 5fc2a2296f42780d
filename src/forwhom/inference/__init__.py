"""From a log density on plain arrays to draws and diagnostics."""

from forwhom.inference.diagnostics import ChainCheck, Diagnostics
from forwhom.inference.exact import ExactDraws, sample_exact
from forwhom.inference.nuts import JointDraws, sample_nuts
from forwhom.inference.prior import sample_joint_prior, sample_prior
from forwhom.inference.quadrature import LatentDraws, log_likelihood, sample_quadrature

__all__ = [
    "ChainCheck",
    "Diagnostics",
    "ExactDraws",
    "JointDraws",
    "LatentDraws",
    "log_likelihood",
    "sample_exact",
    "sample_joint_prior",
    "sample_nuts",
    "sample_prior",
    "sample_quadrature",
]
