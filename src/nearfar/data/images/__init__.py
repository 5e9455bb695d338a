"""Sources of images."""

from nearfar.data.images._image_arrays import ArraySource
from nearfar.data.images._image_files import ImageFiles
from nearfar.data.images._image_folder import FolderSource
from nearfar.data.images._open_images import IMAGES, label_images, open_images
from nearfar.data.images._torch_dataset import DatasetSource

__all__ = [
    "IMAGES",
    "ArraySource",
    "DatasetSource",
    "FolderSource",
    "ImageFiles",
    "label_images",
    "open_images",
]
