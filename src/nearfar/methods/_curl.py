"""CURL: score positives of the same latent class above negatives.

An anchor, a block of positives of its class, and blocks of negatives from other samples are encoded
by one network, which is trained by gradient, and compared by inner products of unnormalised
representations. Arora, Khandeparkar, Khodak, Plevrakis, Saunshi, ICML 2019, arXiv 1902.09229.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL
from nearfar.checks import check_integer, check_positive
from nearfar.inputs import View
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._method_remedies import add_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import optional_projector
from nearfar.methods._serves import ANY, Serves
from nearfar.objectives import CURLLoss
from nearfar.objectives._curl import Surrogate
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, curl_views

__all__ = ["CURL", "curl"]


@final
@documented_by(CURLLoss)
class CURL(Method):
    r"""One anchor, a block of positives, k blocks of negatives, and inner products.

    The first view is the anchor, and the mean of the other views its positive; the positives of the
    next `num_negatives` samples in the batch are its negatives. With pairs (``omniglot-pairs``)
    positives are other members of the latent class, as in the theory; with images they are other
    views of the same image.

    Args:
        encoder: Inputs to representations.
        projector: Representations to the compared vectors; the identity in the paper.
        num_negatives: Number of blocks of negatives per anchor, k; below the (global) batch size.
            None uses all other samples in the batch.
        radius: Norm to which longer vectors are clipped, for the bounded features of the theory.
            None for no bound, as in the experiments.

    When to use:
        To connect to theory: with samples of known latent classes, the loss bounds that of the mean
        classifier (:func:`nearfar.theory.curl_supervised_bound`), and training uses the same inner
        product as the classifier. On images alone :class:`~nearfar.methods.SimCLR`, with many
        negatives on the sphere, learns more.

    Good to know:
        Vectors are not normalised: the loss decreases as their norms grow, so a low loss by itself
        means little, and norms diverge at a high learning rate. A negative of the same latent class
        (a collision) bounds the loss from below; with few latent classes more negatives hurt.
        Larger blocks never increase the loss. Every view beyond the third costs a forward pass.
        Samples are shuffled in every epoch, so the next samples in the batch are random.

    Raises:
        ValueError: `num_negatives` is not below the batch size.

    Reference:
        Arora, Khandeparkar, Khodak, Plevrakis, Saunshi, ICML 2019 (arXiv 1902.09229), sections 2
        and 6; blocks of 2 and k = 4 are those of Nozawa, Germain, Guedj, UAI 2020 (arXiv
        1910.04464).
    """

    paper: ClassVar = "Arora et al. 2019, arXiv 1902.09229"
    sees: ClassVar = "an anchor and 2 positives"
    any_views: ClassVar = True
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(curl_views))}
    objective: CURLLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        num_negatives: int | None = 4,
        surrogate: Surrogate = "logistic",
        radius: float | None = None,
    ) -> None:
        super().__init__()
        if num_negatives is not None:
            check_integer(at_least=1, num_negatives=num_negatives)
        if radius is not None:
            check_positive(radius=radius)
        self.encoder = encoder
        self.projector = projector
        self.objective = CURLLoss(surrogate=surrogate)
        self.num_negatives = num_negatives
        self.radius = radius

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project all views in one batch."""
        if len(views) < 2:
            raise ValueError(f"`views` must be at least an anchor and a positive, got {len(views)}")
        representations = encode(self.encoder, views)
        projections = self._bounded(self.projector(torch.cat(representations)))
        return representations, projections.chunk(len(views))

    def compare(self, projected: Projected) -> Step:
        """Compare each anchor with its positive block and with the blocks of the next samples."""
        representations, (anchors, *positives) = projected
        blocks = gather(torch.stack(positives).mean(dim=0))
        count = self._count(len(blocks))
        negatives = torch.stack([blocks.roll(-i, 0) for i in range(1, count + 1)], dim=1)
        return Step(
            loss=self.objective(gather(anchors), blocks, negatives),
            representations=representations,
            projections=(anchors, *positives),
        )

    def chance(self, batch_size: int) -> float | None:
        """log₂(1 + k), or 1 for the hinge: positive and negatives have equal scores."""
        return self.objective.chance(batch_size=batch_size, num_negatives=self._count(batch_size))

    def candidates(self, batch_size: int) -> int | None:
        """Number of candidates: the positive and the negatives."""
        return 1 + self._count(batch_size)

    def _count(self, batch_size: int) -> int:
        if self.num_negatives is None:
            return batch_size - 1
        if self.num_negatives >= batch_size:
            raise ValueError(
                f"`num_negatives` must be below the batch, {batch_size}, got {self.num_negatives}"
            )
        return self.num_negatives

    def _bounded(self, z: Tensor) -> Tensor:
        if self.radius is None:
            return z
        lengths = torch.linalg.vector_norm(z, dim=1, keepdim=True)
        shortened: Tensor = z * (self.radius / lengths.clamp_min(self.radius))
        return shortened

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """More negatives, a projector."""
        now = self.num_negatives
        fits = now is not None and (facts.batch_size is None or 2 * now < facts.batch_size)
        more = Remedy(
            option="num_negatives",
            now=now,
            to=2 * now if now is not None and fits else None,
            why="compare with more negatives",
            against=(COMPLETE, DIMENSIONAL),
        )
        return (more, *add_projector(self.projector))


@preset(parts=(optional_projector,))
def curl(
    encoder: nn.Module,
    width: int,
    *,
    dim: int | None = None,
    hidden: int | None = None,
    **options: Any,
) -> CURL:
    """CURL around any encoder: k = 4 blocks of negatives; all views but the first are positives.

    Example:
        >>> import torch
        >>> encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 32))
        >>> method = curl(encoder, 32, num_negatives=3)
        >>> step = method(tuple(torch.rand(3, 8, 1, 8, 8)))
        >>> len(step.projections), method.chance(8)
        (3, 2.0)
    """
    return CURL(encoder, optional_projector(width, hidden=hidden, dim=dim), **options)
