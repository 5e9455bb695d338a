"""What a display of a running training is given."""

from __future__ import annotations

import pytest

from nearfar.records import TrainMetrics, WatchMetrics
from nearfar.training import Latest, Progress, Silent
from nearfar.training._metrics_writer import Meter
from tests.training.worlds import build, fit, options

TRAIN = TrainMetrics(
    step=4, loss=3.5, epoch=0.5, samples_per_second=900.0, terms={"step": 1.5, "loss": 2.0}
)
WATCH = WatchMetrics(step=3, loss=3.0, chance=5.0, batch_size=16, alignment=0.25, dim=8)


class Collecting:
    """Keeps what it is given."""

    def __init__(self):
        self.given = []

    def start(self, record):
        pass

    def update(self, *, step, steps, epoch, epochs, values):
        self.given.append((step, values))

    def finish(self, health):
        pass


def test_a_display_is_given_the_newest_lines_of_each_kind(tmp_path):
    display = Collecting()
    fit(tmp_path, build("vicreg"), options(epochs=1, log_every=2, watch_every=3), progress=display)
    steps = [
        (step, values.train and values.train.step, values.watch and values.watch.step)
        for step, values in display.given
    ]
    assert steps == [(1, None, None), (2, 2, None), (3, 2, 3), (4, 4, 3), (5, 4, 3), (6, 6, 6)]
    assert set(display.given[-1][1].train.terms) == {"invariance", "variance", "covariance"}


class OldDisplay:
    """As one wrote it for version 0.1."""

    def __init__(self):
        self.losses = []

    def start(self, record):
        pass

    def update(self, *, step, steps, epoch, epochs, values: dict[str, float]):
        if "loss" in values:
            self.losses.append(values["loss"])

    def finish(self, health):
        pass


def test_a_display_written_for_version_0_1_still_works_and_warns(tmp_path):
    display = OldDisplay()
    with pytest.warns(DeprecationWarning, match=r"read `values.train.loss`"):
        fit(tmp_path, build("simclr"), options(epochs=1, watch_every=1), progress=display)
    assert len(display.losses) == 6


@pytest.mark.filterwarnings("ignore:.*no longer a dictionary:DeprecationWarning")
def test_by_name_the_training_wins_and_only_what_0_1_knew_is_found():
    latest = Latest(TRAIN, WATCH)
    found = dict(latest)
    assert list(latest) == list(found)
    assert latest.get("alignment") == 0.25
    assert latest.get("absent", 7.0) == 7.0
    assert dict(latest.items()) == found
    assert found == {"loss": 3.5, "samples_per_second": 900.0, "alignment": 0.25, "dim": 8.0}


def test_silence_is_a_display():
    assert isinstance(Silent(), Progress)


def test_speed_and_means_are_of_the_updates_since_the_last_line(monkeypatch):
    now = iter([100.0, 104.0, 104.5, 105.5, 106.0])
    monkeypatch.setattr("nearfar.training._metrics_writer.time.perf_counter", lambda: next(now))
    meter = Meter(16)
    meter.count(3.0, {"pull": 1.0})
    meter.count(5.0, {"pull": 2.0, "push": 7.0})
    line = meter.read(step=2, epoch=0.5, learning_rate=0.1)
    assert (line.loss, line.terms) == (4.0, {"pull": 1.5, "push": 7.0})
    assert line.samples_per_second == 16 * 2 / 4.0
    meter.count(9.0, {})
    line = meter.read(step=3, epoch=0.75, learning_rate=0.1)
    assert (line.loss, line.terms, line.samples_per_second) == (9.0, {}, 16 / 1.0)
