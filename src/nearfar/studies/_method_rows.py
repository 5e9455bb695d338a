"""The methods that a study of images can compare."""

from __future__ import annotations

from collections.abc import Sequence

from nearfar._plugins import is_reference, plugins
from nearfar._suggestions import check_choice
from nearfar.studies._training_settings import BASELINES, SUPERVISED

__all__ = ["EXPLAINING", "check_row", "compared", "image_methods"]

# ablations of SimSiam, left out by default
EXPLAINING = ("simsiam_anatomy", "simsiam_expectation", "simsiam_gradient")


def image_methods() -> tuple[str, ...]:
    """The presets for images, without the ablations of SimSiam."""
    from nearfar.api._method_listing import preset_names, served

    return tuple(
        name for name in preset_names() if served(name, "images") and name not in EXPLAINING
    )


def compared(words: Sequence[str] | None) -> tuple[str, ...]:
    """The methods of a table, each once; all for images and ``supervised`` by default.

    Args:
        words: Names, or several names separated by commas.

    Raises:
        ValueError: A name of no method and no baseline, or a method that is not for images.
    """
    if words is None:
        return (*image_methods(), SUPERVISED)
    names = [word for text in words for word in text.split(",") if word]
    for name in names:
        check_row(name, argument="methods")
    return tuple(dict.fromkeys(names))


def check_row(word: str, *, argument: str) -> None:
    """Check for a baseline, or a method for images: built in, of a package or of the user."""
    from nearfar.api._method_listing import GROUP, kinds_of, served

    known = (*image_methods(), *EXPLAINING, *BASELINES)
    if word in known:
        return
    if not (word in plugins(GROUP) or is_reference(word)):
        check_choice((*known, *plugins(GROUP)), **{argument: word})
    found = served(word, "images")
    declared = " and ".join(kinds_of(word))
    if found is None and declared:
        raise ValueError(
            f"`{argument}` must be methods for images, got {word}, which is for {declared}"
        )
    if found is None or found.views.make is None:
        raise ValueError(
            f"`{argument}` must be methods that declare their views of images, got {word}: add"
            ' {"images": Serves(views=ViewRecipe(nearfar.views.simclr_views))} to its `serves`'
        )
