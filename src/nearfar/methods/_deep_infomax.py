"""Deep InfoMax: maximise the information between an image's global and local features.

Local features come from a feature map of the encoder, the global vector from the projector. Critics
score their pairs against those of other images, and an adversarial discriminator matches the
vectors to a uniform prior. Encoder and critics are trained by one gradient, the discriminator by
its own. Hjelm et al., ICLR 2019, arXiv 1808.06670.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.checks import check_integer, check_not_negative
from nearfar.inputs import View, tensor_view
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import raise_weight, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector
from nearfar.methods._serves import Serves
from nearfar.modules import (
    DotCritic,
    PerceptronHead,
    choose_map,
    feature_maps,
    frozen_call,
    map_channels,
    places,
)
from nearfar.objectives import DeepInfomaxLoss, jensen_shannon_loss
from nearfar.objectives._deep_infomax import Estimator
from nearfar.objectives._objective import total
from nearfar.ops import Stream, uniform, widen
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, deep_infomax_views

__all__ = ["DeepInfoMax", "deep_infomax"]

_GLOBAL_WEIGHT, _LOCAL_WEIGHT, _PRIOR_WEIGHT = 0.0, 1.0, 0.1  # DIM(L)
_GRID = 4


@final
@documented_by(DeepInfomaxLoss)
class DeepInfoMax(Method):
    r"""One view; its global vector is scored against its own locations and those of other images.

    The vector Y of an image should be informative about every location, so that only information
    shared across locations is worth encoding. The loss is
    :math:`\alpha\, L_{\mathrm{global}} + \beta\, L_{\mathrm{local}} + \gamma\, L_{\mathrm{prior}}`:
    the whole map against Y, each location against Y, and the adversarial matching of
    :math:`\sigma(Y)` to a uniform prior on the cube.

    Args:
        encoder: Images to representations, with feature maps
            (:func:`nearfar.modules.feature_maps`).
        projector: Representations to global vectors Y.
        local_critic: Embeds locations and vectors; required with a local weight.
        global_critic: Embeds whole maps, pooled to `grid` × `grid` locations, and vectors; required
            with a global weight.
        discriminator: σ(Y) or a sample of the prior to a logit; required with a prior weight.
        global_weight: α; 1 for DIM(G).
        local_weight: β; 0 for DIM(G).
        prior_weight: γ; 1 for DIM(G).
        local_map: Index of the feature map that provides the locations, counted from the finest; by
            default the first complete stage, which is 0 for our own encoders and 1 for timm's.
        side: Maximum number of locations per side (the paper: 8); finer maps are average-pooled to
            that size.
        grid: Side of the pooled map that is the global critic's input.

    When to use:
        Images without label-preserving augmentations: spectra, maps, medical images. With good
        augmentations, methods with two views are better (:class:`AMDIM` is this method across
        views).

    Good to know:
        Receptive fields of locations must be local. If each covers nearly the whole image, the
        encoder can write one image code into all locations, and the loss falls while the
        representation gets worse than an untrained one. The default is therefore a fine map,
        average-pooled to `side` × `side`.

        The local term contributes most: DIM(G) (global weight 1, local 0, prior 1) is far behind
        DIM(L), the default. "info_nce", the default, is the best published estimator with many
        negatives; "jensen_shannon" hardly depends on their number and is more stable with few. A
        ``local`` term at chance indicates collapse. A ``discriminator`` loss near 0 means that the
        vectors are far from uniform, and ``prior`` has a strong gradient: reduce its weight.

        The authors' global critic is a copy of the encoder's last stage over the map; here it uses
        the pooled map. They do not divide scores by the root of the critics' units, and train with
        a tenth of the usual learning rate. The adversarial term of the encoder is theirs, −ln D,
        instead of the paper's ln(1 − D), which saturates. The discriminator's own loss is in
        ``Step.terms`` but not in the value of ``Step.loss``.

    Raises:
        TypeError: The encoder has no feature maps.
        ValueError: Global and local weight are both 0, a weight without its critic, or a map that
            does not exist.

    Reference:
        Hjelm, Fedorov, Lavoie-Marchildon, Grewal, Bachman, Trischler, Bengio, ICLR 2019 (arXiv
        1808.06670), equations 1 to 8; authors' code rdevon/DIM.
    """

    paper: ClassVar = "Hjelm et al. 2019, arXiv 1808.06670"
    sees: ClassVar = "one view"
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {"images": Serves(views=ViewRecipe(deep_infomax_views))}
    positives: ClassVar = False
    objective: DeepInfomaxLoss
    draws: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        local_critic: DotCritic | None = None,
        global_critic: DotCritic | None = None,
        discriminator: nn.Module | None = None,
        estimator: Estimator = "info_nce",
        global_weight: float = _GLOBAL_WEIGHT,
        local_weight: float = _LOCAL_WEIGHT,
        prior_weight: float = _PRIOR_WEIGHT,
        local_map: int | None = None,
        side: int = 8,
        grid: int = _GRID,
    ) -> None:
        super().__init__()
        check_not_negative(
            global_weight=global_weight, local_weight=local_weight, prior_weight=prior_weight
        )
        check_integer(at_least=1, side=side, grid=grid)
        if not global_weight + local_weight:
            raise ValueError("`global_weight` or `local_weight` must be above 0, got 0 and 0")
        self.encoder = encoder
        self.projector = projector
        # no module for a term with weight 0, as its parameters would be unused
        self.local_critic = local_critic if local_weight else None
        self.global_critic = global_critic if global_weight else None
        self.discriminator = discriminator if prior_weight else None
        self.weights = {"global": global_weight, "local": local_weight, "prior": prior_weight}
        for name, weight in self.weights.items():
            part = "discriminator" if name == "prior" else f"{name}_critic"
            if weight and getattr(self, part) is None:
                raise ValueError(f"`{part}` must be given with `{name}_weight` {weight}, got None")
        self.objective = DeepInfomaxLoss(estimator=estimator)
        self.local_map = choose_map(encoder, stage=0, local_map=local_map)
        self.side = side
        self.grid = grid
        # counts updates from a random start, so that the samples depend on the seed
        self.register_buffer("draws", torch.randint(2**31, ()))

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode, project, and embed locations, pooled map and global vector for the critics."""
        (view,) = views
        shown = tensor_view(view, method="DeepInfoMax")
        representations, maps = feature_maps(self.encoder, shown)
        local = maps[self.local_map]
        vectors = self.projector(representations)
        embedded: list[tuple[Tensor, ...]] = []
        if self.global_critic is not None:
            whole = F.adaptive_avg_pool2d(local, self.grid).flatten(1)[:, None]
            embedded.append(self.global_critic(whole, vectors))
        if self.local_critic is not None:
            embedded.append(self.local_critic(places(local, side=self.side), vectors))
        return (representations,), (vectors,), *embedded

    def compare(self, projected: Projected) -> Step:
        """Gather, and compute the weighted terms and the discriminator's own loss."""
        representations, (vectors,), *embedded = projected
        used = [name for name in ("global", "local") if self.weights[name]]
        terms = {
            name: self.weights[name] * self.objective(*(gather(part) for part in pair))
            for name, pair in zip(used, embedded, strict=True)
        }
        loss = total(terms)
        if self.discriminator is not None:
            prior, discriminator_loss = self._adversarial_losses(gather(vectors))
            terms |= {"prior": self.weights["prior"] * prior, "discriminator": discriminator_loss}
            # the discriminator loss contributes its gradient, but not its value
            loss = loss + terms["prior"] + (discriminator_loss - discriminator_loss.detach())
        return Step(
            loss=loss,
            representations=representations,
            projections=(vectors,),
            terms=terms,
        )

    def after_update(self, progress: float) -> None:
        """Select other samples of the prior for the next update."""
        self.draws += 1

    def chance(self, batch_size: int) -> float | None:
        """Loss if all scores are 0; None for "info_nce" if the number of locations is unknown."""
        known = {"global": batch_size - 1, "local": 0}
        chances = {
            name: self.objective.chance(batch_size=batch_size, num_negatives=negatives)
            for name, negatives in known.items()
            if self.weights[name]
        }
        total = self.weights["prior"] * math.log(2)
        for name, value in chances.items():
            if value is None:
                return None
            total += self.weights[name] * value
        return total

    def _adversarial_losses(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Adversarial prior loss and discriminator loss, with a uniform prior."""
        assert self.discriminator is not None
        made = vectors.sigmoid()
        samples = torch.arange(len(made), device=made.device) + (self.draws << 32)
        drawn = uniform(samples, seed=0, epoch=0, count=made.shape[1], stream=Stream.METHOD)
        discriminator_loss = jensen_shannon_loss(
            self.discriminator(drawn.to(made.dtype)), self.discriminator(made.detach())
        )
        adversary_loss = F.softplus(-widen(frozen_call(self.discriminator, made))).mean()
        return adversary_loss, discriminator_loss

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Larger weights of the prior and the local term, a wider projector."""
        prior = raise_weight(
            "prior_weight",
            self.weights["prior"],
            most=1.0,
            start=0.1,
            why="raise the weight of the prior, which spreads samples out",
            against=(COMPLETE, DIMENSIONAL),
        )
        local = raise_weight(
            "local_weight",
            self.weights["local"],
            most=1.0,
            why="use the local term, which contributes most",
            against=(COMPLETE, DIMENSIONAL, NOTHING),
        )
        return (prior, local, *widen_projector(self.projector))


@preset(parts=(projector,))
def deep_infomax(
    encoder: nn.Module,
    width: int,
    *,
    global_weight: float = _GLOBAL_WEIGHT,
    local_weight: float = _LOCAL_WEIGHT,
    prior_weight: float = _PRIOR_WEIGHT,
    dim: int = 64,
    hidden: int | None = None,
    units: int | None = None,
    local_map: int | None = None,
    grid: int = _GRID,
    **options: Any,
) -> DeepInfoMax:
    """Deep InfoMax with local structure, DIM(L), around any encoder with feature maps.

    Args:
        dim: … They are the global vectors Y.
        hidden: … The paper: 1,024.
        units: Dimension of the critics' common space; by default that of the representation, but at
            most the authors' 1,024.

    Raises:
        TypeError: The encoder has no feature maps.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> method = deep_infomax(ConvNet(channels=1, width=8), 64, units=128)
        >>> step = method((torch.rand(4, 1, 16, 16),))
        >>> sorted(step.terms), step.projections[0].shape
        (['discriminator', 'local', 'prior'], torch.Size([4, 64]))
    """
    units = units or min(1024, width)
    local_map = choose_map(encoder, stage=0, local_map=local_map)
    channels = map_channels(encoder)[local_map]
    critic = partial(DotCritic, units=units)
    discriminator = partial(PerceptronHead, hidden=units, outputs=1, layers=3, normalize=False)
    return DeepInfoMax(
        encoder,
        projector(width, hidden=hidden, dim=dim),
        # no module for a term with weight 0
        local_critic=critic(channels, dim) if local_weight else None,
        global_critic=critic(channels * grid**2, dim) if global_weight else None,
        discriminator=discriminator(dim) if prior_weight else None,
        global_weight=global_weight,
        local_weight=local_weight,
        prior_weight=prior_weight,
        local_map=local_map,
        grid=grid,
        **options,
    )
