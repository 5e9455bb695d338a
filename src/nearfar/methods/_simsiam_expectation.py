"""SimSiam's expectation: what if the target is a mean over augmentations, without predictor?

SimSiam's predictor was said to stand for that mean. Taken from a memory of past epochs it prevents
collapse, taken from fresh views by the current weights it does not. Encoder and projector move by
gradient, the memory by average. Chen & He, CVPR 2021, arXiv 2011.10566, section 5; Zhang et al.,
ICLR 2022, arXiv 2203.16262, table 1.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias, final

import torch
from torch import Tensor, nn

from nearfar.checks import check_choice, check_fraction
from nearfar.inputs import View, tensor_view
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import MemoryBank, SiameseNorms, siamese_projector
from nearfar.objectives import NegativeCosineLoss
from nearfar.ops import to_sphere
from nearfar.parallel import gather
from nearfar.views import ViewRecipe, moco_v2_views

__all__ = ["SimSiamExpectation", "simsiam_expectation"]

Over: TypeAlias = Literal["memory", "batch"]
_OVER = ("memory", "batch")


@final
class SimSiamExpectation(Method):
    """Two views and any number more, turned to a mean of the sample's unit projections.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        dim: Dimensions of a projection.
        num_samples: Samples of the data set, for a memory with a vector for each; without it the
            target is the mean of the same batch's other views.
        decay: Of the memory.

    When to use:
        To see that stale targets prevent collapse and fresh ones do not: ``memory`` does not
        collapse, ``batch`` does, with however many views. To get a good encoder, take SimSiam.

    Good to know:
        The memory has samples × dim numbers: 10 GB for ImageNet's 1.28 million at 2,048. It starts
        with random directions, and what a sample is turned to is from epochs ago: a run must see
        each sample several times. It moves after the batch; were the target computed with the
        weights of today, it would be ``batch``. The authors compare unit vectors with the memory by
        the squared distance, which also weighs each sample by its memory's length.

    Raises:
        ValueError: A decay outside 0 to 1; fewer than two views.

    Reference:
        Chen & He, CVPR 2021 (arXiv 2011.10566), section 5.3; Zhang et al., ICLR 2022 (arXiv
        2203.16262), figure 1b and table 1.
    """

    paper: ClassVar = "Zhang et al. 2022, arXiv 2203.16262"
    sees: ClassVar = "two views or more"
    negatives: ClassVar = False
    momentum: ClassVar = False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(moco_v2_views))}
    indexed: ClassVar = True
    any_views: ClassVar = True
    objective: NegativeCosineLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        *,
        dim: int,
        num_samples: int | None = None,
        decay: float = 0.8,
    ) -> None:
        super().__init__()
        check_fraction(decay=decay)
        self.encoder = encoder
        self.projector = projector
        self.bank = None if num_samples is None else MemoryBank(size=num_samples, dim=dim)
        self.objective = NegativeCosineLoss()
        self.decay = decay

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode and project; two views with gradient, the others for the mean alone."""
        *shown, index = views
        if len(shown) < 2:
            raise ValueError(f"`views` must be two or more and the index, got {len(shown)}")
        samples = tensor_view(index, method="SimSiamExpectation")
        pairs = [self._embed(view) for view in shown[:2]]
        with torch.no_grad():
            pairs += [self._embed(view) for view in shown[2:]]
        representations, projections = (tuple(part) for part in zip(*pairs, strict=True))
        units = torch.stack([to_sphere(z.detach()) for z in projections])
        if self.bank is None:
            targets = tuple(units.sum(dim=0) - units[view] for view in range(2))
        else:
            targets = (self.bank(samples),)
        return representations, projections, targets, (units.mean(dim=0), samples)

    def compare(self, projected: Projected) -> Step:
        """The first two views towards their targets; the mean of both."""
        representations, projections, targets, (means, samples) = projected
        loss = (
            self.objective(projections[0], targets[0]) / 2
            + self.objective(projections[1], targets[-1]) / 2
        )
        return Step(
            loss=loss,
            representations=representations,
            projections=projections,
            carry=None if self.bank is None else (gather(samples), gather(means)),
        )

    def after_batch(self, step: Step) -> None:
        """The memory of these samples, from every process, moves towards what was seen now."""
        if self.bank is not None:
            self.bank.follow(*step.carry, decay=self.decay)

    def chance(self, batch_size: int) -> float | None:
        """None: a collapsed network has the lowest loss, so the loss alone says nothing."""
        return None

    def _embed(self, view: View) -> tuple[Tensor, Tensor]:
        h = self.encoder(view)
        return h, self.projector(h)


@preset(parts=(siamese_projector,), without=("num_samples",))
def simsiam_expectation(
    encoder: nn.Module,
    width: int,
    *,
    over: Over = "memory",
    hidden: int | None = None,
    dim: int | None = None,
    layers: int | None = None,
    norms: SiameseNorms = "projector",
    facts: RunFacts | None = None,
    **options: Any,
) -> SimSiamExpectation:
    """SimSiam without predictor, towards a mean over augmentations.

    Args:
        over: ``memory`` (of earlier epochs; does not collapse) or ``batch`` (the other views in the
            same batch; collapses).
        facts: Of the run: how many samples there are, which a memory needs.

    Raises:
        ValueError: A memory without the number of samples.

    Example:
        >>> import torch
        >>> from nearfar.methods import RunFacts
        >>> from nearfar.modules import ConvNet
        >>> method = simsiam_expectation(ConvNet(channels=1), 256, facts=RunFacts(samples=100))
        >>> images, samples = torch.rand(2, 8, 1, 16, 16), torch.arange(8)
        >>> method.after_batch(method((*images, samples)))
    """
    check_choice(_OVER, over=over)
    samples = facts.samples if facts else None
    if over == "memory" and samples is None:
        raise ValueError("`facts` must hold the number of samples for a memory, got None")
    projector = siamese_projector(width, dim=dim, hidden=hidden, layers=layers, norms=norms)
    return SimSiamExpectation(
        encoder,
        projector,
        dim=projector.outputs,
        num_samples=samples if over == "memory" else None,
        **options,
    )
