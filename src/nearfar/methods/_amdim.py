"""AMDIM: let what one view says foretell each place of the other, at several scales.

Two views of an image pass one encoder; its vector and its coarse map foretell the places of the
coarse and the fine map of the other view, told from those of all other images. Everything moves by
gradient. Bachman, Hjelm, Buchwalter, NeurIPS 2019, arXiv 1906.00910.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from nearfar.inputs import View, tensor_view
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._preset import preset
from nearfar.methods._serves import Serves
from nearfar.modules import EmbeddingHead, choose_map, feature_maps, map_channels, places
from nearfar.objectives import AMDIMLoss
from nearfar.objectives._objective import total
from nearfar.ops import Stream, uniform
from nearfar.parallel import gather
from nearfar.views import ViewRecipe, amdim_views

__all__ = ["AMDIM", "amdim"]

_FINE, _COARSE = 7, 5  # most places along a side, as in the paper


@final
class AMDIM(Method):
    r"""Two views, three scales, and soft-clipped scores between them.

    Deep InfoMax across views: the vector of one view (the paper's scale 1) should say what is at
    each place of the other's coarse map (5, of 5 × 5 places) and fine map (7), and a place of the
    coarse map what is at each of the other's coarse map. The loss is the sum of the three, 1 → 5,
    1 → 7 and 5 → 5, each the mean of both directions. Heads embed each scale in the one space where
    products are scores.

    Args:
        encoder: Images to representations, with feature maps
            (:func:`nearfar.modules.feature_maps`).
        projector: Representations to the common space.
        fine_head: Places of the fine map to the common space.
        coarse_head: Places of the coarse map to the common space.
        fine_map: Index of the fine map, from the finest; if not given the first whole stage, 0 of
            our own encoders and 1 of timm's. Maps above 7 × 7 are average-pooled to that.
        coarse_map: Index of the coarse map; if not given the next stage. Maps above 5 × 5 are
            average-pooled to that.
        all_places: 5 → 5 from every place, instead of from one that each update draws anew.
        clip: The largest score.
        penalty_weight: Of the mean squared score before clipping.

    When to use:
        Images with enough pixels for a map of places, and an encoder whose places see parts only
        (``--encoder amdim``): then local structure helps as much as augmentation. With a common
        ResNet, whose places all see most of the image, SimCLR or MoCo v2 do as well for less.

    Good to know:
        Finer maps are averaged to the paper's 7 × 7 and 5 × 5 places, which bounds the cost: one
        view's vectors meet batch × 49 candidates. The two views are mirrored alike or not at all,
        or left would have to foretell right. Scores are bounded by ``clip``; if the
        penalty (in the loss, not in a term of its own) is set to 0, scores run into the clip, where
        the gradient ends. Signs of collapse: all three terms at ln(1 + (B − 1)·places).

        The authors draw another place of the coarse map for each image, here all images of a batch
        share the one of the update. Their representation itself is the vector in the common space;
        here a head that starts as a copy of it follows, since other encoders end in other sizes.
        Their Adam has β₁ = 0.8 and a rate of 2e-4.

    Raises:
        TypeError: The encoder gives no feature maps.
        ValueError: The encoder has no such map.

    Reference:
        Bachman, Hjelm, Buchwalter, NeurIPS 2019 (arXiv 1906.00910), section 3; authors' code
        Philip-Bachman/amdim-public at 0333f6b.
    """

    paper: ClassVar = "Bachman et al. 2019, arXiv 1906.00910"
    sees: ClassVar = "two views, one flip"
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
        # counts updates from a random start, so that runs of other seeds draw otherwise
        self.register_buffer("draws", torch.randint(2**31, ()))

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode each view, and embed its vector and the places of its two maps."""
        return tuple(zip(*(self._scales(view) for view in views), strict=True))

    def compare(self, projected: Projected) -> Step:
        """Gather; each view's vectors and coarse places against the other's places."""
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
        """The next update draws another place."""
        self.draws += 1

    def chance(self, batch_size: int) -> float | None:
        """None: the number of places is not known before an image is seen."""
        return self.objective.chance(batch_size=batch_size)

    def _scales(self, view: View) -> tuple[Tensor, ...]:
        """Representation, projection, and the embedded places of the fine and the coarse map."""
        representations, maps = feature_maps(self.encoder, tensor_view(view, method="AMDIM"))
        return (
            representations,
            self.projector(representations),
            self.fine_head(places(maps[self.fine_map], side=_FINE)),
            self.coarse_head(places(maps[self.coarse_map], side=_COARSE)),
        )

    def _place(self, coarse: Tensor) -> Tensor:
        """The place of this update, the same for all images."""
        drawn = uniform(self.draws[None], seed=0, epoch=0, count=1, stream=Stream.METHOD)
        return (drawn[0] * coarse.shape[1]).long()


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
        dim: Dimensions of the common space; the representation's if not given, as in the paper.

    Raises:
        TypeError: The encoder gives no feature maps.

    Example:
        >>> import torch
        >>> from nearfar.modules import AMDIMEncoder
        >>> encoder = AMDIMEncoder(channels=1, width=4, dim=32, depth=1)
        >>> method = amdim(encoder, 32)
        >>> step = method((torch.rand(4, 1, 32, 32), torch.rand(4, 1, 32, 32)))
        >>> sorted(step.terms), step.projections[0].shape
        (['coarse_coarse', 'global_coarse', 'global_fine'], torch.Size([4, 32]))
    """
    dim = dim or width
    channels = map_channels(encoder)
    fine = choose_map(encoder, stage=0, fine_map=fine_map)
    coarse = choose_map(encoder, stage=1, coarse_map=coarse_map)
    heads = [EmbeddingHead(n, dim, norm="batch") for n in (width, channels[fine], channels[coarse])]
    return AMDIM(encoder, *heads, fine_map=fine, coarse_map=coarse, **options)
