"""Sources of images."""

from nearfar.data.images.arrays import ArraySource
from nearfar.data.images.dataset import DatasetSource
from nearfar.data.images.folder import FolderSource
from nearfar.data.images.labelled import label_images
from nearfar.data.images.opening import open_images

__all__ = ["ArraySource", "DatasetSource", "FolderSource", "label_images", "open_images"]
