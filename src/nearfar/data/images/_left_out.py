"""Notes on the parts of image files that are not read: frames, bands, bits, clipped values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nearfar.data._files import counted, list_names
from nearfar.data.images._image_header import Header
from nearfar.data.images._value_range import Range

__all__ = ["clipped_note", "left_out_notes", "random_note"]

Identify = Callable[[int], str]


def left_out_notes(headers: Sequence[Header], channels: int, identify: Identify) -> tuple[str, ...]:
    """One note for each kind of content that is left out, with counts and names."""
    return (
        *_frames(headers, identify),
        *_bands(headers, channels, identify),
        *_bits(headers, identify),
    )


def clipped_note(clipped: Mapping[int, int], found: Range, identify: Identify) -> str:
    """A note on values outside the range that were found on reading.

    Args:
        clipped: By position, the number of such values.
        found: The range.
        identify: Name of the file at a position.
    """
    named = [identify(position) for position in sorted(clipped)]
    count = sum(clipped.values())
    return (
        f"{counted(count, 'value')} outside {found[0]:g}..{found[1]:g} clipped in"
        f" {counted(len(named), 'file')}: {list_names(named)}"
    )


def _frames(headers: Sequence[Header], identify: Identify) -> tuple[str, ...]:
    several = [i for i, header in enumerate(headers) if header.frames > 1]
    if not several:
        return ()
    further = sum(headers[i].frames - 1 for i in several)
    named = [f"{identify(i)} ({headers[i].frames} frames)" for i in several]
    return (
        f"{counted(further, 'further frame')} of {counted(len(several), 'file')} left out, as only"
        f" the first frame or page of a file is read: {list_names(named)}",
    )


def _bands(headers: Sequence[Header], channels: int, identify: Identify) -> tuple[str, ...]:
    notes = []
    cut = [i for i, header in enumerate(headers) if header.bands > channels]
    if cut:
        further = sum(headers[i].bands - channels for i in cut)
        named = [f"{identify(i)} ({headers[i].bands} bands)" for i in cut]
        notes.append(
            f"{counted(further, 'further band')} of {counted(len(cut), 'file')} left out, as only"
            f" {channels} can be shown with the others: {list_names(named)}"
        )
    clear = [identify(i) for i, header in enumerate(headers) if header.alpha and channels != 4]
    if clear:
        notes.append(
            f"{counted(len(clear), 'TIFF file')} with a last band that is declared as transparency"
            f" composited over white, --channels 4 keeps the band: {list_names(clear)}"
        )
    unread = [i for i, header in enumerate(headers) if header.left_out]
    if unread:
        further = sum(headers[i].left_out for i in unread)
        named = [identify(i) for i in unread]
        notes.append(
            f"{counted(further, 'further band')} of {counted(len(unread), 'file')} left out, which"
            f" need rasterio (pip install 'nearfar[geo]'): {list_names(named)}"
        )
    return tuple(notes)


def _bits(headers: Sequence[Header], identify: Identify) -> tuple[str, ...]:
    shallow = [identify(i) for i, header in enumerate(headers) if header.shallow]
    if not shallow:
        return ()
    return (
        f"{counted(len(shallow), 'file')} with 16 bits per channel read with 8, as the rest needs"
        f" rasterio (pip install 'nearfar[geo]'): {list_names(shallow)}",
    )


def random_note(name: str) -> str:
    """A note on items that differ when they are read again."""
    return (
        f"items of {name} differ when they are read again, as by random transforms: no two epochs"
        " or embeddings are of the same samples; pass the dataset without its transform"
    )
