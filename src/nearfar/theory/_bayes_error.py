"""The Bayes error: exact, and bounded by mutual information."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_fraction, check_integer, check_not_negative, check_positive
from nearfar.records import Record
from nearfar.theory._joint_tables import Representation
from nearfar.theory._multi_view_information import representation_information

__all__ = [
    "ErrorInterval",
    "bayes_error",
    "bayes_error_bound",
    "estimation_error",
    "supervised_relative_bounds",
]


@dataclass(frozen=True)
class ErrorInterval(Record):
    """An interval that contains an error rate.

    Attributes:
        lower: Lower bound.
        upper: Upper bound.
        guessing: Error of uniform guessing among the tasks' values, the trivial upper bound.
    """

    lower: float
    upper: float
    guessing: float

    @property
    def vacuous(self) -> bool:
        """Whether the interval is the trivial one, from 0 to the error of guessing."""
        return self.lower <= 0 and self.upper >= self.guessing


def bayes_error(
    joint: Float[Tensor, "inputs signals tasks"], representation: Representation
) -> float:
    r"""Bayes error of predicting the task from a representation.

    .. math:: P_e = \mathbb E_z \big[ 1 - \max_t P(t \mid z) \big]

    Args:
        joint: Probability of each (input, signal, task).
        representation: Deterministic or stochastic, as for :func:`representation_information`.

    Returns:
        From 0 to 1 − 1/\|T\|.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), section 2.

    Example:
        >>> from nearfar.data import bit_toy, bit_toy_representations
        >>> maps = bit_toy_representations()
        >>> bayes_error(bit_toy(), maps["T"]), bayes_error(bit_toy(), maps["A"])
        (0.0, 0.5)
    """
    return representation_information(joint, representation).bayes_error


def bayes_error_bound(
    signal_information: float,
    *,
    task_entropy: float,
    num_tasks: int,
    compression_gap: float = 0.0,
    input_given_signal_and_task: float = 0.0,
    sample_term: float = 0.0,
) -> float:
    r"""Upper bound on a representation's Bayes error, from its information about the signal.

    .. math:: P_e \le \mathrm{Th}\Big( 1 - \exp\big( -( H(T) + I(X;S \mid T) + I(Z;X \mid S,T)
              - \hat I(Z;S) + \text{sample term} ) \big) \Big)

    with :math:`\mathrm{Th}` clipping to :math:`[0, 1 - 1/|T|]`. Information about the signal lowers
    the bound; task-irrelevant information (style shared by both views, and what neither signal nor
    task explains) raises it.

    Assumptions:
        None on the distribution: it chains :math:`P_e \le 1 - e^{-H(T \mid Z)}`,
        :math:`I(Z;T) \ge I(Z;S) - I(Z;S \mid T)` and :math:`I(Z;S \mid T) \le I(X;S \mid T)`, so
        the term :math:`I(Z;X \mid S,T)` could even be dropped. With an estimate in place of
        :math:`I(Z;S)` it holds with the probability given by :func:`estimation_error`, and only
        for a consistent estimator: an overestimate invalidates it.

    Vacuous:
        Where the sum in the exponent reaches :math:`\ln |T|`: the bound is then that of guessing.
        An estimator capped at the logarithm of the batch size (:func:`information_ceiling`) makes
        it vacuous where the views share more than that.

    Args:
        signal_information: :math:`I(Z;S)` or its estimate, in nats.
        task_entropy: :math:`H(T)`.
        num_tasks: :math:`|T|`, 2 or more.
        compression_gap: :math:`I(X;S \mid T)`.
        input_given_signal_and_task: :math:`I(Z;X \mid S,T)`.
        sample_term: Error of the information estimate; see :func:`estimation_error`.

    Returns:
        An error rate from 0 to 1 − 1/\|T\|.

    Raises:
        ValueError: Negative entropy or information; a task entropy above :math:`\ln |T|`.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), theorem 3.

    Example:
        >>> bound = bayes_error_bound(
        ...     1.0612, task_entropy=math.log(2), num_tasks=2, compression_gap=math.log(2)
        ... )
        >>> print(f"{bound:.4f}")
        0.2775
    """
    check_integer(at_least=2, num_tasks=num_tasks)
    check_not_negative(
        signal_information=signal_information,
        task_entropy=task_entropy,
        compression_gap=compression_gap,
        input_given_signal_and_task=input_given_signal_and_task,
        sample_term=sample_term,
    )
    if task_entropy > math.log(num_tasks) + 1e-9:
        raise ValueError(
            f"`task_entropy` must be at most {math.log(num_tasks):.4f} for {num_tasks} tasks,"
            f" got {task_entropy!r}"
        )
    debt = task_entropy + compression_gap + input_given_signal_and_task + sample_term
    return clipped(-math.expm1(signal_information - debt), num_tasks)


def estimation_error(
    num_parameters: int, samples: int, *, delta: float = 0.05, constant: float = 1.0
) -> float:
    r"""Estimation error of mutual information with a trained critic.

    .. math:: c \, \sqrt{\frac{d + \ln(1/\delta)}{n}}

    Convergence rate of the estimate from :math:`n` pairs, with probability :math:`1 - \delta`,
    for the best critic of a compact family with :math:`d` parameters.

    Assumptions:
        The family contains the true density ratio, its parameters and scores are bounded, and
        optimisation finds the best member. The constant depends on those bounds and is not given by
        the theorem: with 1 this is an order of magnitude, not a guarantee.

    Vacuous:
        For networks with more parameters than pairs, which is nearly always.

    Args:
        num_parameters: :math:`d`, number of critic parameters.
        samples: :math:`n`, number of pairs.
        delta: Failure probability, above 0 and at most 1.
        constant: :math:`c`.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), proposition 1, after Tsai et al., NeurIPS 2020.

    Example:
        >>> print(f"{estimation_error(1_000, 100_000):.4f} {estimation_error(10**6, 10**5):.4f}")
        0.1001 3.1623
    """
    check_integer(at_least=1, num_parameters=num_parameters, samples=samples)
    check_positive(delta=delta, constant=constant)
    check_fraction(delta=delta)
    return constant * math.sqrt((num_parameters - math.log(delta)) / samples)


def supervised_relative_bounds(
    supervised_error: float, *, num_tasks: int, epsilon_info: float = 0.0
) -> ErrorInterval:
    r"""Bounds on self-supervised errors relative to the best supervised representation.

    .. math:: -\frac{\ln(1 - P_e^{\text{sup}}) + \ln 2}{\ln |T|}
              \;\le\; P_e^{\text{ssl}}, P_e^{\text{ssl}_{\min}} \;\le\;
              1 - \exp\big( -( \ln 2 + P_e^{\text{sup}} \ln |T| + \epsilon_{\text{info}} ) \big)

    both sides clipped to :math:`[0, 1 - 1/|T|]`.

    Assumptions:
        The multi-view assumption, :math:`I(X;T \mid S) \le \epsilon_{\text{info}}`, and a
        representation that retains all of :math:`I(X;S)`. The two sides follow from Fano's
        inequality and :math:`P_e \le 1 - e^{-H(T \mid Z)}`.

    Vacuous:
        The upper side is never below 1/2, so it is vacuous for two tasks; the lower side is 0 until
        the supervised error exceeds 1/2. With many tasks and a small supervised error the upper
        side is informative: the error is little more than one half at most.

    Args:
        supervised_error: Bayes error :math:`P_e^{\text{sup}}` given the input, in [0, 1 − 1/\|T\|].
        num_tasks: :math:`|T|`, 2 or more.
        epsilon_info: :math:`\epsilon_{\text{info}}`.

    Raises:
        ValueError: An error above that of guessing, or negative information.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), theorem 4.

    Example:
        >>> many = supervised_relative_bounds(0.05, num_tasks=1000, epsilon_info=0.1)
        >>> print(f"{many.lower:.3f} {many.upper:.3f} {many.vacuous}")
        0.000 0.680 False
        >>> supervised_relative_bounds(0.05, num_tasks=2).vacuous
        True
    """
    check_integer(at_least=2, num_tasks=num_tasks)
    check_fraction(supervised_error=supervised_error)
    check_not_negative(epsilon_info=epsilon_info)
    guessing = 1 - 1 / num_tasks
    if supervised_error > guessing + 1e-9:
        raise ValueError(
            f"`supervised_error` must be at most {guessing:.4f}, the error of guessing among"
            f" {num_tasks} tasks, got {supervised_error!r}"
        )
    spread = math.log(num_tasks)
    lower = -(math.log1p(-min(supervised_error, guessing)) + math.log(2)) / spread
    upper = -math.expm1(-(math.log(2) + supervised_error * spread + epsilon_info))
    return ErrorInterval(clipped(lower, num_tasks), clipped(upper, num_tasks), guessing)


def clipped(error: float, num_tasks: int) -> float:
    """An error clipped to [0, error of guessing], the paper's Th.

    >>> clipped(-0.3, 10), clipped(0.4, 10), clipped(1.2, 10)
    (0.0, 0.4, 0.9)
    """
    return min(max(error, 0.0), 1 - 1 / num_tasks)
