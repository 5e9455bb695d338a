"""Plugins of other packages: by entry point, or by a reference (``package.module:name``).

A reference may also be a file, ``mine.py:name``.

Packages declare plugins as entry points in their metadata:

.. code-block:: toml

    [project.entry-points."nearfar.modalities"]
    pointclouds = "mypackage.kind:PointClouds"

A plugin is imported only when it is used, so a broken package does not affect runs that do not need
it.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

__all__ = [
    "TRUST",
    "PluginError",
    "check_trusted",
    "is_reference",
    "load",
    "load_all",
    "load_reference",
    "package_of",
    "plugins",
    "refers_to_code",
    "reload",
    "trust",
]

TRUST = "NEARFAR_TRUST"
"""The environment variable with the packages whose code is imported if only a file names it."""
_trusted: set[str] = set()  # packages, and single references, of the user's in this process
_REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*([.:][^\W\d]\w*)(\.[^\W\d]\w*)*")
_FILE = re.compile(r"(?P<file>.*[^\W\d]\w*\.py)(:(?P<names>[^\W\d]\w*(\.[^\W\d]\w*)*))?", re.DOTALL)


class PluginError(ValueError):
    """A plugin that is missing, ambiguous or cannot be imported."""


def plugins(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name, in alphabetical order, without importing them.

    Args:
        group: Name of the group, such as ``nearfar.modalities``.

    >>> plugins("nearfar.nobody")
    {}
    """
    return {name: points[0] for name, points in _declared(group).items()}


def load(group: str, name: str) -> Any:
    """The object that an entry point refers to.

    Args:
        group: Name of the group, such as ``nearfar.modalities``.
        name: Name of the entry point.

    Raises:
        PluginError: No installed package declares the name, several do, or the import fails; the
            message names the package.
    """
    points = _declared(group).get(name, ())
    if not points:
        raise PluginError(
            f"no installed package has an entry point {name!r} in the group {group!r}"
        )
    if len({point.value for point in points}) > 1:
        owners = " and ".join(sorted({_owner(point) for point in points}))
        raise PluginError(f"the entry point {name!r} of {group!r} is declared by {owners}")
    try:
        return points[0].load()
    except Exception as error:
        raise PluginError(
            f"{_owner(points[0])} declares {name!r} in {group!r} as {points[0].value!r}, which"
            f" cannot be imported: {_cause(error)}"
        ) from error


def load_all(group: str) -> dict[str, Any]:
    """The objects of all entry points of a group that can be imported.

    Args:
        group: Name of the group, such as ``nearfar.diagnostics``.

    Warns:
        RuntimeWarning: An entry point that cannot be imported and is skipped, with its package and
            the cause.
    """
    found = {}
    for name in plugins(group):
        try:
            found[name] = load(group, name)
        except PluginError as error:
            warnings.warn(f"skipped: {error}", RuntimeWarning, stacklevel=2)
    return found


def is_reference(text: str) -> bool:
    """Whether a text has the form ``package.module:name``, ``package.module.name`` or ``file.py``.

    >>> [is_reference(text) for text in ("mine.kind:Kind", "mine.Kind", "simclr", "hf:ag_news/x")]
    [True, True, False, False]
    >>> [is_reference(text) for text in ("mine.py:Kind", "../own code/mine.py", "mine.py:")]
    [True, True, False]
    """
    return any(form.fullmatch(text) is not None for form in (_FILE, _REFERENCE))


def refers_to_code(name: str, *, argument: str) -> bool:
    """Whether the name of a method or an encoder refers to a module instead of an entry point.

    Args:
        name: The name, as a user or a file gives it.
        argument: ``method`` or ``encoder``.

    >>> refers_to_code("mine.kind:Kind", argument="encoder")
    True
    >>> [refers_to_code("resnet50.a1_in1k", argument=a) for a in ("encoder", "method")]
    [False, True]
    """
    if argument == "encoder" and ":" not in name:  # timm names contain dots
        return False
    return is_reference(name) and name not in plugins(f"nearfar.{argument}s")


