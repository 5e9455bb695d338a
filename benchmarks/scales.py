"""Losses of other packages compared with ours: the page "the same name, different numbers".

python benchmarks/scales.py        writes docs/same-name-different-numbers.md

`COMPARISONS` has both losses of each row; the tests check the relation of their values and
gradients on arbitrary inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.objectives import (
    alignment_uniformity_loss,
    barlow_twins_loss,
    binary_discrimination_loss,
    byol_loss,
    info_nce_loss,
    jensen_shannon_loss,
    negative_cosine_loss,
    nt_xent_loss,
    pairwise_margin_loss,
    swapped_prediction_loss,
    triplet_loss,
    vicreg_loss,
)

PAGE = Path(__file__).parents[1] / "docs" / "same-name-different-numbers.md"
BATCH, DIM, OTHERS = 16, 8, 12


@dataclass(frozen=True)
class Batch:
    """Inputs of the losses: two views, other vectors, and which pairs are of the same sample."""

    z1: Tensor
    z2: Tensor
    others: Tensor
    critic: Tensor
    same: Tensor


Loss = Callable[[Batch], Tensor]


@dataclass(frozen=True)
class Comparison:
    """A row: theirs is `factor` × ours + `offset`, or, without a factor, `translated`."""

    name: str
    package: str
    call: str
    ours: Loss
    theirs: Loss
    why: str
    factor: float | None = None
    offset: float = 0.0
    translated: Loss | None = None


def fixed_batch() -> Batch:
    """A deterministic batch without a random generator."""

    def waves(rows: int, start: float) -> Tensor:
        steps = torch.arange(rows * DIM, dtype=torch.float64).view(rows, DIM)
        return torch.sin(start + steps.square() / 7) / 2

    z1 = waves(BATCH, 1.0)
    same = torch.arange(BATCH) % 2 == 0
    return Batch(z1, 0.7 * z1 + 0.5 * waves(BATCH, 2.0), waves(OTHERS, 3.0), waves(DIM, 4.0), same)


def lightly_nt_xent(batch: Batch) -> Tensor:
    from lightly.loss import NTXentLoss

    return NTXentLoss(temperature=0.5)(batch.z1, batch.z2)


def lightly_memory_bank(batch: Batch) -> Tensor:
    from lightly.loss import NTXentLoss

    criterion = NTXentLoss(temperature=0.5, memory_bank_size=(OTHERS, DIM))
    criterion.memory_bank.bank = F.normalize(batch.others, dim=1)
    return criterion(batch.z1, batch.z2)


def lightly_vicreg(batch: Batch) -> Tensor:
    from lightly.loss import VICRegLoss

    return VICRegLoss()(batch.z1, batch.z2)


def lightly_barlow_twins(batch: Batch) -> Tensor:
    from lightly.loss import BarlowTwinsLoss

    return BarlowTwinsLoss()(batch.z1, batch.z2)


def lightly_swav(batch: Batch) -> Tensor:
    from lightly.loss import SwaVLoss

    prototypes = F.normalize(batch.others, dim=1)
    scores = [F.normalize(z, dim=1) @ prototypes.T for z in (batch.z1, batch.z2)]
    return SwaVLoss()(scores, []).squeeze()


def lightly_negative_cosine(batch: Batch) -> Tensor:
    from lightly.loss import NegativeCosineSimilarity

    return NegativeCosineSimilarity()(batch.z1, batch.z2)


def lightly_hypersphere(batch: Batch) -> Tensor:
    from lightly.loss.hypersphere_loss import HypersphereLoss

    return HypersphereLoss()(batch.z1, batch.z2)


def metric_nt_xent(batch: Batch, *, symmetric: bool) -> Tensor:
    from pytorch_metric_learning.losses import NTXentLoss, SelfSupervisedLoss

    criterion = SelfSupervisedLoss(NTXentLoss(temperature=0.5), symmetric=symmetric)
    return criterion(batch.z1, batch.z2)


def metric_vicreg(batch: Batch) -> Tensor:
    from pytorch_metric_learning.losses import VICRegLoss

    return VICRegLoss()(batch.z1, ref_emb=batch.z2)


def shifted(batch: Batch) -> Tensor:
    """Negatives: the next sample's second view."""
    return batch.z2.roll(1, dims=0)


def metric_triplet(batch: Batch) -> Tensor:
    from pytorch_metric_learning.losses import TripletMarginLoss

    i = torch.arange(BATCH)
    embeddings = torch.cat([batch.z1, batch.z2, shifted(batch)])
    return TripletMarginLoss(margin=1.0)(
        embeddings, indices_tuple=(i, i + BATCH, i + 2 * BATCH), ref_emb=embeddings
    )


