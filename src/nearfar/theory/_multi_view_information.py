"""What input, signal, task and a representation know of each other, exactly."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nearfar.records import Record
from nearfar.theory._tables import Representation, checked_joint, coded, entropy

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
        input_task: I(X;T): what a label could at best be guessed from.
        signal_task: I(S;T).
        input_signal: I(X;S): what self-supervision can extract.
        compression_gap: I(X;S|T): what both views share beside the task.
        epsilon_info: I(X;T|S): what of the task the signal does not know.
        task_noise: H(T|X): 0 where the task is a function of the input.
        num_tasks: Values of T, of whatever probability.
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
    """What a representation Z of the input keeps, in nats.

    Attributes:
        entropy: H(Z).
        entropy_given_signal: H(Z|S): what the inverse predictive objective lowers.
        entropy_given_task: H(Z|T).
        task: I(Z;T): what of the task is kept.
        signal: I(Z;S): what the contrastive objective raises.
        input_given_task: I(Z;X|T): all that is kept beside the task.
        input_given_signal_and_task: I(Z;X|S,T): what is kept that neither signal nor task tell.
        bayes_error: Error of the best guess of T from Z.
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
    r"""Exact information quantities of a finite world.

    .. math:: I(X;T \mid S) = H(X,S) + H(S,T) - H(X,S,T) - H(S) = \epsilon_{\text{info}}

    and likewise for the others. The multi-view assumption is that :math:`\epsilon_{\text{info}}`
    is small: the signal (another view, a caption) tells nearly all that the input tells of the
    task.

    Args:
        joint: Probability of each (input, signal, task).

    Returns:
        All quantities in nats, each 0 or above.

    Raises:
        ValueError: Not three axes, a probability below 0, a sum that differs from 1 by more than
            1e-6.
        TypeError: Counts instead of probabilities.

    Cost:
        Time and memory that of the table.

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

    A representation sees the input alone, so :math:`I(Z;X \mid S,T) = H(Z \mid S,T) - H(Z \mid X)`,
    where :math:`H(Z \mid X) = 0` for a map.

    Args:
        joint: Probability of each (input, signal, task).
        representation: The code of each input (a map), or for each input a row with the
            probability of each code (a channel).

    Returns:
        All quantities in nats; the Bayes error as a share.

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
