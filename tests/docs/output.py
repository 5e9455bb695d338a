"""Compare what a page shows with what was printed: the words, not the numbers."""

from __future__ import annotations

import re

__all__ = ["assert_shows"]

NUMBER = re.compile(r"[−-]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?")
BRACKETS = re.compile(r"\s*\([^()]*\)")
ARITHMETIC = re.compile(r"· \S+ on \S+$")  # bf16 or 32 bit, CPU or GPU


def assert_shows(shown: str, printed: str, *, place: str) -> None:
    """Each line that is shown was printed, in this order.

    Numbers and what stands in brackets may differ; ``…`` stands for any text, alone in a line for
    any lines. Without it no line may be missing.
    """
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else f"{re.escape(line).replace('…', '.*')}\n"
        for line in lines_of(shown)
    )
    found = "".join(f"{line}\n" for line in lines_of(printed))
    assert re.fullmatch(pattern, found), f"{place} shows\n{shown}\nbut printed was\n{printed}"


def lines_of(text: str) -> list[str]:
    """The lines without what may differ; ``now`` says what takes long on a slow machine."""
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    lines = [line for line in lines if not line.startswith("now ")]
    lines = [ARITHMETIC.sub("· ARITHMETIC", line) for line in lines]
    return [" ".join(NUMBER.sub("#", BRACKETS.sub("", line)).split()) for line in lines]
