"""The version of nearfar."""

__all__ = ["__version__"]

__version__ = "0.2.0.dev0"
"""Version of the installed package, as in its metadata; also ``nearfar.__version__``."""