def load_reference(reference: str, *, argument: str = "reference") -> Any:
    """The object at ``package.module:name``, ``package.module.name`` or ``file.py:name``; a module.

    Modules in the current directory are found as well, also from the command line. The folder of a
    file is added to the search path, so that the file can import its neighbours and further
    processes can import the file.

    Args:
        reference: Reference to the object; the name may have dots: ``package.module:Class.part``.
        argument: Name of the argument in error messages.

    Raises:
        PluginError: An unknown module or file, an unknown name in it, or a module whose import
            fails.

    >>> load_reference("math:pi") == load_reference("math.pi")
    True
    """
    if not is_reference(reference):
        raise PluginError(
            f"`{argument}` must be of the form package.module:name or file.py:name,"
            f" got {reference!r}"
        )
    _trusted.add(package_of(reference))
    if in_file := _FILE.fullmatch(reference):
        names = (in_file["names"] or "").split(".")
        module = _module_of_file(Path(in_file["file"]), argument)
        return _attribute(module, [name for name in names if name], argument)
    before, colon, after = reference.partition(":")
    words = before.split(".")
    if colon:
        return _attribute(_module(before, reference, argument), after.split("."), argument)
    for count in range(len(words), 0, -1):  # the longest part that is a module
        name = ".".join(words[:count])
        if count == 1 or _exists(name):
            module = _module(name, reference, argument)
            return _attribute(module, words[count:], argument)
    raise AssertionError("a reference has a module")


def trust(reference: str) -> None:
    """Trust this reference in this process, as the user has passed the object; not its package."""
    _trusted.add(reference)


def check_trusted(reference: str, *, argument: str) -> None:
    """Refuse to import what only a file names, such as the recipe of somebody else's run.

    Args:
        reference: Reference that was read from a file.
        argument: Name of the argument in error messages.

    Raises:
        PluginError: The user has neither passed the object or a reference to its package in this
            process nor listed the package in the environment variable ``NEARFAR_TRUST``.
    """
    package = package_of(reference)
    code = "the file" if _FILE.fullmatch(reference) else "the package"
    trusted = {*_trusted, *os.environ.get(TRUST, "").replace(",", " ").split()}
    if not {package, reference} & trusted:
        raise PluginError(
            f"`{argument}` is {reference!r} in a file, and nearfar does not import code that only a"
            f" file names: if you trust {code} {package}, set {TRUST}={package}"
        )


def package_of(reference: str) -> str:
    """What is trusted as a whole: the package of a reference, or the file."""
    if in_file := _FILE.fullmatch(reference):
        return str(in_file["file"])
    return re.split("[.:]", reference)[0]


def reload() -> None:
    """Clear the cache of entry points, to find newly installed packages."""
    _found.cache_clear()


def _declared(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    return _found(group, tuple(sys.path))


@lru_cache(maxsize=32)
def _found(group: str, path: Iterable[str]) -> dict[str, tuple[EntryPoint, ...]]:
    by_name: dict[str, tuple[EntryPoint, ...]] = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        by_name[point.name] = (*by_name.get(point.name, ()), point)
    return by_name


def _owner(point: EntryPoint) -> str:
    return f"the package {point.dist.name!r}" if point.dist else f"a package ({point.value})"


def _cause(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _exists(name: str) -> bool:
    try:
        _import(name)
    except ModuleNotFoundError as error:
        return not _is_missing(error, name)
    except Exception:  # the module exists; the error is reported when it is loaded
        return True
    return True


def _module(name: str, reference: str, argument: str) -> Any:
    try:
        return _import(name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and _is_missing(error, name)
        why = "no such module" if missing else f"its import fails with {_cause(error)}"
        raise PluginError(
            f"`{argument}` refers to {reference!r}, but {name!r} cannot be imported: {why}"
        ) from error


def _import(name: str) -> Any:
    module = EntryPoint(name=name, value=name, group="")
    try:
        return module.load()
    except ModuleNotFoundError as error:
        here = str(Path.cwd())
        if not _is_missing(error, name) or here in sys.path:
            raise
        sys.path.append(here)  # a console script does not search the current directory
        try:
            return module.load()
        except ModuleNotFoundError:
            sys.path.remove(here)
            raise


def _module_of_file(file: Path, argument: str) -> Any:
    """The module in a file, under the name that further processes import it by."""
    path = file.resolve()
    if not path.is_file():
        raise PluginError(f"`{argument}` refers to the file {file}, which does not exist")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    module = _module(path.stem, str(file), argument)
    found = getattr(module, "__file__", None)
    if found is None or Path(found).resolve() != path:
        raise PluginError(
            f"`{argument}` refers to the file {file}, but Python finds another module of the name"
            f" {path.stem!r} first ({found or 'a built-in one'}): rename the file"
        )
    return module


def _is_missing(error: ModuleNotFoundError, name: str) -> bool:
    """Whether the module itself is missing, not one that it imports."""
    return error.name is not None and f"{name}.".startswith(f"{error.name}.")


def _attribute(module: Any, names: list[str], argument: str) -> Any:
    found = module
    for name in names:
        if not hasattr(found, name):
            raise PluginError(
                f"`{argument}` refers to {'.'.join(names)!r} in {module.__name__!r}, which has no"
                f" such name"
            )
        found = getattr(found, name)
    return found
