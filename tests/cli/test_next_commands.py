"""The commands that a command proposes work as printed."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nearfar
from nearfar.cli import main
from nearfar.cli._entry import COMMANDS
from nearfar.cli._next_commands import shell
from tests.api.kinds import KINDS, SAMPLES
from tests.every import every
from tests.older_runs import as_older
from tests.slow import mostly_slow

QUICK = ["--epochs", "1", "--batch-size", "8", "--precision", "32", "--devices", "1"]
OWN = [kind for kind in KINDS if kind != "pointclouds"]
MOST = 12  # commands of a chain


def proposed(out: str) -> list[list[str]]:
    """The words of each command after ``next``, as a shell reads them."""
    lines = [line.removeprefix("next").strip() for line in out.splitlines()]
    found = [line for line in lines if line.startswith("nearfar ")]
    return [shlex.split(line, comments=True)[1:] for line in found]


def follow(first: list[list[str]], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run proposed commands and those that they propose; the names of the commands that ran."""
    waiting, ran = list(first), []
    seen = {tuple(words) for words in first}
    while waiting and len(ran) < MOST:
        words = waiting.pop(0)
        if words[0] not in COMMANDS or words[-1] == "digits":  # of another branch, or slow
            continue
        done = (0, 3) if words[0] == "diagnose" else (0,)  # an alarm is no fault of the command
        assert main(words) in done, (words, capsys.readouterr().err)
        ran.append(words[0])
        out = capsys.readouterr().out
        more = proposed(out)
        assert len(more) in (1, 2) or words[0] == "cite", out
        waiting += [new for new in more if tuple(new) not in seen]
        seen |= {tuple(new) for new in more}
    return ran


@pytest.mark.parametrize("kind", mostly_slow(OWN, slow=["vectors", "images"]))
def test_the_commands_after_training_and_those_that_follow_work(
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "someone's data"
    folder.mkdir()
    made = KINDS[kind]
    data = made.make(folder).relative_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    settings = {f"method.{k}": v for k, v in made.method_options.items()} | made.options
    words = [word for k, v in settings.items() for word in (f"--{k}", str(v))]
    batch = [] if kind == "graphs" else ["--batch-size", "8"]
    quick = ["--epochs", "1", *batch, "--precision", "32", "--devices", "1"]
    assert main(["train", made.method, "--data", str(data), *words, *quick]) == 0
    first = proposed(capsys.readouterr().out)
    assert len(first) == 2
    labeled = kind != "pairs"
    assert [words[0] for words in first] == (["probe", "embed"] if labeled else ["embed", "export"])
    ran = follow(first, capsys)
    assert {"embed", "diagnose", "export", "cite"} <= set(ran)
    assert "timm" not in str(first)


@pytest.mark.slow
def test_a_timm_encoder_is_offered_to_timm_and_unlabeled_pictures_are_not_probed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    generator = np.random.default_rng(0)
    for number in range(16):
        picture = generator.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "photos" / f"{number}.png")
    words = ["--encoder", "resnet10t", "--stem", "standard", "--image-size", "32", *QUICK]
    assert main(["train", "simclr", "--data", "photos", *words]) == 0
    first = proposed(capsys.readouterr().out)
    assert every(command[0] != "probe" for command in first)
    assert main(["export", "runs/simclr-photos"]) == 0
    then = proposed(capsys.readouterr().out)
    assert then[0] == ["export", "runs/simclr-photos", "--format", "timm"]
    assert follow(then + first, capsys).count("export") >= 1


@pytest.mark.slow
def test_the_commands_after_a_stop_continue_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x y.npy", np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32))
    made = nearfar.pretrain("simclr", "x y.npy", out="a 'run'", epochs=3, batch_size=8)
    run = as_older(Path(shutil.copytree(made.path, "stopped 'run'")))
    for name in ("encoder.safetensors", "health.json", "geometry.json", "report.html"):
        (run / name).unlink()
    sorted((run / "checkpoints").iterdir())[-1].unlink()
    record = made.record
    (run / "run.json").write_text(
        (run / "run.json").read_text().replace('"finished": true', '"finished": false')
    )
    assert record.finished
    assert main(["diagnose", str(run)]) in (0, 3)
    first = proposed(capsys.readouterr().out)
    assert first[0] == ["train", "--resume", str(run)]
    assert "train" in follow(first, capsys)
    assert nearfar.load(run).record.finished


def test_a_run_on_python_objects_is_offered_what_needs_no_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = np.random.default_rng(0).standard_normal((24, 6)).astype(np.float32)
    out = tmp_path / "run"
    nearfar.pretrain("simclr", rows, out=out, epochs=1, batch_size=8)
    assert main(["diagnose", str(out)]) in (0, 3)
    first = proposed(capsys.readouterr().out)
    assert [words[0] for words in first] == ["export", "report"]
    assert follow(first, capsys)
    assert main(["embed", str(out)]) == 2
    assert "was trained on a Python object" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["methods", "data", "advise"])
def test_commands_without_a_run_propose_one_that_parses(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 0
    found = proposed(capsys.readouterr().out)
    assert len(found) in (1, 2)
    assert every(words[0] in COMMANDS for words in found)
    assert main([command, "--json"]) == 0
    assert proposed(capsys.readouterr().out) == []


def test_words_are_quoted_for_a_shell(tmp_path: Path) -> None:
    words = ["embed", 'it\'s; $HOME `x` "y"', "--data", "-a b", "ä\n#c"]
    line = shell(*words)
    assert shlex.split(line, comments=True) == ["nearfar", *words]


def test_an_own_file_is_embedded_under_a_free_name_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data = KINDS["vectors"].make(tmp_path)
    nearfar.pretrain("simclr", data, out="runs/a b", epochs=1, batch_size=8)
    for name in ("embeddings-a b.npz", "embeddings-a b-2.npz"):
        assert main(["embed", "runs/a b"]) == 0
        out = capsys.readouterr().out
        assert f"saved    {name} · {SAMPLES} samples" in out
        assert f"data     {data}" in out
        assert Path(name).is_file()
    assert main(["embed", "runs/a b", "--out", "embeddings-a b.npz"]) == 0
    assert "replaces an earlier file" in capsys.readouterr().out
    for file in ("e.npy", "e.parquet", "e.npz"):
        assert main(["embed", "runs/a b", "--out", file]) == 0
        assert main(["diagnose", file]) in (0, 3)
        assert f"{SAMPLES} samples ×" in capsys.readouterr().out
    before = sorted(Path().iterdir())
    assert main(["embed", "runs/a b", "--data", "nowhere"]) == 2
    assert main(["embed", "runs/a b", "--out", "e.txt"]) == 2
    assert "`out` must end in .npz or .parquet or .npy, got 'e.txt'" in capsys.readouterr().err
    assert sorted(Path().iterdir()) == before
