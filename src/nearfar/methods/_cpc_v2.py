"""CPC v2: identify the patch some rows ahead among all other patches.

An image is cut into a grid of overlapping patches, each encoded separately; a masked convolution
summarises the rows so far, and a linear critic per number of rows ahead predicts their encodings,
in four directions. Everything is trained by gradient. Hénaff et al., ICML 2020, arXiv 1905.09272;
images as in van den Oord, Li, Vinyals, 2018, arXiv 1807.03748.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from nearfar._docstrings import documented_by
from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.checks import check_choice, check_integer
from nearfar.inputs import View, tensor_view
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Projected, Step
from nearfar.methods._method_remedies import compare_over_batch, lower_temperature
from nearfar.methods._preset import preset
from nearfar.methods._serves import Serves
from nearfar.modules import BilinearCritic, MaskedContext, PerceptronHead
from nearfar.objectives import CPCLoss
from nearfar.objectives._cpc import Candidates
from nearfar.parallel import gather
from nearfar.records import Remedy
from nearfar.records._remedy_record import lowered
from nearfar.views import ViewRecipe, cpc_v2_views

__all__ = ["CPCv2", "Direction", "cpc_v2"]

Direction = Literal["down", "up", "right", "left"]
DIRECTIONS: tuple[Direction, ...] = ("down", "up", "right", "left")
_MOST, _HIDDEN = 5, 256  # steps and blocks, channels of a block: as published


@final
@documented_by(CPCLoss)
class CPCv2(Method):
    """A grid of patches; a context of the rows so far predicts patches some rows ahead.

    One part of an image predicts another. The encoder sees one patch at a time, so only information
    shared across patches helps, such as an object or a texture. Continuing edges do not help, since
    patches that overlap with the context are skipped; nor does a common tint, since every patch is
    augmented separately.

    Args:
        encoder: Images of any size to representations; trained on patches, used on whole images.
        projector: Representations to prediction targets; one linear map for all patches.
        contexts: Context network (:class:`nearfar.modules.MaskedContext`) of each direction
            ("down", "up", "right", "left").
        critics: For each direction, maps from contexts to predictions, one per number of rows
            ahead.
        skip: … A time step is a row of patches.
        candidates: … The patches of an image are a sequence.
        temperature: … Hénaff et al. divide by 10.
        rows: Number of rows of the grid, if known, for :meth:`chance` and :meth:`candidates`.

    When to use:
        Photographs large enough that a patch is informative, if images as a whole have little in
        common (satellite images, microscopy, textures), or if cropping and colour jitter would
        destroy relevant information. On small images of single objects, SimCLR and VICReg learn
        more in the same time.

    Good to know:
        * Batch-norm leaks information: all patches of an image are in one batch, and its statistics
          reveal which belong together. A run therefore replaces batch-norms of the encoder
          (``norm``), and refuses an encoder whose batch-norms cannot be replaced, unless they are
          kept explicitly.
        * The encoder must accept two image sizes, patches and whole images, as convolutional
          networks do and transformers with a fixed grid do not. Layer-norm over locations then has
          different statistics on whole images and on patches; probes are trained and evaluated on
          whole images.
        * If the stride is below the patch size, patches of the next row overlap with the context
          and could be predicted from shared pixels. `skip` excludes such rows: 1 for the published
          overlap of a half.
        * Projections are not normalised; published scores are a tenth of the inner products, hence
          the temperature of 10. A loss that stays at :meth:`chance` indicates collapse.
        * Alignment is measured on SimCLR's views, which this method never sees, so it is worse than
          for methods trained on them.
        * Published: 64×64 patches of 256×256 images, a ResNet-161 whose third stage is the
          representation, a context of 5 blocks. Here the encoder is arbitrary.

    Raises:
        ValueError: Contexts and critics have different directions, or the grid has too few rows.

    Reference:
        Hénaff, Srinivas, De Fauw, Razavi, Doersch, Eslami, van den Oord: Data-efficient image
        recognition with contrastive predictive coding (ICML 2020, arXiv 1905.09272), section 2 and
        the pseudo-code; no code was published. van den Oord, Li, Vinyals (arXiv 1807.03748),
        section 3.2.
    """

    paper: ClassVar = "Hénaff et al. 2020, arXiv 1905.09272"
    sees: ClassVar = "patches of one view"
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {
        # batch statistics would reveal which patches are from the same image
        "images": Serves(views=ViewRecipe(cpc_v2_views), encoder={"norm": "layer"})
    }
    positives: ClassVar = False
    objective: CPCLoss

    def __init__(
        self,
        encoder: nn.Module,
        projector: nn.Module,
        contexts: nn.ModuleDict,
        critics: nn.ModuleDict,
        *,
        skip: int = 1,
        candidates: Candidates = "batch",
        temperature: float = 10.0,
        rows: int | None = None,
    ) -> None:
        super().__init__()
        if not contexts or contexts.keys() != critics.keys():
            raise ValueError(
                "`contexts` and `critics` must be for the same directions, at least one,"
                f" got {', '.join(contexts) or 'none'} and {', '.join(critics) or 'none'}"
            )
        for direction in contexts:
            check_choice(DIRECTIONS, directions=direction)
        self.encoder = encoder
        self.projector = projector
        self.contexts = contexts
        self.critics = critics
        self.objective = CPCLoss(skip=skip, candidates=candidates, temperature=temperature)
        self.rows = rows

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode each patch, and predict those ahead in each direction."""
        (view,) = views
        encodings = self._encode(view)
        summary = encodings.mean(dim=(1, 2))
        targets = self.projector(encodings.flatten(0, 2)).view(*encodings.shape[:3], -1)
        predicted = []
        for direction, context in self.contexts.items():
            known = context(_turned(encodings, direction))
            critics = self.critics[direction]
            assert isinstance(critics, nn.ModuleList)
            _check_horizon(self.objective.skip, len(critics), known.shape[1])
            predicted.append(torch.stack([critic(known) for critic in critics], dim=1))
        return (summary,), (targets,), tuple(predicted)

    def compare(self, projected: Projected) -> Step:
        """Score predictions against the patches of the batch, averaged over directions."""
        (summary,), (targets,), predicted = projected
        projections = targets.mean(dim=(1, 2))
        if self.objective.candidates != "same_sequence":
            targets, predicted = gather(targets), tuple(gather(each) for each in predicted)
        losses = {
            direction: self.objective(each.transpose(0, 1), _turned(targets, direction))
            for direction, each in zip(self.contexts, predicted, strict=True)
        }
        return Step(
            loss=torch.stack(list(losses.values())).mean(),
            representations=(summary,),
            projections=(projections,),
            terms={direction: loss / len(losses) for direction, loss in losses.items()},
        )

    def embed(self, x: View) -> Tensor:
        """The representation of whole images; the mean over the grid for patches."""
        shown = tensor_view(x, method="CPCv2")
        if shown.ndim == 6:
            return self._encode(shown).mean(dim=(1, 2))
        representation: Tensor = self.encoder(shown)
        return representation

    def chance(self, batch_size: int) -> float | None:
        """Ln of the number of candidates; None if the grid is unknown."""
        candidates = self.candidates(batch_size)
        return None if candidates is None else math.log(candidates)

    def candidates(self, batch_size: int) -> int | None:
        """Number of candidate patches; None if the grid is unknown."""
        if self.rows is None:
            return None
        return {
            "batch": batch_size * self.rows**2,
            "same_sequence": self.rows**2,
            "other_sequences": 1 + (batch_size - 1) * self.rows**2,
        }[self.objective.candidates]

    def _encode(self, view: View) -> Tensor:
        """Encode all patches in one batch: batch × rows × columns × width."""
        if not (isinstance(view, Tensor) and view.ndim == 6):
            raise ValueError(
                "`views` must be one grid of patches, batch × rows × columns × channels × height ×"
                f" width, as from nearfar.views.PatchViews, got {_shape_of(view)}"
            )
        encodings: Tensor = self.encoder(view.flatten(0, 2))
        return encodings.view(*view.shape[:3], -1)

    def remedies(self, facts: RunFacts) -> tuple[Remedy, ...]:
        """Candidates from the whole batch, all directions, fewer rows, a lower temperature."""
        now = max(len([*critics.children()]) for critics in self.critics.values())
        nearer = Remedy(
            option="steps",
            now=now,
            to=lowered(now, by=2, least=1),
            why="predict fewer rows ahead, which is easier",
            against=(NOTHING,),
        )
        missing = tuple(name for name in DIRECTIONS if name not in self.contexts)
        turns = Remedy(
            option="directions",
            now=tuple(self.contexts),
            to=tuple(DIRECTIONS) if missing else None,
            why="predict in all directions",
            against=(COMPLETE, DIMENSIONAL),
        )
        temperature = float(self.objective.temperature)
        return (
            compare_over_batch(self.objective.candidates),
            turns,
            nearer,
            lower_temperature(temperature, least=1.0),
        )


