"""Sources of texts."""

from nearfar.data.text._label_text import label_text
from nearfar.data.text._open_text import open_text
from nearfar.data.text._source import TextSource
from nearfar.data.text._tables import Table, read_table

__all__ = ["Table", "TextSource", "label_text", "open_text", "read_table"]