def triplets_of_directions(batch: Batch) -> Tensor:
    """Ours on unit vectors, over the triplets that violate the margin."""
    vectors = [F.normalize(z, dim=1) for z in (batch.z1, batch.z2, shifted(batch))]
    split = [z.split(1) for z in vectors]
    each = [triplet_loss(*rows, margin=1.0) for rows in zip(*split, strict=True)]
    active = torch.stack([loss for loss in each if loss > 0])
    return active.mean()


def torch_triplet(batch: Batch) -> Tensor:
    criterion = torch.nn.TripletMarginLoss(margin=1.0)
    return criterion(batch.z1, batch.z2, shifted(batch))


def pairs_of(batch: Batch) -> tuple[Tensor, Tensor]:
    """First views with their second view, or, for every other one, another sample's."""
    return batch.z1, torch.where(batch.same[:, None], batch.z2, shifted(batch))


def metric_contrastive(batch: Batch) -> Tensor:
    from pytorch_metric_learning.losses import ContrastiveLoss

    i = torch.arange(BATCH)
    embeddings = torch.cat(pairs_of(batch))
    (one,), (two,) = batch.same.nonzero(as_tuple=True), (~batch.same).nonzero(as_tuple=True)
    tuples = i[one], i[one] + BATCH, i[two], i[two] + BATCH
    return ContrastiveLoss()(embeddings, indices_tuple=tuples, ref_emb=embeddings)


def distances_not_squared(batch: Batch) -> Tensor:
    """Mean distance of same pairs plus mean hinge of different pairs, over non-zero terms."""
    first, second = (F.normalize(z, dim=1) for z in pairs_of(batch))
    distances = (first - second).norm(dim=1)
    missing = (1 - distances[~batch.same]).relu()
    return distances[batch.same].mean() + missing.sum() / (missing > 0).sum().clamp(min=1)


def scores(batch: Batch) -> tuple[Tensor, Tensor]:
    """A bilinear critic's scores of patches and corrupted patches with the mean patch."""
    summary = batch.critic @ batch.z1.mean(dim=0).sigmoid()
    return batch.z1 @ summary, shifted(batch) @ summary


def graph_infomax(batch: Batch) -> Tensor:
    from torch_geometric.nn.models import DeepGraphInfomax

    model = DeepGraphInfomax(DIM, torch.nn.Identity(), torch.nn.Identity(), torch.nn.Identity())
    del model.weight
    model.weight = batch.critic
    return model.loss(batch.z1, shifted(batch), batch.z1.mean(dim=0).sigmoid())


