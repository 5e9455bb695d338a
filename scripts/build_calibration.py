"""Write what ships of the calibration, and its page, from docs/results/health-runs.json.gz.

``python scripts/build_calibration.py`` writes src/nearfar/diagnostics/calibration.json,
docs/results/health.md and its figure. The runs themselves are written by
``nearfar study health --budget hours --out docs/results``.
"""

from __future__ import annotations

from pathlib import Path

from nearfar.records import CalibrationRuns
from nearfar.studies._health_page import calibrated, write_health_pages

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
SHIPPED = ROOT / "src" / "nearfar" / "diagnostics" / "calibration.json"


def main() -> None:
    records = CalibrationRuns.load_compressed(RESULTS / "health-runs.json.gz")
    calibrated(records).save(SHIPPED)
    for page in (SHIPPED, *write_health_pages(records, RESULTS)):
        print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
