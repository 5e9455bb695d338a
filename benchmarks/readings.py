"""Readings of other packages' functions on the same matrix: the page "the same reading".

python benchmarks/readings.py        writes docs/same-reading-different-numbers.md

`COMPARISONS` has both functions of each row, and theirs computed with ours; the tests check that
these agree on arbitrary embeddings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.diagnostics import (
    effective_rank,
    feature_std,
    intrinsic_dimension,
    lidar,
    participation_ratio,
    view_retrieval,
)

PAGE = Path(__file__).parents[1] / "docs" / "same-reading-different-numbers.md"
SAMPLES, VIEWS, DIM = 400, 10, 24

Reading = Callable[[Tensor], float]


@dataclass(frozen=True)
class Comparison:
    """A row of the table; functions take embeddings of shape (samples, views, dim).

    Attributes:
        name: The reading.
        package: Module of the other package.
        call: How it is called there.
        ours: Our function.
        theirs: The other package's.
        why: Why both differ, if they do.
        translated: What they compute, with our functions.
    """

    name: str
    package: str
    call: str
    ours: Reading
    theirs: Reading
    why: str
    translated: Reading


def embedded(seed: int = 0) -> Tensor:
    """Samples with a power-law spectrum, and views around them."""
    generator = torch.Generator().manual_seed(seed)
    scale = torch.arange(1, DIM + 1, dtype=torch.float64) ** -0.5
    shape = (SAMPLES, VIEWS, DIM)
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    samples = torch.randn(shape[0], 1, DIM, generator=generator, dtype=torch.float64)
    return scale * (samples + 0.3 * noise)


def stable_rank_me(views: Tensor) -> float:
    from stable_pretraining.callbacks.rankme import RankMe

    found: dict[str, float] = {}
    callback = RankMe("rank", "z", len(views), views.shape[-1])
    callback._target_queue = SimpleNamespace(data=views[:, 0])
    module = SimpleNamespace(log=found.__setitem__)
    callback.on_validation_batch_end(SimpleNamespace(global_rank=0), module, {}, {}, 0)
    return found["rank"]


def rank_with_larger_constant(views: Tensor) -> float:
    values = torch.linalg.svdvals(views[:, 0])
    share = values / values.sum() + 1e-5
    return float(torch.exp(-(share * share.log()).sum()))


def stable_lidar(views: Tensor, **options: int) -> float:
    from stable_pretraining.callbacks.lidar import LiDAR

    per_sample, dim = views.shape[1:]
    rows = views.reshape(-1, dim)
    callback = LiDAR("lidar", "z", len(rows), dim, samples_per_class=per_sample, **options)
    found = callback._compute_lidar(rows)
    assert found is not None
    return float(found["lidar"])


def lidar_of_unbiased_scatter(views: Tensor) -> float:
    count = views.shape[1]
    return float(lidar(*views.unbind(1), delta=1e-4 * (count - 1) / count))


def lightly_std(views: Tensor) -> float:
    from lightly.utils.debug import std_of_l2_normalized

    return float(std_of_l2_normalized(views[:, 0]))


def skdim_two_nn(views: Tensor) -> float:
    from skdim.id import TwoNN

    return float(TwoNN().fit_transform(views[:, 0].numpy()))


def two_nn_of_raw_rows(views: Tensor) -> float:
    """The published estimate with distances of rows as they are."""
    rows = views[:, 0]
    nearest = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    nearest = nearest.topk(3, largest=False).values
    ratios = (nearest[:, 2] / nearest[:, 1]).sort().values.log()
    count = len(ratios)
    kept = ratios[: int(count * 0.9)]
    expected = -torch.log1p(-torch.arange(1, len(kept) + 1) / count)
    return float((kept * expected).sum() / kept.square().sum())


def skdim_local(views: Tensor) -> float:
    from skdim.id import MLE

    rows = F.normalize(views[:, 0], dim=1).numpy()
    found = MLE().fit(rows, n_neighbors=10).dimension_pw_
    return float(torch.as_tensor(found).median())


def local_median(views: Tensor) -> float:
    from nearfar.diagnostics import local_dimensions

    return float(local_dimensions(views[:, 0]).median())


def skdim_participation(views: Tensor) -> float:
    from skdim.id import lPCA

    return float(lPCA(ver="participation_ratio").fit_transform(views[:, 0].numpy()))


def metric_precision(views: Tensor) -> float:
    """Share of first views whose nearest second view is their own, of all samples."""
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    def nearest(query: Tensor, k: int, reference: Tensor, _: bool) -> tuple[Tensor, Tensor]:
        similar = F.normalize(query, dim=1) @ F.normalize(reference, dim=1).T
        found = similar.topk(k, dim=1)
        return -found.values, found.indices

    samples = torch.arange(len(views))
    calculator = AccuracyCalculator(include=("precision_at_1",), k=1, knn_func=nearest)
    one, other = (views[:, view].float() for view in (0, 1))
    return float(calculator.get_accuracy(one, samples, other, samples)["precision_at_1"])


def recall_one_way(views: Tensor) -> float:
    one, other = (F.normalize(views[:, view], dim=1) for view in (0, 1))
    nearest = (one @ other.T).argmax(dim=1)
    return float((nearest == torch.arange(len(views))).double().mean())


COMPARISONS = [
    Comparison(
        "Effective rank (RankMe)",
        "stable_pretraining",
        "callbacks.RankMe",
        lambda views: float(effective_rank(views[:, 0])),
        stable_rank_me,
        "theirs adds 10⁻⁵ to each share, ours the 10⁻⁷ of the paper; theirs is of the rows in a "
        "queue, which different states of the encoder wrote",
        rank_with_larger_constant,
    ),
    Comparison(
        "LiDAR",
        "stable_pretraining",
        "callbacks.LiDAR(n_classes=400)",
        lambda views: float(lidar(*views.unbind(1))),
        lambda views: stable_lidar(views, n_classes=len(views)),
        "theirs divides the scatter of views by n(q − 1), ours by nq as in the paper: this changes "
        "the weight of δ only",
        lidar_of_unbiased_scatter,
    ),
    Comparison(
        "LiDAR",
        "stable_pretraining",
        "callbacks.LiDAR()",
        lambda views: float(lidar(*views.unbind(1))),
        stable_lidar,
        "theirs uses 100 samples by default and takes any ten consecutive rows for the views of "
        "one; ours uses all that are given, and refuses fewer rows than the within-sample "
        "scatter needs",
        lambda views: lidar_of_unbiased_scatter(views[:100]),
    ),
    Comparison(
        "Standard deviation of unit vectors",
        "lightly",
        "utils.debug.std_of_l2_normalized",
        lambda views: float(feature_std(views[:, 0])),
        lightly_std,
        "theirs divides by n − 1, ours by n",
        lambda views: float(feature_std(views[:, 0])) * (len(views) / (len(views) - 1)) ** 0.5,
    ),
    Comparison(
        "Intrinsic dimension (TwoNN)",
        "skdim",
        "id.TwoNN",
        lambda views: float(intrinsic_dimension(views[:, 0]).two_nn),
        skdim_two_nn,
        "ours is of unit vectors, theirs of rows as they are: equal on normalised rows",
        two_nn_of_raw_rows,
    ),
    Comparison(
        "Local dimension, median",
        "skdim",
        "id.MLE, n_neighbors=10, on unit vectors",
        lambda views: float(intrinsic_dimension(views[:, 0]).local_median),
        skdim_local,
        "equal estimates for each sample; of an even number theirs is here the lower median, ours "
        "interpolates",
        local_median,
    ),
    Comparison(
        "Participation ratio",
        "skdim",
        'id.lPCA(ver="participation_ratio")',
        lambda views: float(participation_ratio(views[:, 0])),
        skdim_participation,
        "equal",
        lambda views: float(participation_ratio(views[:, 0])),
    ),
    Comparison(
        "Recall of the other view at 1",
        "pytorch_metric_learning",
        "AccuracyCalculator, precision_at_1",
        lambda views: view_retrieval(views[:, 0], views[:, 1]).recall_1.item(),
        metric_precision,
        "theirs searches among all samples, so it falls with their number; ours is the expectation "
        "for 200 candidates whatever the number of samples, and the mean of both directions",
        recall_one_way,
    ),
]


def page() -> str:
    """The page, from both sides' values on one matrix."""
    views = embedded()
    lines = [
        "# The same reading, different numbers",
        "",
        "Functions of the same name give other numbers in other packages: constants differ, rows "
        "are normalised or not, and some depend on the number of samples. Check this table before "
        "you compare a reading with one that another package computed.",
        "",
        f"Both columns are computed by the packages themselves from {SAMPLES} samples with {VIEWS} "
        f"views in {DIM} dimensions (a power-law spectrum); readings of one view use the first. "
        "The reasons hold for every matrix: the tests compute theirs with our functions. This page "
        "is written by `python benchmarks/readings.py`; for losses see "
        "[The same name, different numbers](same-name-different-numbers.md).",
        "",
        "| reading | their name | nearfar | theirs | reason |",
        "|---|---|---|---|---|",
    ]
    for one in COMPARISONS:
        ours, theirs = (f"{reading(views):.4f}" for reading in (one.ours, one.theirs))
        lines.append(f"| {one.name} | `{one.package}` {one.call} | {ours} | {theirs} | {one.why} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
