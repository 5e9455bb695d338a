"""Mutual information between paired vectors, estimated with a small trained critic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import (
    check_choice,
    check_finite_rows,
    check_integer,
    check_matrix,
    check_positive,
)
from nearfar.objectives import donsker_varadhan_loss, info_nce_loss, jensen_shannon_loss
from nearfar.records import Record
from nearfar.theory._information_bounds import (
    donsker_varadhan_information,
    info_nce_information,
    information_ceiling,
    jensen_shannon_information,
    nwj_information,
    split_scores,
)

__all__ = ["Estimator", "InformationEstimate", "SeparableCritic", "estimate_information"]

Estimator = Literal["info_nce", "jensen_shannon", "nwj", "donsker_varadhan"]
HELD_OUT = 0.25


@dataclass(frozen=True)
class InformationEstimate(Record):
    """The result of :func:`estimate_information`.

    Attributes:
        estimator: Name of the estimator, which also sets the critic's loss.
        nats: The estimate, on held-out pairs.
        ceiling: Largest value the estimator can take; None if unbounded.
        held_out: Number of held-out pairs.
        batch_size: Pairs scored against each other, in training and evaluation.
        num_parameters: Number of critic parameters.
    """

    estimator: str
    nats: float
    ceiling: float | None
    held_out: int
    batch_size: int
    num_parameters: int


class SeparableCritic(nn.Module):
    r"""The score :math:`s(x, y) = \langle G(x), H(y) \rangle + a(x) + b(y)`, with small networks.

    The inner product alone is the contrastive objective's critic; the bias terms let it represent a
    log density ratio, which the other estimators need. The bias terms are folded into the inner
    product, so that all pairs' scores are one matrix product.

    Example:
        >>> critic = SeparableCritic(3, 5, width=16, dim=8, generator=torch.Generator())
        >>> queries, keys = critic(torch.randn(7, 3), torch.randn(9, 5))
        >>> (queries @ keys.T).shape
        torch.Size([7, 9])
    """

    def __init__(
        self, input_dim: int, signal_dim: int, *, width: int, dim: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.inputs = _network(input_dim, width, dim + 1, generator)
        self.signals = _network(signal_dim, width, dim + 1, generator)

    def forward(
        self, x: Float[Tensor, "inputs input_dim"], y: Float[Tensor, "signals signal_dim"]
    ) -> tuple[Float[Tensor, "inputs dim"], Float[Tensor, "signals dim"]]:
        """Two sets of vectors whose inner products are the scores."""
        left, right = self.inputs(x), self.signals(y)
        a, b = left[:, :1], right[:, :1]
        queries = torch.cat([left[:, 1:], a, torch.ones_like(a)], dim=1)
        keys = torch.cat([right[:, 1:], torch.ones_like(b), b], dim=1)
        return queries, keys


def estimate_information(
    x: Float[Tensor, "samples input_dim"],
    y: Float[Tensor, "samples signal_dim"],
    *,
    estimator: Estimator = "jensen_shannon",
    batch_size: int = 128,
    steps: int = 1500,
    learning_rate: float = 2e-3,
    width: int = 128,
    dim: int = 32,
    seed: int = 0,
) -> InformationEstimate:
    r"""Mutual information between paired vectors, in nats, estimated with a trained critic.

    A critic :math:`\langle G(x), H(y) \rangle + a(x) + b(y)` of two small networks is trained with
    the estimator's own loss on three quarters of the pairs (AdamW, cosine decay of the learning
    rate to 0) and evaluated on the rest, averaged over batches. Both vectors are standardised.

    Bias:
        That of the estimator (:func:`info_nce_information`, :func:`jensen_shannon_information`,
        :func:`nwj_information`, :func:`donsker_varadhan_information`), and that of an undertrained
        critic or one with too little data: negative for estimators that are lower bounds. Held-out
        evaluation keeps memorised pairs from counting as information.

    Args:
        x: One vector per pair.
        y: The other vector of each pair, in the same order; of any dimension.
        estimator: ``"info_nce"`` (at most the logarithm of the batch size), ``"jensen_shannon"``,
            ``"nwj"`` or ``"donsker_varadhan"`` (no ceiling).
        batch_size: Pairs scored against each other.
        steps: Number of critic updates.
        learning_rate: Initial learning rate of AdamW.
        width: Width of the networks' two hidden layers.
        dim: Dimension of the inner product.
        seed: Random seed of the split, the batches and the initial weights.

    Raises:
        ValueError: Numbers of rows that differ, fewer than 8 batches of pairs, an unknown
            estimator, NaN.

    Cost:
        A few seconds on a CPU: steps · batch · (batch · dim + width²). The global random state is
        unchanged.

    Reference:
        Tsai et al., ICLR 2021 (arXiv 2006.05576), proposition 1.

    Example:
        >>> from nearfar.data import CorrelatedGaussians
        >>> x, y = CorrelatedGaussians(2, information=1.0).draw(4096)
        >>> found = estimate_information(x, y, steps=400)
        >>> abs(found.nats - 1) < 0.15, found.held_out, found.ceiling
        (True, 1024, None)
    """
    check_matrix(x=x, y=y)
    check_finite_rows(x=x, y=y)
    check_choice(LOSSES, estimator=estimator)
    check_integer(at_least=2, batch_size=batch_size)
    check_integer(at_least=1, steps=steps, width=width, dim=dim)
    check_integer(at_least=0, seed=seed)
    check_positive(learning_rate=learning_rate)
    if len(x) != len(y):
        raise ValueError(f"`y` must have a row for each of the {len(x)} rows of `x`, got {len(y)}")
    if len(x) < 8 * batch_size:
        raise ValueError(
            f"`x` must have at least 8 batches of {batch_size} pairs, got {len(x)} rows"
        )
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(x), generator=generator)
    held_out = order[: int(HELD_OUT * len(x)) // batch_size * batch_size]
    training = order[len(held_out) :]
    x, y = (_standardized(values, training) for values in (x.detach(), y.detach()))
    critic = SeparableCritic(x.shape[1], y.shape[1], width=width, dim=dim, generator=generator)
    critic = critic.to(x.device)
    optimizer = torch.optim.AdamW(critic.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        picked = torch.randint(len(training), (batch_size,), generator=generator)
        batch = training[picked]
        loss = LOSSES[estimator](*critic(x[batch], y[batch]))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(critic.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        batches = held_out.view(-1, batch_size)
        pairs = (critic(x[batch], y[batch]) for batch in batches)
        estimates = [ESTIMATORS[estimator](_scores(*vectors)) for vectors in pairs]
    return InformationEstimate(
        estimator=estimator,
        nats=float(torch.stack(estimates).mean()),
        ceiling=information_ceiling(batch_size) if estimator == "info_nce" else None,
        held_out=len(held_out),
        batch_size=batch_size,
        num_parameters=sum(weight.numel() for weight in critic.parameters()),
    )


def _info_nce(queries: Tensor, keys: Tensor) -> Tensor:
    return info_nce_loss(queries, keys, temperature=1.0, normalize=False)


def _jensen_shannon(queries: Tensor, keys: Tensor) -> Tensor:
    return jensen_shannon_loss(*split_scores(_scores(queries, keys)))


def _nwj(queries: Tensor, keys: Tensor) -> Tensor:
    return -nwj_information(_scores(queries, keys))


def _donsker_varadhan(queries: Tensor, keys: Tensor) -> Tensor:
    return donsker_varadhan_loss(*split_scores(_scores(queries, keys)))


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "info_nce": _info_nce,
    "jensen_shannon": _jensen_shannon,
    "nwj": _nwj,
    "donsker_varadhan": _donsker_varadhan,
}
ESTIMATORS: dict[str, Callable[[Tensor], Tensor]] = {
    "info_nce": info_nce_information,
    "jensen_shannon": jensen_shannon_information,
    "nwj": nwj_information,
    "donsker_varadhan": donsker_varadhan_information,
}


def _scores(queries: Tensor, keys: Tensor) -> Tensor:
    return queries @ keys.T


def _standardized(values: Tensor, rows: Tensor) -> Tensor:
    """Columns with mean 0 and standard deviation 1 over `rows`; a constant column becomes 0."""
    wide = values.float()
    centered = wide - wide[rows].mean(dim=0)
    spread: Tensor = centered[rows].std(dim=0)
    return centered / spread.where(spread > 0, 1)


def _network(inputs: int, width: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = []
    for columns, rows in ((inputs, width), (width, width), (width, outputs)):
        # on the meta device: leaves the global random state unchanged
        layer = nn.Linear(columns, rows, device="meta").to_empty(device="cpu")
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
    with torch.no_grad():
        layer.weight.mul_((4 * outputs) ** -0.25)  # initial scores of order 1
    return nn.Sequential(*layers[:-1])
