"""HTML builders that escape external text, as the pages use them."""

from __future__ import annotations

from nearfar.records._markup import Html, clean, element, join, shorten

__all__ = ["Html", "clean", "element", "join", "shorten"]
