"""The posterior as a function of plain arrays."""

from forwhom.model.build import build_latent, build_model
from forwhom.model.build_joint import build_joint
from forwhom.model.collapsed import CollapsedGaussian, collapse
from forwhom.model.joint import JointModel
from forwhom.model.latent import LatentModel

__all__ = [
    "CollapsedGaussian",
    "JointModel",
    "LatentModel",
    "build_joint",
    "build_latent",
    "build_model",
    "collapse",
]
