"""Pictures as text that a report can hold."""

from __future__ import annotations

import base64
import io
from typing import Any

__all__ = ["png_text"]


def png_text(image: Any) -> str:
    """A picture of Pillow's as a PNG in base64."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
