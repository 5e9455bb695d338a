"""The population to which the bounds apply: labelled samples with several views on the sphere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_axes, check_finite_rows, check_integer, check_positive
from nearfar.ops import full_precision, to_sphere
from nearfar.theory._labeled_classes import LabeledClasses
from nearfar.theory._prior import Prior

__all__ = ["Contrast", "LabeledViews"]

_ENTRIES = 2**22  # numbers per block
_LARGEST_GROUP = 128


class Contrast(NamedTuple):
    """Unit vectors in groups; the anchors of a group share their negatives."""

    labels: Int[Tensor, "groups anchors"]
    anchors: Float[Tensor, "groups anchors dim"]
    positives: Float[Tensor, "groups anchors dim"]
    negatives: Float[Tensor, "groups negatives dim"]
    negative_labels: Int[Tensor, "groups negatives"]


@final
class LabeledViews:
    """Unit embeddings of labelled samples as a population to sample from.

    A draw is a class from the prior, a sample of that class, and one of its views, all independent
    and with replacement. For this population the bounds are theorems; only means over draws are
    estimated. The positive is another view of the anchor's sample, never the anchor itself.

    Args:
        embeddings: Two views or more of each sample; rows need not be normalised.
        labels: The class of each sample, 0 or more.
        prior: A number of classes or the probability of each; class frequencies if None.
        temperature: A number above 0.

    Attributes:
        classes: The samples, class by class.
        views: The unit vectors.
        means: Mean of each class's unit vectors over all views, not renormalised: the weights of
            the mean classifier.
    """

    def __init__(
        self,
        embeddings: Float[Tensor, "views samples dim"],
        labels: Int[Tensor, " samples"],
        *,
        prior: Prior | None,
        temperature: float,
    ) -> None:
        check_axes("views × samples × dim", embeddings=embeddings)
        if embeddings.shape[0] < 2:
            raise ValueError(
                "`embeddings` must have at least 2 views of each sample,"
                f" got shape {tuple(embeddings.shape)}"
            )
        for view in embeddings:
            check_finite_rows(embeddings=view)
        check_positive(temperature=temperature)
        self.temperature = temperature
        self.classes = LabeledClasses(labels, samples=embeddings.shape[1], prior=prior)
        self.views = to_sphere(embeddings.detach())
        self._labels = torch.from_numpy(self.classes.labels).to(embeddings.device)
        sums = self.views.new_zeros(len(self.classes.prior), embeddings.shape[2])
        for view in self.views:
            sums.index_add_(0, self._labels, view)
        sizes = torch.from_numpy(self.classes.sizes).to(sums)
        self.means = sums / (len(self.views) * sizes[:, None])

    def supervised_losses(self) -> NDArray[np.float64]:
        """Mean cross entropy of the mean classifier over the samples of each class, exact."""
        views, samples, _ = self.views.shape
        totals = np.zeros(len(self.means))
        rows = max(1, _ENTRIES // max(self.means.shape))
        for start in range(0, samples, rows):
            labels = self._labels[start : start + rows]
            for view in self.views[:, start : start + rows]:
                losses = self._mean_classifier(view, labels, None)
                totals += np.bincount(labels.cpu().numpy(), losses, minlength=len(totals))
        return totals / (views * self.classes.sizes)

    def gap(self) -> float:
        """The gap d(f) ≤ 0 from replacing the positive by its class mean, exact."""
        views, samples, dim = self.views.shape
        weights = self.classes.prior / self.classes.sizes
        total = 0.0
        rows = max(1, _ENTRIES // (views * dim))
        for start in range(0, samples, rows):
            some, labels = self.views[:, start : start + rows], self._labels[start : start + rows]
            others = (some.sum(dim=0) - some) / (views - 1)
            gaps = (some * (self.means[labels] - others)).sum(dim=2).clamp(max=0).mean(dim=0)
            total += float(weights[labels.cpu().numpy()] @ gaps.double().cpu().numpy())
        return total / self.temperature

    def subclass_losses(
        self, rng: np.random.Generator, classes: NDArray[np.int64], present: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """The mean classifier's loss among the classes present, for a random sample per class."""
        device = self.views.device
        samples = self.classes.samples(rng, classes).to(device)
        views = torch.from_numpy(rng.integers(len(self.views), size=len(classes))).to(device)
        labels, absent = torch.from_numpy(classes).to(device), torch.from_numpy(~present).to(device)
        return self._mean_classifier(self.views[views, samples], labels, absent)

    def contrasts(self, *, num_negatives: int, draws: int, seed: int) -> Iterator[Contrast]:
        """At least `draws` anchors with one positive each and shared negatives, block by block.

        At most one anchor per 16 negatives shares them, so that sharing adds little to the variance
        of a mean over anchors.
        """
        check_integer(at_least=1, num_negatives=num_negatives)
        check_integer(at_least=2, draws=draws)
        check_integer(at_least=0, seed=seed)
        rng = np.random.default_rng((seed, 0))
        views, samples, dim = self.views.shape
        device, rows = self.views.device, self.views.flatten(0, 1)
        anchors = min(_LARGEST_GROUP, draws, max(1, num_negatives // 16))
        groups = max(1, _ENTRIES // (num_negatives * max(dim, anchors)))
        left = -(-draws // anchors)
        while left > 0:
            many = min(groups, left)
            left -= many
            labels = self.classes.draw(rng, (many, anchors))
            chosen = self.classes.samples(rng, labels)
            first = rng.integers(views, size=labels.shape)
            second = (first + rng.integers(1, views, size=labels.shape)) % views
            others = self.classes.draw(rng, (many, num_negatives))
            view = torch.from_numpy(rng.integers(views, size=others.shape))
            yield Contrast(
                torch.from_numpy(labels).to(device),
                rows[(torch.from_numpy(first) * samples + chosen).to(device)],
                rows[(torch.from_numpy(second) * samples + chosen).to(device)],
                rows[(view * samples + self.classes.samples(rng, others)).to(device)],
                torch.from_numpy(others).to(device),
            )

    def info_nce(self, *, num_negatives: int, draws: int, seed: int) -> tuple[float, float]:
        """The one-directional contrastive loss over random draws, and its standard error."""
        losses = []
        for contrast in self.contrasts(num_negatives=num_negatives, draws=draws, seed=seed):
            with full_precision(contrast.anchors):
                negatives = contrast.anchors @ contrast.negatives.mT
            positives = (contrast.anchors * contrast.positives).sum(dim=2)
            log_odds = (
                negatives.div_(self.temperature).logsumexp(dim=2) - positives / self.temperature
            )
            losses.append(F.softplus(log_odds).flatten())
        every = torch.cat(losses).double()
        return float(every.mean()), float(every.std()) / len(every) ** 0.5

    def _mean_classifier(
        self,
        rows: Float[Tensor, "rows dim"],
        labels: Int[Tensor, " rows"],
        absent: Bool[Tensor, "rows classes"] | None,
    ) -> NDArray[np.float64]:
        with full_precision(rows):
            logits = rows @ self.means.T / self.temperature
        if absent is not None:
            logits = logits.masked_fill(absent, -torch.inf)
        losses = F.cross_entropy(logits, labels, reduction="none")
        return losses.double().cpu().numpy()
