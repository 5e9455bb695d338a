"""The methods that a study of images can compare."""

from __future__ import annotations

from nearfar._plugins import is_reference, plugins
from nearfar.api._method_listing import GROUP, kinds_of, preset_names, served
from nearfar.checks import check_choice
from nearfar.studies._baselines import BASELINES

__all__ = ["EXPLAINING", "check_row", "image_methods"]

# ablations of SimSiam, left out by default
EXPLAINING = ("simsiam_anatomy", "simsiam_expectation", "simsiam_gradient")


def image_methods() -> tuple[str, ...]:
    """The presets for images."""
    return tuple(name for name in preset_names() if served(name, "images"))


def check_row(word: str, *, argument: str) -> None:
    """Check for a baseline, or a method for images: built in, of a package or of the user."""
    known = (*image_methods(), *BASELINES)
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
