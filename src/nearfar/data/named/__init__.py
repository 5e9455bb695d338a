"""Data sets known by name."""

from nearfar.data.named.archives import Archive, Places, obtain
from nearfar.data.named.catalogue import (
    NAMES,
    load_named,
    named_modality,
    named_set,
    named_sources,
)
from nearfar.data.named.image_set import ImageSet, Part
from nearfar.data.named.named_set import NamedSet

__all__ = [
    "NAMES",
    "Archive",
    "ImageSet",
    "NamedSet",
    "Part",
    "Places",
    "load_named",
    "named_modality",
    "named_set",
    "named_sources",
    "obtain",
]
