"""Copies of held-out samples among those to train on: exact ones, and near ones where cheap."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nearfar.data._small_features import small_features
from nearfar.data._source import Source
from nearfar.inputs import Texts, View
from nearfar.inputs._contents import contents

__all__ = ["Copies", "find_copies"]

_TOGETHER, _AT_ONCE = 1_024, 1 << 24  # samples and bytes read at a time
_MOST_BYTES = 1 << 30  # of the content of all samples, up to which copies are looked for
_MOST_NEAR = 1 << 28  # the same for near copies
_MOST_COPIES = 20  # near copies of one sample
_FIFTH, _TENTH = 4, 9  # places of neighbours in order
_LEAST_JUMP, _CLOSE = 4.0, 0.25
_BY_CHANCE = 1e-5  # of samples whose nearest neighbour is a near copy by the rule, and none
_ROWS = 32  # held-out samples that are compared at once


@final
@dataclass(frozen=True)
class Copies:
    """Samples to train on that are copies of held-out ones.

    Attributes:
        exact: Positions of those with the same content.
        near: Positions of those with nearly the same content.
        compared: What was compared: contents or files, and features or words; empty for nothing.
    """

    exact: Int64[Tensor, " copies"]
    near: Int64[Tensor, " near_copies"]
    compared: tuple[str, ...] = ()


def find_copies(train: Source, held_out: Source) -> Copies:
    """The copies of held-out samples, a function of the data alone.

    Contents are compared if they are in memory and at most 1 GiB, small features (pictures of 8×8
    pixels, series of 64 steps, standardised vectors) if they are at most 256 MiB. Of texts those
    with the same words are near copies. Files that are not in memory are compared byte by byte if
    their sizes are equal.

    Args:
        train: Samples to train on.
        held_out: Samples that are not trained on.

    Example:
        >>> from nearfar.data import VectorSource, Subset
        >>> import numpy as np
        >>> rows = np.random.default_rng(0).normal(size=(100, 8))
        >>> rows[7], rows[8] = rows[1], rows[2] + 1e-3
        >>> source = VectorSource(rows, name="rows")
        >>> found = find_copies(Subset(source, range(5, 100)), Subset(source, range(5)))
        >>> found.exact.tolist(), found.near.tolist(), found.compared
        ([2], [3], ('contents', 'features'))
    """
    nothing = torch.zeros(0, dtype=torch.int64)
    if not train.in_memory:
        files = _same_files(train, held_out)
        return Copies(nothing, nothing) if files is None else Copies(files, nothing, ("files",))
    asked = held_out.read(range(len(held_out))).inputs
    known = contents(asked)
    if known is None:
        return Copies(nothing, nothing)
    typical = max(1.0, sum(map(len, known)) / len(known))
    if typical * len(train) > _MOST_BYTES:
        return Copies(nothing, nothing)
    small = small_features(asked) if typical * len(train) <= _MOST_NEAR else None
    keys, words = set(known), _words(asked)
    exact, near, kept = [], [], []
    together = max(1, min(_TOGETHER, int(_AT_ONCE / typical)))
    for start in range(0, len(train), together):
        batch = train.read(range(start, min(start + together, len(train)))).inputs
        held = contents(batch) or []
        exact += [start + row for row, content in enumerate(held) if content in keys]
        if words is not None:
            near += [start + row for row, each in enumerate(_words(batch) or ()) if each in words]
        if small is not None:
            found = small_features(batch)
            small = None if found is None or found.shape[1] != small.shape[1] else small
            kept += [] if found is None else [found]
    same = torch.tensor(exact, dtype=torch.int64)
    close = torch.tensor(sorted({*near} - {*exact}), dtype=torch.int64)
    if small is not None:
        close = _near(small, torch.cat(kept), same, columns=isinstance(asked, Tensor))
    how = "words" if words is not None else "features" if small is not None else ""
    return Copies(same, close, ("contents", how) if how else ("contents",))


def _same_files(train: Source, held_out: Source) -> Int64[Tensor, " copies"] | None:
    """Samples whose file has the bytes of a held-out one; None if samples are not files.

    Raises:
        OSError: A file cannot be read.
    """
    asked = [held_out.file_of(position) for position in range(len(held_out))]
    files = [file for file in asked if file is not None]
    if not files:
        return None
    by_size: dict[int, set[bytes]] = {}
    for file in files:
        by_size.setdefault(_size(file), set()).add(_hash(file))
    found = []
    for position in range(len(train)):
        other = train.file_of(position)
        known = None if other is None else by_size.get(_size(other))
        if other is not None and known and _hash(other) in known:
            found.append(position)
    return torch.tensor(found, dtype=torch.int64)


def _size(file: Path | bytes) -> int:
    return len(file) if isinstance(file, bytes) else file.stat().st_size


def _hash(file: Path | bytes) -> bytes:
    """A hash of the content."""
    content = file if isinstance(file, bytes) else file.read_bytes()
    return hashlib.blake2b(content, digest_size=16).digest()


def _words(view: View) -> list[str] | None:
    """The words of each text, without case and punctuation; None for other samples."""
    if not isinstance(view, Texts):
        return None
    return [" ".join(re.findall(r"\w+", text.casefold())) or text for text in view.strings]


def _near(
    asked: Float[Tensor, "held_out features"],
    held: Float[Tensor, "train features"],
    exact: Int64[Tensor, " copies"],
    *,
    columns: bool,
) -> Int64[Tensor, " near"]:
    r"""Rows that are far closer to a held-out sample than neighbours are.

    With the distances :math:`r_1 \le r_2 \le \dots` of a held-out sample, the :math:`k` nearest are
    near copies if :math:`r_k` is at most a quarter of the usual :math:`r_{10}` and
    :math:`r_{k+1} \ge J r_k`. :math:`J` is at least 4 and so large that it happens by chance to one
    sample in 100,000, given the dimension :math:`\ln 2 / \ln(r_{10}/r_5)`.

    Args:
        asked: Features of the held-out samples.
        held: Features of the samples to train on.
        exact: Exact copies, which are not compared.
        columns: Whether features have units of their own and are standardised.
    """
    others = torch.ones(len(held), dtype=torch.bool).index_fill(0, exact, False).nonzero()[:, 0]
    count = min(_MOST_COPIES + 1, len(others))
    if count <= _TENTH:
        return exact[:0]
    held = held[others]
    if columns:
        spread = held.double().std(dim=0, correction=0).float()
        spread = torch.where(spread > 0, spread, torch.ones_like(spread))
        asked, held = asked / spread, held / spread
    nearest = [
        torch.cdist(rows, held).topk(count, dim=1, largest=False).indices
        for rows in torch.tensor_split(asked, -(-len(asked) // _ROWS))
    ]
    rows = torch.cat(nearest)
    apart = (asked.double()[:, None] - held[rows].double()).norm(dim=2)
    apart, order = apart.sort(dim=1, stable=True)
    rows = rows.gather(1, order)
    fifth, tenth = (float(apart[:, place].median()) for place in (_FIFTH, _TENTH))
    if not 0 < fifth < tenth:
        return exact[:0]
    dimension = torch.tensor(2.0).log() / torch.tensor(tenth / fifth).log()
    jump = max(_LEAST_JUMP, _BY_CHANCE ** (-1 / float(dimension)))
    ends = (apart[:, 1:] >= jump * apart[:, :-1]) & (apart[:, 1:] > 0)
    ends &= apart[:, :-1] <= _CLOSE * tenth
    places = torch.arange(1, count).expand_as(ends)
    copies = torch.where(ends, places, torch.zeros_like(places)).amax(dim=1)
    chosen = rows[torch.arange(count) < copies[:, None]]
    return others[torch.unique(chosen)]
