"""Studies by name: of nearfar, of installed packages, of a module or a file."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from nearfar._plugins import is_reference, load, load_reference, plugins
from nearfar._suggestions import suggest
from nearfar.studies._study import Study

__all__ = ["GROUP", "find_study", "study_names"]

GROUP = "nearfar.studies"
"""Group of entry points with which other packages add studies."""
_OBJECT = "STUDY"


def study_names() -> tuple[str, ...]:
    """Names of the studies of nearfar and of installed packages.

    >>> "coupon" in study_names()
    True
    """
    return (*_built_in(), *(name for name in plugins(GROUP) if name not in _built_in()))


def find_study(name: str) -> Study[Any]:
    """The study of this name.

    Args:
        name: A study of nearfar, the name of an entry point in the group ``nearfar.studies``, a
            module (``mypackage.mystudy``) or a file (``mystudy.py``) with an object ``STUDY``, or a
            reference to such an object.

    Raises:
        ValueError: An unknown name (the closest one is suggested), or no study.

    >>> find_study("coupon").ids
    ('A1', 'A2')
    """
    if name in _built_in():
        found = load_reference(f"{__package__}.{name}:{_OBJECT}", argument="study")
    elif name in plugins(GROUP):
        found = load(GROUP, name)
    elif is_reference(name):
        found = load_reference(name, argument="study")
    else:
        known = study_names()
        raise ValueError(
            f"`study` must be one of {', '.join(known)}, or a module or file with a study of your"
            f" own, got {name!r}{suggest(name, known)}"
        )
    if isinstance(found, ModuleType):
        found = getattr(found, _OBJECT, None)
    if not isinstance(found, Study):
        raise ValueError(
            f"`study` must have an object {_OBJECT} of the class nearfar.studies.Study, got {name}"
        )
    return found


def _built_in() -> tuple[str, ...]:
    """Files of this package that are studies: those whose names are public."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))
