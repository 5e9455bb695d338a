"""The version of nearfar."""

__version__ = "0.2.0.dev0"
