"""Each check of an objective catches an objective that breaks its promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_matrix, check_not_negative, check_same_shape
from nearfar.objectives import Objective
from nearfar.ops import widen
from nearfar.parallel import rank
from nearfar.testing import Anchor, check_objective, objective_checks
from nearfar.testing._check_objective import OBJECTIVE_PROMISES
from tests.cases.objective_case import OPPOSITE, rows
from tests.contract.broken import fails

# --- an objective that keeps every promise --------------------------------------------------------


def pull_loss(z1: Tensor, z2: Tensor, *, weight: float | Tensor = 1.0) -> Tensor:
    if not isinstance(weight, Tensor):
        check_not_negative(weight=weight)
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    return weight * (widen(z1) - widen(z2)).square().sum(dim=1).mean()


class PullLoss(Objective):
    def __init__(self, *, weight: float | Tensor = 1.0) -> None:
        super().__init__()
        if not isinstance(weight, Tensor):
            check_not_negative(weight=weight)
        self.weight = weight

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        return pull_loss(z1, z2, weight=self.weight)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        return None


def by_hand(z1: np.ndarray, z2: np.ndarray, *, weight: float) -> float:
    return weight * sum(float(((a - b) ** 2).sum()) for a, b in zip(z1, z2, strict=True)) / len(z1)


HEALTHY: dict[str, Any] = {
    "objective": pull_loss,
    "inputs": rows(6, 6),
    "arguments": {"weight": 2.0},
    "loss_class": PullLoss,
    "reference": by_hand,
    "symmetric": True,
    "unmoved_by": ("rotation", "shift"),
    "minimum": 0.0,
    "perfect": Anchor((OPPOSITE, OPPOSITE), 0.0),
    "collapsed": Anchor((OPPOSITE, -OPPOSITE), 8.0),
    "learnable": ("weight",),
    "refused": (({"weight": -1.0}, "`weight` must be .* got -1.0"),),
    "refused_inputs": ((rows(6, 5), "`z2` must have the shape of `z1`, (6, 5), got (5, 5)"),),
    "compiles": True,
    "processes": 2,
}


def test_an_objective_that_keeps_its_promises_passes() -> None:
    check_objective(**HEALTHY)


# --- objectives that break one --------------------------------------------------------------------


def weighed(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    """Its first sample counts twice."""
    return pull_loss(z1, z2, weight=weight) + (z1[0] - z2[0]).square().sum()


class DoubledGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 2 * gradient


class DoubledAgain(torch.autograd.Function):
    """The gradient is right, that of the gradient is not."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.square()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * 2 * x.detach()


