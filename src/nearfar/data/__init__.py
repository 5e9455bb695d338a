"""Sources of unlabelled images, and labelled ones for evaluation."""

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

__all__ = [
    "NAMES",
    "ArraySource",
    "Batch",
    "DatasetSource",
    "FolderSource",
    "Joined",
    "LabelledData",
    "Source",
    "Subset",
    "batches",
    "named_sources",
    "open_labelled",
    "open_source",
]
