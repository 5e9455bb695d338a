"""What a user calls: pretrain, resume, load, embed, diagnose, probe, compare, advise and more."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nearfar.api.advising import advise
from nearfar.api.embedding import load_embeddings, save_embeddings, save_steps
from nearfar.api.evaluation import compare, diagnose, embed, embed_steps, probe
from nearfar.api.exporting import export
from nearfar.api.listing import list_data, list_methods
from nearfar.api.pretraining import pretrain, resume
from nearfar.api.recipe import Recipe
from nearfar.api.run import Run, load
from nearfar.api.selection import label_free_score

if TYPE_CHECKING:
    from nearfar.api.estimator import SelfSupervisedEncoder

__all__ = [
    "Recipe",
    "Run",
    "SelfSupervisedEncoder",
    "advise",
    "compare",
    "diagnose",
    "embed",
    "embed_steps",
    "export",
    "label_free_score",
    "list_data",
    "list_methods",
    "load",
    "load_embeddings",
    "pretrain",
    "probe",
    "report",
    "resume",
    "save_embeddings",
    "save_steps",
]


def report(run: str | Path | Run) -> Path:
    """Draw the report of a run anew, from its records."""
    from nearfar.reports import write_report

    return write_report(run.path if isinstance(run, Run) else load(run).path)


def __getattr__(name: str) -> Any:  # scikit-learn loads when it is asked for
    if name == "SelfSupervisedEncoder":
        return import_module("nearfar.api.estimator").SelfSupervisedEncoder
    raise AttributeError(f"module 'nearfar.api' has no attribute {name!r}")
