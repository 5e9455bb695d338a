"""Sources of texts."""

from __future__ import annotations

import warnings
from typing import Any

from nearfar.data import _tables
from nearfar.data.text._open_text import TEXT, label_text, open_text
from nearfar.data.text._text_columns import choose_column
from nearfar.data.text._text_source import TextSource

__all__ = ["TEXT", "TextSource", "choose_column", "label_text", "open_text"]


def __getattr__(name: str) -> Any:
    if name in ("Table", "read_table"):  # names of 0.1
        message = f"nearfar.data.text.{name} is private and will be removed in the next release"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(_tables, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
