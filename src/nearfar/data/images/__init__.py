"""Sources of images."""

from nearfar.data.images._arrays import ArraySource
from nearfar.data.images._dataset import DatasetSource
from nearfar.data.images._files import ImageFiles
from nearfar.data.images._folder import FolderSource
from nearfar.data.images._open_images import IMAGES, label_images, open_images

__all__ = [
    "IMAGES",
    "ArraySource",
    "DatasetSource",
    "FolderSource",
    "ImageFiles",
    "label_images",
    "open_images",
]
