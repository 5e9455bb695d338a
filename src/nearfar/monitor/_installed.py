"""Optional libraries, imported where an adapter is made."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

__all__ = ["installed"]


def installed(module: str, *, extra: str) -> Any:
    """The module of an optional library.

    Raises:
        ImportError: It is not installed; the message names the extra.
    """
    try:
        return EntryPoint(name=module, value=module, group="").load()
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != module.split(".", maxsplit=1)[0]:
            raise
        raise ImportError(f"this needs {module}: pip install 'nearfar[{extra}]'") from None
