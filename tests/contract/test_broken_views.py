"""Each check of views catches views that break their promise."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from nearfar.ops import uniform
from nearfar.testing import check_views, views_checks
from nearfar.testing._check_views import VIEWS_PROMISES
from tests.contract.broken import fails

INPUTS = torch.rand(6, 3, generator=torch.Generator().manual_seed(0))


class Shifted:
    """Adds a random number to each row; keeps every promise."""

    num_views: Any = 2
    notes: Any = ()

    def __call__(
        self, inputs: Any, samples: Tensor, /, *, seed: int, epoch: int
    ) -> tuple[Tensor, ...]:
        return tuple(
            self.view(inputs, samples, seed=seed, epoch=epoch, view=view)
            for view in range(self.num_views)
        )

    def view(self, inputs: Any, samples: Tensor, *, seed: int, epoch: int, view: int) -> Tensor:
        return inputs + uniform(samples, seed=seed, epoch=epoch, view=view, count=1)

    def plain(self, inputs: Any, /) -> Any:
        return inputs.clone()


HEALTHY: dict[str, Any] = {"views": Shifted(), "inputs": INPUTS}


def test_views_that_keep_their_promises_pass() -> None:
    check_views(**HEALTHY)


# --- views that break one -------------------------------------------------------------------------


class ListOfNotes(Shifted):
    notes: ClassVar = ["no blur"]


class HalfAView(Shifted):
    num_views = 0.5


class OneViewMore(Shifted):
    def __call__(self, inputs: Any, samples: Tensor, /, **draws: Any) -> tuple[Tensor, ...]:
        first, second = super().__call__(inputs, samples, **draws)
        return first, second, first


class FewerRows(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **draws)[1:]


class Counting(Shifted):
    calls = 0

    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        self.calls += 1
        return super().view(inputs, samples, **draws) + self.calls


class Centered(Shifted):
    """Depends on the other samples of the batch."""

    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        shown = super().view(inputs, samples, **draws)
        return shown - shown.mean(dim=0)


class ByRow(Shifted):
    """Draws by the place in the batch, not by the sample."""

    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, torch.arange(len(samples)), **draws)


class NoSeed(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **{**draws, "seed": 0})


class NoEpoch(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **{**draws, "epoch": 0})


class NoSample(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, 0 * samples, **draws)


class OneView(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **{**draws, "view": 0})


class Global(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **draws) + torch.rand(1)


class GlobalNumPy(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **draws) + np.random.rand()


class GlobalPython(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **draws) + random.random()


class ReadsGlobal(Shifted):
    """Reads PyTorch's generator and puts it back."""

    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        with torch.random.fork_rng(devices=[]):
            return super().view(inputs, samples, **draws) + torch.rand(1)


class InPlace(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return inputs.add_(super().view(inputs, samples, **draws))


class RandomPlain(Shifted):
    def plain(self, inputs: Any, /) -> Any:
        return inputs + torch.rand(1)


class CenteredPlain(Shifted):
    def plain(self, inputs: Any, /) -> Any:
        return inputs - inputs.mean(dim=0)


class Infinite(Shifted):
    def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
        return super().view(inputs, samples, **draws) / 0


class PickledElsewhere(Shifted):
    def __reduce__(self) -> Any:
        return NoSeed, ()


BROKEN: list[tuple[str, type[Shifted], str]] = [
    (
        "protocol_is_spoken",
        ListOfNotes,
        r"`notes` must be a tuple of strings, got \['no blur'\]",
    ),
    ("protocol_is_spoken", HalfAView, "`num_views` must be an integer above 0, got 0.5"),
    ("as_many_views_as_declared", OneViewMore, r"there must be 2 views \(`num_views`\), got 3"),
    ("as_many_views_as_declared", FewerRows, "view 0 must have 6 rows, got 5"),
    (
        "views_are_repeatable",
        Counting,
        "repeated views: view 0: the sample in row 0 must be the same",
    ),
    (
        "batch_does_not_matter",
        Centered,
        r"views of samples in (another order|a smaller batch): view 0: .*expected tensor\(.*got",
    ),
    (
        "batch_does_not_matter",
        ByRow,
        "views of samples in another order: view 0: the sample in row . must be the same",
    ),
    ("draws_depend_on_what_they_should", NoSeed, "another seed must give different views"),
    ("draws_depend_on_what_they_should", NoEpoch, "another epoch must give different views"),
    ("draws_depend_on_what_they_should", NoSample, "another sample must give different views"),
    ("draws_depend_on_what_they_should", OneView, "views 0 and 1 must differ"),
    (
        "global_generators_are_left_alone",
        Global,
        "making views must not use the global random generator of PyTorch, but did",
    ),
    (
        "global_generators_are_left_alone",
        GlobalNumPy,
        "making views must not use the global random generator of NumPy, but did",
    ),
    (
        "global_generators_are_left_alone",
        GlobalPython,
        "making views must not use the global random generator of Python, but did",
    ),
    (
        "global_generators_are_left_alone",
        ReadsGlobal,
        "views with PyTorch's generator at another seed: view 0: .* must be the same",
    ),
    (
        "inputs_are_left_alone",
        InPlace,
        "inputs after making views: the sample in row 0 must be the same",
    ),
    ("plain_view_is_not_random", RandomPlain, "the plain view must not use the global random"),
    ("plain_view_is_not_random", CenteredPlain, "the plain view in a smaller batch: .* the same"),
    ("numbers_are_finite", Infinite, r"views must be finite numbers, got tensor\(\[inf"),
    ("pickling_keeps_them", PickledElsewhere, "results of pickled views: view 0: .* the same"),
]


@pytest.mark.parametrize(
    ("name", "kind", "words"), BROKEN, ids=[f"{kind.__name__}-{name}" for name, kind, _ in BROKEN]
)
def test_broken_views_fail_their_check(name: str, kind: type[Shifted], words: str) -> None:
    fails(views_checks(kind(), inputs=INPUTS.clone()), name, words)


def test_draws_that_depend_on_more_than_declared_are_caught() -> None:
    checks = views_checks(Shifted(), inputs=INPUTS, drawn_by=("seed", "sample", "view"))
    words = "views with another epoch, which is not in `drawn_by`: view 0: .* must be the same"
    fails(checks, "draws_depend_on_nothing_else", words)


def test_every_check_has_broken_views() -> None:
    names = {name for name, *_ in BROKEN} | {"draws_depend_on_nothing_else"}
    assert names == {promise.name for promise in VIEWS_PROMISES}


def test_a_difference_within_the_tolerance_passes() -> None:
    class Rounded(Shifted):
        def view(self, inputs: Any, samples: Tensor, **draws: Any) -> Tensor:
            return super().view(inputs, samples, **draws) + 1e-7 * len(samples)

    loose = {c.name: c for c in views_checks(Rounded(), inputs=INPUTS, tolerance=1e-5)}
    loose["batch_does_not_matter"]()
    fails(views_checks(Rounded(), inputs=INPUTS), "batch_does_not_matter", "in a smaller batch")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inputs": INPUTS[:3]}, "`inputs` must have 4 samples or more, got 3"),
        ({"drawn_by": ("seeds",)}, "did you mean 'seed'"),
        ({"skip": ("batch_does_matter",)}, "did you mean 'batch_does_not_matter'"),
    ],
)
def test_promises_that_cannot_be_checked_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        views_checks(**{**HEALTHY, **changes})
