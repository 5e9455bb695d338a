"""Commands on tables and pairs: switches with a value, labels in files, sides, the next command."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from nearfar.cli import main
from nearfar.records import RunDirectory

SHORT = ["--epochs", "1", "--batch-size", "16", "--precision", "32", "--devices", "1"]
LINES = [
    f"{'red' if i % 2 else 'blue'} number {i % 7},{'rouge' if i % 2 else 'bleu'} {i % 5}"
    for i in range(40)
]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("a folder") / "pairs.csv"
    path.write_text("\n".join(["en,fr", *LINES]))
    return path


def trained(pairs: Path, out: Path, *words: str) -> list[str]:
    return [
        "train",
        "simclr",
        "--data",
        str(pairs),
        "--x",
        "en",
        "--s",
        "fr",
        "--out",
        str(out),
        *SHORT,
        *words,
    ]


@pytest.mark.parametrize("words", [["--shared", "false"], ["--shared=false"], ["--shared", "no"]])
def test_a_switch_takes_a_value(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(trained(pairs, tmp_path / "run", *words)) == 0
    assert RunDirectory(tmp_path / "run").read_recipe()["data"]["shared"] is False
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("next")]
    out = tmp_path / "embeddings.npz"
    command = [*shlex.split(said[0].partition("nearfar ")[2], comments=True), "--out", str(out)]
    assert main(command) == 0
    with np.load(out) as written:
        both = written["embeddings"], written["embeddings2"]
    for side, expected in zip("xs", both, strict=True):
        assert main([*command, "--side", side]) == 0
        with np.load(out) as written:
            np.testing.assert_array_equal(written["embeddings"], expected)
            assert "embeddings2" not in written


def test_both_sides_in_parquet(pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from nearfar.api import load_embeddings

    assert main(trained(pairs, tmp_path / "run")) == 0
    command = ["embed", str(tmp_path / "run"), "--data", str(pairs), "--out"]
    for name in ("e.npz", "e.parquet"):
        assert main([*command, str(tmp_path / name)]) == 0
    for one, other in zip(
        load_embeddings(tmp_path / "e.npz"), load_embeddings(tmp_path / "e.parquet"), strict=True
    ):
        assert one is not None
        assert other is not None
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_how_a_table_is_read_can_be_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{i / 7:.3f};{i * i / 3:.3f};{'train' if i < 24 else 'test'}" for i in range(1, 31)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(rows).replace(".", ","))
    words = ["--data", str(path), "--modality", "vectors", "--out", str(tmp_path / "run"), *SHORT]
    assert main(["train", "vicreg", *words]) == 2
    assert "decimal comma" in capsys.readouterr().err
    words += ["--decimal", ",", "--header", "no", "--delimiter", ";", "--where", "2=train"]
    assert main(["train", "vicreg", *words]) == 0
    record = RunDirectory(tmp_path / "run").read_run()
    assert record.samples + record.watched == 23
    np.save(tmp_path / "labels.npy", np.arange(30) % 2)
    command = ["probe", str(tmp_path / "run"), "--data", str(path)]
    assert main([*command, "--labels", str(tmp_path / "labels.npy")]) == 0
    (tmp_path / "other.csv").write_text("\n".join(row.rpartition(";")[0] for row in rows))
    command = ["embed", str(tmp_path / "run"), "--data", str(tmp_path / "other.csv")]
    assert main([*command, "--header", "no", "--out", str(tmp_path / "e.npz")]) == 0


def test_several_columns_of_texts_ask_for_one_or_for_pairs(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "simclr", "--data", str(pairs), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "`--column en` takes one, `--x en --s fr` pairs of two" in said
    out = ["--out", str(tmp_path / "run"), *SHORT]
    assert main(["train", "multiview", "--data", str(pairs), *out]) == 0
    assert "x is column 'en', s is column 'fr'" in capsys.readouterr().out
