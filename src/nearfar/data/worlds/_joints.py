"""Discrete joint distributions of input, signal and task, as probability tables."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from nearfar.checks import check_fraction, check_integer, check_positive

__all__ = ["bit_toy", "bit_toy_representations", "random_joint"]


def bit_toy(flip: float = 0.0) -> Float64[Tensor, "inputs signals tasks"]:
    r"""A minimal joint distribution with a task, shared and private style, and partial redundancy.

    It has four fair bits: the task :math:`T`, a style :math:`A` shared by both views, and the
    private styles :math:`B` and :math:`C`. The input is :math:`X = (T, A, B)` and the signal
    :math:`S = (T', A, C)`, where :math:`T'` is the task's bit, flipped with probability `flip`.

    Args:
        flip: Probability of flipping the task's bit in the signal, from 0 (the signal determines
            the task) to 1; at 1/2 the signal is independent of the task.

    Returns:
        The probability of each (x, s, t): 8 × 8 × 2. Indices are the bits as binary numbers, with
        the task's bit first: ``x = 4 T + 2 A + B``.

    Relations:
        I(X;T|S), the task information missing from the signal, is the entropy of the flip;
        I(X;S|T), the information that input and signal share beyond the task, is one bit, ln 2, for
        any flip.

    Example:
        >>> table = bit_toy(0.1)
        >>> table.shape, table[0b110, 0b111, 1].item(), table[0b110, 0b011, 1].item()
        (torch.Size([8, 8, 2]), 0.05625, 0.00625)
    """
    check_fraction(flip=flip)
    shown = torch.tensor([[1 - flip, flip], [flip, 1 - flip]], dtype=torch.float64) / 2
    same = torch.eye(2, dtype=torch.float64)
    half = torch.full((2,), 0.5, dtype=torch.float64)
    # Axes: T, A, B of the input; T', A, C of the signal; the task.
    table = torch.einsum("tu,ad,b,c,tk->tabudck", shown, same / 2, half, half, same)
    return table.reshape(8, 8, 2)


def bit_toy_representations() -> dict[str, Int64[Tensor, " inputs"]]:
    """Representations of :func:`bit_toy`'s input, by the bits that they keep.

    Example:
        >>> {name: code.tolist() for name, code in bit_toy_representations().items()}
        {'X': [0, 1, 2, 3, 4, 5, 6, 7], '(T,A)': [0, 0, 1, 1, 2, 2, 3, 3],
         'T': [0, 0, 0, 0, 1, 1, 1, 1], 'A': [0, 0, 1, 1, 0, 0, 1, 1]}
    """
    inputs = torch.arange(8)
    return {
        "X": inputs,
        "(T,A)": inputs >> 1,
        "T": inputs >> 2,
        "A": inputs >> 1 & 1,
    }


def random_joint(
    inputs: int,
    signals: int,
    tasks: int,
    *,
    concentration: float = 1.0,
    task_of_input: bool = False,
    seed: int = 0,
) -> Float64[Tensor, "inputs signals tasks"]:
    """A random joint distribution, drawn from a symmetric Dirichlet distribution.

    Args:
        inputs: Number of values of the input.
        signals: Number of values of the signal.
        tasks: Number of values of the task.
        concentration: Dirichlet concentration: far above 1, tables are nearly uniform; far below 1,
            most of the mass is on few entries.
        task_of_input: Whether to make the task a function of the input, like the label of an image:
            all mass of an input moves to one randomly drawn task.
        seed: Random seed.

    Example:
        >>> table = random_joint(5, 4, 3, seed=1)
        >>> table.shape, round(table.sum().item(), 12)
        (torch.Size([5, 4, 3]), 1.0)
    """
    check_integer(at_least=1, inputs=inputs, signals=signals, tasks=tasks)
    check_integer(at_least=0, seed=seed)
    check_positive(concentration=concentration)
    generator = np.random.default_rng(seed)
    drawn = generator.dirichlet(np.full(inputs * signals * tasks, float(concentration)))
    table = torch.from_numpy(drawn).view(inputs, signals, tasks)
    if not task_of_input:
        return table
    only = torch.eye(tasks, dtype=torch.float64)[generator.integers(tasks, size=inputs)]
    return table.sum(dim=2, keepdim=True) * only[:, None]
