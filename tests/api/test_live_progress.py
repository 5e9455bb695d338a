"""The live display: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import dataclasses
import os
import sys
import threading

import pytest

from nearfar.api._live_progress import Display
from nearfar.api._readout import expectations, reading
from nearfar.records import HealthRecord, Provenance, RunRecord, TrainMetrics, WatchMetrics
from nearfar.training import Latest

TRAIN = TrainMetrics(step=10, loss=3.62, samples_per_second=1700.4)
WATCH = WatchMetrics(
    step=10, loss=3.7, alignment=0.21, uniformity=-3.41, m_o=0.03, effective_rank=58.2, dim=64
)
RECORD = RunRecord(
    name="simclr-digits",
    method="simclr",
    data="digits: 1,797 grey images 8×8 shown at 16×16",
    encoder="convnet 0.3 M",
    objective="NTXentLoss(temperature=0.2)",
    chance=6.24,
    samples=1617,
    watched=180,
    parameters=300_000,
    steps=60,
    epochs=60,
    optimizer="adamw",
    precision="bf16 on CPU",
    batch_size=256,
    temperature=0.2,
    candidates=511,
    projection_dim=128,
    notes=("hue disabled: 1 channel",),
    provenance=Provenance.here(),
)
HEALTH = HealthRecord(
    verdict="complete collapse",
    summary="complete collapse: all points are one",
    findings=(),
    advice=("lower the learning rate",),
    measurements={},
    samples=180,
    dim=64,
)


def shown(steps: int = 60) -> None:
    display = Display()
    display.start(RECORD)
    for step in range(1, steps + 1):
        display.update(
            step=step, steps=steps, epoch=step, epochs=steps, values=Latest(TRAIN, WATCH)
        )
    display.close()
    display.finish(HEALTH)


def test_without_a_terminal_there_is_a_line_for_each_tenth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown()
    lines = capsys.readouterr().out.splitlines()
    words = ["data", "method", "chance", "best", "ceiling", "note"]
    assert [line.split()[0] for line in lines[:6]] == words
    assert lines[2].endswith("a loss of 6.24 means nothing was learnt")
    assert lines[3].endswith("1.57 for a perfectly aligned and uniform encoder in 128 dimensions")
    epochs = [line for line in lines if line.startswith("epoch")]
    assert len(epochs) == 10
    assert epochs[-1].startswith("epoch    60/60  loss 3.62 (chance 6.24)  align 0.21")
    assert lines[-2:] == [
        "verdict  complete collapse: all points are one",
        "try      lower the learning rate",
    ]


def test_a_run_of_one_step_shows_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown(steps=1)
    assert sum(line.startswith("epoch") for line in capsys.readouterr().out.splitlines()) == 1


def read_all(terminal: int, parts: list[bytes]) -> None:
    """What is written to a terminal until it is closed; one read is at most a page of it."""
    try:
        while part := os.read(terminal, 1 << 16):
            parts.append(part)
    except OSError:  # the other side is closed
        return


def test_on_a_terminal_a_bar_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    ours, theirs = os.openpty()
    parts: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(ours, parts))
    reader.start()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        shown()
        terminal.flush()
        monkeypatch.undo()
    reader.join()
    os.close(ours)
    text = b"".join(parts).decode()
    assert "━" in text
    assert "60/60" in text
    assert "rank 58/64" in text


@pytest.mark.parametrize("room", [10, 30, 60, 80, 200])
def test_a_reading_fits_the_room_and_keeps_the_loss_longest(room: int) -> None:
    text = reading(TRAIN, WATCH, chance=6.24, room=room)
    assert len(text) <= room
    assert room < 30 or text.startswith("loss 3.62")
    assert room < 100 or text == (
        "loss 3.62 (chance 6.24)  align 0.21  uniform −3.41  m_o 0.03  rank 58/64  1,700/s"
    )


def test_a_reading_before_the_first_measurement_is_empty() -> None:
    assert reading(None, None) == ""


def test_theory_says_what_applies_to_the_objective() -> None:
    without_negatives = dataclasses.replace(RECORD, candidates=None, chance=None)
    assert [about for about, _ in expectations(without_negatives)] == ["uniform"]
    queue = dataclasses.replace(RECORD, candidates=65_537)
    assert "11.09" in expectations(queue)[0][1]
    unknown = dataclasses.replace(RECORD, projection_dim=0)
    assert expectations(unknown) == [("chance", "a loss of 6.24 means nothing was learnt")]
    assert expectations(dataclasses.replace(unknown, chance=None)) == []
