"""Sources of unlabelled images, labelled ones for evaluation, and worlds whose truth is known."""

from nearfar.data.arrays import ArraySource
from nearfar.data.batches import batches
from nearfar.data.dataset import DatasetSource
from nearfar.data.folder import FolderSource
from nearfar.data.joined import Joined
from nearfar.data.labelled import LabelledData, open_labelled
from nearfar.data.named import NAMES, named_sources
from nearfar.data.opening import open_source
from nearfar.data.source import Batch, Source
from nearfar.data.subset import Subset
from nearfar.data.worlds import (
    CorrelatedGaussians,
    GaussianClasses,
    ShapePairs,
    ShapeWorld,
    SphereSample,
    bit_toy,
    bit_toy_representations,
    random_joint,
)

__all__ = [
    "NAMES",
    "ArraySource",
    "Batch",
    "CorrelatedGaussians",
    "DatasetSource",
    "FolderSource",
    "GaussianClasses",
    "Joined",
    "LabelledData",
    "ShapePairs",
    "ShapeWorld",
    "Source",
    "SphereSample",
    "Subset",
    "batches",
    "bit_toy",
    "bit_toy_representations",
    "named_sources",
    "open_labelled",
    "open_source",
    "random_joint",
]
