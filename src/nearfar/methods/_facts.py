"""Facts about a run that a preset can depend on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RunFacts"]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """Facts about a run that are known before the method is built.

    Data, views and schedule determine them. A preset receives them through a parameter annotated
    ``RunFacts | None``. A fact that is unknown, or not applicable to the modality, is ``None``.

    Attributes:
        kind: Modality of the samples: ``images``, ``sequences``, ...
        samples: Number of samples in the dataset; sample indices are below this number.
        batch_size: Samples per batch, over all processes.
        batches_per_epoch: Number of batches per epoch.
        updates: Number of optimiser updates in the whole run.
        signal_dim: Number of values that a decoder predicts per view
            (:func:`nearfar.inputs.numbers`).
        length: Number of time steps of a view, if equal for all views.
        rows: Number of rows (and columns) of the grid of patches in a view.
        shared_rows: Number of rows below a row of that grid that overlap with it.

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
