"""Each check of a method catches a method that breaks its promise."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.methods import Method, Projected, Step
from nearfar.objectives import InfoNCELoss, NTXentLoss
from nearfar.parallel import gather
from nearfar.testing import check_method, method_checks
from nearfar.testing._check_method import METHOD_PROMISES
from tests.contract.broken import fails


class Healthy(Method):
    """SimCLR with a batch-norm, and a moving average that keeps every promise."""

    paper: ClassVar = "nobody 2024"
    negatives: ClassVar = True
    momentum: ClassVar = True
    objective: NTXentLoss
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.encoder: nn.Module = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5))
        self.projector: nn.Module = nn.Linear(5, 8)
        self.objective = NTXentLoss(temperature=0.5)
        self.register_buffer("mean", torch.zeros(8))

    def project(self, views: tuple[Any, ...]) -> Projected:
        h1, h2 = (self.encoder(view) for view in views)
        return (h1, h2), (self.projector(h1), self.projector(h2))

    def compare(self, projected: Projected) -> Step:
        representations, (z1, z2) = projected
        everywhere = gather(z1), gather(z2)
        return Step(
            loss=self.loss(*everywhere),
            representations=representations,
            projections=(z1, z2),
            terms=self.terms(*everywhere),
            carry=everywhere[0].detach(),
        )

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        return self.objective(z1, z2)

    def terms(self, z1: Tensor, z2: Tensor) -> dict[str, Tensor]:
        return {"contrastive": self.objective(z1, z2)}

    def after_batch(self, step: Step) -> None:
        self.mean.lerp_(step.carry.mean(dim=0).to(self.mean.dtype), 0.1)

    def chance(self, batch_size: int) -> float | None:
        return self.objective.chance(batch_size=batch_size)


def healthy_views() -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(0)
    x = torch.randn(8, 6, generator=source)
    return x, x + 0.1 * torch.randn(8, 6, generator=source)


HEALTHY: dict[str, Any] = {
    "make": Healthy,
    "views": healthy_views(),
    "chance": math.log(15),
    "contrasts": 1,
    "processes": 2,
}


def test_a_method_that_keeps_its_promises_passes() -> None:
    check_method(**HEALTHY)


# --- methods that break one -----------------------------------------------------------------------


class NumberedPaper(Healthy):
    paper = 2024  # type: ignore[assignment]


class OtherObjective(Healthy):
    objective: InfoNCELoss  # type: ignore[assignment]


class Labeled(Healthy):
    def forward(self, views: tuple[Any, ...], labels: Tensor | None = None) -> Step:
        return super().forward(views)


class MovesInCompare(Healthy):
    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        self.mean += 1
        return super().loss(z1, z2)


class MovesInTraining(Healthy):
    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        if self.training:
            self.mean += 1
        return super().loss(z1, z2)


class Counts(Healthy):
    seen = 0

    def project(self, views: tuple[Any, ...]) -> Projected:
        self.seen += 1
        return super().project(views)


class DoubleLoss(Healthy):
    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        return super().loss(z1, z2).double()


class OneProjection(Healthy):
    def compare(self, projected: Projected) -> Step:
        step = super().compare(projected)
        return Step(step.loss, step.representations, step.projections[:1], step.terms, step.carry)


class InfiniteProjection(Healthy):
    def compare(self, projected: Projected) -> Step:
        step = super().compare(projected)
        first, second = step.projections
        return Step(step.loss, step.representations, (first / 0, second), step.terms, step.carry)


class TermPerSample(Healthy):
    def terms(self, z1: Tensor, z2: Tensor) -> dict[str, Tensor]:
        return {"alignment": (z1 - z2).square().sum(dim=1)}


class OtherChance(Healthy):
    def chance(self, batch_size: int) -> float | None:
        return math.log(batch_size)


class NoChance(Healthy):
    def chance(self, batch_size: int) -> float | None:
        return None


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return -gradient


class Climbs(Healthy):
    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        return Reversed.apply(super().loss(z1, z2))


class Unused(Healthy):
    def __init__(self) -> None:
        super().__init__()
        self.spare = nn.Linear(2, 2)


class QueuesBeforeComparing(Healthy):
    """The second view's projections stand among the negatives before they are scored."""

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        u1, u2 = F.normalize(z1), F.normalize(z2)
        scores = torch.cat([(u1 * u2).sum(dim=1, keepdim=True), u1 @ u2.T], dim=1)
        target = torch.zeros(len(z1), dtype=torch.int64)
        return F.cross_entropy(scores / self.objective.temperature, target)

    def terms(self, z1: Tensor, z2: Tensor) -> dict[str, Tensor]:
        return {}


