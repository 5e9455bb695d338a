"""Commands on a finished run: tables, JSON, files."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nearfar import api
from nearfar.cli import main
from nearfar.data import OmittedSamplesWarning
from nearfar.records import AdviceRecord, HealthRecord, ProbeRecord
from tests.every import every
from tests.older_runs import as_older


def test_embed_writes_a_row_a_sample_that_diagnose_reads(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "e.npz"
    assert main(["embed", str(run), "--data", "digits", "--out", str(file)]) == 0
    assert "1,797 samples" in capsys.readouterr().out
    with np.load(file) as arrays:
        assert arrays["embeddings"].shape[0] == len(arrays["ids"]) == 1797
    assert main(["diagnose", str(file), "--json"]) in (0, 3)
    assert HealthRecord.from_json(capsys.readouterr().out).samples == 1797


def test_embed_writes_parquet(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "e.parquet"
    assert main(["embed", str(run), "--data", "digits", "--out", str(file)]) == 0
    assert file.is_file()


def test_diagnose_prints_verdict_and_evidence(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", str(run)]) in (0, 3)
    out = capsys.readouterr().out
    assert out.startswith("verdict")
    assert "uniformity" in out
    assert "note     not judged: structure" in out


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("healthy", 0), ("no collapse seen", 0), ("duplicates", 3), ("complete collapse", 3)],
)
def test_the_exit_code_of_diagnose_says_whether_there_is_an_alarm(
    verdict: str, code: int, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = as_older(Path(shutil.copytree(run, tmp_path / "run")))
    known = {"verdict": verdict, "verdicts": (verdict,), "confidence": 0.9, "stability": 0.95}
    health = replace(api.load(run).health, **known)
    health.save(copied / "health.json")
    assert main(["diagnose", str(copied)]) == code
    assert main(["diagnose", str(copied), "--report", str(tmp_path / "page.html")]) == code
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Embeddings" in page
    assert "Confidence: 90 % of the runs" in page
    assert "Stability: the same verdict on 95 % of" in page
    said = capsys.readouterr().out
    assert "sure     90 % of the runs" in said
    assert "steady   the same verdict on 95 % of" in said
    assert main(["diagnose", str(copied), "--json"]) == code
    printed = json.loads(capsys.readouterr().out)
    assert (printed["verdict"], printed["verdicts"], printed["confidence"]) == (
        verdict,
        [verdict],
        0.9,
    )
    assert printed["not_judged"]
    assert main(["diagnose", str(copied), "--layer", "no"]) == 2


def test_a_record_of_an_older_version_has_all_its_verdicts(run: Path, tmp_path: Path) -> None:
    copied = as_older(Path(shutil.copytree(run, tmp_path / "run")))
    replace(api.load(run).health, verdict="duplicates", verdicts=()).save(copied / "health.json")
    assert api.diagnose(copied).verdicts == ("duplicates",)


def test_probe_shows_what_to_compare_with(
    run: Path, few_digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", str(run), "--data", str(few_digits), "--json"]) == 0
    record = ProbeRecord.from_json(capsys.readouterr().out)
    assert len(record.rows) == 3
    assert record.classes == 10
    assert every(0.5 < row.linear <= 1 for row in record.rows)


def test_probe_shows_the_majority_class_and_balanced_accuracies(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.random.default_rng(0).integers(0, 17, (60, 8, 8)).astype(np.uint8)
    y = np.where(np.arange(60) < 6, "rare", "usual")
    np.savez(tmp_path / "uneven.npz", x=x, y=y)
    assert main(["probe", str(run), "--data", str(tmp_path / "uneven.npz")]) == 0
    out = capsys.readouterr().out
    assert out.count("always usual (majority class)") == 2
    assert "0.9000" in out
    assert "balanced accuracy" in out
    assert main(["probe", str(run), "--data", str(tmp_path / "uneven.npz"), "--json"]) == 0
    record = ProbeRecord.from_json(capsys.readouterr().out)
    assert (record.majority, record.majority_class, record.uneven) == (0.9, "usual", True)
    assert record.majority_balanced == 0.5
    assert every(set(row.balanced) == {"knn", "linear", "mean_classifier"} for row in record.rows)


def test_samples_without_a_row_are_named_and_kept_with_the_embeddings(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (4, 8, 8)).astype(np.uint8)
    for row, picture in enumerate(pixels):
        Image.fromarray(picture).save(tmp_path / f"{row}.png")
    (tmp_path / "torn.png").write_bytes(b"no picture")
    file = tmp_path / "e.npz"
    assert main(["embed", str(run), "--data", str(tmp_path), "--out", str(file)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "torn.png" in line]
    assert len(lines) == 1
    assert "left out" in lines[0]
    with np.load(file) as arrays:
        assert arrays["ids"].tolist() == [f"{row}.png" for row in range(4)]
        assert any("torn.png" in note for note in arrays["notes"])
    with pytest.warns(OmittedSamplesWarning, match=r"4 rows for .*torn\.png"):
        assert len(api.embed(run, tmp_path)) == 4


def test_notes_of_a_run_are_shown_by_diagnose_and_export(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = api.load(run).record.notes
    assert notes
    assert main(["diagnose", str(run)]) in (0, 3)
    assert main(["export", str(run), "--out", str(tmp_path / "e.safetensors")]) == 0
    out = capsys.readouterr().out
    assert every(out.count(note) == 2 for note in notes)
    assert list(api.diagnose(run).notes) == list(notes)


def test_compare_has_a_row_a_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(run), str(run)]) == 0
    assert capsys.readouterr().out.count("simclr") >= 2
    assert main(["compare", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["method"] for row in found["runs"]] == ["simclr"]
    assert found["ranking"] is None


@pytest.mark.parametrize(("command", "name"), [("methods", "moco_v2"), ("data", "cifar10")])
def test_lists_name_what_there_is(
    command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 0
    assert name in capsys.readouterr().out
    assert main([command, "--json"]) == 0
    assert name in [row["name"] for row in json.loads(capsys.readouterr().out)]


def test_report_names_the_file_it_wrote(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "report.html").unlink()
    assert main(["report", str(run)]) == 0
    assert str(run / "report.html") in capsys.readouterr().out
    assert (run / "report.html").is_file()


@pytest.mark.parametrize("kind", ["safetensors", "onnx"])
def test_export_writes_a_file(kind: str, run: Path, tmp_path: Path) -> None:
    out = tmp_path / f"encoder.{kind}"
    assert main(["export", str(run), "--format", kind, "--out", str(out)]) == 0
    assert out.stat().st_size > 0


def test_advise_says_what_theory_expects_of_a_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = ["--batch-size", "256", "--temperature", "0.2", "--dim", "128"]
    assert main(["advise", *setting]) == 0
    out = capsys.readouterr().out
    assert "a loss of 6.24 means nothing was learnt  [ln(1 + 510)]" in out
    assert "with 1,000 latent classes" in out
    assert main(["advise", *setting, "--latent-classes", "unknown"]) == 0
    assert capsys.readouterr().out == out
    page = tmp_path / "bounds.html"
    assert main(["advise", *setting, "--classes", "10", "--plot", str(page)]) == 0
    assert "enough   51 samples cover all classes" in capsys.readouterr().out
    assert "Bounds against the number of candidates" in page.read_text(encoding="utf-8")


def test_advise_places_the_readings_of_a_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "--run", str(run), "--data", "digits", "--json"]) == 0
    advice = AdviceRecord.from_json(capsys.readouterr().out)
    assert advice.setting.startswith("batch 128, 128 dimensions, temperature 0.1, 254 negatives")
    assert advice.classes == 10
    found = {line.about for line in advice.lines}
    assert {"chance", "loss", "coverage", "bound", "spread", "data"} <= found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--batch-size", "1"], "`batch_size` must be a whole number of 2 or more, got 1"),
        (["--temperature", "0"], "`temperature` must be a finite number above 0, got 0.0"),
        (["--classes", "0"], "`prior` must be a whole number of 1 or more, got 0"),
        (["--latent-classes", "many"], "`latent_classes` must be `unknown` or a number"),
        (["--data", "digits", "--batch-size", "4000"], "1,797 samples of the data, got 4,000"),
    ],
)
def test_advise_refuses_what_makes_no_sense(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["advise", *words]) == 2
    assert message in capsys.readouterr().err
