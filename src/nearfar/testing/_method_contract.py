"""The declared properties of a method."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _NormBase

from nearfar.checks import check_integer
from nearfar.inputs import View, count, move, select
from nearfar.methods import Method, Step
from nearfar.testing._check import Contract

__all__ = ["MethodContract", "descend", "joined_backward", "state_of", "statistics_of"]


@final
@dataclass(frozen=True)
class MethodContract(Contract):
    """A method and its declared properties.

    Args:
        make: Constructs a small instance; PyTorch's generator has the same seed in every call.
        views: Input of the method: one batch per view, with an even number of samples, 4 or more.
            The checks convert it to float64 where necessary.
        fixed: Prefixes of the parameters that never receive a gradient, such as ``target.``.
        chance: Loss at chance for the batch size of `views`, computed independently; None if there
            is no chance level.
        contrasts: Index of the group of tensors of ``project`` with queries and keys, for
            contrastive methods with a temperature: no key may be among its own negatives.
        processes: With 2 or more, the method is also run in this number of processes and compared
            with one process; `make` must then be at the top level of an importable module, and the
            number of samples divisible by `processes`.
        tolerance: Tolerance between equivalent computations in float64, relative and absolute.
        name: Name in messages; by default the class of the method.
        skip: Names of checks to skip.

    Raises:
        ValueError: An odd number of samples, fewer than 4, views of different lengths, `processes`
            below 1.

    Example:
        >>> from nearfar.methods import SimCLR
        >>> from nearfar.testing import check_method
        >>> def small() -> SimCLR:
        ...     return SimCLR(torch.nn.Linear(6, 5), torch.nn.Linear(5, 4), temperature=0.5)
        >>> x = torch.randn(8, 6)
        >>> views = x, x + 0.1 * torch.randn(8, 6)
        >>> check_method(small, views=views, chance=2.70805020110221)  # ln 15
    """

    make: Callable[[], Method]
    _: KW_ONLY
    views: tuple[View, ...]
    fixed: tuple[str, ...] = ()
    chance: float | None = None
    contrasts: int | None = None
    processes: int = 1
    tolerance: float = 1e-9
    name: str = ""
    skip: Collection[str] = ()

    def __post_init__(self) -> None:
        check_integer(at_least=1, processes=self.processes)
        sizes = [count(view) for view in self.views]
        if len(set(sizes)) != 1 or sizes[0] < 4 or sizes[0] % 2 or sizes[0] % self.processes:
            raise ValueError(
                "`views` must have the same even number of samples, 4 or more, a multiple of"
                f" `processes`, {self.processes}, got {sizes}"
            )

    @property
    def subject(self) -> str:
        """Name in messages."""
        return self.name or type(self.made()).__name__

    @property
    def batch(self) -> int:
        """Number of samples in the views."""
        return count(self.views[0])

    @property
    def exact_views(self) -> tuple[View, ...]:
        """The views in float64; integers are unchanged."""
        return tuple(move(view, "cpu", torch.float64) for view in self.views)

    def made(self) -> Method:
        """A new instance, identical in every call."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.make()

    def exact(self) -> Method:
        """A new instance in float64."""
        return self.made().double()

    def rows(self, views: tuple[View, ...], rows: slice | Tensor) -> tuple[View, ...]:
        """Select samples of each view."""
        return tuple(select(view, rows) for view in views)


def state_of(method: Method) -> dict[str, Tensor]:
    """A copy of the state dict."""
    return {name: value.clone() for name, value in method.state_dict().items()}


def statistics_of(method: Method) -> set[str]:
    """Names of the running statistics of batch-norms, which a forward pass may change."""
    norms = [(name, module) for name, module in method.named_modules()]
    return {
        f"{name}.{buffer}" if name else buffer
        for name, module in norms
        if isinstance(module, _NormBase)
        for buffer, _ in module.named_buffers(recurse=False)
    }


def joined_backward(method: Method, *parts: tuple[View, ...]) -> Step:
    """Backward pass through the micro-batches, projected one by one, in one graph."""
    pieces = [method.project(part) for part in parts]
    joined = tuple(
        tuple(torch.cat(same) for same in zip(*groups, strict=True))
        for groups in zip(*pieces, strict=True)
    )
    step = method.compare(joined)
    step.loss.backward()  # type: ignore[no-untyped-call]
    return step


def descend(method: Method, step: Step, *, progress: float = 0.5) -> None:
    """Complete an update after its backward pass, by gradient descent."""
    method.after_batch(step)
    trained = [parameter for parameter in method.parameters() if parameter.requires_grad]
    torch.optim.SGD(trained, lr=0.1).step()
    method.zero_grad()
    method.after_update(progress)
