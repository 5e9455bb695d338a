"""Sources of images."""

from nearfar.data.images._arrays import ArraySource
from nearfar.data.images._dataset import DatasetSource
from nearfar.data.images._folder import FolderSource
from nearfar.data.images._label_images import label_images
from nearfar.data.images._open_images import open_images

__all__ = ["ArraySource", "DatasetSource", "FolderSource", "label_images", "open_images"]
