"""The loss at chance."""

from __future__ import annotations

from inspect import signature

from nearfar.checks import check_choice, check_integer
from nearfar.diagnostics._foreign_chance import FOREIGN
from nearfar.objectives._objective import Objective

__all__ = ["chance_loss"]


def chance_loss(
    objective: Objective | str,
    *,
    batch_size: int | None = None,
    num_negatives: int = 0,
    num_prototypes: int | None = None,
) -> float | None:
    r"""The loss of `objective` when all candidates score equally.

    For the losses of other libraries, by name, with :math:`N` pairs per batch, :math:`K` negatives
    or prototypes:

    * ``clip``: :math:`\ln N`.
    * ``dino``, also iBOT and DINOv2: :math:`\ln K`.
    * ``moco``: :math:`\ln (K + 1)`.
    * ``nt-xent``: :math:`\ln (2N - 1)`.
    * ``siglip``, at its best bias: :math:`\ln N + (N - 1) \ln \frac{N}{N - 1}`.
    * ``wav2vec2``, the contrastive term per masked step: :math:`\ln (K + 1)`.

    Args:
        objective: Any objective of :mod:`nearfar.objectives`, or one of these names.
        batch_size: Pairs in the (global) batch; needed by objectives, ``clip``, ``nt-xent`` and
            ``siglip``.
        num_negatives: Number of negatives in a queue or bank, 0 without one; needed by ``moco`` and
            ``wav2vec2``.
        num_prototypes: Number of prototypes; needed by ``dino``.

    Returns:
        The loss, or None for an objective without such a value.

    Raises:
        ValueError: An unknown name, or a number out of range or missing.

    Reading:
        Near it nothing has been learnt yet, whatever the absolute value: 6.24 for NT-Xent on 256
        pairs, 11.09 with 65,536 negatives in a queue. Compare a loss only with the chance value of
        the same batch size.

    Example:
        >>> from nearfar.objectives import NTXentLoss
        >>> print(f"{chance_loss(NTXentLoss(temperature=0.2), batch_size=256):.2f}")
        6.24
        >>> print(f"{chance_loss('siglip', batch_size=256):.2f}")
        6.54
    """
    if not isinstance(objective, str):
        _check_needed("batch_size", batch_size, objective=type(objective).__name__)
        check_integer(at_least=0, num_negatives=num_negatives)
        return objective.chance(batch_size=batch_size or 0, num_negatives=num_negatives)
    check_choice(FOREIGN, objective=objective)
    level = FOREIGN[objective]
    given = {
        "batch_size": batch_size,
        "num_negatives": num_negatives or None,
        "num_prototypes": num_prototypes,
    }
    needed = {name: given[name] for name in signature(level).parameters}
    for name, value in needed.items():
        _check_needed(name, value, objective=objective)
    return level(**needed)


def _check_needed(name: str, value: int | None, *, objective: str) -> None:
    if value is None:
        raise ValueError(
            f"`{name}` must be given for {objective}: its loss at chance depends on it"
        )
    check_integer(at_least=1, **{name: value})
