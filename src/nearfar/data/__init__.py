"""Sources of unlabelled samples, labelled data for evaluation, and synthetic datasets."""

from typing import TYPE_CHECKING

from nearfar._deprecation import renamed_attributes
from nearfar._lazy_packages import imported_when_used

if TYPE_CHECKING:
    from nearfar.data._batches import batches
    from nearfar.data._data_kind import Confidence, DataKind
    from nearfar.data._joined import Joined
    from nearfar.data._kinds import (
        ENTRY_POINTS,
        MODALITIES,
        HasDataKind,
        find_kind,
        implying_options,
        kind_names,
        modality_of,
    )
    from nearfar.data._labeled_data import LabeledData, with_labels
    from nearfar.data._omissions import Omission, OmittedSamplesWarning, omissions
    from nearfar.data._open_source import open_labeled, open_source, opening_options
    from nearfar.data._preview import DataPreview
    from nearfar.data._source import Batch, ImageSource, Source, check_positions
    from nearfar.data._subset import Subset
    from nearfar.data.images import ArraySource, DatasetSource, FolderSource
    from nearfar.data.named import NAMES, is_name, named_sources
    from nearfar.data.pairs import GroupSource, PairSource, is_paired, may_be_pairs, sides
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
else:
    __getattr__, __dir__ = imported_when_used(
        __name__,
        otherwise=renamed_attributes(  # names of 0.1, for one release
            __name__,
            LabelledData="LabeledData",
            Sureness="Confidence",
            open_labelled="open_labeled",
            telling_options="implying_options",
        ),
    )

__all__ = [
    "ENTRY_POINTS",
    "MODALITIES",
    "NAMES",
    "ArraySource",
    "Batch",
    "Confidence",
    "CorrelatedGaussians",
    "DataKind",
    "DataPreview",
    "DatasetSource",
    "FolderSource",
    "GaussianClasses",
    "GroupSource",
    "HasDataKind",
    "ImageSource",
    "Joined",
    "LabeledData",
    "Omission",
    "OmittedSamplesWarning",
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
    "check_positions",
    "find_kind",
    "implying_options",
    "is_name",
    "is_paired",
    "kind_names",
    "may_be_pairs",
    "modality_of",
    "named_sources",
    "omissions",
    "open_labeled",
    "open_source",
    "opening_options",
    "random_joint",
    "sides",
    "with_labels",
]
