"""Named datasets."""

from typing import TYPE_CHECKING

from nearfar._lazy_packages import imported_when_used

if TYPE_CHECKING:
    from nearfar.data.named._archives import Archive, Places, obtain
    from nearfar.data.named._catalog import (
        NAMES,
        is_name,
        load_named,
        named_modality,
        named_set,
    )
    from nearfar.data.named._named_set import ImageSet, NamedSet, Part
    from nearfar.data.named._named_sources import named_sources
else:
    __getattr__, __dir__ = imported_when_used(__name__)

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
