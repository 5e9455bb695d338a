"""Commands on a finished run: tables, JSON, files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nearfar.cli import main
from nearfar.records import HealthRecord, ProbeRecord


def test_embed_writes_a_row_a_sample_that_diagnose_reads(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "e.npz"
    assert main(["embed", str(run), "--data", "digits", "--out", str(file)]) == 0
    assert "1,797 samples" in capsys.readouterr().out
    with np.load(file) as arrays:
        assert arrays["embeddings"].shape[0] == len(arrays["ids"]) == 1797
    assert main(["diagnose", str(file), "--json"]) == 0
    assert HealthRecord.from_json(capsys.readouterr().out).samples == 1797


def test_embed_writes_parquet(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "e.parquet"
    assert main(["embed", str(run), "--data", "digits", "--out", str(file)]) == 0
    assert file.is_file()


def test_diagnose_prints_verdict_and_evidence(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", str(run)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("verdict")
    assert "uniformity" in out


def test_probe_shows_what_to_compare_with(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", str(run), "--data", "digits", "--json"]) == 0
    record = ProbeRecord.from_json(capsys.readouterr().out)
    assert len(record.rows) == 3
    assert record.classes == 10
    assert all(0.5 < row.linear <= 1 for row in record.rows)


def test_compare_has_a_row_a_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(run), str(run)]) == 0
    assert capsys.readouterr().out.count("simclr") >= 2
    assert main(["compare", str(run), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["method"] == "simclr"


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
