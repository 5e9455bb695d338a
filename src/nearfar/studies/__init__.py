"""Studies: experiments that test claims of the literature.

Each study is a module with ``Config``, ``run``, ``CLAIMS`` and ``SMOKE``; ``nearfar study NAME``
runs it.
"""

from nearfar.studies import _methods_table as methods

__all__ = ["methods"]
