"""A preview of data without reading them: type, file extension, header, file names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, final

from nearfar.data._array_entries import UNNAMED
from nearfar.data._array_files import array_ending, open_array_file
from nearfar.data._files import file_ending
from nearfar.data._folder_walk import iterate_files
from nearfar.data._hub_tables import head_of_hub, picture_column
from nearfar.data._items import kind_of_items
from nearfar.data._table_kind import beginning_of, holds_numbers
from nearfar.data._tables import TABLE_ENDINGS, Table

__all__ = ["DataPreview"]

LOOKED_AT = 100_000  # files per folder


@final
class DataPreview:
    """A preview of data; nothing is decoded, and each file is opened at most once.

    Args:
        spec: Data, as in :func:`nearfar.data.open_source`, with paths as :class:`pathlib.Path`.

    Attributes:
        spec: The data.

    Example:
        >>> import numpy as np
        >>> DataPreview(Path("news.CSV.gz")).ending, DataPreview(np.zeros((5, 4))).axes
        ('.csv', 2)
    """

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    @property
    def path(self) -> Path | None:
        """Path of the data; None for data in memory."""
        return self.spec if isinstance(self.spec, Path) else None

    @cached_property
    def is_folder(self) -> bool:
        """Whether the data are a folder of files, rather than a store of arrays."""
        return self.path is not None and self.path.is_dir() and not array_ending(self.path)

    @cached_property
    def ending(self) -> str:
        """File extension in lower case, the one before ``.gz`` if compressed; empty if none.

        That of MNIST's files, and of a folder of them, is ``.idx``.
        """
        if self.path is None or self.is_folder:
            return ""
        return array_ending(self.path) or file_ending(self.path)

    @cached_property
    def axes(self) -> int | None:
        """Number of axes of an array in memory or of the only array in a file; otherwise None."""
        if self.path is None:
            axes = getattr(self.spec, "ndim", None)
            return axes if isinstance(axes, int) else None
        return None if self.shape is None else len(self.shape)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of the only array in a file; otherwise None."""
        return self._shapes.get(UNNAMED)

    @property
    def arrays(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of each array in a file of named arrays; empty for other data."""
        return {name: shape for name, shape in self._shapes.items() if name != UNNAMED}

    @cached_property
    def holds_numbers(self) -> bool | None:
        """Whether a table is one of numbers rather than texts; None if the data are no table."""
        return None if self.table is None else holds_numbers(self.table)

    @cached_property
    def table(self) -> Table | None:
        """The first rows of a table, or of a folder of mostly tables; None for all other data."""
        if self.path is not None and self.path.is_dir():
            tables = 0 if array_ending(self.path) else self.count_files(TABLE_ENDINGS)
            if 2 * tables <= len(self.file_names):
                return None
        return beginning_of(head_of_hub(self.spec))

    @cached_property
    def kind_of_items(self) -> str | None:
        """The modality that the items of a list or dataset in memory, or of a table, suggest.

        >>> import numpy as np
        >>> DataPreview([(np.zeros(3), 1)]).kind_of_items, DataPreview(["a text"]).kind_of_items
        ('vectors', 'text')
        """
        if picture_column(self.spec) is not None:
            return "images"
        return kind_of_items(self.spec)

    @cached_property
    def _shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each array in a file."""
        if self.path is None or not array_ending(self.path):
            return {}
        try:
            with open_array_file(self.path) as file:
                return file.shapes
        except (OSError, TypeError, ValueError, ImportError):
            return {}  # opening reports what is wrong

    @cached_property
    def file_paths(self) -> tuple[str, ...]:
        """Paths of the first 100,000 files in a folder and its subfolders, in lower case.

        Hidden files and by-products of a system are left out. The path of a single file has only
        its name.
        """
        if self.path is None or not self.path.exists():
            return ()
        if not self.is_folder:
            return (self.path.name.lower(),)
        found = (path.lower() for path, _ in iterate_files(self.path))
        return tuple(islice(found, LOOKED_AT))

    @property
    def file_names(self) -> tuple[str, ...]:
        """Names of the files in a folder and its subfolders (:attr:`file_paths`)."""
        if not self.is_folder:
            return ()
        return tuple(os.path.basename(path) for path in self.file_paths)  # noqa: PTH119

    def count_files(self, endings: tuple[str, ...]) -> int:
        """Number of :attr:`file_paths` with one of these extensions."""
        return sum(path.endswith(endings) for path in self.file_paths)
