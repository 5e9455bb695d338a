"""Studies: experiments that test claims of the literature.

Each file of this package without an underscore is a study: a module with ``Config`` and ``STUDY``;
``nearfar study NAME`` runs it.
"""

from typing import TYPE_CHECKING

from nearfar._lazy_packages import imported_when_used

if TYPE_CHECKING:
    from nearfar.studies._cell import Cell
    from nearfar.studies._claim import Claim, judge
    from nearfar.studies._compute_cell import ComputeCell
    from nearfar.studies._effects import AllOf, Difference, Effect, Exactly, Largest, Level
    from nearfar.studies._embeddings_of_run import Embeddings
    from nearfar.studies._figures import Figure, ReadingLines, RowLines, RowPoints
    from nearfar.studies._found_studies import find_study, study_names
    from nearfar.studies._measure_of_run import Measure
    from nearfar.studies._run_study import run_studies, run_study
    from nearfar.studies._study import Budget, Row, Study, over_seeds
    from nearfar.studies._study_data import StudyData
    from nearfar.studies._sweep_effects import Interior, Monotone, RankCorrelation, Slope
    from nearfar.studies._train_cell import TrainCell
    from nearfar.studies._usual_columns import COST_COLUMNS, HEALTH_COLUMNS, PROBE_COLUMNS
else:
    __getattr__, __dir__ = imported_when_used(__name__)

__all__ = [
    "COST_COLUMNS",
    "HEALTH_COLUMNS",
    "PROBE_COLUMNS",
    "AllOf",
    "Budget",
    "Cell",
    "Claim",
    "ComputeCell",
    "Difference",
    "Effect",
    "Embeddings",
    "Exactly",
    "Figure",
    "Interior",
    "Largest",
    "Level",
    "Measure",
    "Monotone",
    "RankCorrelation",
    "ReadingLines",
    "Row",
    "RowLines",
    "RowPoints",
    "Slope",
    "Study",
    "StudyData",
    "TrainCell",
    "find_study",
    "judge",
    "over_seeds",
    "run_studies",
    "run_study",
    "study_names",
]
