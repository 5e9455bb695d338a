"""Data sets known by name."""

from nearfar.data.named.archives import Archive, Places, obtain
from nearfar.data.named.catalogue import NAMES, load_named, named_sources
from nearfar.data.named.image_set import ImageSet, Part

__all__ = [
    "NAMES",
    "Archive",
    "ImageSet",
    "Part",
    "Places",
    "load_named",
    "named_sources",
    "obtain",
]
