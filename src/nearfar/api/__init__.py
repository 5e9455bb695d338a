"""The public functions: pretrain, resume and load runs; embed, probe, diagnose and export."""

from typing import TYPE_CHECKING

from nearfar._lazy_packages import imported_when_used

if TYPE_CHECKING:
    from nearfar.api._advising import advise
    from nearfar.api._citing import citable, cite
    from nearfar.api._comparing import ComparedRun, Comparison
    from nearfar.api._contact_sheet import show_views
    from nearfar.api._embedding import Embedded, EmbeddedSteps
    from nearfar.api._embedding_files import load_embeddings
    from nearfar.api._embedding_writers import save_embeddings, save_steps, save_views
    from nearfar.api._keywords import RunKeywords
    from nearfar.api._listing import list_data, list_methods
    from nearfar.api._loaded_encoder import LoadedEncoder
    from nearfar.api._loading_weights import load_weights
    from nearfar.api._pretraining import pretrain, resume
    from nearfar.api._recipe import Recipe
    from nearfar.api._run_object import Run, load
    from nearfar.api._search_tables import write_table
    from nearfar.api._searching import duplicates, neighbors, outliers
    from nearfar.api._selection import label_free_score
    from nearfar.api._sweeping import sweep
    from nearfar.api._two_views import EmbeddedViews
    from nearfar.api._verbs import compare, diagnose, embed, embed_steps, export, probe, report
else:
    __getattr__, __dir__ = imported_when_used(__name__)

__all__ = [
    "ComparedRun",
    "Comparison",
    "Embedded",
    "EmbeddedSteps",
    "EmbeddedViews",
    "LoadedEncoder",
    "Recipe",
    "Run",
    "RunKeywords",
    "advise",
    "citable",
    "cite",
    "compare",
    "diagnose",
    "duplicates",
    "embed",
    "embed_steps",
    "export",
    "label_free_score",
    "list_data",
    "list_methods",
    "load",
    "load_embeddings",
    "load_weights",
    "neighbors",
    "outliers",
    "pretrain",
    "probe",
    "report",
    "resume",
    "save_embeddings",
    "save_steps",
    "save_views",
    "show_views",
    "sweep",
    "write_table",
]
