"""Synthetic datasets with known ground truth."""

from nearfar.data.worlds._gaussians import CorrelatedGaussians
from nearfar.data.worlds._joints import bit_toy, bit_toy_representations, random_joint
from nearfar.data.worlds._shape_pairs import ShapePairs, ShapeWorld
from nearfar.data.worlds._sphere_world import GaussianClasses, SphereSample

__all__ = [
    "CorrelatedGaussians",
    "GaussianClasses",
    "ShapePairs",
    "ShapeWorld",
    "SphereSample",
    "bit_toy",
    "bit_toy_representations",
    "random_joint",
]
