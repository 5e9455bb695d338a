"""The content of each sample of a batch, for finding exact copies."""

from __future__ import annotations

from torch import Tensor

from nearfar.inputs._group_inputs import Group
from nearfar.inputs._image_inputs import Images
from nearfar.inputs._inputs import View
from nearfar.inputs._pair_inputs import Pair
from nearfar.inputs._sequence_inputs import Sequences
from nearfar.inputs._text_inputs import Texts

__all__ = ["contents"]


def contents(view: View) -> list[bytes] | None:
    """The content of each sample, equal for copies alone; None for nodes of graphs and the like.

    >>> from nearfar.inputs import Texts
    >>> contents(Texts(("one", "two", "one")))
    [b'one', b'two', b'one']
    """
    if isinstance(view, Texts):
        return [text.encode() for text in view.strings]
    if isinstance(view, Pair):
        x, s = contents(view.x), contents(view.s)
        if x is None or s is None:
            return None
        return [len(a).to_bytes(8, "big") + a + b for a, b in zip(x, s, strict=True)]
    if isinstance(view, Group):
        members = contents(view.members)
        if members is None:
            return None
        return [b"".join(members[i : i + view.size]) for i in range(0, len(members), view.size)]
    if isinstance(view, (Images, Sequences)):
        padded = view.sizes if isinstance(view, Images) else view.lengths
        values = view.pixels if isinstance(view, Images) else view.values
        return _rows(values) if padded is None else [_of(row) for row in view.unpadded()]
    return _rows(view) if isinstance(view, Tensor) else None


def _rows(values: Tensor) -> list[bytes]:
    """The rows of a tensor, with their shape, as those of batches with padding have it."""
    shape = str(tuple(values.shape[1:])).encode()
    return [shape + row.tobytes() for row in values.contiguous().numpy()]


def _of(row: Tensor) -> bytes:
    return str(tuple(row.shape)).encode() + row.contiguous().numpy().tobytes()
