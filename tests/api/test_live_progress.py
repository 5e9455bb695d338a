"""The live display: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import dataclasses
import itertools
import os
import sys
import threading

import pytest

from nearfar.api import _live_progress, _readout
from nearfar.api._live_progress import Display
from nearfar.api._readout import Readout, clock, expectations, reading
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


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(_readout, "time", made)
    monkeypatch.setattr(_live_progress, "time", made)
    return made


LONG = dataclasses.replace(RECORD, steps=2_000, epochs=100)


def advance(display: Display | Readout, time: Time, steps: range, seconds: float) -> None:
    for step in steps:
        time.now += seconds
        move = display.update if isinstance(display, Display) else display.moved
        values = Latest(now=TrainMetrics(step=step, loss=6.2, samples_per_second=100.0))
        move(step=step, steps=2_000, epoch=step // 20, epochs=100, values=values)


def test_the_time_left_follows_the_pace_without_the_slow_first_update(time: Time) -> None:
    readout = Readout(LONG)
    assert readout.left is None
    advance(readout, time, range(1, 2), 9.0)
    assert readout.left == 1_999 * 9.0
    advance(readout, time, range(2, 101), 2.0)
    assert readout.left == 1_900 * 2.0
    advance(readout, time, range(101, 201), 4.0)  # another program has started
    assert readout.left == 1_800 * 4.0
    time.now += 3.0
    assert readout.left == 1_800 * 4.0 - 3.0
    assert readout.times() == "0:10:10, 1:59:57 left"


def test_a_resumed_run_does_not_count_what_was_done_before(time: Time) -> None:
    readout = Readout(LONG)
    advance(readout, time, range(1_501, 1_502), 10.0)
    assert readout.left == 499 * 10.0


def test_within_the_first_update_its_parts_tell_the_time_left(time: Time) -> None:
    readout = Readout(LONG)
    time.now += 6.0
    readout.within(0.25)
    assert readout.ahead == "0/100 update 1/2,000 25%"
    assert readout.left == pytest.approx((2_000 - 0.25) * 6.0 / 0.25)


def test_a_long_run_has_a_first_line_after_seconds_and_later_ones_in_growing_intervals(
    time: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display()
    display.start(LONG)
    capsys.readouterr()
    began = time.now
    stamps = []
    for step in range(1, 2_000):
        advance(display, time, range(step, step + 1), 2.0)
        if text := capsys.readouterr().out:
            assert text.count("\n") == 1
            assert "loss 6.20 (chance 6.24)" in text
            assert " left" in text
            stamps.append(time.now - began)
    display.close()
    gaps = [after - before for before, after in itertools.pairwise(stamps)]
    assert stamps[0] <= 10.0
    assert max(gaps) <= 210.0  # a twentieth of the time so far
    assert len(stamps) < 80


def test_an_update_of_many_parts_prints_before_it_ends(
    time: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display()
    display.start(LONG)
    capsys.readouterr()
    for part in range(1, 5):
        time.now += 2.0
        display.part(part / 8)
    display.close()
    assert capsys.readouterr().out == ("epoch    0/100 update 1/2,000 38%  0:00:06, 8:53:14 left\n")


def test_what_takes_long_is_said_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = []

    class Timer:
        def __init__(self, seconds: float, call: object) -> None:
            self.seconds, self.call = seconds, call

        def start(self) -> None:
            started.append(self)

        def cancel(self) -> None:
            started.remove(self)

    monkeypatch.setattr(_live_progress, "Timer", Timer)
    display = Display()
    display.stage("opening photos")
    display.stage("measuring 60 held-out samples")
    assert capsys.readouterr().out == ""
    assert [timer.seconds for timer in started] == [_live_progress.PATIENCE]
    started[0].call()
    display.finish(HEALTH)
    assert started == []
    assert capsys.readouterr().out.splitlines()[0] == "now      measuring 60 held-out samples"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00:00"), (61, "0:01:01"), (360_000.0, "100:00:00")]
)
def test_seconds_as_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
