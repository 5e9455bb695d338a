"""Tsai et al.'s four theorems on self-supervised representations, both sides computed exactly."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.theory._bayes_error import bayes_error_bound, clipped, supervised_relative_bounds
from nearfar.theory._inequality_chain import InequalityChain
from nearfar.theory._joint_tables import Representation
from nearfar.theory._multi_view_information import (
    RepresentationInformation,
    multi_view_information,
    representation_information,
)
from nearfar.theory._sufficient_representations import (
    Target,
    is_sufficient,
    minimal_sufficient_representation,
)

__all__ = [
    "bayes_error_chain",
    "compression_chain",
    "supervised_relative_chain",
    "task_information_chain",
]

Joint = Float[Tensor, "inputs signals tasks"]
ZERO = 1e-9  # nats; anything below counts as 0


def task_information_chain(
    joint: Joint, *, self_supervised: Representation | None = None
) -> InequalityChain:
    r"""Theorem 1: self-supervision loses at most :math:`\epsilon_{\text{info}}` about the task.

    .. math:: I(X;T) = I(Z^{\text{sup}};T) = I(Z^{\text{sup}_{\min}};T) \ge I(Z^{\text{ssl}};T)
              \ge I(Z^{\text{ssl}_{\min}};T) \ge I(X;T) - \epsilon_{\text{info}}

    Assumptions:
        The self-supervised representation retains all of :math:`I(X;S)`; the joint distribution is
        arbitrary.

    Vacuous:
        Where :math:`\epsilon_{\text{info}}` reaches :math:`I(X;T)`: the signal carries no
        information about the task.

    Args:
        joint: Probability of each (input, signal, task).
        self_supervised: :math:`Z^{\text{ssl}}`, a deterministic or stochastic representation that
            is sufficient for the signal; the input itself by default.

    Raises:
        ValueError: A representation that is not sufficient for the signal; an invalid table.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), theorem 1.

    Example:
        >>> from nearfar.data import bit_toy
        >>> chain = task_information_chain(bit_toy(0.1))
        >>> [round(value, 4) for value in chain.values], chain.holds
        ([0.6931, 0.6931, 0.6931, 0.6931, 0.6931, 0.3681], True)
    """
    known = multi_view_information(joint)
    supervised = representation_information(joint, _inputs(joint))
    return InequalityChain(
        sides=("I(X;T)", "I(Zsup;T)", "I(Zsup-min;T)", "I(Zssl;T)", "I(Zssl-min;T)", "I(X;T) − ε"),
        values=(
            known.input_task,
            supervised.task,
            _minimal(joint, "task").task,
            _sufficient(joint, self_supervised).task,
            _minimal(joint, "signal").task,
            known.input_task - known.epsilon_info,
        ),
        relations=("=", "=", "≥", "≥", "≥"),
    )


def compression_chain(
    joint: Joint, *, self_supervised: Representation | None = None
) -> InequalityChain:
    r"""Theorem 2: even the minimal self-supervised representation keeps the shared style.

    .. math:: I(Z^{\text{ssl}};X \mid T) = I(X;S \mid T) + I(Z^{\text{ssl}};X \mid S,T)
              \ge I(Z^{\text{ssl}_{\min}};X \mid T) = I(X;S \mid T)
              \ge I(Z^{\text{sup}_{\min}};X \mid T) = 0

    Assumptions:
        The paper states none; two are needed, and the result reports whether each is met. The task
        must be a function of the input (so that the task itself can be a supervised
        representation), and the minimal self-supervised representation a function of signal and
        task. Without the second the middle equality becomes :math:`\ge`, with the difference
        :math:`I(Z^{\text{ssl}_{\min}};X \mid S,T)`: inputs that a noisy signal distinguishes only
        in distribution.

    Vacuous:
        Where the views share nothing but the task: the gap is 0.

    Args:
        joint: Probability of each (input, signal, task).
        self_supervised: As for :func:`task_information_chain`.

    Raises:
        ValueError: As for :func:`task_information_chain`.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), theorem 2.

    Example:
        >>> from nearfar.data import bit_toy, random_joint
        >>> chain = compression_chain(bit_toy(0.1))
        >>> [round(value, 4) for value in chain.values], chain.holds
        ([1.3863, 1.3863, 0.6931, 0.6931, 0.0, 0.0], True)
        >>> noisy = compression_chain(random_joint(4, 4, 2, task_of_input=True))
        >>> noisy.holds, list(noisy.assumptions.values())
        (False, [True, False])
    """
    known = multi_view_information(joint)
    minimal = _minimal(joint, "signal")
    kept = _sufficient(joint, self_supervised)
    return InequalityChain(
        sides=(
            "I(Zssl;X|T)",
            "I(X;S|T) + I(Zssl;X|S,T)",
            "I(Zssl-min;X|T)",
            "I(X;S|T)",
            "I(Zsup-min;X|T)",
            "0",
        ),
        values=(
            kept.input_given_task,
            known.compression_gap + kept.input_given_signal_and_task,
            minimal.input_given_task,
            known.compression_gap,
            _minimal(joint, "task").input_given_task,
            0.0,
        ),
        relations=("=", "≥", "=", "≥", "="),
        assumptions={
            "the task is a function of the input": known.task_noise <= ZERO,
            "Zssl-min is a function of signal and task": minimal.input_given_signal_and_task
            <= ZERO,
        },
    )


def bayes_error_chain(joint: Joint, representation: Representation) -> InequalityChain:
    r"""Theorem 3 with exact information: an upper bound on any representation's Bayes error.

    .. math:: P_e \le \mathrm{Th}\big(1 - e^{-H(T \mid Z)}\big)
              \le \mathrm{Th}\big(1 - e^{-(H(T) + I(X;S \mid T) + I(Z;X \mid S,T) - I(Z;S))}\big)

    The middle side is the intermediate step of the proof. For assumptions and where the bound is
    vacuous, see :func:`bayes_error_bound`.

    Args:
        joint: Probability of each (input, signal, task), for 2 tasks or more.
        representation: Any deterministic or stochastic representation, sufficient or not.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), theorem 3.

    Example:
        >>> from nearfar.data import bit_toy, bit_toy_representations
        >>> print(bayes_error_chain(bit_toy(0.1), bit_toy_representations()["(T,A)"]))
        Bayes error 0.0000 ≤ Th(1 − exp −H(T|Z)) 0.0000 ≤ Theorem 3 0.2775
    """
    known = multi_view_information(joint)
    kept = representation_information(joint, representation)
    bound = bayes_error_bound(
        kept.signal,
        task_entropy=known.task_entropy,
        num_tasks=known.num_tasks,
        compression_gap=known.compression_gap,
        input_given_signal_and_task=kept.input_given_signal_and_task,
    )
    unknown = max(0.0, known.task_entropy - kept.task)
    return InequalityChain(
        sides=("Bayes error", "Th(1 − exp −H(T|Z))", "Theorem 3"),
        values=(kept.bayes_error, clipped(-math.expm1(-unknown), known.num_tasks), bound),
        relations=("≤", "≤"),
    )


def supervised_relative_chain(
    joint: Joint, *, self_supervised: Representation | None = None
) -> InequalityChain:
    """Theorem 4: self-supervised errors are bounded on both sides by the supervised error.

    For formula, assumptions and where the bound is vacuous, see
    :func:`supervised_relative_bounds`. The minimal self-supervised representation has the largest
    error of all sufficient ones.

    Args:
        joint: Probability of each (input, signal, task), for 2 tasks or more.
        self_supervised: As for :func:`task_information_chain`.

    Raises:
        ValueError: As for :func:`task_information_chain`.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), theorem 4.

    Example:
        >>> from nearfar.data import ShapeWorld
        >>> print(supervised_relative_chain(ShapeWorld(content_change=0.1).joint()))
        lower side 0.0000 ≤ error of Zssl 0.0000 ≤ error of Zssl-min 0.0000 ≤ upper side 0.7026
    """
    known = multi_view_information(joint)
    supervised = representation_information(joint, _inputs(joint)).bayes_error
    interval = supervised_relative_bounds(
        supervised, num_tasks=known.num_tasks, epsilon_info=known.epsilon_info
    )
    return InequalityChain(
        sides=("lower side", "error of Zssl", "error of Zssl-min", "upper side"),
        values=(
            interval.lower,
            _sufficient(joint, self_supervised).bayes_error,
            _minimal(joint, "signal").bayes_error,
            interval.upper,
        ),
        relations=("≤", "≤", "≤"),
    )


def _inputs(joint: Tensor) -> Tensor:
    return torch.arange(len(joint), device=joint.device)


def _minimal(joint: Tensor, target: Target) -> RepresentationInformation:
    codes = minimal_sufficient_representation(joint, target=target)
    return representation_information(joint, codes)


def _sufficient(joint: Tensor, representation: Representation | None) -> RepresentationInformation:
    if representation is None:
        return representation_information(joint, _inputs(joint))
    kept = representation_information(joint, representation)
    if not is_sufficient(joint, representation, target="signal"):
        known = multi_view_information(joint)
        raise ValueError(
            "`self_supervised` must be sufficient for the signal, I(Z;S) ="
            f" {known.input_signal:.4f} nats, got {kept.signal:.4f}"
        )
    return kept
