"""Sphinx: the documentation, built with warnings as errors."""

from nearfar.version import __version__

project = "nearfar"
copyright = "the nearfar authors"
release = version = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "nearfar"
templates_path: list[str] = []
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # README and CONTRIBUTING link to files of the repository

autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_default_options = {"show-inheritance": False}
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
