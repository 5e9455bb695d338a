"""Contrastive predictive coding: tell what comes next from what does not."""

from __future__ import annotations

import math
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

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
    r"""Make each prediction similar to the encoding it foresees, unlike those of other times.

    .. math:: L = \frac1K \sum_{k=1}^{K} \frac1{B (T - k)} \sum_{b=1}^{B} \sum_{t=1}^{T-k} -\ln
              \frac{e^{\hat z_{kbt}^\top z_{b,t+k} / \tau}}
              {\sum_{(b', t') \in X} e^{\hat z_{kbt}^\top z_{b't'} / \tau}}

    with :math:`\hat z_{kbt} = W_k c_{bt}` the prediction, k steps ahead, from the context of time t
    and :math:`X` the positive and the other candidates. Predictions of what comes after the end
    of a sequence do not count. Vectors are not normalised; sums are in float32 or wider.

    Where a time has several places (a row of an image has patches), each place's context foresees
    what comes at that place, among the candidates of all places.

    Args:
        predictions: For every number of steps ahead (`skip` + 1, `skip` + 2, …), every time and
            place, the encoding foreseen.
        encodings: Of every sequence's times, and their places if they have several.
        skip: How many of the next times are not foreseen.
        candidates: What the encoding foreseen is told from: every time of the mini-batch, the other
            times of the "same_sequence", or all times of the "other_sequences" alone.
        temperature: Divides the scores; a number above 0 or a learnable scalar. The paper has none.

    Returns:
        The mean over the steps of the mean over positions. (Times the number of steps it is the
        sum that some authors minimise.)

    Raises:
        ValueError: Other shapes, no time left so many steps ahead, no candidate but the positive,
            `skip` below 0, or a non-positive temperature.
        TypeError: Integer tensors.

    Scale:
        Chance, and complete collapse: the logarithm of the number of candidates, ln(B·T), ln T or
        ln(1 + (B − 1)·T) in the order above, for T times or places. Perfect: tends to 0 from above.
        Not bounded above.

    Cost:
        Time steps·batch·time·candidates·dim. Memory that of the inputs, as scores are never held
        together, except for "same_sequence": steps·batch·time². Couples the batch, except for
        "same_sequence": gather first.

    Relations:
        :func:`info_nce_loss` unnormalised, averaged over steps. The logarithm of the number of
        candidates minus this bounds the information between context and future from below. For
        images, rows are times and columns are places.

    Reference:
        van den Oord, Li, Vinyals 2018 (arXiv 1807.03748), equation 4; for the candidates, table 2.

    Example:
        >>> import torch
        >>> encodings = torch.tensor([[[3.0, 0.0], [0.0, 3.0], [3.0, 3.0]]])
        >>> predictions = torch.tensor([[[[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]]])
        >>> print(f"{cpc_loss(predictions, encodings):.4f}, chance {math.log(3):.4f}")
        0.4063, chance 1.0986
    """
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
    return torch.stack(losses).mean()


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
        places = places // times  # the whole sequence is left out, not only the positive
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
        skipped = f" after {skip} that are skipped" if skip else ""
        raise ValueError(
            f"`predictions` must have fewer steps than {times} times, got {steps}{skipped}"
        )
    if candidates == "other_sequences" and sequences < 2:
        raise ValueError("`encodings` needs at least 2 sequences to tell one from others, got 1")


@final
class CPCLoss(Objective):
    """:func:`cpc_loss` with what is skipped, its candidates and temperature remembered."""

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
        """The loss of predictions of encodings to come."""
        return cpc_loss(
            predictions,
            encodings,
            skip=self.skip,
            candidates=self.candidates,
            temperature=self.temperature,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """ln(1 + negatives); they depend on the sequences' length, so None unless told."""
        return math.log(1 + num_negatives) if num_negatives else None
