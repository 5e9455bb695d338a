"""Sources of texts."""

from nearfar.data.text._open_text import TEXT, label_text, open_text
from nearfar.data.text._source import TextSource

__all__ = ["TEXT", "TextSource", "label_text", "open_text"]
