"""The arguments that a Google-style docstring describes."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable
from typing import Any

__all__ = ["described", "with_arguments"]

_WIDTH = 100


def described(documented: Any) -> dict[str, str]:
    """The text of each entry in the ``Args`` section of a docstring.

    Args:
        documented: A function, a class, or anything else with a docstring.

    Returns:
        Text by argument name: one line each, code in single backticks. ``a, b: text`` gives two
        entries.

    Example:
        >>> described(described)
        {'documented': 'A function, a class, or anything else with a docstring.'}
    """
    texts = _texts(inspect.getdoc(documented) or "")
    return {name: text.replace("``", "`") for name, text in texts.items()}


def with_arguments(documented: Any, *others: Any, names: Iterable[str]) -> str:
    """A docstring whose ``Args`` section describes all of `names`, in this order.

    Args:
        documented: Has the docstring.
        others: Functions and classes that describe the arguments it leaves out; the first wins.
        names: Every argument; those that none describes are left out.
    """
    doc = inspect.getdoc(documented) or ""
    texts: dict[str, str] = {}
    for source in (documented, *others):
        texts = _texts(inspect.getdoc(source) or "") | texts
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
    if "Args:\n" in doc:
        return doc.replace(f"Args:\n{_section(doc)}", f"{section}\n", 1)
    summary, _, rest = doc.partition("\n\n")
    paragraphs = re.split(r"\n\n(?=[A-Z][a-z ]+:\n)", rest, maxsplit=1) if rest else []
    if rest and re.match(r"[A-Z][a-z ]+:\n", rest):
        paragraphs = ["", rest]
    body = [summary, *(part for part in paragraphs[:1] if part), section, *paragraphs[1:]]
    return "\n\n".join(body)


def _texts(doc: str) -> dict[str, str]:
    return {
        name: " ".join(text.split())
        for names, text in _entries(_section(doc))
        for name in re.split(r",\s*", names)
    }


def _section(doc: str) -> str:
    """What stands under ``Args:``, indented as it is."""
    found = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n(?=[ \t]))*)", doc, re.MULTILINE)
    return found[1] if found else ""


def _entries(section: str) -> list[tuple[str, str]]:
    parts = re.split(r"^(\*{0,2}\w+(?:, *\w+)*): ", textwrap.dedent(section), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))
