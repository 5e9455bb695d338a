"""Contrastive predictive coding: identify future encodings among candidates."""

from __future__ import annotations

import math
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar._docstrings import documented_by
from nearfar.checks import check_axes, check_choice, check_integer, check_temperature
from nearfar.objectives._objective import Objective
from nearfar.ops import full_precision, pairwise_logsumexp, widen

__all__ = ["CPCLoss", "cpc_loss"]

Candidates = Literal["batch", "same_sequence", "other_sequences"]
_CANDIDATES = ("batch", "same_sequence", "other_sequences")


def cpc_loss(
    predictions: Float[Tensor, "steps batch time *places dim"],
    encodings: Float[Tensor, "batch time *places dim"],
    *,
    skip: int = 0,
    candidates: Candidates = "batch",
    temperature: float | Float[Tensor, ""] = 1.0,
) -> Float[Tensor, ""]:
    r"""Make each prediction similar to the future encoding, dissimilar to other encodings.

    .. math:: L = \frac1K \sum_{k=1}^{K} \frac1{B (T - k)} \sum_{b=1}^{B} \sum_{t=1}^{T-k} -\ln
              \frac{e^{\hat z_{kbt}^\top z_{b,t+k} / \tau}}
              {\sum_{(b', t') \in X} e^{\hat z_{kbt}^\top z_{b't'} / \tau}}

    with :math:`\hat z_{kbt} = W_k c_{bt}` the prediction, k steps ahead, from the context at time t
    and :math:`X` the set of candidates, including the positive. Predictions beyond the end of a
    sequence are ignored. Vectors are not normalised; sums accumulate in float32 or wider.

    If a time step has several places (a row of an image has patches), each place's context predicts
    the encoding at that place, among candidates of all places.

    Args:
        predictions: For each number of steps ahead (`skip` + 1, `skip` + 2, …), each time and
            place, the predicted encoding.
        encodings: Encodings of every sequence's time steps, and of their places if any.
        skip: Number of time steps directly after the context that are not predicted.
        candidates: Source of the candidates: all time steps of the ``batch``, those of the
            ``same_sequence``, or the positive and those of the ``other_sequences``.
        temperature: Divides the scores; above 0. Van den Oord et al. have none.

    Returns:
        Mean over prediction steps of the mean over positions. (Some authors minimise the sum over
        steps.)

    Raises:
        ValueError: Wrong shapes, too few time steps, no negatives, a negative `skip`, or a
            non-positive temperature.
        TypeError: Integer tensors.

    Scale:
        Chance or complete collapse: the log number of candidates, ln(B·T), ln T or
        ln(1 + (B − 1)·T) in the order above, for T time steps or places. Perfect: tends to 0.
        Unbounded above.

    Cost:
        Time steps·batch·time·candidates·dim. Memory that of the inputs, as the score matrix is
        never materialised, except for "same_sequence": steps·batch·time². Couples the batch,
        except for "same_sequence": gather first.

    Relations:
        Unnormalised :func:`info_nce_loss`, averaged over steps. The log number of candidates minus
        this is a lower bound on the mutual information of context and future. For images, rows are
        time steps and columns are places.

    Reference:
        van den Oord, Li, Vinyals 2018 (arXiv 1807.03748), equation 4; for the candidates, table 2.

    Example:
        >>> import torch
        >>> encodings = torch.tensor([[[3.0, 0.0], [0.0, 3.0], [3.0, 3.0]]])
        >>> predictions = torch.tensor([[[[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]]])
        >>> print(f"{cpc_loss(predictions, encodings):.4f}, chance {math.log(3):.4f}")
        0.4063, chance 1.0986
    """
    return _horizons(
        predictions, encodings, skip=skip, candidates=candidates, temperature=temperature
    ).mean()


