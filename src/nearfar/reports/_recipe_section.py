"""The recipe that reproduces a run."""

from __future__ import annotations

from nearfar.reports._html import Html, element, join
from nearfar.reports._section import missing, section_of

__all__ = ["section"]


def section(recipe: str | None) -> Html:
    """The recipe file of the run's directory."""
    return section_of(
        "recipe",
        "Recipe",
        element("pre", element("code", recipe.strip()), tabindex="0", aria_label="recipe.toml")
        if recipe
        else missing("recipe.toml is missing: this run cannot be reproduced from its directory."),
        lead=join(element("code", "nearfar train --recipe RUN/recipe.toml"), " repeats the run."),
    )
