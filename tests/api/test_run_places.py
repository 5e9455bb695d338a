"""Directories of new runs: free names, and no two runs in one."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar.api._run_places import RunExistsError, claim, claim_free
from nearfar.cli import main
from tests.every import every

QUICK = ["--epochs", "1", "--batch-size", "8", "--precision", "32", "--devices", "1"]


@pytest.mark.slow
def test_runs_take_the_first_free_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (16, 8, 8), dtype=np.uint8)
    np.save("my shapes.npy", pixels)
    words = ["train", "vicreg", "--data", "my shapes.npy", *QUICK]
    assert main(words) == 0
    assert "is taken" not in capsys.readouterr().out
    assert main(words) == 0
    assert "runs/vicreg-my-shapes is taken: see runs/vicreg-my-shapes-2" in capsys.readouterr().out
    assert sorted(path.name for path in Path("runs").iterdir()) == [
        "vicreg-my-shapes",
        "vicreg-my-shapes-2",
    ]
    notes = nearfar.load("runs/vicreg-my-shapes-2").record.notes
    assert every("is taken" not in note for note in notes or ("",))


def test_no_two_runs_claim_one_directory(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool, ExitStack() as held:
        made = list(pool.map(lambda _: claim_free(tmp_path / "run", held).path.name, range(8)))
    assert sorted(made) == ["run", *(f"run-{number}" for number in range(2, 9))]


def test_only_an_empty_directory_is_free(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with ExitStack() as held:
        assert claim(tmp_path / "empty", held).path.is_dir()
        for name in ("used", "file"):
            with pytest.raises(RunExistsError, match="`out` must be a new directory"):
                claim(tmp_path / name, held)
            assert claim_free(tmp_path / name, held).path.name == f"{name}-2"


@pytest.mark.parametrize(
    "name",
    ["recipe.toml", ".lock", ".recipe.toml.ab12.part", "groups.txt", "start.safetensors"],
)
def test_a_directory_whose_first_write_was_killed_is_free(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").touch()
    (tmp_path / "run" / name).write_text("" if name == "recipe.toml" else "x")
    with ExitStack() as held:
        directory = claim(tmp_path / "run", held)
        assert [path.name for path in directory.path.iterdir() if path.name == name] in (
            [],
            [".lock"],
            ["recipe.toml"],
        )


def test_a_taken_directory_is_told_in_the_language_of_the_caller(
    digits_run: nearfar.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(
        FileExistsError, match=r"nearfar\.resume\('.*'\), or choose another `out`"
    ) as error:
        nearfar.pretrain("simclr", "digits", epochs=1, out=digits_run.path)
    assert "--" not in str(error.value)
    assert main(["train", "--data", "digits", "simclr", "--out", str(digits_run.path)]) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "nearfar train --resume" in shown
    assert "another `--out`" in shown
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="exists: choose another"):
        nearfar.pretrain("simclr", "digits", epochs=1, out=tmp_path)


def test_the_error_reaches_other_processes(tmp_path: Path) -> None:
    with ExitStack() as held:
        error = RunExistsError(claim(tmp_path / "run", held))
    copied = pickle.loads(pickle.dumps(error))
    assert (str(copied), copied.path, copied.is_run) == (str(error), tmp_path / "run", False)
