"""Whether a folder of audio and images is one of recordings with covers, or one of images."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable

from nearfar.data._files import IMAGE_ENDINGS, SOUND_ENDINGS, UNREAD_SOUNDS

__all__ = ["is_mostly_audio"]

COVERS = (
    *("cover", "front", "back", "folder", "album", "albumart", "art", "artwork", "booklet"),
    *("inlay", "inside", "tray", "disc", "cd", "label", "thumb", "thumbnail", "poster", "scan"),
)
"""First words of the names of pictures that come with recordings."""


def is_mostly_audio(paths: Iterable[str]) -> bool:
    """Whether the samples of a folder are its audio files rather than its images.

    They are if there are more audio files than images, without the covers next to audio files; or
    as many, if most of several folders with images or audio contain audio.

    Args:
        paths: Paths of the files relative to the folder.

    Example:
        >>> is_mostly_audio(["a/1.flac", "a/cover.jpg", "a/back.jpg", "b/1.flac", "b/cover.jpg"])
        True
        >>> is_mostly_audio(["cat/1.jpg", "cat/2.jpg", "cat/meow.wav"])
        False
    """
    sounds: Counter[str] = Counter()
    images: Counter[str] = Counter()
    covers: Counter[str] = Counter()
    for path in paths:
        place, name = os.path.split(path.lower())
        if name.endswith((*SOUND_ENDINGS, *UNREAD_SOUNDS)):
            sounds[place] += 1
        elif name.endswith(IMAGE_ENDINGS):
            is_cover = re.split(r"[^a-z]+", name.lstrip("0123456789 -_"))[0] in COVERS
            (covers if is_cover else images)[place] += 1
    for place, count in covers.items():  # scans can lie in a folder below that of the songs
        if place not in sounds and os.path.dirname(place) not in sounds:  # noqa: PTH120
            images[place] += count
    total, pictures = sounds.total(), images.total()
    if total != pictures:
        return total > pictures
    folders = set(sounds) | set(images)
    return total > 0 and len(folders) > 1 and 2 * len(sounds) > len(folders)
