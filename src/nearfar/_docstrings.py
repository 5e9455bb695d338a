"""Argument descriptions in Google-style docstrings."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

__all__ = ["described", "documented_by", "with_arguments"]

T = TypeVar("T", bound=Callable[..., Any])

_WIDTH = 100
_TITLE = re.compile(r"^(Args|Arguments|Parameters):\s*$")
_ENTRY = re.compile(r"^(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?:\([^)]*\))?:(?:\s+|$)(.*)$")


def described(documented: Any) -> dict[str, str]:
    """The text of each entry in the ``Args`` section of a docstring.

    Args:
        documented: A function, a class, or anything else with a docstring.

    Returns:
        Text by argument name: one line each, code in single backticks. Names that share an entry
        (``height, width: In pixels.``) share its text.

    Example:
        >>> described(described)
        {'documented': 'A function, a class, or anything else with a docstring.'}
    """
    return {name: text.replace("``", "`") for name, text in _texts(_doc(documented)).items()}


def documented_by(*sources: Any) -> Callable[[T], T]:
    """Complete the docstring of a class or function with descriptions of its arguments.

    Arguments that its own docstring does not describe are described as in the sources. A text that
    begins with ``…`` follows the source's.

    Args:
        sources: Functions and classes that document the arguments; earlier ones take precedence.

    Example:
        >>> def loss(*, weight=1.0, clip=None):
        ...     '''A loss.
        ...
        ...     Args:
        ...         weight: Weight of the penalty.
        ...         clip: Bound on the scores.
        ...     '''
        >>> @documented_by(loss)
        ... def method(*, weight=1.0):
        ...     '''A method.
        ...
        ...     Args:
        ...         weight: … The paper: 3.
        ...     '''
        >>> described(method)
        {'weight': 'Weight of the penalty. The paper: 3.'}
    """

    def complete(documented: T) -> T:
        names = inspect.signature(documented).parameters
        documented.__doc__ = with_arguments(documented, *sources, names=names)
        return documented

    return complete


def with_arguments(documented: Any, *others: Any, names: Iterable[str]) -> str:
    """A docstring whose ``Args`` section describes all of `names`, in this order.

    Args:
        documented: Object whose docstring is extended.
        others: Functions and classes that describe further arguments; earlier ones take precedence.
            A text that begins with ``…`` follows that of the next one.
        names: Names of all arguments; those without a description are skipped.
    """
    doc = _doc(documented)
    texts: dict[str, str] = {}
    for source in (*reversed(others), documented):
        for name, new in _texts(_doc(source)).items():
            continues = new.startswith("…")
            before = texts.get(name, "") if continues else ""
            texts[name] = f"{before} {new.removeprefix('…').strip()}".strip()
    lines = ["Args:"]
    for name in names:
        text = texts.get(name)
        if text is not None:
            lines += textwrap.wrap(
                text,
                width=_WIDTH - 4,
                initial_indent=f"    {name}: ",
                subsequent_indent="        ",
                break_on_hyphens=False,
            )
    section = "\n".join(lines)
    own = re.search(r"^Args:\n(?:[ \t]+.*(?:\n|$)|\n(?=[ \t]))*", doc, re.MULTILINE)
    if own:
        return f"{doc[: own.start()]}{section}\n{doc[own.end() :]}"
    summary, _, rest = doc.partition("\n\n")
    paragraphs = re.split(r"\n\n(?=[A-Z][a-z ]+:\n)", rest, maxsplit=1) if rest else []
    if rest and re.match(r"[A-Z][a-z ]+:\n", rest):
        paragraphs = ["", rest]
    body = [summary, *(part for part in paragraphs[:1] if part), section, *paragraphs[1:]]
    return "\n\n".join(body)


def _doc(documented: Any) -> str:
    return inspect.getdoc(documented) or ""


def _texts(doc: str) -> dict[str, str]:
    """The text of each argument, on one line."""
    texts: dict[str, list[str]] = {}
    names: list[str] = []
    inside, indent = False, 0
    for line in doc.splitlines():
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
    return {name: " ".join(" ".join(lines).split()) for name, lines in texts.items()}
