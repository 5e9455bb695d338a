"""Self-supervised representation learning that reports, without labels, whether training worked."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nearfar.version import __version__

if TYPE_CHECKING:
    from nearfar.api import (
        compare,
        diagnose,
        duplicates,
        embed,
        export,
        load,
        load_weights,
        neighbors,
        outliers,
        pretrain,
        probe,
        report,
        resume,
        show_views,
        sweep,
    )
    from nearfar.api._estimator import SelfSupervisedEncoder

__all__ = [
    "SelfSupervisedEncoder",
    "__version__",
    "compare",
    "diagnose",
    "duplicates",
    "embed",
    "export",
    "load",
    "load_weights",
    "neighbors",
    "outliers",
    "pretrain",
    "probe",
    "report",
    "resume",
    "show_views",
    "sweep",
]


def __getattr__(name: str) -> Any:  # import heavy modules only when they are needed
    if name == "SelfSupervisedEncoder":  # also imports scikit-learn
        return import_module("nearfar.api._estimator").SelfSupervisedEncoder
    name = "neighbors" if name == "neighbours" else name  # spelt as the command is
    if name in __all__:
        return getattr(import_module("nearfar.api"), name)
    raise AttributeError(f"module 'nearfar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
