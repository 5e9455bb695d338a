"""What a user calls: pretrain, resume, load, embed, diagnose, probe, compare, advise and more."""

from __future__ import annotations

from pathlib import Path

from nearfar.api._advising import advise
from nearfar.api._citing import citable, cite
from nearfar.api._embedding import load_embeddings, save_embeddings, save_steps
from nearfar.api._evaluation import compare, diagnose, embed, embed_steps, probe
from nearfar.api._exporting import export
from nearfar.api._listing import list_data, list_methods
from nearfar.api._pretraining import pretrain, resume
from nearfar.api._recipe import Recipe
from nearfar.api._run import Run, load
from nearfar.api._selection import label_free_score

__all__ = [
    "Recipe",
    "Run",
    "advise",
    "citable",
    "cite",
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
