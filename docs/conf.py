"""Sphinx: the documentation, built with warnings as errors and without a network."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))
from constants import constants, listed_above, public_modules
from inventories import LOCAL, write_inventories

from nearfar.version import __version__

project = "nearfar"
copyright = "the nearfar authors"
release = version = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = "nearfar"
html_static_path = ["_static"]
html_css_files = ["nearfar.css"]
html_copy_source = False
html_use_index = False  # half as large as everything else; the search finds every name
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # README and CONTRIBUTING link to files of the repository

autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields of named tuples are documented once
napoleon_use_rtype = False
napoleon_custom_sections = [
    "Assumptions",
    "Best critic",
    "Bias",
    "Cost",
    "Good to know",
    "Proof",
    "Range",
    "Reading",
    "Reference",
    "References",
    "Relations",
    "Scale",
    "Shape",
    "Statement",
    "Vacuous",
    "When to use",
]

# One page per public object, generated into docs/generated from each package's `__all__`.
autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
autosummary_context = {  # of the template of a module's page, by module
    "constants": {name: constants(name) for name in public_modules()},
    "listed_above": {name: listed_above(name) for name in public_modules()},
}
PACKAGES = ("diagnostics", "methods", "modalities", "modules", "training")


def two_pages(package: str) -> dict[str, str]:
    """File names for functions that differ from a class by case only: some disks ignore case."""
    names = import_module(package).__all__
    classes = {name.lower() for name in names if name[0].isupper()}
    return {
        f"{package}.{name}": f"{package}.{name}-function"
        for name in names
        if name.islower() and name in classes
    }


autosummary_filename_map = {
    key: file for name in PACKAGES for key, file in two_pages(f"nearfar.{name}").items()
}

# Links into other projects. By default from small inventories of the names used here, so that the
# build needs no network; NEARFAR_DOCS_ONLINE=1 takes the projects' own.
intersphinx_mapping: dict[str, Any] = (
    {name: (url, None) for name, (url, _) in LOCAL.items()}
    if os.environ.get("NEARFAR_DOCS_ONLINE")
    else write_inventories(Path(__file__).parent / "_build" / "inventories")
)


def collapse_navigation(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Show the branch of the page at hand alone: all of 500 objects would fill every page."""
    if toctree := context.get("toctree"):
        context["toctree"] = lambda **options: toctree(**{**options, "collapse": True})


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", collapse_navigation, priority=100)
