"""Studies: a claim of the literature, an experiment that can prove it wrong, and what came of it.

Each name is a module with ``Config``, ``run``, ``CLAIMS`` and ``SMOKE``; ``nearfar study NAME``
runs it.
"""

from nearfar.studies import _methods_table as methods

__all__ = ["methods"]
