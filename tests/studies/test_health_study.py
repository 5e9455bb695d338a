"""The study that calibrates the verdict: its runs, their outcomes, its page; without training."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nearfar._verdict_names import NOT_YET
from nearfar.diagnostics import fit
from nearfar.diagnostics._calibration import shipped_calibration
from nearfar.inputs import Sequences
from nearfar.records import CalibrationRuns, CellRecord, Gain, StudyRow
from nearfar.studies import _health_judgments, find_study, judge, run_study
from nearfar.studies._health_correlations import correlations, kendall, spearman
from nearfar.studies._health_gains import caught_at, gain_table
from nearfar.studies._health_judgments import JudgedRun, judged_by, out_of_source, share
from nearfar.studies._health_outcomes import gain_of, made_with, outcome_of
from nearfar.studies._health_page import calibrated, render_health_page, write_health_pages
from nearfar.studies._health_runs import CONDITIONS, METHODS, planned
from nearfar.studies._health_sources import SOURCES, VIEWS
from nearfar.studies._health_tables import detection_table, reliability, verdict_table
from nearfar.studies._marked_views import marked_image_views, marked_sequence_views
from nearfar.studies._study import given_by
from nearfar.studies._test_samples import packed
from tests.diagnostics.made_up_runs import HERE, made_up, made_up_records, made_up_runs
from tests.every import every
from tests.studies.made_up import record

AGAIN = (
    "the calibration was made with other readings or defaults: run `nearfar study health --budget"
    " hours --out docs/results`, then `python scripts/build_calibration.py`"
)


def test_the_shipped_calibration_was_made_with_the_readings_and_defaults_of_now() -> None:
    assert shipped_calibration().made_with == made_with(), AGAIN


def test_methods_and_sources_are_as_frequent_in_the_first_runs_as_in_all() -> None:
    runs = planned(SOURCES, CONDITIONS)
    assert len(runs) >= 240
    first = runs[: len(SOURCES) * 4]
    assert set(Counter(run.source.name for run in first).values()) == {4}
    intended = Counter(run.condition.intended for run in first)
    assert intended["sound"] == intended["broken"]
    assert {run.method for run in runs} >= set(METHODS)
    assert len({run.source.kind for run in runs}) >= 4
    kinds = {source.modality for source in SOURCES}
    assert every(set(of) == kinds for of in VIEWS.values())


@pytest.mark.parametrize("mark", ["patch", "frame", "shade"])
def test_a_mark_names_a_sample_in_all_its_views(mark: str) -> None:
    plain = {"crop_scale": (1.0, 1.0), "crop_ratio": (1.0, 1.0), "rotation": 0.0, "jitter": 0.0}
    views = marked_image_views(size=16, channels=1, mark=mark, **plain)  # type: ignore[arg-type]
    images = torch.full((5, 1, 16, 16), 0.5)
    first, second = views(images, torch.arange(5), seed=0, epoch=3)
    again, _ = views(images, torch.arange(5), seed=1, epoch=9)
    assert torch.equal(first, second)
    assert torch.equal(first, again)
    assert len(first.flatten(1).unique(dim=0)) == 5
    assert len(views.plain(images).flatten(1).unique(dim=0)) == 1  # type: ignore[union-attr]


def test_sequences_are_marked_at_their_start() -> None:
    views = marked_sequence_views(length=60, sound=False, gain=0.0, noise=0.0, time_masks=0)
    batch = Sequences(torch.randn(4, 1, 60))
    first, second = views(batch, torch.arange(4), seed=0, epoch=0)
    assert isinstance(first, torch.Tensor)
    assert isinstance(second, torch.Tensor)
    assert torch.equal(first[..., :10], second[..., :10])
    assert len(first[:, 0, :10].unique(dim=0)) == 4
    assert not torch.equal(first, second)


def cell(right: list[bool]) -> CellRecord:
    return CellRecord("simclr", 0, "x", HERE, words={"knn right": packed(right)})


def test_the_interval_of_a_gain_is_that_of_paired_test_samples() -> None:
    ours, theirs = [True] * 60 + [False] * 40, [True] * 50 + [False] * 50
    gain = gain_of("knn", cell(ours), cell(theirs), None)
    differences = np.array(ours, dtype=float) - np.array(theirs, dtype=float)
    reach = 1.959964 * differences.std(ddof=1) / 10
    assert gain.value == pytest.approx(0.1)
    assert (gain.low, gain.high) == pytest.approx((0.1 - reach, 0.1 + reach), abs=1e-5)
    same = gain_of("knn", cell(ours), cell(ours), None)
    assert (same.low, same.high, same.raw) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    ("knn", "linear", "outcome"),
    [(0.01, 0.01, "sound"), (0.01, 0.0, "mixed"), (-0.1, 0.01, "mixed"), (0.0, -0.1, "broken")],
)
def test_both_probes_decide_what_a_run_is(knn: float, linear: float, outcome: str) -> None:
    lows = {"knn": knn, "linear": linear, "mean_classifier": 0.5}
    gains = [Gain(probe, 0.9, 0.8, None, low, low + 0.1) for probe, low in lows.items()]
    assert outcome_of(gains) == outcome


def test_a_source_is_judged_by_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []

    def noted(runs: list[object]) -> object:
        fitted.append({run.source for run in runs})  # type: ignore[attr-defined]
        return fit(runs)  # type: ignore[arg-type]

    monkeypatch.setattr(_health_judgments, "fit", noted)
    runs = made_up_runs(gained=0.29, each=4)
    found = out_of_source(runs)
    assert [each.run for each in found] == runs
    assert fitted == [{"fsdd", "ag-news"}, {"digits", "ag-news"}, {"digits", "fsdd"}]
    with pytest.raises(ValueError, match="two or more sources"):
        out_of_source(runs[:4])


def test_wilson_s_interval_of_a_share() -> None:
    found = share([True] * 8 + [False] * 2)
    assert (found.hits, found.total) == (8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert str(share([])) == "–"


def test_rank_correlations_are_those_of_scipy() -> None:
    from scipy import stats

    generator = np.random.default_rng(0)
    x, y = generator.integers(0, 6, size=(2, 30)).astype(float)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic)
    assert spearman(x, np.ones(30)) is None
    assert kendall(x, np.ones(30)) is None


def test_a_measurement_that_follows_the_accuracy_along_runs_is_seen() -> None:
    runs = made_up_runs(each=4)
    along = correlations(runs, "along", "rank_gain", "knn", rank="spearman")
    assert along is not None
    assert along.groups == len(runs)
    assert correlations(runs, "along", "raw_recall_1", "knn", rank="spearman") is None
    assert correlations(runs, "across", "rank_gain", "linear", rank="kendall") is not None


def rows(outcomes: list[tuple[str, str]]) -> list[StudyRow]:
    """Rows of runs, each with its outcome and its verdict, and of their untrained encoder."""
    right = {"sound": [True] * 9 + [False], "broken": [False] * 10, "mixed": [False] * 10}
    start = {f"{probe} right": packed([False] * 10) for probe in ("knn", "linear")}
    found = [row_of("x · untrained · seed 0", start, baseline=True)]
    for i, (outcome, verdict) in enumerate(outcomes):
        bits = {f"{probe} right": packed(right[outcome]) for probe in ("knn", "linear")}
        if outcome == "mixed":
            bits["knn right"] = packed(right["sound"])
        found.append(row_of(f"x · simclr · {i}", {**bits, "verdict": verdict}))
    return found


def row_of(name: str, words: dict[str, str], *, baseline: bool = False) -> StudyRow:
    texts = {key: (text,) for key, text in words.items()}
    return StudyRow(name, {"knn": (0.5,)}, texts, seed_numbers=(0,), baseline=baseline)


@pytest.mark.parametrize(
    ("missed", "false", "verdicts"),
    [
        (0, 0, ("held", "held")),
        (40, 20, ("not held", "not held")),
        (4, 4, ("undecided", "undecided")),
    ],
)
def test_claims_are_about_what_is_found_and_what_is_false(
    missed: int, false: int, verdicts: tuple[str, ...]
) -> None:
    runs = [("broken", "healthy" if i < missed else "few points") for i in range(60)]
    runs += [("sound", "few points" if i < false else "healthy") for i in range(100)]
    study = find_study("health")
    claims = given_by(study.claims, study.config("hours"))
    found = judge(claims, record(rows([*runs, ("mixed", "few points")])))
    assert tuple(claim.verdict for claim in found) == verdicts


def judged(outcome: str, *verdicts: str, sound: float | None = 0.5) -> JudgedRun:
    return JudgedRun(made_up(outcome), verdicts, sound)


def test_tables_count_what_is_found_and_what_is_false() -> None:
    some = [
        judged("broken", "few points", "dead dimensions"),
        judged("broken", NOT_YET),
        judged("broken", "healthy"),
        judged("sound", "healthy"),
        judged("sound", NOT_YET),
        judged("mixed", "few points"),
    ]
    line = detection_table(some).splitlines()[-1]
    assert "67 % [21, 94] (2 of 3)" in line
    assert "33 % [6, 79] (1 of 3)" in line
    assert "50 % [9, 91] (1 of 2)" in line
    assert line.endswith("| 67 % [21, 94] (2 of 3) | 1 |")
    worth = {row.split(" | ")[0]: row for row in verdict_table(some).splitlines()[2:]}
    assert (
        "100 % [21, 100] (1 of 1) | 33 % [6, 79] (1 of 3) | 1 of 1 | 1 |" in worth["| few points"]
    )
    assert "50 % [9, 91] (1 of 2)" in worth["| healthy"]


def gained(outcome: str, knn: float, linear: float, verdict: str, sound: float) -> JudgedRun:
    gains = (
        Gain("knn", 0.5 + knn, 0.5, None, knn, knn),
        Gain("linear", 0.5 + linear, 0.5, None, linear, linear),
        Gain("mean_classifier", 1.0, 0.0, None, 1.0, 1.0),
    )
    return JudgedRun(replace(made_up(outcome), gains=gains), (verdict,), sound)


def test_runs_are_told_apart_by_the_gain_that_decides() -> None:
    some = [
        gained("sound", 0.2, 0.01, "few points", 0.1),
        gained("sound", 0.04, 0.3, "healthy", 0.9),
        gained("sound", 0.15, 0.12, NOT_YET, 0.9),
        gained("broken", -0.2, -0.11, "few points", 0.2),
        gained("broken", -0.2, 0.01, "healthy", 0.3),
        gained("broken", 0.0, -0.3, "healthy", 0.05),
    ]
    small, middle, empty, large = gain_table(some, "sound").splitlines()[2:]
    assert small.startswith("| 0 to 3 | 100 % [21, 100] (1 of 1) |")
    assert middle.startswith("| 3 to 6 | 0 % [0, 79] (0 of 1) |")
    assert empty == "| 6 to 12 | – | – |"
    assert large == "| 12 or more | 100 % [21, 100] (1 of 1) | 0 % [0, 79] (0 of 1) |"
    up, same, _, down = gain_table(some, "broken").splitlines()[2:]
    assert up.startswith("| 0 or more | 0 % [0, 66] (0 of 2) |")
    assert same == "| 0 to −3 | – | – |"
    assert down.startswith("| below −10 | 100 % [21, 100] (1 of 1) |")


def test_a_threshold_chosen_afterwards_spares_the_sound_runs() -> None:
    some = [gained("sound", 0.2, 0.2, "healthy", p / 20) for p in range(1, 21)]
    some += [gained("broken", 0.0, 0.0, "healthy", p) for p in (0.01, 0.07, 0.12, 0.9)]
    assert caught_at(some, false_alarms=0.0)[:2] == (1, 4)
    assert caught_at(some, false_alarms=0.05)[:2] == (2, 4)
    assert caught_at(some, false_alarms=0.1)[:2] == (3, 4)


def test_reliability_compares_like_with_like() -> None:
    some = [judged("sound", "healthy", sound=p) for p in (0.95, 0.99, 1.0)]
    some += [judged("broken", "healthy", sound=0.05), judged("mixed", "healthy", sound=0.05)]
    low, high = reliability(some)
    assert (low.sound.hits, low.sound.total) == (0, 1)
    assert (high.sound.hits, high.sound.total) == (3, 3)
    assert high.mean == pytest.approx(0.98)


def test_the_page_says_what_is_in_what_was_missed_and_what_ships(tmp_path: Path) -> None:
    records = made_up_records(made_up_runs(gained=0.15, each=6))
    page, runs = write_health_pages(records, tmp_path)
    text = page.read_text("utf-8")
    assert CalibrationRuns.load_compressed(runs) == records
    assert "18 of 20 runs are in, 1 failed." in text
    assert "* digits · x: ValueError" in text
    assert "**met**" in text or "**missed**" in text
    assert "| gained | 0.29 | 0.25 |" in text
    assert (tmp_path / "health.svg").read_text("utf-8").startswith("<svg")
    again = render_health_page(records, judged_by(calibrated(records), records.runs))
    assert again.startswith("# Calibration of the verdict")


def test_too_few_runs_have_no_page(tmp_path: Path) -> None:
    records = made_up_records([made_up("sound"), made_up("broken", "fsdd")])
    assert [path.name for path in write_health_pages(records, tmp_path)] == ["health-runs.json.gz"]


@pytest.mark.slow
def test_the_smoke_budget_writes_its_runs(tmp_path: Path) -> None:
    study = find_study("health")
    config = study.config("smoke")
    run_study(study, budget="smoke", config=config, cache=tmp_path / "cells", progress=str)
    assert study.pages is not None
    (file,) = study.pages(config, tmp_path / "cells", tmp_path)
    records = CalibrationRuns.load_compressed(file)
    assert len(records.runs) == records.planned == 2
    assert every(len(run.readings) >= 2 and len(run.gains) == 3 for run in records.runs)