@preset(without=("rows",))
def cpc_v2(
    encoder: nn.Module,
    width: int,
    *,
    dim: int = 64,
    hidden: int | None = None,
    blocks: int | None = None,
    directions: tuple[Direction, ...] = DIRECTIONS,
    steps: int | None = None,
    skip: int | None = None,
    facts: RunFacts | None = None,
    **options: Any,
) -> CPCv2:
    """CPC v2 as published, around any encoder of images of any size.

    Args:
        encoder: Patches, and whole images, to representations.
        dim: Dimension of the predicted encodings.
        hidden: Number of channels inside the context's blocks; by default 256, but at most a
            quarter of the width.
        blocks: Number of blocks of the context network, each of which extends the receptive field
            by one row; by default 5, or fewer for small grids.
        directions: Directions of prediction: ``down``, ``up``, ``right``, ``left``.
        steps: Number of rows predicted ahead; by default 5, or fewer for small grids.
        skip: … By default those that share pixels with the context, which is 1 if patches overlap
            by half.
        facts: Facts about the run: the number of rows of the grid of patches, and of overlapping
            rows.

    Raises:
        ValueError: The grid has too few rows for the prediction, or a number is out of range.

    Example:
        >>> from nearfar.methods import RunFacts
        >>> from nearfar.modules import ConvNet
        >>> from nearfar.views import PatchViews
        >>> views = PatchViews(size=32, patch=8)
        >>> method = cpc_v2(ConvNet(norm="layer"), 256, facts=RunFacts(rows=views.rows))
        >>> images = torch.zeros(4, 3, 32, 32, dtype=torch.uint8)
        >>> step = method(views(images, torch.arange(4), seed=0, epoch=0))
        >>> sorted(step.terms), f"{step.loss:.2f}", f"{method.chance(4):.2f}"
        (['down', 'left', 'right', 'up'], '5.28', '5.28')
    """
    rows, overlapping = (facts.rows, facts.shared_rows) if facts else (None, None)
    skip = (1 if overlapping is None else overlapping) if skip is None else skip
    if steps is None:
        steps = _MOST if rows is None else max(1, min(_MOST, rows - 1 - skip))
    if blocks is None:
        blocks = _MOST if rows is None else min(_MOST, rows - 1)
    hidden = max(1, min(_HIDDEN, width // 4)) if hidden is None else hidden
    check_integer(at_least=1, steps=steps)
    if rows is not None:
        _check_horizon(skip, steps, rows)
    contexts, critics = nn.ModuleDict(), nn.ModuleDict()
    for direction in directions:
        contexts[direction] = MaskedContext(width, hidden=hidden, blocks=blocks)
        critics[direction] = nn.ModuleList(BilinearCritic(width, dim) for _ in range(steps))
    projector = PerceptronHead(width, hidden=width, outputs=dim, layers=1)
    return CPCv2(encoder, projector, contexts, critics, skip=skip, rows=rows, **options)


def _turned(grid: Tensor, direction: str) -> Tensor:
    """Rotate the grid so that the direction becomes top to bottom."""
    lying = grid.transpose(1, 2) if direction in ("right", "left") else grid
    return lying.flip(1) if direction in ("up", "left") else lying


def _check_horizon(skip: int, steps: int, rows: int) -> None:
    if skip + steps >= rows:
        raise ValueError(
            f"`skip` + `steps` must be below the {rows} rows of the grid of patches, got"
            f" {skip} + {steps}: predict fewer rows, or use smaller patches"
        )


def _shape_of(view: View) -> str:
    return f"shape {tuple(view.shape)}" if isinstance(view, Tensor) else type(view).__name__
