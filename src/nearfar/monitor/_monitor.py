"""The verdict on the embeddings that pass through anyone's training loop."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar._signs import counted
from nearfar.checks import check_integer, check_matrix, check_same_shape
from nearfar.diagnostics._health_stream import health_of, views_by_name
from nearfar.monitor._recent_rows import Collected, RecentRows
from nearfar.parallel import world_size
from nearfar.records import HealthRecord

__all__ = ["Monitor"]


@final
class Monitor:
    """:func:`nearfar.diagnostics.health` of the embeddings of the latest updates.

    :meth:`update` copies the rows of a batch and nothing else: it does not wait for the device, and
    it does not communicate. :meth:`compute` judges the latest rows. Each of several processes
    passes its own shard of the batch and calls :meth:`compute`; with shards of equal size all get
    the record that one process would get of the whole batch.

    Embeddings of a training step are those of a network in training mode, and of augmented views;
    the record says which updates they come from.

    Args:
        samples: Largest number of samples judged, over all processes: those of the latest updates,
            and of a batch with more samples every k-th.
        every: Number of updates after which a record is :attr:`due`.
        chance: The loss at chance (:func:`nearfar.diagnostics.chance_loss`), if losses are passed.
        positives: Whether the method trains views of a sample to agree.

    Cost:
        A record every 500 updates and the copies take less than 2 % of the time of a ResNet-18's
        training at 32×32 (``benchmarks/monitor.csv``). Memory ``samples · dim`` numbers per matrix.

    Example:
        >>> import torch
        >>> source = torch.Generator().manual_seed(0)
        >>> monitor = Monitor(samples=256)
        >>> for _ in range(40):  # a training loop
        ...     z1 = torch.randn(64, 16, generator=source)
        ...     z2 = z1 + 0.2 * torch.randn(64, 16, generator=source)
        ...     monitor.update(z1, z2)
        >>> monitor.verdict
        'healthy'
        >>> monitor.compute().notes
        ('judged are 256 of 2,560 samples, those of 4 of 40 updates, the latest of an epoch',)
    """

    def __init__(
        self,
        *,
        samples: int = 512,
        every: int = 500,
        chance: float | None = None,
        positives: bool = True,
    ) -> None:
        check_integer(at_least=2, samples=samples)
        check_integer(at_least=1, every=every)
        self.samples, self.every = samples, every
        self.chance, self.positives = chance, positives
        self.reset()

    def reset(self) -> None:
        """Discard all rows and counts."""
        self._rows = RecentRows(self.samples)
        self._record: HealthRecord | None = None
        self.updates = self.seen = self._judged_at = 0

    @property
    def due(self) -> bool:
        """Whether `every` updates or more have passed since the last record, or since the start."""
        return self.updates - self._judged_at >= self.every

    @property
    def verdict(self) -> str:
        """The verdict of :meth:`compute`."""
        return self.compute().verdict

    @torch.no_grad()
    def update(
        self,
        z1: Float[Tensor, "samples dim"],
        z2: Float[Tensor, "samples dim"] | None = None,
        *,
        representations: Tensor | tuple[Tensor, Tensor] | None = None,
        loss: Tensor | float | None = None,
        epoch: int = 0,
    ) -> None:
        """Add the embeddings of an update, on any device and in any floating-point type.

        Args:
            z1: Projections of the first view, as the objective compares them.
            z2: Projections of the second view, in the same order; without it, agreement is not
                judged.
            representations: The encoder's representations, of the first view or of both.
            loss: Loss of the batch.
            epoch: Number of the epoch. Only rows of one epoch are judged together, as a sample that
                occurs twice looks like a duplicate; needed where an epoch has few samples.

        Raises:
            ValueError: No matrices of the same number of rows, or other matrices than so far.
            TypeError: Not floating point.
        """
        views = views_by_name(z1, z2, representations)
        check_matrix(min_rows=1, **views)
        if z2 is not None:
            check_same_shape(z1=z1, z2=z2)
        for name, view in views.items():
            if len(view) != len(z1):
                raise ValueError(f"`{name}` must have {len(z1)} rows, as `z1`, got {len(view)}")
        self._rows.add(views, None if loss is None else torch.as_tensor(loss), epoch)
        self.updates += 1
        self.seen += len(z1) * world_size()

    def compute(self) -> HealthRecord:
        """The verdict on the latest rows; its notes say which were judged.

        All processes must call it; it is computed once per update.

        Raises:
            ValueError: Fewer than 2 rows without NaN and infinity.
        """
        if self._record is None or self._judged_at != self.updates:
            self._record, self._judged_at = None, self.updates
            self._record = self._judge(self._rows.collect())
        return self._record

    def _judge(self, found: Collected) -> HealthRecord:
        kept = len(found.views["z1"]) if found.views else 0
        if kept < 2:
            raise ValueError(
                "`Monitor` needs at least 2 rows without NaN and infinity, got"
                f" {kept} in {counted(found.updates, 'update')}"
            )
        loss = found.loss if self.chance is not None else None
        record = health_of(
            found.views,
            loss=loss,
            chance=self.chance if loss is not None else None,
            positives=self.positives,
            course={"updates": float(self.updates)},
        )
        which = f"judged are {kept:,} of {self.seen:,} samples, those of {found.updates:,} of"
        which += f" {counted(self.updates, 'update')}, the latest of an epoch"
        if found.left_out:
            which += f", without {counted(found.left_out, 'row')} with NaN or infinity"
        return replace(record, notes=(*record.notes, which))
