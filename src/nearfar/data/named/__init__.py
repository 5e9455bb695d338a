"""Named datasets."""

from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._catalog import (
    NAMES,
    is_name,
    load_named,
    named_modality,
    named_set,
    named_sources,
)
from nearfar.data.named._named_set import ImageSet, NamedSet, Part

__all__ = [
    "NAMES",
    "Archive",
    "ImageSet",
    "NamedSet",
    "Part",
    "Places",
    "is_name",
    "load_named",
    "named_modality",
    "named_set",
    "named_sources",
    "obtain",
]
