"""Help, exit codes, errors in one line."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nearfar.cli import COMMANDS, main
from tests.every import every

NEARFAR = [sys.executable, "-c", "import sys; from nearfar.cli import main; sys.exit(main())"]
HELPED = [[], *([name] for name in COMMANDS), ["train", "byol"], ["bench", "views"]]


@pytest.mark.parametrize("words", HELPED, ids=" ".join)
def test_help_ends_well_and_shows_an_example(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Usage: nearfar" in out
    assert out.count("nearfar") >= 2  # the usage and an example


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    out = capsys.readouterr().out
    assert [name for name in COMMANDS if f" {name} " not in out] == []


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    from nearfar.version import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_help_takes_less_than_a_second_of_processor_time() -> None:
    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run([*NEARFAR, "--help"], check=True, stdout=subprocess.DEVNULL)
    assert spent() - before < 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prob"], "probe"),
        (["probe", "x", "--dat", "digits"], "--data"),
        (["train", "simclrr", "--data", "digits"], "did you mean 'simclr'"),
        (["train", "simclr", "--data", "digits", "--epoch", "3"], "--epochs"),
        (["train", "simclr", "--data", "digits", "--method.temprature", "1"], "temperature"),
        (["train", "simclr", "--data", "digits", "--views.crop-scal", "1"], "--views.crop-scale"),
        (["export", "x", "--format", "onx"], "onnx"),
        (["train", "simclr", "--data", "digit"], "digits"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_an_unknown_word_is_an_error_that_names_the_nearest(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert every(line.startswith("error: ") for line in captured.err.splitlines())
    assert said in captured.err


def test_debug_shows_the_traceback_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="simclr"):
        main(["train", "simclrr", "--debug"])
    monkeypatch.setenv("NEARFAR_DEBUG", "1")
    with pytest.raises(ValueError, match="simclr"):
        main(["train", "simclrr"])


def test_an_error_in_a_process_is_one_line_without_a_traceback() -> None:
    words = ["bench", "views", "--seconds", "many"]
    done = subprocess.run([*NEARFAR, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*NEARFAR, "--help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.slow
def test_control_c_ends_with_130_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = subprocess.Popen(
        [*NEARFAR, "train", "simclr", "--data", "digits", "--epochs", "9999", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(out.glob("checkpoints/*.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"nearfar train --resume {out}" in errors
    assert "Traceback" not in errors
