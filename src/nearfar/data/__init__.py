"""Sources of unlabelled samples, labelled ones for evaluation, and worlds whose truth is known."""

from nearfar.data.batches import batches
from nearfar.data.images import ArraySource, DatasetSource, FolderSource
from nearfar.data.joined import Joined
from nearfar.data.labelled import LabelledData
from nearfar.data.modality import MODALITIES, modality_of
from nearfar.data.named import NAMES, named_sources
from nearfar.data.opening import open_labelled, open_source, opening_options
from nearfar.data.pairs import GroupSource, PairSource, may_be_pairs, sides
from nearfar.data.source import Batch, ImageSource, Source
from nearfar.data.specs import is_name
from nearfar.data.subset import Subset
from nearfar.data.vectors import VectorSource
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
    "MODALITIES",
    "NAMES",
    "ArraySource",
    "Batch",
    "CorrelatedGaussians",
    "DatasetSource",
    "FolderSource",
    "GaussianClasses",
    "GroupSource",
    "ImageSource",
    "Joined",
    "LabelledData",
    "PairSource",
    "ShapePairs",
    "ShapeWorld",
    "Source",
    "SphereSample",
    "Subset",
    "VectorSource",
    "batches",
    "bit_toy",
    "bit_toy_representations",
    "is_name",
    "may_be_pairs",
    "modality_of",
    "named_sources",
    "open_labelled",
    "open_source",
    "opening_options",
    "random_joint",
    "sides",
]
