"""Flags from signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from cyclopts import App, Group

from nearfar.cli._flags import flag_type, flags_of


def preset(
    encoder: object,
    *,
    needed: int,
    hidden: int | None = None,
    decay: float = 0.99,
    symmetric: bool = True,
    widths: tuple[int, ...] = (),
    critic: object = None,
) -> None:
    """A preset.

    Args:
        encoder: Images to representations.
        needed: Has no default.
        hidden: Width inside.
        decay: Of the copy,
            over two lines.
        symmetric: Both ways.
        widths: Of the layers.
        critic: A module.
    """


def parsed(words: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {}

    def run(**values: Any) -> None:
        said.update(values)

    import inspect

    flags = flags_of(preset, group=Group("Method"), table="method")
    run.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]
    app = App(default_command=run)
    app(words, exit_on_error=False, print_error=False, result_action="return_value")
    return said


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, int),
        (str | object, str),
        (int | None, int | None),
        (tuple[float, float], tuple[float, float]),
        (float | tuple[float, ...], tuple[float, ...]),
        (Literal["a", "b"], Literal["a", "b"]),
        (Path | str | None, Path | str | None),
        (object, None),
        (dict[str, int] | None, None),
        (None, None),
    ],
)
def test_a_flag_carries_what_a_command_line_can_carry(hint: Any, expected: Any) -> None:
    assert flag_type(hint) == expected


def test_keyword_only_parameters_with_a_default_give_flags() -> None:
    flags = flags_of(preset, group=Group("Method"), table="method", leave_out=("widths",))
    assert [flag.name for flag in flags] == ["method__hidden", "method__decay", "method__symmetric"]


def test_what_is_not_said_is_not_passed_on() -> None:
    assert parsed([]) == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--method.hidden 64", {"method__hidden": 64}),
        ("--method.hidden none", {"method__hidden": None}),
        ("--method.decay 0.5", {"method__decay": 0.5}),
        ("--method.no-symmetric", {"method__symmetric": False}),
        ("--method.widths 8 16", {"method__widths": (8, 16)}),
    ],
)
def test_what_is_said_arrives(words: str, said: dict[str, Any]) -> None:
    assert parsed(words.split()) == said


def test_the_help_comes_from_the_docstring() -> None:
    flags = flags_of(preset, group=Group("Method"), table="method")
    helped = {flag.name: flag.annotation.__metadata__[0].help for flag in flags}
    assert helped["method__decay"] == "Of the copy, over two lines."
