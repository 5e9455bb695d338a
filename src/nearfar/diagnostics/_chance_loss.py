"""The loss at chance."""

from __future__ import annotations

from nearfar.checks import check_integer
from nearfar.objectives._objective import Objective

__all__ = ["chance_loss"]


def chance_loss(objective: Objective, *, batch_size: int, num_negatives: int = 0) -> float | None:
    """The loss of `objective` when all candidates score equally.

    Args:
        objective: Any objective of :mod:`nearfar.objectives`.
        batch_size: Pairs in the (global) batch.
        num_negatives: Number of negatives in a queue or bank, 0 without one.

    Returns:
        The loss, or None for an objective without such a value.

    Reading:
        Near it nothing has been learnt yet, whatever the absolute value: 6.24 for NT-Xent on 256
        pairs, 11.09 with 65,536 negatives in a queue. Compare a loss only with the chance value of
        the same batch size.

    Example:
        >>> from nearfar.objectives import NTXentLoss
        >>> print(f"{chance_loss(NTXentLoss(temperature=0.2), batch_size=256):.2f}")
        6.24
    """
    check_integer(at_least=1, batch_size=batch_size)
    check_integer(at_least=0, num_negatives=num_negatives)
    return objective.chance(batch_size=batch_size, num_negatives=num_negatives)
