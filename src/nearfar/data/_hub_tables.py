"""Datasets of Hugging Face's library as tables, and tables with a column of images."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from nearfar.data._column_roles import LOOKED_AT
from nearfar.data._columnar_files import is_frame
from nearfar.data._files import IMAGE_ENDINGS, SOUND_SIGNATURES
from nearfar.data._hub_datasets import feature_columns, hub_parts, is_hub
from nearfar.data._label_names import LABELS
from nearfar.data._specs import Split
from nearfar.data._table_kind import beginning_of

__all__ = ["head_of_hub", "hub_frame", "picture_column"]


def hub_frame(spec: Any, split: Split = "train", *, rows: int | None = None) -> Any:
    """A dataset of Hugging Face's library as a table of pyarrow, classes by name.

    Args:
        spec: A dataset, or several by name.
        split: Which of several.
        rows: Number of rows; all by default.
    """
    import pyarrow  # which the library needs

    tables = [_arrow(part, rows) for part in hub_parts(spec, split)]
    return tables[0] if len(tables) == 1 else pyarrow.concat_tables(tables)


def head_of_hub(spec: Any) -> Any:
    """The first rows of a dataset of tables; anything else as it is."""
    if not is_hub(spec) or feature_columns(spec, "Image") or feature_columns(spec, "Audio"):
        return spec
    try:
        return hub_frame(spec, rows=LOOKED_AT)
    except (AttributeError, TypeError, ValueError):
        return spec  # opening reports it


def picture_column(frame: Any) -> str | None:
    """The column of a table in memory that has images: of Pillow, as files, or as their paths.

    >>> import pandas
    >>> picture_column(pandas.DataFrame({"photo": ["a.jpg", "b.png"], "label": [0, 1]}))
    'photo'
    """
    table = beginning_of(frame) if is_frame(frame) else None
    if table is None:
        return None
    found = [
        name
        for name, cells in table.columns.items()
        if name.strip().lower() not in LABELS and _are_pictures(cells)
    ]
    usual = [name for name in found if name in ("image", "img")]
    return next(iter(usual or found), None)


def _arrow(part: Any, rows: int | None) -> Any:
    import pyarrow

    chosen = part if rows is None else part.select(range(min(rows, len(part))))
    table = chosen.with_format("arrow")[:]
    for place, (name, feature) in enumerate((part.features or {}).items()):
        known = getattr(feature, "names", None)
        if known is not None:
            numbers = table.column(name).to_pylist()
            words = [None if n is None or n < 0 else known[n] for n in numbers]
            table = table.set_column(place, name, pyarrow.array(words, pyarrow.string()))
    return table


def _are_pictures(cells: Sequence[Any]) -> bool:
    known = [cell for cell in islice(cells, LOOKED_AT) if cell is not None]
    return bool(known) and all(map(_is_picture, known))


def _is_picture(cell: Any) -> bool:
    if isinstance(cell, dict) and set(cell) == {"bytes", "path"}:
        cell = cell["bytes"] or cell["path"]
    if isinstance(cell, bytes):
        return not cell.startswith(SOUND_SIGNATURES) and cell[8:12] != b"WAVE"
    if isinstance(cell, (str, Path)):
        return str(cell).lower().endswith(IMAGE_ENDINGS)
    return isinstance(cell, Image.Image)
