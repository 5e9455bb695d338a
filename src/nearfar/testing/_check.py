"""Checks, and the functions that list and run a group of them."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar, final

import torch
from torch import Tensor

from nearfar.checks import check_choice

__all__ = ["Check", "Contract", "Promise", "close", "fail", "listing", "require", "running"]

P = ParamSpec("P")


class Contract(ABC):
    """The declared properties of a part under test, as a frozen record.

    Attributes:
        skip: Names of checks to skip.
    """

    skip: Collection[str]

    @property
    @abstractmethod
    def subject(self) -> str:
        """Name of the part in messages."""

    def __str__(self) -> str:
        return self.subject


C = TypeVar("C", bound=Contract)


@final
@dataclass(frozen=True)
class Check:
    """A check of one property of one part; calling it runs the test.

    Random numbers are the same in every call, and PyTorch's global generator is restored
    afterwards.

    Attributes:
        subject: Name of the part.
        name: Name of the checked property, as used in `skip`.

    Raises:
        AssertionError: When called, if the part violates the property; the message gives the part,
            the check, the expected and the actual result.

    Example:
        >>> Check("my_loss", "order_of_samples", lambda: None)()
        >>> str(Check("my_loss", "order_of_samples", lambda: None))
        'my_loss: order_of_samples'
    """

    subject: str
    name: str
    run: Callable[[], None] = field(repr=False)

    def __call__(self) -> None:
        """Run the check."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                self.run()
            except AssertionError as error:
                raise AssertionError(f"{self.subject} fails `{self.name}`: {error}") from error
            except Exception as error:
                error.add_note(f"raised in the check `{self.name}` of {self.subject}")
                raise

    def __str__(self) -> str:
        return f"{self.subject}: {self.name}"


@final
@dataclass(frozen=True)
class Promise(Generic[C]):
    """A check for all contracts of a type, and the condition under which it applies."""

    check: Callable[[C], None]
    applies: Callable[[C], bool] = lambda contract: True

    @property
    def name(self) -> str:
        """Name of the check, as used in `skip`."""
        return self.check.__name__


def listing(
    name: str, contract: Callable[P, C], promises: Sequence[Promise[C]]
) -> Callable[P, list[Check]]:
    """A function with the arguments of `contract` that returns the list of its checks."""

    def checks(*args: P.args, **kwargs: P.kwargs) -> list[Check]:
        made = contract(*args, **kwargs)
        for word in made.skip:
            check_choice([promise.name for promise in promises], skip=word)
        return [
            Check(made.subject, promise.name, _bound(promise, made))
            for promise in promises
            if promise.name not in made.skip and promise.applies(made)
        ]

    summary = (
        "The individual checks of :func:`check_{0}`; calling one runs it as a separate test.\n\n"
        'With pytest: ``@pytest.mark.parametrize("check", {0}_checks(...), ids=str)``.'
    )
    text = summary.format(name.removesuffix("_checks"))
    made: Callable[P, list[Check]] = _documented(checks, name, contract, text)
    return made


def running(
    name: str, contract: Callable[P, C], promises: Sequence[Promise[C]], *, summary: str
) -> Callable[P, None]:
    """A function with the arguments of `contract` that runs its checks until one fails."""
    every = listing(name, contract, promises)

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        for check in every(*args, **kwargs):
            check()

    lines = [f"* ``{p.name}``: {_first_line(p.check)}" for p in promises]
    text = "\n".join([summary, "\nThe checks:\n", *lines])
    made: Callable[P, None] = _documented(run, name, contract, text)
    return made


def _bound(promise: Promise[C], contract: C) -> Callable[[], None]:
    return lambda: promise.check(contract)


def _first_line(check: Callable[..., None]) -> str:
    return (inspect.getdoc(check) or "").partition("\n\n")[0].replace("\n", " ")


def _documented(function: Any, name: str, contract: Callable[..., Any], summary: str) -> Any:
    """Give `function` a name, and the signature and argument docstrings of a contract."""
    signature = inspect.signature(contract)
    returned = "None" if name.startswith("check_") else "list[Check]"
    function.__name__ = function.__qualname__ = name
    function.__module__ = contract.__module__
    function.__signature__ = signature.replace(return_annotation=returned)
    arguments = (inspect.getdoc(contract) or "").partition("\n\n")[2]
    function.__doc__ = f"{summary}\n\n{arguments}"
    return function


def fail(message: str) -> NoReturn:
    """Fail a check with this message."""
    raise AssertionError(message)


def require(condition: bool | Tensor, message: str) -> None:
    """Fail with this message unless the condition holds; also under ``python -O``."""
    if not condition:
        fail(message)


def close(actual: Any, expected: Any, what: str, *, rtol: float = 1e-9, atol: float = 1e-9) -> None:
    """Fail unless numbers, tensors or collections of them are equal within tolerances.

    Args:
        actual: Actual value.
        expected: Expected value.
        what: Description of the compared values, which begins the message.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
    """
    try:
        torch.testing.assert_close(actual, expected, rtol=rtol, atol=atol)
    except AssertionError as error:
        fail(f"{what}: {error}")
