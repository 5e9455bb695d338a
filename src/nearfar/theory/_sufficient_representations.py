"""Sufficient and minimal sufficient representations."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nearfar.checks import check_choice, check_not_negative
from nearfar.theory._joint_tables import Representation, checked_joint, coded, entropy

__all__ = ["Target", "is_sufficient", "minimal_sufficient_representation"]

Target = Literal["task", "signal"]


def minimal_sufficient_representation(
    joint: Float[Tensor, "inputs signals tasks"], *, target: Target, tolerance: float = 1e-9
) -> Int64[Tensor, " inputs"]:
    r"""The minimal sufficient representation of the input for a target.

    Inputs with equal conditionals :math:`p(\text{target} \mid x)` share a code, others do not. This
    map preserves :math:`I(X; \text{target})` and is a function of every other sufficient
    representation, so among them it has minimal :math:`H(Z \mid T)` and :math:`H(Z \mid S)`. With
    the task as target it is the supervised :math:`Z^{\text{sup}_{\min}}`, with the signal the
    self-supervised :math:`Z^{\text{ssl}_{\min}}`; the input itself is sufficient for both.

    Args:
        joint: Probability of each (input, signal, task).
        target: ``"task"`` or ``"signal"``.
        tolerance: Largest difference of entries at which conditionals count as equal; use 1e-6 for
            tables computed in float32.

    Returns:
        The code of each input, 0, 1, … in order of first use; inputs of probability 0 get code 0.

    Raises:
        ValueError: As for :func:`multi_view_information`; an unknown target.

    Cost:
        Time inputs × codes × values of the target.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), definitions 1 and 2.

    Example:
        >>> from nearfar.data import bit_toy
        >>> minimal_sufficient_representation(bit_toy(0.1), target="task").tolist()
        [0, 0, 0, 0, 1, 1, 1, 1]
        >>> minimal_sufficient_representation(bit_toy(0.1), target="signal").tolist()
        [0, 0, 1, 1, 2, 2, 3, 3]
    """
    pairs = _with_target(checked_joint(joint), target)
    check_not_negative(tolerance=tolerance)
    inputs = pairs.sum(dim=1)
    waiting = inputs > 0
    conditionals = pairs / inputs.where(waiting, 1)[:, None]
    codes = torch.zeros(len(pairs), dtype=torch.int64, device=pairs.device)
    code = 0
    while bool(waiting.any()):
        model = conditionals[int(waiting.nonzero()[0])]
        alike = waiting & ((conditionals - model).abs().amax(dim=1) <= tolerance)
        codes[alike] = code
        waiting &= ~alike
        code += 1
    return codes


def is_sufficient(
    joint: Float[Tensor, "inputs signals tasks"],
    representation: Representation,
    *,
    target: Target,
    tolerance: float = 1e-9,
) -> bool:
    """Whether a representation preserves all of the input's information about the target.

    Args:
        joint: Probability of each (input, signal, task).
        representation: Deterministic or stochastic, as for :func:`representation_information`.
        target: ``"task"`` or ``"signal"``.
        tolerance: Information loss, in nats, that counts as none.

    Example:
        >>> from nearfar.data import bit_toy, bit_toy_representations
        >>> maps = bit_toy_representations()
        >>> [is_sufficient(bit_toy(0.1), z, target="signal") for z in maps.values()]
        [True, True, False, False]
    """
    table = checked_joint(joint)
    check_not_negative(tolerance=tolerance)
    kept, _ = coded(table, representation)
    all_of_it = _information(_with_target(table, target))
    return all_of_it - _information(_with_target(kept, target)) <= tolerance


def _with_target(table: Tensor, target: Target) -> Tensor:
    check_choice(("task", "signal"), target=target)
    pairs: Tensor = table.sum(dim=1 if target == "task" else 2)
    return pairs


def _information(pairs: Tensor) -> float:
    return entropy(pairs.sum(dim=0)) + entropy(pairs.sum(dim=1)) - entropy(pairs)
