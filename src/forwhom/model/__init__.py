"""The posterior as a function of plain arrays."""

from forwhom.model.build import build_latent, build_model
from forwhom.model.collapsed import CollapsedGaussian, collapse
from forwhom.model.latent import LatentModel

__all__ = ["CollapsedGaussian", "LatentModel", "build_latent", "build_model", "collapse"]