COMPARISONS = [
    Comparison(
        "NT-Xent",
        "lightly",
        "NTXentLoss",
        lambda b: nt_xent_loss(b.z1, b.z2, temperature=0.5),
        lightly_nt_xent,
        "the mean over all 2N views in both; their default temperature is 0.5, ours has no default",
        factor=1.0,
    ),
    Comparison(
        "NT-Xent",
        "pytorch_metric_learning",
        "SelfSupervisedLoss(NTXentLoss)",
        lambda b: nt_xent_loss(b.z1, b.z2, temperature=0.5),
        lambda b: metric_nt_xent(b, symmetric=True),
        "the mean over all 2N views in both; their default temperature is 0.07",
        factor=1.0,
    ),
    Comparison(
        "InfoNCE, in-batch negatives",
        "pytorch_metric_learning",
        "SelfSupervisedLoss(NTXentLoss, symmetric=False)",
        lambda b: info_nce_loss(b.z1, b.z2, temperature=0.5),
        lambda b: metric_nt_xent(b, symmetric=False),
        "one direction in both",
        factor=1.0,
    ),
    Comparison(
        "InfoNCE, queue of negatives",
        "lightly",
        "NTXentLoss(memory_bank_size=…)",
        lambda b: info_nce_loss(b.z1, b.z2, b.others, temperature=0.5),
        lightly_memory_bank,
        "one direction in both; theirs is NT-Xent with a memory bank, which is a queue",
        factor=1.0,
    ),
    Comparison(
        "VICReg",
        "lightly",
        "VICRegLoss",
        lambda b: vicreg_loss(b.z1, b.z2),
        lightly_vicreg,
        "theirs follows the authors' code, which divides the invariance term by the dimension and "
        "the variance term by 2: ours with `invariance_weight=25 / dim, variance_weight=12.5`",
        translated=lambda b: vicreg_loss(
            b.z1, b.z2, invariance_weight=25 / DIM, variance_weight=12.5
        ),
    ),
    Comparison(
        "VICReg",
        "pytorch_metric_learning",
        "VICRegLoss",
        lambda b: vicreg_loss(b.z1, b.z2),
        metric_vicreg,
        "as for lightly",
        translated=lambda b: vicreg_loss(
            b.z1, b.z2, invariance_weight=25 / DIM, variance_weight=12.5
        ),
    ),
    Comparison(
        "Barlow Twins",
        "lightly",
        "BarlowTwinsLoss",
        lambda b: barlow_twins_loss(b.z1, b.z2),
        lightly_barlow_twins,
        "the sum over dimensions in both, λ = 0.005",
        factor=1.0,
    ),
    Comparison(
        "SwAV",
        "lightly",
        "SwaVLoss",
        lambda b: swapped_prediction_loss(b.z1, b.z2, b.others),
        lightly_swav,
        "the mean of both directions; theirs takes similarities of vectors that you normalise",
        factor=1.0,
    ),
    Comparison(
        "Negative cosine",
        "lightly",
        "NegativeCosineSimilarity",
        lambda b: negative_cosine_loss(b.z1, b.z2),
        lightly_negative_cosine,
        "one direction in both",
        factor=1.0,
    ),
    Comparison(
        "BYOL",
        "lightly",
        "NegativeCosineSimilarity",
        lambda b: byol_loss(b.z1, b.z2),
        lightly_negative_cosine,
        "theirs is the negative cosine, ours the paper's squared distance, 2 + 2 × theirs",
        factor=0.5,
        offset=-1.0,
    ),
    Comparison(
        "Alignment + uniformity",
        "lightly",
        "HypersphereLoss",
        lambda b: alignment_uniformity_loss(b.z1, b.z2),
        lightly_hypersphere,
        "their default is t = 1, the paper's and ours t = 2: ours with `t=1.0`",
        translated=lambda b: alignment_uniformity_loss(b.z1, b.z2, t=1.0),
    ),
    Comparison(
        "Triplet",
        "torch",
        "nn.TripletMarginLoss",
        lambda b: triplet_loss(b.z1, b.z2, shifted(b), margin=1.0),
        torch_triplet,
        "the mean over triplets in both; theirs adds 10⁻⁶ to each difference",
        factor=1.0,
    ),
    Comparison(
        "Triplet",
        "pytorch_metric_learning",
        "TripletMarginLoss",
        lambda b: triplet_loss(b.z1, b.z2, shifted(b), margin=1.0),
        metric_triplet,
        "theirs normalises vectors and averages over triplets with a non-zero loss only, so it does"
        " not decrease as these get fewer",
        translated=triplets_of_directions,
    ),
    Comparison(
        "Contrastive, with a margin",
        "pytorch_metric_learning",
        "ContrastiveLoss",
        lambda b: pairwise_margin_loss(*pairs_of(b), b.same, margin=1.0),
        metric_contrastive,
        "theirs normalises vectors, does not square, averages same and different pairs separately "
        "over non-zero losses, and adds both; ours is the mean of squares over all pairs, as "
        "published",
        translated=distances_not_squared,
    ),
    Comparison(
        "Binary discrimination",
        "torch_geometric",
        "DeepGraphInfomax.loss",
        lambda b: binary_discrimination_loss(*scores(b)),
        graph_infomax,
        "theirs adds the means over real and corrupted pairs, ours is the mean over all, as in the "
        "paper: twice ours for equal numbers of both",
        factor=2.0,
    ),
    Comparison(
        "Jensen–Shannon",
        "torch_geometric",
        "DeepGraphInfomax.loss",
        lambda b: jensen_shannon_loss(*scores(b)),
        graph_infomax,
        "the sum of two means in both",
        factor=1.0,
    ),
]


def page() -> str:
    """The page, from both sides' values on one batch."""
    batch = fixed_batch()
    lines = [
        "# The same name, different numbers",
        "",
        "Losses of the same name differ by a factor between papers, their authors' code and "
        "libraries: they sum or average, divide by a dimension, or exclude zero terms. Check this "
        "table before you compare loss curves, or transfer a learning rate or a weight.",
        "",
        "Both columns are computed by the packages themselves on one fixed batch, with default "
        "settings unless the last column says otherwise (temperature 0.5, margins 1). Where the "
        "ratio is 1, values and gradients are equal. Other numbers and formulas hold for every "
        "batch, which the tests check. This page is written by `python benchmarks/scales.py`.",
        "",
        "| loss | their name | nearfar | theirs | theirs from ours | reason |",
        "|---|---|---|---|---|---|",
    ]
    for one in COMPARISONS:
        name = f"`{one.package}` {one.call}"
        values = [f"{loss(batch).item():.4f}".replace("-", "−") for loss in (one.ours, one.theirs)]
        lines.append(
            f"| {one.name} | {name} | {' | '.join(values)} | {relation(one)} | {one.why} |"
        )
    return "\n".join(lines) + "\n"


def relation(one: Comparison) -> str:
    if one.factor is None:
        return "not proportional"
    shift = f" − {-one.offset:g}" if one.offset else ""
    return f"× {one.factor:g}{shift}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
