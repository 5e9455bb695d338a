"""Names of version 0.1, which work for one release with a warning that gives the new name."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Container, Mapping
from typing import Any, Final, ParamSpec, TypeVar

__all__ = [
    "OPTIONS",
    "renamed_arguments",
    "renamed_attributes",
    "renamed_members",
    "renamed_methods",
    "renamed_option",
    "renamed_options",
    "warn_renamed",
]

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")
C = TypeVar("C", bound=type)

OPTIONS: Final[Mapping[str, str]] = {
    "colour": "color",
    "grey": "gray",
    "labelled": "labeled",
    "neighbours": "neighbors",
    "normalise": "normalize",
    "row_normalise": "row_normalize",
    "solarise": "solarize",
    "solarise_threshold": "solarize_threshold",
}
"""New names of options of data, views, worlds and studies, by the names they had in version 0.1."""


def warn_renamed(old: str, new: str, *, stacklevel: int = 2) -> None:
    """Warn that a name is deprecated.

    Args:
        old: The deprecated name.
        new: The name to use.
        stacklevel: As of :func:`warnings.warn`, counted from the caller.
    """
    message = f"{old} is deprecated: use {new}"
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel + 1)


def renamed_attributes(module: str, **names: str) -> Callable[[str], Any]:
    """A module's ``__getattr__`` that finds its old names.

    Args:
        module: ``__name__`` of the module.
        names: New names by old ones.

    Example:
        >>> find = renamed_attributes("math", ln="log")
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     find("ln")(1.0)
        0.0
        >>> print(caught[0].message)
        math.ln is deprecated: use math.log
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_renamed(f"{module}.{name}", f"{module}.{names[name]}")
        return getattr(sys.modules[module], names[name])

    return find


def renamed_arguments(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of a function that takes keyword arguments under their old names as well.

    The signature and the types are those of the function.

    Args:
        names: New names by old ones.

    Raises:
        TypeError: When called: an argument under both names.

    Example:
        >>> @renamed_arguments(colour="color")
        ... def paint(*, color):
        ...     return color
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     paint(colour="red")
        'red'
        >>> print(caught[0].message)
        `colour` of paint is deprecated: use `color`
    """

    def accept(function: Callable[P, R]) -> Callable[P, R]:
        called = function.__qualname__.removesuffix(".__init__")

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in names.items():
                if old in kwargs:
                    if new in kwargs:
                        raise TypeError(f"`{new}` of {called} is given twice: also as `{old}`")
                    warn_renamed(f"`{old}` of {called}", f"`{new}`")
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return accept


def renamed_members(**names: str) -> Callable[[C], C]:
    """A decorator of a class that has attributes and arguments under their old names as well.

    A :class:`nearfar.records.Record` also reads files with the old names, without a warning.

    Args:
        names: New names by old ones.
    """

    def accept(cls: C) -> C:
        arguments = inspect.signature(cls).parameters
        taken = {old: new for old, new in names.items() if new in arguments}
        members: dict[str, Any] = {"_renamed": names}
        members |= {old: _alias(cls.__name__, old, new) for old, new in names.items()}
        if taken:
            members["__init__"] = renamed_arguments(**taken)(vars(cls)["__init__"])
        for name, member in members.items():
            setattr(cls, name, member)
        return cls

    return accept


def _alias(owner: str, old: str, new: str) -> property:
    def read(self: Any) -> Any:
        warn_renamed(f"{owner}.{old}", f"{owner}.{new}")
        return getattr(self, new)

    return property(read, doc=f"Deprecated: `{new}`.")


def renamed_methods(cls: type, names: Mapping[str, str], *, stacklevel: int = 2) -> None:
    """Make methods of a class, and of subclasses that override them, known under both names.

    A base class calls it for itself and in ``__init_subclass__``. A method that the class defines
    under its old name gets the new one, with a warning; one that it defines under its new name can
    be called by the old one, which warns.

    Args:
        cls: The class, after its definition.
        names: New names by old ones.
        stacklevel: As of :func:`warnings.warn`, counted from the caller.
    """
    owner = cls.__name__
    for old, new in names.items():
        own = vars(cls)
        if old in own and new not in own:
            warn_renamed(f"{owner}.{old}", f"{owner}.{new}", stacklevel=stacklevel + 1)
            setattr(cls, new, own[old])
        if new in own:  # of this class, so that super() finds that of the base
            setattr(cls, old, _warning_method(own[new], f"{owner}.{old}", f"{owner}.{new}"))


def _warning_method(method: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        warn_renamed(old, new)
        return method(*args, **kwargs)

    call.__doc__ = f"Deprecated: `{new}`."
    return call


def renamed_option(
    name: str, known: Container[str], *, warn: bool = True, stacklevel: int = 2
) -> str:
    """The name of an option; one of :data:`OPTIONS` is replaced by its new name.

    Args:
        name: As it was given.
        known: Names that exist: an option that is known under the old name keeps it, and one that
            is unknown under the new name is returned as it is.
        warn: Whether to warn; files of version 0.1 are read without a warning.
        stacklevel: As of :func:`warnings.warn`, counted from the caller.
    """
    new = OPTIONS.get(name, name)
    if name in known or new not in known:
        return name
    if warn and new != name:
        warn_renamed(f"the option `{name}`", f"`{new}`", stacklevel=stacklevel + 1)
    return new


def renamed_options(
    given: Mapping[str, V], known: Container[str], *, warn: bool = True, stacklevel: int = 2
) -> dict[str, V]:
    """Options with those of :data:`OPTIONS` under their new names.

    Args:
        given: Options by name.
        known: As of :func:`renamed_option`.
        warn: As of :func:`renamed_option`.
        stacklevel: As of :func:`warnings.warn`, counted from the caller.

    Example:
        >>> renamed_options({"grey": 0.2, "flip": 0.5}, {"gray", "flip"}, warn=False)
        {'gray': 0.2, 'flip': 0.5}
    """
    found: dict[str, V] = {}
    for name, value in given.items():
        new = name
        if OPTIONS.get(name) not in given:
            new = renamed_option(name, known, warn=warn, stacklevel=stacklevel + 1)
        found[new] = value
    return found