class FirstCountsTwice(Healthy):
    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        return super().loss(z1, z2) + (z1[0] - z2[0]).square().sum()


class NarrowDivision(Healthy):
    def project(self, views: tuple[Any, ...]) -> Projected:
        representations, (z1, z2) = super().project(views)
        zero = 0.0 if z1.dtype == torch.bfloat16 else 1.0
        return representations, (z1 / zero, z2)


class RandomEmbedding(Healthy):
    def embed(self, x: Any) -> Tensor:
        h = super().embed(x)
        return h + torch.randn_like(h)


class CenteredEmbedding(Healthy):
    def embed(self, x: Any) -> Tensor:
        h = super().embed(x)
        return h - h.mean(dim=0)


class SharedCopy(Healthy):
    def __deepcopy__(self, memo: dict[int, Any]) -> SharedCopy:
        return self


class Centered(Healthy):
    def project(self, views: tuple[Any, ...]) -> Projected:
        representations, (z1, z2) = super().project(views)
        return representations, (z1 - z1.mean(dim=0), z2 - z2.mean(dim=0))


class Pooled(Healthy):
    def project(self, views: tuple[Any, ...]) -> Projected:
        representations, projections = super().project(views)
        return representations, projections, (projections[0].mean(dim=0, keepdim=True),)

    def compare(self, projected: Projected) -> Step:
        return super().compare(projected[:2])


class OwnNoise(Healthy):
    """Noise from a generator of its own, which gradient caching cannot put back."""

    def __init__(self) -> None:
        super().__init__()
        self.noise = torch.Generator().manual_seed(0)

    def project(self, views: tuple[Any, ...]) -> Projected:
        representations, (z1, z2) = super().project(views)
        if self.training:
            z1 = z1 * (1 + torch.randn(z1.shape, generator=self.noise, dtype=z1.dtype))
        return representations, (z1, z2)


class ForgottenQueue(Healthy):
    """What after_batch keeps is not saved, and the loss depends on it."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kept", torch.zeros(8), persistent=False)

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        return super().loss(z1 - self.kept, z2 - self.kept)

    def after_batch(self, step: Step) -> None:
        self.kept = self.kept + step.carry.mean(dim=0).to(self.kept.dtype)


class StandsStill(Healthy):
    """A parameter that always receives a gradient of zero."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        return super().loss(z1, z2) + 0 * self.scale


class Alone(Healthy):
    """Compares with the samples of this process only."""

    def compare(self, projected: Projected) -> Step:
        representations, (z1, z2) = projected
        return Step(self.loss(z1, z2), representations, (z1, z2), carry=z1.detach())


