"""Sources of unlabelled samples, labelled ones for evaluation, and worlds whose truth is known."""

from nearfar.data._batches import batches
from nearfar.data._joined import Joined
from nearfar.data._labelled_data import LabelledData
from nearfar.data._modality import MODALITIES, modality_of, telling_options
from nearfar.data._open_source import open_labelled, open_source, opening_options
from nearfar.data._source import Batch, ImageSource, Source
from nearfar.data._subset import Subset
from nearfar.data.images import ArraySource, DatasetSource, FolderSource
from nearfar.data.named import NAMES, is_name, named_sources
from nearfar.data.pairs import GroupSource, PairSource, may_be_pairs, sides
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
    "telling_options",
]
