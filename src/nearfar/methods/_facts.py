"""What a preset may know of the run that it builds a method for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RunFacts"]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """Facts about a run, decided by data, views and schedule before the method is built.

    A preset asks for them with a parameter annotated ``RunFacts | None``; a fact that is unknown,
    or means nothing for the kind of data, is ``None``.

    Attributes:
        kind: Of the samples: ``images``, ``sequences``, ...
        samples: Samples in the data set; sample indices are below this number.
        batch_size: Samples per batch, over all processes.
        batches_per_epoch: Batches in one pass over the training samples.
        updates: Optimiser updates in the whole run.
        signal_dim: Numbers that a decoder predicts for one view (:func:`nearfar.inputs.numbers`).
        length: Time steps of a view, where all views have the same.
        rows: Rows (and columns) of the grid of patches in a view.
        shared_rows: Rows of that grid below a row that overlap with it.

    Example:
        >>> RunFacts(samples=1_797, batch_size=256).updates is None
        True
    """

    kind: str | None = None
    samples: int | None = None
    batch_size: int | None = None
    batches_per_epoch: int | None = None
    updates: int | None = None
    signal_dim: int | None = None
    length: int | None = None
    rows: int | None = None
    shared_rows: int | None = None
