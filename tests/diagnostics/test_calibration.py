"""The calibration: thresholds and probabilities from runs, and the confidence of a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from nearfar.diagnostics import Calibration, HealthStream, Thresholds, fit, health
from nearfar.diagnostics._calibration import READINGS, shipped_calibration
from nearfar.diagnostics._calibration_fit import CANDIDATES, alarmed
from nearfar.diagnostics._confidence import confidence_of
from nearfar.diagnostics._thresholds import THRESHOLDS
from nearfar.records import HealthRecord
from tests.diagnostics.made_up_runs import USUAL, made_up, made_up_runs
from tests.every import every

BEST = {"rank_gain": 3.5, "representation_order": 0.99, "untrained_overlap": 0.1}


def test_a_threshold_moves_to_where_the_outcomes_part() -> None:
    runs = made_up_runs(gained=0.15)
    wrong = [alarmed(run, Thresholds()) == (run.outcome == "sound") for run in runs]
    assert any(wrong)
    fitted = fit(runs).thresholds
    assert 0.1 < fitted.gained < 0.29
    assert every(alarmed(run, fitted) == (run.outcome == "broken") for run in runs)


def test_a_threshold_without_evidence_stays() -> None:
    fitted = fit(made_up_runs(gained=0.29)).thresholds
    assert replace(fitted, gained=Thresholds().gained) == Thresholds()


def test_thresholds_stay_between_the_candidates() -> None:
    assert every(
        min(values) < getattr(Thresholds(), name) < max(values)
        for name, values in CANDIDATES.items()
    )


def test_the_probability_separates_and_never_falls_with_a_better_reading() -> None:
    runs = made_up_runs(gained=0.29, each=12)
    calibration = fit(runs)
    sure = [
        calibration.confidence("healthy", run.measurements, modality=run.modality)
        for run in runs
        if run.outcome == "sound"
    ]
    assert every(value is not None and value > 0.8 for value in sure)
    signs = {name: reading.sign for name, reading in READINGS.items()} | {"alarm": -1}
    assert every(signs[name] * weight >= 0 for name, weight in calibration.weights.items())
    shares = [
        calibration.probability(USUAL | {"rank_gain": gain}, alarm=False) or 0.0
        for gain in (-1.0, 0.0, 1.0, 2.0, 3.0)
    ]
    assert shares == sorted(shares)


def test_mixed_runs_are_counted_and_change_nothing() -> None:
    runs = made_up_runs(gained=0.29)
    with_mixed = [*runs, *(made_up("mixed", rank_gain=gain) for gain in (0.0, 3.0))]
    assert fit(with_mixed) == replace(fit(runs), mixed=2)


def test_without_broken_runs_nothing_can_be_fitted() -> None:
    with pytest.raises(ValueError, match="`records` must have sound and broken runs"):
        fit([made_up("sound")])


def test_a_calibration_survives_json() -> None:
    calibration = fit(made_up_runs(gained=0.29), made_with={"measures": {"health": 2}})
    assert Calibration.from_json(calibration.to_json()) == calibration


@pytest.mark.parametrize(
    ("verdict", "changes", "more", "why"),
    [
        ("healthy", {}, {"modality": None}, "the kind of data was not given"),
        ("healthy", {}, {"modality": "pairs"}, "not calibrated on pairs"),
        ("healthy", {}, {"positives": False}, "methods without two views"),
        ("healthy", {}, {"samples": 30}, "for 30 samples"),
        ("not yet", {}, {}, "neither sound nor broken"),
        ("healthy", {"rank_gain": None}, {}, "readings are missing"),
        ("no collapse seen", {"alignment": None}, {}, "only one view"),
    ],
)
def test_without_confidence_the_reason_is_said(
    verdict: str, changes: dict[str, None], more: dict[str, object], why: str
) -> None:
    measured = {name: value for name, value in USUAL.items() if name not in changes}
    given = {"samples": 200, "positives": True, "modality": "images"} | more
    confidence, said = confidence_of(verdict, measured, **given)  # type: ignore[arg-type]
    assert confidence is None
    assert len(said) == 1
    assert why in said[0]


def test_an_alarm_is_as_sure_as_a_run_is_not_sound() -> None:
    calibration = shipped_calibration()
    sound = calibration.probability(USUAL, alarm=True)
    assert sound is not None
    alarm = calibration.confidence("few points", USUAL, modality="images")
    assert alarm == pytest.approx(1 - sound)


def test_the_record_has_the_confidence_with_the_kind_of_data() -> None:
    generator = torch.Generator().manual_seed(0)
    cloud = torch.randn(200, 32, generator=generator)
    views = (cloud, cloud + 0.3 * torch.randn(200, 32, generator=generator))
    before = tuple(torch.randn(200, 32, generator=generator) for _ in range(2))
    given = {"representations": views, "untrained": before}
    found = health(*views, modality="images", **given)  # type: ignore[arg-type]
    assert found.confidence is not None
    assert 0 <= found.confidence <= 1
    assert found.sureness in repr(found._repr_html_())
    assert HealthRecord.from_json(found.to_json()).confidence == found.confidence
    assert not [line for line in found.not_judged if line.startswith("confidence")]
    silent = health(*views, **given)  # type: ignore[arg-type]
    assert silent.confidence is None
    assert "confidence: the kind of data was not given" in silent.not_judged
    assert silent.sureness == ""


def test_a_stream_says_why_there_is_no_confidence() -> None:
    stream = HealthStream()
    rows = torch.randn(100, 8, generator=torch.Generator().manual_seed(0))
    stream.update(rows, rows.roll(1, 1))
    lines = stream.compute(modality="images").not_judged
    assert "confidence: readings are missing, such as those before training" in lines


def test_the_rules_use_the_thresholds_that_ship() -> None:
    assert shipped_calibration().thresholds == THRESHOLDS
