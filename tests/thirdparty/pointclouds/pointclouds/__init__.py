"""Point clouds for nearfar."""

from pointclouds.diagnostic import LargestNorm
from pointclouds.encoders import PointNet, deepsets
from pointclouds.inputs import Clouds
from pointclouds.kind import CloudForm, CloudOptions, PointClouds
from pointclouds.source import CloudSource
from pointclouds.views import CloudViews

__all__ = [
    "CloudForm",
    "CloudOptions",
    "CloudSource",
    "CloudViews",
    "Clouds",
    "LargestNorm",
    "PointClouds",
    "PointNet",
    "deepsets",
]
