"""News in four classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nearfar.data.named.archives import Archive, Places, obtain
from nearfar.data.named.named_set import NamedSet

__all__ = ["load_ag_news"]
