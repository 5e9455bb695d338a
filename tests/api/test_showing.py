"""What a call shows by default: on standard error, in a notebook, and after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nearfar
from nearfar._audience import on_command_line
from nearfar.api import _showing
from nearfar.api._live_progress import Display
from nearfar.api._notebook_progress import NotebookDisplay
from nearfar.training import Interrupted, Silent

PICTURES = np.random.default_rng(0).integers(0, 255, (30, 8, 8), dtype=np.uint8)
QUICK: dict[str, Any] = {"epochs": 2, "batch_size": 8, "checkpoint_every": 100}


class Handle:
    """What IPython returns for an output: it remembers what the output has shown."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def update(self, panel: Any) -> None:
        self.shown.append(panel)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Handle]:
    """A kernel, as far as a display sees it; the outputs that were made."""
    outputs: list[Handle] = []

    def display(panel: Any, *, display_id: bool) -> Handle:
        assert display_id
        outputs.append(Handle())
        outputs[-1].update(panel)
        return outputs[-1]

    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return outputs


@pytest.mark.slow
def test_a_fresh_process_shows_no_message_of_the_engine(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PICTURES)
    call = "import nearfar; nearfar.pretrain('simclr', 'x.npy', epochs=1, batch_size=8)"
    words = [sys.executable, "-c", call]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "Mixed Precision" not in done.stderr
    assert "1 epoch ·" in done.stderr


def test_by_default_a_call_shows_progress_and_verdict_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = nearfar.pretrain("simclr", PICTURES, out=tmp_path / "run", **QUICK)
    shown = capsys.readouterr()
    assert shown.out == ""
    words = [line.split()[0] for line in shown.err.splitlines()]
    assert words[0] == "data"
    assert "epoch" in words
    assert f"verdict  {run.health.summary}" in shown.err
    assert "\nnote     3 samples are held out for measurements: collapse" in shown.err
    assert "only 3 samples, so the verdict is uncertain" in run.health.summary
    assert words.count("try") <= 1


@pytest.mark.slow
def test_a_notebook_has_one_output_that_ends_with_the_verdict(
    tmp_path: Path, notebook: list[Handle], capsys: pytest.CaptureFixture[str]
) -> None:
    run = nearfar.pretrain("simclr", PICTURES, out=tmp_path / "run", **QUICK)
    assert len(notebook) == 1
    pages = [panel._repr_html_() for panel in notebook[0].shown]
    assert any("<progress" in page for page in pages)
    assert "<progress" not in pages[-1]
    assert run.health.summary.split(":")[0] in pages[-1]
    assert repr(notebook[0].shown[-1]).splitlines()[-1].split()[0] in ("verdict", "try")
    assert capsys.readouterr() == ("", "")


def interrupt_in_update(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    from nearfar.training._update import Updater

    inner, left = Updater.accumulate, [calls]

    def accumulate(self: Any, *args: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGINT)
        return inner(self, *args)

    monkeypatch.setattr(Updater, "accumulate", accumulate)


def test_an_interrupted_kernel_gets_the_run_and_a_script_an_exception(
    tmp_path: Path,
    notebook: list[Handle],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    interrupt_in_update(monkeypatch, 3)
    run = nearfar.pretrain("simclr", PICTURES, out=tmp_path / "run", **QUICK)
    assert repr(run) == f"<run {tmp_path / 'run'}: simclr, not finished>"
    said = f"stopped  stopped after update 2 of 6; resume with nearfar.resume('{run.path}')\n"
    assert capsys.readouterr().out == said
    assert "<progress" not in notebook[0].shown[-1]._repr_html_()
    assert "0/2" in repr(notebook[0].shown[-1])
    with pytest.raises(ValueError, match=r"was a Python object: pass it again to resume"):
        _ = run.health  # measured at the checkpoint, which takes the data
    assert nearfar.resume(run.path, PICTURES).record.finished

    interrupt_in_update(monkeypatch, 3)
    with pytest.raises(Interrupted) as stop:
        nearfar.pretrain("simclr", PICTURES, out=tmp_path / "b", progress=False, **QUICK)
    assert capsys.readouterr() == ("", "")
    assert stop.value.run == tmp_path / "b"
    with on_command_line():
        assert str(stop.value).endswith(f"resume with nearfar train --resume {tmp_path / 'b'}")


@pytest.mark.slow
def test_a_stop_while_the_result_is_measured_keeps_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nearfar.api import _running

    def judge(*args: Any, **kwargs: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)  # the signal may arrive a little later

    # a shell's background process ignores SIGINT
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(_running, "judge", judge)
            with pytest.raises(Interrupted, match=r"^training is complete; stopped while"):
                nearfar.pretrain("simclr", PICTURES, out=tmp_path / "a", progress=False, **QUICK)
    finally:
        signal.signal(signal.SIGINT, earlier)
    assert nearfar.resume(tmp_path / "a", PICTURES, progress=False).record.finished


def test_a_directory_that_exists_is_refused_in_the_words_of_the_reader(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match=r"`out` must be a new directory.*another `out`"):
        nearfar.pretrain("simclr", PICTURES, out=tmp_path)
    with (
        on_command_line(),
        pytest.raises(FileExistsError, match=r"`--out` must be a new directory.*another `?--out"),
    ):
        nearfar.pretrain("simclr", PICTURES, out=tmp_path)


def test_the_display_is_chosen_by_the_argument(notebook: list[Handle]) -> None:
    assert isinstance(_showing.display_of(True), NotebookDisplay)
    assert isinstance(_showing.display_of(False), Silent)
    own = Display()
    assert _showing.display_of(own) is own
    for wrong in (3, "bar", Display):
        with pytest.raises(TypeError, match="`progress` must be True, False or a nearfar"):
            _showing.display_of(wrong)


def test_a_device_that_is_not_here_is_refused_before_the_data_are_opened(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`device` must be auto or cpu"):
        nearfar.pretrain("simclr", tmp_path / "nowhere", device="cuda:99")


@pytest.mark.slow
def test_a_run_of_a_device_that_is_gone_goes_on_elsewhere_with_a_note(tmp_path: Path) -> None:
    from dataclasses import replace

    run = nearfar.pretrain("simclr", PICTURES, out=tmp_path / "run", progress=False, **QUICK)
    assert (run.record.device, run.record.threads) == ("cpu", int(os.environ["OMP_NUM_THREADS"]))
    replace(run.record, device="cuda:99", finished=False).save(run.directory.run)
    run = nearfar.resume(run.path, PICTURES, progress=False)
    assert run.record.device == "cpu"
    assert any("cuda:99 is not here" in note for note in run.record.notes)
    rows = run.embed(PICTURES, device="cpu")
    assert np.array_equal(rows, run.embed(PICTURES))
    with pytest.raises(ValueError, match="`device` must be auto or cpu"):
        run.embed(PICTURES, device="cuda:99")
