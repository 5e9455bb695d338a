"""The arguments of a Google docstring."""

from __future__ import annotations

from nearfar._docstrings import described


def several(*args: object, **kwargs: object) -> None:
    """Do it.

    Args:
        height, width: In pixels,
            at least 1: ``None`` for
            any.
        size: Of both.
        *args: More.
        **kwargs: The rest.
            note: not an argument.

    Returns:
        other: This is no argument either.
    """


def test_names_that_share_an_entry_share_its_text() -> None:
    texts = described(several)
    assert texts["height"] == texts["width"] == "In pixels, at least 1: `None` for any."


def test_a_deeper_line_with_a_colon_belongs_to_the_entry_above() -> None:
    assert described(several)["kwargs"] == "The rest. note: not an argument."


def test_other_sections_describe_no_argument() -> None:
    assert set(described(several)) == {"height", "width", "size", "args", "kwargs"}


def test_a_class_is_described_by_its_own_docstring() -> None:
    class Sized:
        """Has a size.

        Args:
            size: In pixels.
        """

    assert described(Sized) == {"size": "In pixels."}


def test_nothing_is_described_without_a_docstring_or_a_section() -> None:
    assert described(lambda: None) == {}
    assert described(len) == {}


def test_a_blank_line_within_a_text_does_not_end_the_section() -> None:
    def spaced() -> None:
        """Do it.

        Args:
            one: First.

                More of it.

            two: Second.
        """

    assert described(spaced) == {"one": "First. More of it.", "two": "Second."}
