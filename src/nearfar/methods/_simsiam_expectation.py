"""SimSiam's expectation: a mean over augmentations as the target, without a predictor.

The predictor was conjectured to approximate this mean. As a memory bank of earlier epochs the mean
prevents collapse; computed from current views it does not. Encoder and projector are trained by
gradient, the memory bank is a moving average. Chen & He, CVPR 2021, arXiv 2011.10566, section 5;
Zhang et al., ICLR 2022, arXiv 2203.16262, table 1.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias, final

import torch
from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar.checks import check_choice, check_fraction
from nearfar.inputs import View, tensor_view
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import raise_decay, restore, restore_norms, widen_projector
from nearfar.methods._preset import preset
from nearfar.methods._preset_heads import projector
from nearfar.methods._serves import ANY, Serves
from nearfar.modules import MemoryBank, SiameseNorms, siamese_projector
from nearfar.objectives import NegativeCosineLoss
from nearfar.ops import to_sphere
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.views import ViewRecipe, moco_v2_views

__all__ = ["SimSiamExpectation", "simsiam_expectation"]

Over: TypeAlias = Literal["memory", "batch"]
_OVER = ("memory", "batch")


@final
@documented_by(projector)
class SimSiamExpectation(Method):
    """Two or more views, aligned with the mean of their sample's normalised projections.

    Args:
        encoder: Inputs to representations.
        projector: Representations to projections.
        num_samples: Number of samples in the dataset, for a memory bank with one vector per sample;
            with None, the target is the mean of the other views in the batch.
        decay: Decay of the moving average in the memory bank.

    When to use:
        To study why stale targets prevent collapse and current ones do not: ``memory`` does not
        collapse, ``batch`` does, for any number of views. For a good encoder use SimSiam.

    Good to know:
        The memory bank has samples × dim entries: 10 GB for ImageNet with 2,048 dimensions. It is
        initialised with random directions, and its targets are epochs old, so a run must see each
        sample several times. It is updated after the batch, since updating it before would make the
        target depend on the current weights, as with ``batch``. The authors use the squared
        distance to the memory vector, which also weights each sample by that vector's norm.

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
        """Encode and project two views with gradient, and the others only for the mean."""
        *shown, index = views
        if len(shown) < 2:
            raise ValueError(f"`views` must be two or more and the indices, got {len(shown)}")
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
        """The first two views against their targets; the mean of both directions."""
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
        """Update the memory bank for these samples, gathered from all processes."""
        if self.bank is not None:
            self.bank.follow(*step.carry, decay=self.decay)

    def chance(self, batch_size: int) -> float | None:
        """None: collapse minimises the loss."""
        return None

    def _embed(self, view: View) -> tuple[Tensor, Tensor]:
        h = self.encoder(view)
        return h, self.projector(h)

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Targets from the memory bank, slower ones, batch-norm, a wider projector."""
        now = "batch" if self.bank is None else "memory"
        why = "take the mean over earlier epochs: one over the views of a batch collapses"
        over = restore("over", now, "memory", why=why)
        decay = () if self.bank is None else (raise_decay(self.decay),)
        return (over, *decay, *restore_norms(self.projector), *widen_projector(self.projector))


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
    """SimSiam without a predictor, with a mean over augmentations as the target.

    Args:
        over: Views that the mean is over: ``memory`` (earlier epochs; does not collapse) or
            ``batch`` (the other views in the same batch; collapses).
        facts: Facts about the run: the number of samples, which ``memory`` requires.

    Raises:
        ValueError: ``memory`` without the number of samples.

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
        raise ValueError("`facts` must have the number of samples for `over`='memory', got None")
    projector = siamese_projector(width, dim=dim, hidden=hidden, layers=layers, norms=norms)
    return SimSiamExpectation(
        encoder,
        projector,
        dim=projector.outputs,
        num_samples=samples if over == "memory" else None,
        **options,
    )
