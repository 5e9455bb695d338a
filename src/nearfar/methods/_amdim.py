"""AMDIM: maximise information across views and across scales.

Deep InfoMax between two augmented views, with feature maps at three scales and soft-clipped
noise-contrastive scores. Everything is trained by gradient. Bachman, Hjelm, Buchwalter, NeurIPS
2019, arXiv 1906.00910.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.inputs import View, tensor_view
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import raise_weight, restore
from nearfar.methods._preset import preset
from nearfar.methods._serves import Serves
from nearfar.modules import EmbeddingHead, choose_map, feature_maps, map_channels, places
from nearfar.objectives import AMDIMLoss
from nearfar.objectives._objective import total
from nearfar.ops import Stream, uniform
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, amdim_views

__all__ = ["AMDIM", "amdim"]

_FINE, _COARSE = 7, 5  # locations per side, as in the paper


@final
@documented_by(AMDIMLoss)
class AMDIM(Method):
    r"""Two views, three scales, and soft-clipped scores between them.

    Deep InfoMax across views: the global vector of one view (the paper's scale 1) predicts every
    location of the other view's coarse map (scale 5, 5 × 5 locations) and fine map (scale 7), and
    a location of the coarse map predicts every location of the other view's coarse map. The loss is
    the sum of the three terms 1 → 5, 1 → 7 and 5 → 5, each averaged over both directions. Heads
    embed all scales in a common space, where inner products are the scores.

    Args:
        encoder: Images to representations, with feature maps
            (:func:`nearfar.modules.feature_maps`).
        projector: Representations to the common space.
        fine_head: Locations of the fine map to the common space.
        coarse_head: Locations of the coarse map to the common space.
        fine_map: Index of the fine map, counted from the finest; by default the first complete
            stage, which is 0 for our own encoders and 1 for timm's. Maps above 7 × 7 are
            average-pooled to that size.
        coarse_map: Index of the coarse map; by default the stage after the fine map. Maps above 5 ×
            5 are average-pooled to that size.
        all_places: Use all locations for 5 → 5, instead of one random location per update.

    When to use:
        Images large enough for a map of locations, and an encoder with local receptive fields
        (``--encoder amdim``): then local structure helps as much as augmentation. With a standard
        ResNet, whose receptive fields cover most of the image, SimCLR and MoCo v2 do as well at a
        lower cost.

    Good to know:
        Finer maps are average-pooled to the paper's 7 × 7 and 5 × 5 locations, which bounds the
        cost: each vector is scored against batch × 49 candidates. Both views of an image are
        flipped together, since locations are compared. Scores are bounded by ``clip``; without the
        penalty (part of the loss, not a separate term) they saturate at the clip, where the
        gradient vanishes. All three terms at ln(1 + (B − 1)·locations) indicate collapse.

        The authors use a different coarse location for each image; here all images in a batch share
        the location of the update. Their representation is the vector in the common space; here a
        head maps the representation to it, since the widths of encoders differ. Their Adam has β₁ =
        0.8 and a learning rate of 2e-4.

    Raises:
        TypeError: The encoder has no feature maps.
        ValueError: The encoder does not have the requested map.

    Reference:
        Bachman, Hjelm, Buchwalter, NeurIPS 2019 (arXiv 1906.00910), section 3; authors' code
        Philip-Bachman/amdim-public at 0333f6b.
    """

    paper: ClassVar = "Bachman et al. 2019, arXiv 1906.00910"
    sees: ClassVar = "two views, flipped together"
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {"images": Serves(views=ViewRecipe(amdim_views))}
    objective: AMDIMLoss
    draws: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        fine_head: nn.Module,
        coarse_head: nn.Module,
        *,
        fine_map: int | None = None,
        coarse_map: int | None = None,
        all_places: bool = False,
        clip: float = 20.0,
        penalty_weight: float = 0.05,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.fine_head = fine_head
        self.coarse_head = coarse_head
        self.objective = AMDIMLoss(clip=clip, penalty_weight=penalty_weight)
        self.fine_map = choose_map(encoder, stage=0, fine_map=fine_map)
        self.coarse_map = choose_map(encoder, stage=1, coarse_map=coarse_map)
        self.all_places = all_places
        # counts updates from a random start, so that the locations depend on the seed
        self.register_buffer("draws", torch.randint(2**31, ()))

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode each view, and embed its global vector and the locations of its two maps."""
        return tuple(zip(*(self._scales(view) for view in views), strict=True))

    def compare(self, projected: Projected) -> Step:
        """Score global vectors and coarse locations of each view against locations of the other."""
        representations, projections, *maps = projected
        vectors = [gather(z)[:, None] for z in projections]
        fine, coarse = ([gather(part) for part in both] for both in maps)
        sources = coarse if self.all_places else [part[:, self._place(part)] for part in coarse]
        pairs = {
            "global_coarse": (vectors, coarse),
            "global_fine": (vectors, fine),
            "coarse_coarse": (sources, coarse),
        }
        both = {
            name: (self.objective.terms(q1, k2), self.objective.terms(q2, k1))
            for name, ((q1, q2), (k1, k2)) in pairs.items()
        }
        losses = {name: (total(one) + total(two)) / 2 for name, (one, two) in both.items()}
        terms = {n: (one["contrast"] + two["contrast"]) / 2 for n, (one, two) in both.items()}
        penalties = {n: (one["penalty"] + two["penalty"]) / 2 for n, (one, two) in both.items()}
        return Step(
            loss=total(losses),
            representations=representations,
            projections=projections,
            terms={**terms, "penalty": total(penalties)},
        )

    def after_update(self, progress: float) -> None:
        """Select another location for the next update."""
        self.draws += 1

    def chance(self, batch_size: int) -> float | None:
        """None: the number of locations depends on the images."""
        return self.objective.chance(batch_size=batch_size)

    def _scales(self, view: View) -> tuple[Tensor, ...]:
        """Representation, projection, and embedded locations of the fine and the coarse map."""
        representations, maps = feature_maps(self.encoder, tensor_view(view, method="AMDIM"))
        return (
            representations,
            self.projector(representations),
            self.fine_head(places(maps[self.fine_map], side=_FINE)),
            self.coarse_head(places(maps[self.coarse_map], side=_COARSE)),
        )

    def _place(self, coarse: Tensor) -> Tensor:
        """The location of this update, the same for all images."""
        drawn = uniform(self.draws[None], seed=0, epoch=0, count=1, stream=Stream.METHOD)
        return (drawn[0] * coarse.shape[1]).long()

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """All locations, a larger penalty on saturated scores."""
        places = restore(
            "all_places",
            self.all_places,
            True,
            why="compare all locations of the coarse maps, which gives more candidates",
            against=(COMPLETE, DIMENSIONAL, NOTHING),
        )
        penalty = raise_weight(
            "penalty_weight",
            self.objective.penalty_weight,
            why="raise the penalty on scores, so that they do not saturate",
            against=(COMPLETE, NOTHING),
            start=0.05,
        )
        return (places, penalty)


@preset()
def amdim(
    encoder: nn.Module,
    width: int,
    *,
    dim: int | None = None,
    fine_map: int | None = None,
    coarse_map: int | None = None,
    **options: Any,
) -> AMDIM:
    """AMDIM around any encoder with feature maps; the paper's own is ``--encoder amdim``.

    Args:
        dim: Dimension of the common space; by default that of the representation, as in the paper.

    Raises:
        TypeError: The encoder has no feature maps.

    Example:
        >>> import torch
        >>> from nearfar.modules import AMDIMEncoder
        >>> encoder = AMDIMEncoder(channels=1, width=4, dim=32, depth=1)
        >>> method = amdim(encoder, 32)
        >>> step = method((torch.rand(4, 1, 32, 32), torch.rand(4, 1, 32, 32)))
        >>> sorted(step.terms), step.projections[0].shape
        (['coarse_coarse', 'global_coarse', 'global_fine', 'penalty'], torch.Size([4, 32]))
    """
    dim = dim or width
    channels = map_channels(encoder)
    fine = choose_map(encoder, stage=0, fine_map=fine_map)
    coarse = choose_map(encoder, stage=1, coarse_map=coarse_map)
    heads = [EmbeddingHead(n, dim, norm="batch") for n in (width, channels[fine], channels[coarse])]
    return AMDIM(encoder, *heads, fine_map=fine, coarse_map=coarse, **options)