BROKEN: list[tuple[str, type[Method], str]] = [
    ("class_declares_itself", NumberedPaper, "`paper` must be a str, got 2024"),
    (
        "class_declares_itself",
        OtherObjective,
        "annotation of `objective` must be NTXentLoss, its class, got InfoNCELoss",
    ),
    (
        "forward_takes_views_alone",
        Labeled,
        r"`forward` must take \(self, views\), got \['self', 'views', 'labels'\]",
    ),
    (
        "forward_changes_no_state_in_evaluation_mode",
        MovesInCompare,
        r"must change nothing, but changed \['mean'\]",
    ),
    (
        "forward_changes_no_state_in_evaluation_mode",
        Counts,
        r"must change no attribute, but changed \['seen'\]",
    ),
    (
        "forward_changes_only_batch_statistics_in_training_mode",
        MovesInTraining,
        r"must only change batch statistics, but changed \['mean'\]",
    ),
    ("step_follows_the_protocol", DoubleLoss, "the loss must be a finite float32 scalar, got"),
    (
        "step_follows_the_protocol",
        OneProjection,
        "a step must have 2 projections, one per view, got 1",
    ),
    (
        "step_follows_the_protocol",
        InfiniteProjection,
        "projections must be finite floating-point numbers, got torch.float32",
    ),
    (
        "terms_are_finite_scalars",
        TermPerSample,
        r"the term 'alignment' must be a finite scalar, got tensor\(\[",
    ),
    (
        "chance_is_the_value_declared",
        OtherChance,
        r"`chance\(8\)`: .*\n*.*Expected 2.708.* but got",
    ),
    (
        "chance_is_the_value_declared",
        NoChance,
        r"`chance\(8\)` must be 2.708\d+ \(`chance`\), got None",
    ),
    (
        "step_against_the_gradient_lowers_the_loss",
        Climbs,
        r"the loss must fall below \d.\d+, got \d.\d+",
    ),
    (
        "only_declared_parameters_receive_a_gradient",
        Unused,
        r"`spare.weight` must receive a gradient \(`fixed` is \(\)\), got None",
    ),
    (
        "no_key_is_among_its_own_negatives",
        QueuesBeforeComparing,
        "must be about 0, got 0.6931; ln 2 or more means that the key is among its own negatives",
    ),
    ("order_of_samples_does_not_matter", FirstCountsTwice, "loss of the batch in another order"),
    ("autocast_stays_finite", NarrowDivision, "the loss must be finite under autocast, got nan"),
    ("embedding_is_deterministic", RandomEmbedding, "embedding again: .*not equal"),
    ("embedding_is_deterministic", CenteredEmbedding, "embedding of 3 samples: .*not close"),
    (
        "copies_are_independent",
        SharedCopy,
        r"updating a copy must not change the original, but changed \['encoder.0.weight'",
    ),
    (
        "projecting_gives_rows",
        Centered,
        "group 1 of `project` for 3 samples and for the whole batch: .*not close",
    ),
    (
        "projecting_gives_rows",
        Pooled,
        r"group 2 of `project` must have one row per sample, 8, got shape \(1, 8\)",
    ),
    (
        "micro_batches_are_the_whole_batch",
        Centered,
        "loss in micro-batches of 3 and of the whole batch",
    ),
    (
        "micro_batches_are_exact_with_batch_norm",
        OwnNoise,
        "gradients in micro-batches of 3 and of the whole batch",
    ),
    (
        "state_dict_brings_everything_back",
        ForgottenQueue,
        "state after one more update, with the saved state and without interruption",
    ),
    (
        "loop_trains_it",
        StandsStill,
        r"training must change every trained parameter, but \['scale'\] did not change",
    ),
    (
        "several_processes_are_one",
        Alone,
        r"(?s)process 0 of 2 and one process: .*item \['encoder.0.weight'\]",
    ),
]


@pytest.mark.parametrize(
    ("name", "method", "words"), BROKEN, ids=[f"{kind.__name__}-{name}" for name, kind, _ in BROKEN]
)
def test_a_broken_method_fails_its_check(name: str, method: type[Method], words: str) -> None:
    fails(method_checks(**{**HEALTHY, "make": method}), name, words)


def test_every_check_has_a_broken_method() -> None:
    assert {name for name, *_ in BROKEN} == {promise.name for promise in METHOD_PROMISES}


def test_a_parameter_that_is_declared_fixed_must_receive_no_gradient() -> None:
    checks = method_checks(**HEALTHY, fixed=("projector.",))
    words = r"`projector.weight` must receive no gradient \(`fixed` is \('projector.',\)\), got"
    fails(checks, "only_declared_parameters_receive_a_gradient", words)


def test_a_chance_that_is_not_declared_is_caught() -> None:
    checks = method_checks(Healthy, views=healthy_views())
    words = r"`chance\(8\)` must be None \(`chance`\), got 2.7"
    fails(checks, "chance_is_the_value_declared", words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"views": (torch.zeros(8, 6), torch.zeros(6, 6))},
            r"even number of samples, .* got \[8, 6\]",
        ),
        ({"views": (torch.zeros(2, 6),) * 2}, r"4 or more, .* got \[2, 2\]"),
        ({"views": (torch.zeros(7, 6),) * 2}, r"the same even number of samples, .* got \[7, 7\]"),
        ({"processes": 3}, r"a multiple of `processes`, 3, got \[8, 8\]"),
        ({"processes": 0}, "`processes` must be a whole number of 1 or more, got 0"),
        ({"skip": ("loop_train_it",)}, "did you mean 'loop_trains_it'"),
    ],
)
def test_promises_that_cannot_be_checked_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        method_checks(**{**HEALTHY, **changes})
