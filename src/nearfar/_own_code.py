"""Where code of the user's own is found again, and whether it is the same."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nearfar._plugins import trust

__all__ = ["code_hash", "imported", "reference_of"]

_INSIDE = Path(__file__).parent


def reference_of(thing: Callable[..., Any]) -> str:
    """Reference by which a class or function is found again in another process; empty if by none.

    There is none for a lambda, for what a function defines, and for what a script or a notebook
    defines: importing it would run the script. The user has handed the object over, so the
    reference is trusted.

    >>> reference_of(inspect.getdoc), reference_of(lambda: None)
    ('inspect:getdoc', '')
    """
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    if not module or module == "__main__" or not name:
        return ""
    reference = f"{module}:{name}"
    if "<" in name or imported(reference) is not thing:
        return ""
    trust(reference)
    return reference


def imported(reference: str) -> Any:
    """The object of a reference to a module that this process has imported; None if it has not."""
    module, _, names = reference.partition(":")
    found: Any = sys.modules.get(module) if names and module != "__main__" else None
    for name in names.split("."):
        found = getattr(found, name, None)
    return found


def code_hash(*things: Callable[..., Any]) -> str:
    """Hash of the files outside nearfar that define classes or functions; empty if there are none.

    >>> code_hash(code_hash)
    ''
    """
    places = [_place(inspect.unwrap(thing)) for thing in things]
    own = {Path(place) for place in places if place and not Path(place).is_relative_to(_INSIDE)}
    if not own:
        return ""
    code = b"".join(file.read_bytes() for file in sorted(own) if file.is_file())
    return hashlib.blake2b(code, digest_size=8).hexdigest()


def _place(thing: Callable[..., Any]) -> str | None:
    try:
        return inspect.getsourcefile(thing)
    except TypeError:  # built in, or an object that can be called
        return None