def _horizons(
    predictions: Tensor,
    encodings: Tensor,
    *,
    skip: int,
    candidates: Candidates,
    temperature: float | Tensor,
) -> Tensor:
    """The loss of each number of steps ahead."""
    places = "places × " * (encodings.ndim - 3)
    check_axes(f"steps × batch × time × {places}dim", predictions=predictions)
    check_axes(f"batch × time × {places}dim", encodings=encodings)
    check_integer(at_least=0, skip=skip)
    _check_fit(predictions, encodings, skip, candidates)
    check_temperature(temperature)
    predictions, encodings = widen(predictions), widen(encodings)
    across = encodings[0, 0, ..., 0].numel()
    encodings = encodings.flatten(1, -2)  # batch × (time · places) × dim
    losses = []
    for times, step in enumerate(predictions.flatten(2, -2), start=skip + 1):
        ahead = times * across
        made = step[:, :-ahead]
        positives = (made * encodings[:, ahead:]).sum(dim=2) / temperature
        if candidates == "same_sequence":
            others = _same_sequence(made, encodings, ahead, temperature)
        else:
            others = _anywhere(made, encodings, ahead, candidates, temperature)
        losses.append(F.softplus(others - positives).mean())
    return torch.stack(losses)


def _same_sequence(
    made: Tensor, encodings: Tensor, ahead: int, temperature: float | Tensor
) -> Tensor:
    with full_precision(made):
        scores = made @ encodings.transpose(1, 2) / temperature
    positive = torch.ones_like(scores[0], dtype=torch.bool).triu(ahead).tril(ahead)
    return scores.masked_fill(positive, -torch.inf).logsumexp(dim=2)


def _anywhere(
    made: Tensor,
    encodings: Tensor,
    ahead: int,
    candidates: Candidates,
    temperature: float | Tensor,
) -> Tensor:
    sequences, times, _ = encodings.shape
    places = torch.arange(sequences * times, device=made.device).view(sequences, times)
    if candidates == "other_sequences":
        places = places // times  # excludes the whole sequence, not only the positive
    others = pairwise_logsumexp(
        made.flatten(0, 1),
        encodings.flatten(0, 1),
        scale=1 / temperature,
        query_ids=places[:, ahead:].flatten(),
        key_ids=places.flatten(),
    )
    return others.view(made.shape[:2])


def _check_fit(predictions: Tensor, encodings: Tensor, skip: int, candidates: Candidates) -> None:
    check_choice(_CANDIDATES, candidates=candidates)
    if predictions.shape[1:] != encodings.shape:
        raise ValueError(
            f"`predictions` must have, for each step, the shape of `encodings`,"
            f" {tuple(encodings.shape)}, got {tuple(predictions.shape[1:])}"
        )
    steps, sequences, times = predictions.shape[:3]
    if skip + steps >= times:
        skipped = f" after {skip} skipped" if skip else ""
        raise ValueError(f"`predictions` must have fewer than {times} steps, got {steps}{skipped}")
    if candidates == "other_sequences" and sequences < 2:
        raise ValueError("`encodings` needs at least 2 sequences for other_sequences, got 1")


@final
@documented_by(cpc_loss)
class CPCLoss(Objective):
    """:func:`cpc_loss` with its hyper-parameters stored."""

    def __init__(
        self,
        *,
        skip: int = 0,
        candidates: Candidates = "batch",
        temperature: float | Tensor = 1.0,
    ) -> None:
        super().__init__()
        check_integer(at_least=0, skip=skip)
        check_choice(_CANDIDATES, candidates=candidates)
        check_temperature(temperature)
        self.skip = skip
        self.candidates = candidates
        self.temperature = temperature

    def forward(self, predictions: Tensor, encodings: Tensor) -> Tensor:
        """The loss of predictions of future encodings."""
        return cpc_loss(
            predictions,
            encodings,
            skip=self.skip,
            candidates=self.candidates,
            temperature=self.temperature,
        )

    def horizons(self, predictions: Tensor, encodings: Tensor) -> Float[Tensor, " steps"]:
        """The loss of each number of steps ahead; their mean is the loss."""
        return _horizons(
            predictions,
            encodings,
            skip=self.skip,
            candidates=self.candidates,
            temperature=self.temperature,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """ln(1 + negatives); None if their number, which depends on the length, is unknown."""
        return math.log(1 + num_negatives) if num_negatives else None
