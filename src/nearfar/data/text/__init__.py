"""Sources of texts."""

from nearfar.data.text.labelled import label_text
from nearfar.data.text.opening import open_text
from nearfar.data.text.source import TextSource
from nearfar.data.text.tables import Table, read_table

__all__ = ["Table", "TextSource", "label_text", "open_text", "read_table"]