def doubled(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    return DoubledGradient.apply(pull_loss(z1, z2, weight=weight))


def second(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    return weight * DoubledAgain.apply(z1 - z2).sum(dim=1).mean()


def stopped(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    return pull_loss(z1, z2.detach(), weight=weight)


def forgets_weight(z1: Tensor, z2: Tensor, *, weight: float | Tensor = 1.0) -> Tensor:
    return pull_loss(z1, z2, weight=weight.detach() if isinstance(weight, Tensor) else weight)


def narrow(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    """Stays in the precision of its inputs."""
    return weight * (z1 - z2).square().sum(dim=1).mean()


def scores(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    """A product of matrices, which autocast computes in bfloat16."""
    return -(widen(z1) @ widen(z2).T).diagonal().float().mean()


def unit(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    """Divides by the length, which may be 0."""
    u, v = (widen(z) / widen(z).norm(dim=1, keepdim=True) for z in (z1, z2))
    return (u - v).square().sum(dim=1).mean()


def branches(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    """Asks for a value while it is compiled."""
    return pull_loss(z1, z2) if pull_loss(z1, z2).item() > 0 else z1.sum()


def ranked(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    """Another loss in every process."""
    return (1 + rank()) * pull_loss(z1, z2, weight=weight)


def contrast(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    u, v = F.normalize(widen(z1)), F.normalize(widen(z2))
    return F.cross_entropy(u @ v.T, torch.arange(len(u)))


def untyped(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    """Refuses nothing: a vector is broadcast, integers are summed, an empty batch is NaN."""
    return weight * (z1.double() - z2.double()).square().sum(dim=-1).mean()


def broadcasts(z1: Tensor, z2: Tensor, *, weight: float = 1.0) -> Tensor:
    rows = min(len(z1), len(z2))
    return pull_loss(z1[:rows], z2[:rows], weight=weight)


class NoObjective(torch.nn.Module):
    def __init__(self, *, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        return pull_loss(z1, z2, weight=self.weight)


class Twice(PullLoss):
    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        return 2 * pull_loss(z1, z2, weight=self.weight)


class OtherDefault(PullLoss):
    def __init__(self, *, weight: float | Tensor = 3.0) -> None:
        super().__init__(weight=weight)


class Silent(PullLoss):
    def extra_repr(self) -> str:
        return ""


class Detached(PullLoss):
    def __init__(self, *, weight: float | Tensor = 1.0) -> None:
        super().__init__(weight=weight.item() if isinstance(weight, Tensor) else weight)


class Chance(PullLoss):
    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        return 1.5


class Careless(PullLoss):
    def __init__(self, *, weight: float | Tensor = 1.0) -> None:
        Objective.__init__(self)
        self.weight = weight


def gradient_by_hand(z1: np.ndarray, z2: np.ndarray, *, weight: float) -> tuple[np.ndarray, ...]:
    return 2 * weight * (z1 - z2) / len(z1), 0 * z2


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "value_equals_reference": (
        {"reference": lambda z1, z2, *, weight: 2 * by_hand(z1, z2, weight=weight)},
        r"value and reference, inputs drawn with seed 0: .*\n*Expected .* but got",
    ),
    "gradient_equals_finite_differences": (
        {"objective": doubled},
        "the gradient must equal finite differences, but differs: .*Jacobian mismatch",
    ),
    "second_derivative_equals_finite_differences": (
        {"objective": second},
        "the second derivative must equal finite differences",
    ),
    "gradient_equals_closed_form": (
        {"reference_gradient": gradient_by_hand},
        "gradient for input 1 and the closed form, inputs drawn with seed 0",
    ),
    "only_frozen_inputs_get_no_gradient": (
        {"objective": stopped},
        r"input 1 must receive a gradient \(`frozen_inputs` is \[\]\), got None",
    ),
    "learnable_arguments_get_their_gradient": (
        {"objective": forgets_weight},
        "the gradient for `weight` must equal finite differences",
    ),
    "half_precision_is_summed_in_float32": (
        {"objective": narrow},
        "for torch.float16 it must be float32, got torch.float16",
    ),
    "autocast_changes_nothing": ({"objective": scores}, "value under autocast and without it"),
    "zero_vectors_are_finite": (
        {"objective": unit},
        "with one zero row in torch.bfloat16 the value must be finite, got nan",
    ),
    "compiles_in_one_graph": ({"objective": branches}, "must compile as one graph"),
    "order_of_samples_does_not_matter": (
        {"objective": weighed},
        "value of the inputs in another order",
    ),
    "lengths_do_not_matter": (
        {"unmoved_by": ("lengths",)},
        "value of the inputs with vectors of other norms",
    ),
    "rotation_does_not_matter": (
        {
            "objective": lambda z1, z2, *, weight: (z1 - z2).abs().sum(dim=1).mean(),
            "unmoved_by": ("rotation",),
        },
        "value of the inputs rotated",
    ),
    "shift_does_not_matter": (
        {"objective": contrast, "unmoved_by": ("shift",)},
        "value of the inputs shifted",
    ),
    "swapping_the_views_does_not_matter": (
        {"objective": lambda z1, z2, *, weight: (z1 - 2 * z2).square().mean()},
        "value of the inputs with the views swapped",
    ),
    "coupling_is_declared": (
        {"objective": contrast},
        "differs from the value of the whole, so `couples_batch` must be True, got False",
    ),
    "anchors_hold": (
        {"collapsed": Anchor((OPPOSITE, -OPPOSITE), 7.0)},
        r"value of the inputs `collapsed` in torch.float64: .*\n*Expected 7.0 but got 8.0",
    ),
    "no_input_leaves_the_range": (
        {"maximum": 100.0},
        "large inputs must give 0.0 to 100.0, got",
    ),
    "class_is_an_objective": (
        {"loss_class": NoObjective},
        r"must derive from nearfar.objectives.Objective, got .*NoObjective",
    ),
    "class_gives_what_the_function_gives": (
        {"loss_class": Twice},
        "value of the class and of the function",
    ),
    "class_takes_the_functions_arguments": (
        {"loss_class": OtherDefault},
        r"the class must take weight=1\.0, got weight=3\.0",
    ),
    "repr_shows_every_argument": (
        {"loss_class": Silent},
        r"repr must show weight=2\.0, got Silent\(\)",
    ),
    "class_keeps_learnable_arguments": (
        {"loss_class": Detached},
        r"the class must have the parameter 'weight', got \[\]",
    ),
    "chance_is_the_value_of_equal_candidates": (
        {"loss_class": Chance},
        "`chance` must be None, got 1.5, or inputs .* must be given as `at_chance`",
    ),
    "declared_refusals_are_made": (
        {"loss_class": Careless},
        "the class of an objective with weight=-1.0 must be refused with a ValueError or TypeError"
        r" about .*, but gave Careless\(weight=-1.0\)",
    ),
    "vectors_are_refused": ({"objective": untyped}, "a vector must be refused with a ValueError"),
    "integers_are_refused": (
        {"objective": untyped},
        "integers must be refused with a TypeError",
    ),
    "different_shapes_are_refused": (
        {"objective": broadcasts},
        r"a shorter view must be refused with a ValueError about '\(6, 5\), got \(5, 5\)'",
    ),
    "small_batches_are_refused": (
        {"objective": untyped},
        r"an empty batch must be refused with a ValueError about '\(0, 5\)', but gave tensor\(nan",
    ),
    "several_processes_are_one": (
        {"objective": ranked},
        "gradient 0 in process 0 and in one process",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_objective_fails_its_check(name: str) -> None:
    changes, words = BROKEN[name]
    fails(objective_checks(**{**HEALTHY, **changes}), name, words)


def test_every_check_has_a_broken_objective() -> None:
    assert set(BROKEN) == {promise.name for promise in OBJECTIVE_PROMISES}


def test_a_wrong_chance_value_is_caught() -> None:
    anchor = Anchor((OPPOSITE, -OPPOSITE), 8.0)
    promised = {**HEALTHY, "at_chance": anchor, "loss_class": Chance}
    name = "chance_is_the_value_of_equal_candidates"
    fails(objective_checks(**promised), name, r"`chance` of 2 samples: .*\n*.*Expected 8.0 but got")
    promised["loss_class"] = PullLoss
    fails(objective_checks(**promised), name, "`chance` must be 8.0 for 2 samples, got None")


def test_a_batch_of_one_that_reads_nan_is_caught() -> None:
    def spread(z: Tensor, *, weight: float = 1.0) -> Tensor:
        return ((z - z.mean(dim=0)).square().sum(dim=0) / (len(z) - 1)).mean()

    promised = {"objective": spread, "inputs": rows(6)}
    name = "small_batches_are_refused"
    fails(objective_checks(**promised), name, "value for a batch of one must be finite, got nan")
    promised["couples_batch"] = True
    fails(objective_checks(**promised), name, "a batch of one, if coupled, must be refused")


def test_a_class_alone_can_be_checked() -> None:
    check_objective(PullLoss, inputs=rows(6, 6), arguments={"weight": 2.0}, reference=by_hand)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"inputs": rows(3, 3)}, ValueError, "`inputs` must have 4 samples or more, .* got 3"),
        ({"processes": 4}, ValueError, "a multiple of `processes`, 4, got 6"),
        ({"processes": 0}, ValueError, "`processes` must be a whole number of 1 or more, got 0"),
        ({"unmoved_by": ("rotations",)}, ValueError, "did you mean 'rotation'"),
        ({"skip": ("vector_are_refused",)}, ValueError, "did you mean 'vectors_are_refused'"),
        (
            {"inputs": (torch.ones(6, 5),) * 2},
            TypeError,
            "`inputs` must be float64 or integers, got torch.float32 at 0",
        ),
    ],
)
def test_promises_that_cannot_be_checked_are_refused(
    changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        objective_checks(**{**HEALTHY, **changes})
