"""Exact mutual information between input, signal, task and representation."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nearfar.records import Record
from nearfar.theory._joint_tables import Representation, checked_joint, coded, entropy

__all__ = [
    "MultiViewInformation",
    "RepresentationInformation",
    "multi_view_information",
    "representation_information",
]


@dataclass(frozen=True)
class MultiViewInformation(Record):
    """Information between input X, self-supervised signal S and task T, in nats.

    Attributes:
        input_entropy: H(X).
        signal_entropy: H(S).
        task_entropy: H(T).
        input_task: I(X;T), the task-relevant information of the input.
        signal_task: I(S;T).
        input_signal: I(X;S), what self-supervision can extract.
        compression_gap: I(X;S|T), shared by both views but irrelevant to the task.
        epsilon_info: I(X;T|S), task-relevant information that the signal lacks.
        task_noise: H(T|X), 0 where the task is a function of the input.
        num_tasks: Number of values of T, including those of probability 0.
    """

    input_entropy: float
    signal_entropy: float
    task_entropy: float
    input_task: float
    signal_task: float
    input_signal: float
    compression_gap: float
    epsilon_info: float
    task_noise: float
    num_tasks: int


@dataclass(frozen=True)
class RepresentationInformation(Record):
    """Information quantities of a representation Z of the input, in nats.

    Attributes:
        entropy: H(Z).
        entropy_given_signal: H(Z|S), minimised by inverse predictive learning.
        entropy_given_task: H(Z|T).
        task: I(Z;T), the extracted task-relevant information.
        signal: I(Z;S), maximised by contrastive learning.
        input_given_task: I(Z;X|T), the task-irrelevant information retained.
        input_given_signal_and_task: I(Z;X|S,T), the part of it not shared with the signal.
        bayes_error: Bayes error of predicting T from Z.
    """

    entropy: float
    entropy_given_signal: float
    entropy_given_task: float
    task: float
    signal: float
    input_given_task: float
    input_given_signal_and_task: float
    bayes_error: float


def multi_view_information(joint: Float[Tensor, "inputs signals tasks"]) -> MultiViewInformation:
    r"""Exact information quantities of a discrete joint distribution.

    .. math:: I(X;T \mid S) = H(X,S) + H(S,T) - H(X,S,T) - H(S) = \epsilon_{\text{info}}

    and similarly for the others. The multi-view assumption is that :math:`\epsilon_{\text{info}}`
    is small: the signal (another view, a caption) contains nearly all task-relevant information
    of the input.

    Args:
        joint: Probability of each (input, signal, task).

    Returns:
        All quantities in nats, each 0 or more.

    Raises:
        ValueError: Not three axes, a negative probability, a sum that differs from 1 by more than
            1e-6.
        TypeError: Counts instead of probabilities.

    Cost:
        Time and memory linear in the size of the table.

    Reference:
        Tsai, Wu, Salakhutdinov, Morency, ICLR 2021 (arXiv 2006.05576), section 2.

    Example:
        >>> from nearfar.data import bit_toy
        >>> known = multi_view_information(bit_toy(0.1))
        >>> print(f"{known.input_task:.4f} {known.epsilon_info:.4f} {known.compression_gap:.4f}")
        0.6931 0.3251 0.6931
    """
    table = checked_joint(joint)
    x, s, t = (entropy(table.sum(dim=axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    xs, xt, st = (entropy(table.sum(dim=axis)) for axis in (2, 1, 0))
    xst = entropy(table)
    return MultiViewInformation(
        input_entropy=x,
        signal_entropy=s,
        task_entropy=t,
        input_task=max(0.0, x + t - xt),
        signal_task=max(0.0, s + t - st),
        input_signal=max(0.0, x + s - xs),
        compression_gap=max(0.0, xt + st - xst - t),
        epsilon_info=max(0.0, xs + st - xst - s),
        task_noise=max(0.0, xt - x),
        num_tasks=table.shape[2],
    )


def representation_information(
    joint: Float[Tensor, "inputs signals tasks"], representation: Representation
) -> RepresentationInformation:
    r"""Exact information quantities of a representation of the input.

    A representation depends on the input alone, so
    :math:`I(Z;X \mid S,T) = H(Z \mid S,T) - H(Z \mid X)`, with :math:`H(Z \mid X) = 0` for a
    deterministic one.

    Args:
        joint: Probability of each (input, signal, task).
        representation: The code of each input (deterministic), or one row per input with the
            probability of each code (stochastic).

    Returns:
        All quantities in nats; the Bayes error as a fraction.

    Raises:
        ValueError: As for :func:`multi_view_information`; a representation that does not fit.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), theorems 1 to 3.

    Example:
        >>> from nearfar.data import bit_toy, bit_toy_representations
        >>> kept = representation_information(bit_toy(0.1), bit_toy_representations()["(T,A)"])
        >>> print(f"{kept.task:.4f} {kept.signal:.4f} {kept.input_given_task:.4f}")
        0.6931 1.0612 0.6931
    """
    table, noise = coded(checked_joint(joint), representation)
    known = multi_view_information(table)
    given_task = entropy(table.sum(dim=1)) - known.task_entropy
    given_both = entropy(table) - entropy(table.sum(dim=0))
    return RepresentationInformation(
        entropy=known.input_entropy,
        entropy_given_signal=max(0.0, known.input_entropy - known.input_signal),
        entropy_given_task=max(0.0, given_task),
        task=known.input_task,
        signal=known.input_signal,
        input_given_task=max(0.0, given_task - noise),
        input_given_signal_and_task=max(0.0, given_both - noise),
        bayes_error=max(0.0, 1 - float(table.sum(dim=1).amax(dim=1).sum())),
    )
