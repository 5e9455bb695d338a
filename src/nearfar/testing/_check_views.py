"""Checks of views."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Collection
from dataclasses import KW_ONLY, dataclass
from typing import final

import torch
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.inputs import View, count, select
from nearfar.testing._check import Contract, Promise, listing, require, running
from nearfar.testing._compared_samples import different, leaves, same_samples, undisturbed
from nearfar.views import Views

__all__ = ["VIEWS_PROMISES", "ViewsContract", "check_views", "views_checks"]

SEED, EPOCH = 3, 5


@final
@dataclass(frozen=True)
class ViewsContract(Contract):
    """Views and their declared properties.

    Args:
        views: Views that implement the protocol :class:`nearfar.views.Views`.
        inputs: A batch of 4 samples or more, as returned by a source.
        samples: Index of each sample, 0 or more; by default 20, 21, …
        drawn_by: Quantities that the random draws depend on: ``seed``, ``epoch``, ``sample`` and
            ``view``; by default all of them. Empty for deterministic views.
        tolerance: Tolerance for a sample's values in different batches.
        name: Name in messages; by default the class of the views.
        skip: Names of checks to skip.

    Raises:
        ValueError: Fewer than 4 samples, or an unknown word in `drawn_by`.

    Example:
        >>> from nearfar.testing import check_views
        >>> from nearfar.views import ImageViews
        >>> check_views(ImageViews(size=8, channels=1), inputs=torch.rand(6, 1, 12, 12))
    """

    views: Views
    _: KW_ONLY
    inputs: View
    samples: Tensor | None = None
    drawn_by: Collection[str] = ("seed", "epoch", "sample", "view")
    tolerance: float = 0.0
    name: str = ""
    skip: Collection[str] = ()

    def __post_init__(self) -> None:
        for word in self.drawn_by:
            check_choice(("seed", "epoch", "sample", "view"), drawn_by=word)
        if count(self.inputs) < 4:
            raise ValueError(f"`inputs` must have 4 samples or more, got {count(self.inputs)}")

    @property
    def subject(self) -> str:
        """Name in messages."""
        return self.name or type(self.views).__name__

    @property
    def numbers(self) -> Tensor:
        """Index of each sample."""
        return torch.arange(count(self.inputs)) + 20 if self.samples is None else self.samples

    def shown(
        self, rows: Tensor | None = None, *, seed: int = SEED, epoch: int = EPOCH, later: int = 0
    ) -> tuple[View, ...]:
        """The views of all or some samples, optionally with shifted sample indices."""
        inputs, samples = self.inputs, self.numbers
        if rows is not None:
            inputs, samples = select(inputs, rows), samples[rows]
        return self.views(inputs, samples + later, seed=seed, epoch=epoch)


def protocol_is_spoken(contract: ViewsContract) -> None:
    """They have ``num_views``, ``notes`` and ``plain``, and are callable."""
    views = contract.views
    require(isinstance(views, Views), f"they must be nearfar.views.Views, got {type(views)}")
    require(
        isinstance(views.num_views, int) and views.num_views > 0,
        f"`num_views` must be an integer above 0, got {views.num_views!r}",
    )
    notes = views.notes
    require(
        isinstance(notes, tuple) and not any(not isinstance(note, str) for note in notes),
        f"`notes` must be a tuple of strings, got {notes!r}",
    )


def as_many_views_as_declared(contract: ViewsContract) -> None:
    """They return ``num_views`` views, with one row per sample each."""
    shown, rows = contract.shown(), count(contract.inputs)
    wanted = contract.views.num_views
    require(len(shown) == wanted, f"there must be {wanted} views (`num_views`), got {len(shown)}")
    for number, view in enumerate(shown):
        require(count(view) == rows, f"view {number} must have {rows} rows, got {count(view)}")


def views_are_repeatable(contract: ViewsContract) -> None:
    """The same seed, epoch and samples give bitwise identical views, whatever was drawn before."""
    first = contract.shown()
    torch.manual_seed(1)
    contract.shown(seed=SEED + 1)
    same_samples(contract.shown(), first, "repeated views")


def batch_does_not_matter(contract: ViewsContract) -> None:
    """A sample's views do not depend on the batch or its order."""
    whole = contract.shown()
    rows = count(contract.inputs)
    batches = {
        "in another order": torch.randperm(rows),
        "in a smaller batch": torch.tensor([rows - 1, 0, 1]),
        "alone": torch.tensor([rows // 2]),
    }
    for how, chosen in batches.items():
        expected = [select(view, chosen) for view in whole]
        what = f"views of samples {how}"
        same_samples(contract.shown(chosen), expected, what, tolerance=contract.tolerance)


def draws_depend_on_what_they_should(contract: ViewsContract) -> None:
    """Different seeds, epochs and sample indices give different views, and views differ."""
    shown = contract.shown()
    others = {
        "seed": contract.shown(seed=SEED + 1),
        "epoch": contract.shown(epoch=EPOCH + 1),
        "sample": contract.shown(later=1000),
    }
    for word, other in others.items():
        moved = different(other, shown)
        require(
            moved or word not in contract.drawn_by,
            f"another {word} must give different views, got the same (`drawn_by`"
            f" {tuple(contract.drawn_by)})",
        )
    if "view" in contract.drawn_by:
        for i, one in enumerate(shown):
            for j, other_view in enumerate(shown[:i]):
                require(
                    different((one,), (other_view,)), f"views {j} and {i} must differ, are the same"
                )


def draws_depend_on_nothing_else(contract: ViewsContract) -> None:
    """Views do not depend on quantities that are not in `drawn_by`."""
    shown = contract.shown()
    others = {
        "seed": contract.shown(seed=SEED + 1),
        "epoch": contract.shown(epoch=EPOCH + 1),
        "sample": contract.shown(later=1000),
    }
    for word, other in others.items():
        if word not in contract.drawn_by:
            same_samples(other, shown, f"views with another {word}, which is not in `drawn_by`")


def global_generators_are_left_alone(contract: ViewsContract) -> None:
    """The global random generators of Python, NumPy and PyTorch are not used."""
    torch.manual_seed(1)
    with undisturbed("making views"):
        first = contract.shown()
    torch.manual_seed(2)
    same_samples(contract.shown(), first, "views with PyTorch's generator at another seed")


def inputs_are_left_alone(contract: ViewsContract) -> None:
    """The inputs are not modified."""
    before = copy.deepcopy(contract.inputs)
    contract.shown()
    contract.views.plain(contract.inputs)
    same_samples(contract.inputs, before, "inputs after making views")


def plain_view_is_not_random(contract: ViewsContract) -> None:
    """``plain`` is deterministic, with one row per sample, and independent of the batch."""
    rows = count(contract.inputs)
    with undisturbed("the plain view"):
        plain = contract.views.plain(contract.inputs)
    require(count(plain) == rows, f"`plain` must have {rows} rows, got {count(plain)}")
    torch.manual_seed(1)
    same_samples(contract.views.plain(contract.inputs), plain, "the repeated plain view")
    chosen = torch.tensor([rows - 1, 0])
    few = contract.views.plain(select(contract.inputs, chosen))
    what = "the plain view in a smaller batch"
    same_samples(few, select(plain, chosen), what, tolerance=contract.tolerance)


def numbers_are_finite(contract: ViewsContract) -> None:
    """Floating-point values are finite, and on the device of the inputs."""
    devices = {x.device for x in leaves(contract.inputs)}
    for view in (*contract.shown(), contract.views.plain(contract.inputs)):
        for x in leaves(view):
            require(bool(x.isfinite().all()), f"views must be finite numbers, got {x}")
            require(
                not devices or x.device in devices,
                f"views must be on the device of the inputs, {devices}, got {x.device}",
            )


def pickling_keeps_them(contract: ViewsContract) -> None:
    """Pickled views, as sent to another process, give the same results."""
    other: Views = pickle.loads(pickle.dumps(contract.views))
    again = other(contract.inputs, contract.numbers, seed=SEED, epoch=EPOCH)
    same_samples(again, contract.shown(), "results of pickled views")


VIEWS_PROMISES = (
    Promise(protocol_is_spoken),
    Promise(as_many_views_as_declared),
    Promise(views_are_repeatable),
    Promise(batch_does_not_matter),
    Promise(draws_depend_on_what_they_should),
    Promise(draws_depend_on_nothing_else, lambda c: len(set(c.drawn_by)) < 4),
    Promise(global_generators_are_left_alone),
    Promise(inputs_are_left_alone),
    Promise(plain_view_is_not_random),
    Promise(numbers_are_finite),
    Promise(pickling_keeps_them),
)

views_checks = listing("views_checks", ViewsContract, VIEWS_PROMISES)
check_views = running(
    "check_views",
    ViewsContract,
    VIEWS_PROMISES,
    summary="Check the required properties of views; AssertionError at the first violation.",
)
