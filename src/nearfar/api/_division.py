"""Which samples a run trains on, and which it holds out and watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.api._sample_groups import SampleGroups
from nearfar.data import Source, Subset
from nearfar.data._copies import find_copies
from nearfar.data._files import counted, list_names
from nearfar.ops import permutation
from nearfar.records import DivisionRecord

__all__ = ["LEAST_SAMPLES", "Division", "count_watched"]

_WATCHED_SHARE, _WATCHED_LEAST, _WATCHED_MOST = 0.1, 2, 256
_TRAINED_LEAST = 4
LEAST_SAMPLES = _TRAINED_LEAST + _WATCHED_LEAST
_NO_EPOCH = 2**32 - 1  # seeds a permutation that no training epoch uses
_GROUPS_HELD, _MOST_HELD = 4, 0.25  # groups held out, and share of the samples, if possible
_LARGEST = 0.9  # share of the samples that a group may have


@final
@dataclass(frozen=True)
class Division:
    """Training samples and watched samples, a function of the data, the groups and the seed.

    Attributes:
        trained: Positions of the training samples, ascending.
        watched: Positions of the watched samples, ascending.
        record: What was kept apart; None for a random division without groups or copies.
        notes: Notes on it for the user.
    """

    trained: Int64[Tensor, " trained"]
    watched: Int64[Tensor, " watched"]
    record: DivisionRecord | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Source, *, seed: int, groups: SampleGroups | None = None) -> Division:
        """Hold out a tenth of the samples but at most 256, or whole groups, without their copies.

        Copies of watched samples are left out of training, unless they are more than half of it.

        Raises:
            ValueError: Too few samples, or groups that cannot be held out.
        """
        plain = cls.at_random(source, seed=seed)
        held = None if groups is None else _held_groups(groups, plain, seed=seed)
        if held is not None:
            plain = _of_groups(source, held[1], seed=seed)
        found = find_copies(*plain.parts(source))
        copies = torch.cat([found.exact, found.near]).sort().values
        left = len(plain.trained) - len(copies)
        kept = left < max(_TRAINED_LEAST, len(plain.trained) / 2)
        if held is None and not len(copies):
            return plain
        trained = torch.ones(len(plain.trained), dtype=torch.bool)
        if not kept:
            trained[copies] = False
        trained_on = plain.trained[trained]
        used = torch.zeros(len(source), dtype=torch.bool)
        used[trained_on] = used[plain.watched] = True
        record = DivisionRecord(
            watched=tuple(plain.watched.tolist()),
            left_out=tuple((~used).nonzero()[:, 0].tolist()),
            groups="" if groups is None else groups.said,
            groups_in_all=0 if groups is None else len(groups.names),
            groups_held_out=() if held is None or groups is None else held[0],
            exact_copies=len(found.exact),
            near_copies=len(found.near),
            copies_trained_on=kept,
            compared=found.compared,
        )
        return cls(trained_on, plain.watched, record, _notes(record))

    @classmethod
    def at_random(cls, source: Source, *, seed: int) -> Division:
        """A random tenth of the samples but at most 256 are watched, the others trained on.

        Raises:
            ValueError: Too few samples to hold any out.
        """
        watched = count_watched(source)
        order = permutation(len(source), seed=seed, epoch=_NO_EPOCH)
        return cls(order[watched:].sort().values, order[:watched].sort().values)

    @classmethod
    def again(cls, source: Source, record: DivisionRecord | None, *, seed: int) -> Division:
        """The division of a stored run."""
        if record is None:
            return cls.at_random(source, seed=seed)
        watched = torch.tensor(record.watched, dtype=torch.int64)
        free = torch.ones(len(source), dtype=torch.bool)
        free[watched] = False
        free[torch.tensor(record.left_out, dtype=torch.int64)] = False
        return cls(free.nonzero()[:, 0], watched, record, _notes(record))

    def parts(self, source: Source) -> tuple[Subset, Subset]:
        """The training samples and the watched samples."""
        return Subset(source, self.trained), Subset(source, self.watched)


def count_watched(source: Source) -> int:
    """Number of watched samples without groups: a tenth, at least 2 and at most 256.

    Raises:
        ValueError: Too few samples to hold any out.
    """
    count = len(source)
    watched = min(_WATCHED_MOST, max(_WATCHED_LEAST, round(count * _WATCHED_SHARE)))
    if count - watched < _TRAINED_LEAST:
        raise ValueError(
            f"`data` must have at least {LEAST_SAMPLES} samples, as some are held out for"
            f" measurements, got {count} ({source.name})"
        )
    return watched


def _held_groups(
    groups: SampleGroups, plain: Division, *, seed: int
) -> tuple[tuple[str, ...], Int64[Tensor, " held_out"]]:
    """Names and positions of groups in random order, at least as many samples as without groups.

    Four groups or more, if they have a quarter of the samples at most.

    Raises:
        ValueError: A group that has nearly all samples, or fewer than 2 samples to hold out.
    """
    sizes = groups.index.bincount(minlength=len(groups.names))
    count, largest = len(groups.index), int(sizes.argmax())
    if int(sizes[largest]) > _LARGEST * count:
        raise ValueError(
            f"`groups` must leave several groups to train on and to hold out, got"
            f" {groups.names[largest]!r} with {int(sizes[largest]):,} of {count:,} samples"
        )
    order = permutation(len(sizes), seed=seed, epoch=_NO_EPOCH).tolist()
    taken: list[int] = []
    held = 0
    for group in order:
        if held >= len(plain.watched) and len(taken) >= _GROUPS_HELD:
            break
        if held + int(sizes[group]) <= _MOST_HELD * count:
            taken.append(group)
            held += int(sizes[group])
    if held < _WATCHED_LEAST:  # all groups are large
        taken = [min(order, key=lambda group: int(sizes[group]))]
        held = int(sizes[taken[0]])
    if held < _WATCHED_LEAST or count - held < _TRAINED_LEAST:
        raise ValueError(
            f"`groups` must have {_WATCHED_LEAST} samples to hold out and {_TRAINED_LEAST} to train"
            f" on, got {counted(len(sizes), 'group')} of {count:,} samples, the largest of"
            f" {int(sizes[largest]):,}"
        )
    inside = torch.isin(groups.index, torch.tensor(taken))
    return tuple(sorted(groups.names[group] for group in taken)), inside.nonzero()[:, 0]


def _of_groups(source: Source, held: Int64[Tensor, " held_out"], *, seed: int) -> Division:
    """At most 256 of the samples in groups that are held out are watched, chosen at random."""
    inside = torch.zeros(len(source), dtype=torch.bool)
    inside[held] = True
    order = permutation(len(source), seed=seed, epoch=_NO_EPOCH)
    watched = order[inside[order]][:_WATCHED_MOST].sort().values
    return Division((~inside).nonzero()[:, 0], watched)


def _notes(record: DivisionRecord) -> tuple[str, ...]:
    """What was kept apart, in one line for groups and one for copies."""
    notes = []
    copies = record.exact_copies + record.near_copies
    spared = len(record.left_out) - (0 if record.copies_trained_on else copies)
    if record.groups:
        named = list_names(record.groups_held_out)
        rest = f"; {spared:,} more samples of these are not trained on" if spared else ""
        notes.append(
            f"groups by {record.groups}: {len(record.groups_held_out):,} of"
            f" {record.groups_in_all:,} held out, with {len(record.watched):,} watched samples"
            f" ({named}){rest}"
        )
    if copies:
        near = f", {record.near_copies:,} of them near copies" if record.near_copies else ""
        kept = (
            "are trained on nevertheless, as they are more than half of the samples"
            if record.copies_trained_on
            else "left out of training"
        )
        near = near or (", near copies not looked for" if len(record.compared) < 2 else "")
        count = counted(copies, "copy", plural="copies")
        notes.append(f"{count} of held-out samples{near}: {kept}")
    return tuple(notes)
