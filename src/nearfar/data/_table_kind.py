"""Whether a table holds numbers or texts, from its first rows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from nearfar.data._column_roles import LOOKED_AT, Role, role_of
from nearfar.data._columnar_files import COLUMNAR_ENDINGS, read_columnar
from nearfar.data._files import COMPRESSED, IMAGE_ENDINGS, SOUND_ENDINGS, file_ending
from nearfar.data._identifier_columns import called_identifier
from nearfar.data._label_names import LABELS
from nearfar.data._number_cells import is_missing
from nearfar.data._tables import TABLE_ENDINGS, Reading, Table, is_frame, read_table, table_of_frame

__all__ = [
    "beginning_of",
    "holds_numbers",
    "naming_column",
    "number_columns",
    "pair_columns",
    "text_columns",
]

BYTES = 1 << 20
MEDIA = (*IMAGE_ENDINGS, *SOUND_ENDINGS)
SOME = 8  # cells per different one, at most, of a column that can be paired with texts
MANY = 8  # columns of numbers per column of texts, from which on the texts are comments on them


def beginning_of(spec: Any) -> Table | None:
    """The first rows of a table; None if it is no table, or damaged."""
    if is_frame(spec):
        rows = spec.slice(0, LOOKED_AT) if hasattr(spec, "slice") else spec.iloc[:LOOKED_AT]
        return _tried(lambda: table_of_frame(rows))
    if not isinstance(spec, Path):
        return None
    path = spec
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if not f.name.startswith(("_", ".")))
        path = next((f for f in files if file_ending(f) in TABLE_ENDINGS), path)
    if not path.is_file() or file_ending(path) not in TABLE_ENDINGS:
        return None
    return _tried(lambda: _first_rows(path))


def _tried(read: Any) -> Table | None:
    try:
        found: Table = read()
    except (ImportError, OSError, TypeError, ValueError):
        return None  # opening reports it
    return found


def _first_rows(path: Path) -> Table:
    if file_ending(path) in COLUMNAR_ENDINGS:
        columns, index = read_columnar(path, rows=LOOKED_AT)
        return Table(path.name, columns, range(len(next(iter(columns.values()), ()))), index=index)
    reading = Reading(blanks=True)
    if path.suffix.lower() in COMPRESSED or path.stat().st_size <= BYTES:
        return read_table(path, reading)
    with path.open("rb") as file, tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / path.name
        kept = file.read(BYTES)
        cut = kept.rfind(b"\n", 0, len(kept) - 4) + 1 or len(kept)
        head.write_bytes(kept[: cut + (cut % 2 and b"\0" in kept[:8])])  # two bytes in UTF-16
        return read_table(head, reading)


def number_columns(table: Table) -> list[str]:
    """Columns of numbers, or of lists of them, that are neither labels nor identifiers."""
    return [
        name
        for name, cells in table.columns.items()
        if name.strip().lower() not in LABELS
        and not called_identifier(name)
        and not name.startswith(("Unnamed:", "__index_level_"))
        and role_of(name, cells) is Role.NUMBERS
    ]


def text_columns(table: Table) -> list[str]:
    """Columns of texts, rather than of categories, identifiers or dates."""
    return [
        name
        for name, cells in table.columns.items()
        if name.strip().lower() not in LABELS and role_of(name, cells) is Role.TEXT
    ]


def pair_columns(table: Table) -> list[str]:
    """Columns that can be halves of pairs: texts, and paths of images and sounds.

    If there is only one of these, columns of different words are halves as well, and without one
    all columns of words that are neither labels nor names.

    >>> pair_columns(Table("t", {"id": ["1"], "en": ["a red car"], "fr": ["une voiture"]}, [1]))
    ['en', 'fr']
    """
    roles = {
        name: role_of(name, cells)
        for name, cells in table.columns.items()
        if name.strip().lower() not in LABELS and not called_identifier(name)
    }
    halves = [n for n, role in roles.items() if role is Role.TEXT or _are_media(table.columns[n])]
    if len(halves) > 1:
        return halves
    words = [name for name, role in roles.items() if role is Role.CATEGORY]
    several = words if not halves else [n for n in words if _are_various(table.columns[n])]
    return [name for name in roles if name in halves or name in several]


def _are_various(cells: Sequence[Any]) -> bool:
    known = [str(cell) for cell in islice(cells, LOOKED_AT) if not is_missing(cell)]
    return SOME * len(set(known)) > len(known)


def _are_media(cells: Sequence[Any]) -> bool:
    """Whether most cells are paths of images or sounds."""
    known = [cell for cell in islice(cells, LOOKED_AT) if not is_missing(cell)]
    media = [isinstance(c, str) and c.strip().lower().endswith(MEDIA) for c in known]
    return 2 * sum(media) > len(media)


def naming_column(table: Table) -> str | None:
    """The first column of identifiers as text that has a different one in each row.

    >>> naming_column(Table("t", {"x": ["1", "2"], "name": ["Ada", "Bo"]}, [1, 2]))
    'name'
    """
    for name, cells in table.columns.items():
        words = role_of(name, cells) is Role.IDENTIFIER and all(isinstance(c, str) for c in cells)
        if words and not any(map(is_missing, cells)) and len(set(cells)) == len(cells):
            return name
    return None


def holds_numbers(table: Table) -> bool:
    """Whether a table is one of numbers: vectors, rather than texts.

    It is if it has columns of numbers and no column of texts. It is, too, if it has at least 8
    columns of numbers for each column of texts, unless one of these is called ``text``.

    >>> holds_numbers(Table("t", {"x": ["1.5"], "kind": ["setosa"]}, [1]))
    True
    >>> holds_numbers(Table("t", {"stars": ["1"], "review": ["I did like it"]}, [1]))
    False
    """
    numbers, texts = number_columns(table), text_columns(table)
    if any(name.strip().lower() in ("text", "texts") for name in texts):
        return False
    return bool(numbers) and len(numbers) >= MANY * len(texts)
