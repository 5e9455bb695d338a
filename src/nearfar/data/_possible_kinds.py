"""The modalities that a path can have, by the names of files alone."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from nearfar.data._array_files import array_ending
from nearfar.data._columnar_files import TABLE_ENDINGS
from nearfar.data._files import IMAGE_ENDINGS, SOUND_ENDINGS, file_ending
from nearfar.data._folder_walk import iterate_files
from nearfar.data._media_share import is_mostly_audio

__all__ = ["possible_kinds"]

LOOKED_AT = 100_000  # files of a folder, as for a preview
ANY = ("images", "sequences", "text", "graphs", "vectors")
"""Pairs are asked for by an option."""


def possible_kinds(path: Path) -> tuple[str, ...]:
    """The built-in modalities that :func:`nearfar.data.modality_of` may find for a path.

    Nothing is opened, and PyTorch is not imported. Of a path that is not there, only the name says
    something.

    >>> possible_kinds(Path("bark.wav")), possible_kinds(Path("photos"))
    (('sequences',), ('images', 'sequences'))
    """
    if path.is_dir() and not array_ending(path):
        try:
            files = [name.lower() for name, _ in islice(iterate_files(path), LOOKED_AT)]
        except OSError:
            return ANY
        if any(file_ending(Path(name)) in TABLE_ENDINGS for name in files):
            return ANY
        return ("sequences",) if is_mostly_audio(files) else ("images",)
    if array_ending(path):
        return ("images", "sequences", "graphs", "vectors")
    ending = file_ending(path)
    if ending in IMAGE_ENDINGS:
        return ("images",)
    if ending in SOUND_ENDINGS:
        return ("sequences",)
    if not ending and not path.exists():
        return ("images", "sequences")
    return ANY
