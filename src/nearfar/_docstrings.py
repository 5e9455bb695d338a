"""What a Google docstring says of each argument."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

__all__ = ["described"]

_TITLE = re.compile(r"^(Args|Arguments|Parameters):\s*$")
_ENTRY = re.compile(r"^(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?:\([^)]*\))?:(?:\s+|$)(.*)$")


def described(function: Callable[..., Any]) -> dict[str, str]:
    """The text of each argument in the docstring of a function or class.

    Args:
        function: With a section ``Args:``; without one, nothing is described.

    Returns:
        Argument → text on one line, with double backticks made single. Names that share an entry
        (``height, width: In pixels.``) share its text.

    Example:
        >>> described(described)
        {'function': 'With a section `Args:`; without one, nothing is described.'}
    """
    texts: dict[str, list[str]] = {}
    names: list[str] = []
    inside, indent = False, 0
    for line in (inspect.getdoc(function) or "").splitlines():
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth == 0:
            inside, indent, names = bool(_TITLE.match(line)), 0, []
        if not inside or depth == 0:
            continue
        indent = indent or depth
        entry = _ENTRY.match(line.strip()) if depth == indent else None
        if entry:
            names = [name.strip().lstrip("*") for name in entry[1].split(",")]
            texts |= {name: [] for name in names}
        for name in names:
            texts[name].append(entry[2] if entry else line.strip())
    return {
        name: " ".join(" ".join(lines).replace("``", "`").split()) for name, lines in texts.items()
    }
