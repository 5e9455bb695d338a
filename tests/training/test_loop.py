"""The loop: hooks, refusals, stopping, and that a resumed run is the run."""

from __future__ import annotations

import dataclasses
import math
import os
import random
import signal
from itertools import chain

import pytest
import torch

from nearfar.data import Subset, open_source
from nearfar.methods import Method, Step
from nearfar.records import RunDirectory
from nearfar.training import Engine, Interrupted, NonFiniteLossError, plan
from nearfar.views import ImageViews
from tests.every import every
from tests.slow import mostly_slow
from tests.training.worlds import PRESETS, build, fit, options, weights

each_preset = pytest.mark.parametrize("name", mostly_slow(PRESETS, quick=["moco_v2"]))


class Counting(Method):
    """Counts its hooks; one weight, so that updates can be seen."""

    paper, negatives, momentum = "none", False, False

    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Flatten()
        self.projector = torch.nn.Linear(256, 2)
        self.batches, self.progress = 0, []

    def project(self, views):
        return (tuple(self.projector(self.encoder(view)) for view in views),)

    def compare(self, projected):
        ((z1, z2),) = projected
        return Step((z1 - z2).square().mean() + z1.square().mean(), (z1, z2), (z1, z2), carry=z1)

    def after_batch(self, step):
        assert step.carry is not None
        self.batches += 1

    def after_update(self, progress):
        self.progress.append(progress)

    def chance(self, batch_size):
        return None


@pytest.mark.parametrize("accumulate", [1, 3])
def test_hooks_are_called_once_per_batch_and_once_per_update(tmp_path, accumulate):
    method = fit(tmp_path, Counting(), options(accumulate=accumulate, epochs=2))
    assert method.batches == 12
    updates = 12 // accumulate
    assert method.progress == [pytest.approx((i + 1) / updates) for i in range(updates)]


def test_accumulating_equals_the_larger_batch_where_the_loss_is_a_mean(tmp_path):
    torch.manual_seed(0)
    methods = [Counting() for _ in range(2)]
    methods[1].load_state_dict(methods[0].state_dict())
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "epochs": 1}
    fit(tmp_path / "a", methods[0], options(batch_size=16, accumulate=3, **settings))
    fit(tmp_path / "b", methods[1], options(batch_size=48, **settings))
    for a, b in zip(methods[0].parameters(), methods[1].parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.slow
@each_preset
def test_the_same_seed_gives_the_same_weights(tmp_path, name):
    first = weights(fit(tmp_path / "a", build(name), options()))
    second = weights(fit(tmp_path / "b", build(name), options()))
    assert every(torch.equal(first[key], second[key]) for key in first)
    other = weights(fit(tmp_path / "c", build(name), options(seed=1)))
    assert not all(torch.equal(first[key], other[key]) for key in first)


@each_preset
def test_every_method_trains_and_is_measured(tmp_path, name):
    method = build(name)
    before = weights(method)
    fit(tmp_path, method, options())
    assert any(not torch.equal(before[k], v) for k, v in weights(method).items())
    metrics = RunDirectory(tmp_path).read_metrics()
    assert [line.step for line in metrics.train] == [2, 4, 6, 8, 10, 12]
    assert [line.epoch for line in metrics.train] == pytest.approx([i / 3 for i in range(1, 7)])
    assert [line.step for line in metrics.watch] == [4, 8, 12]
    for line in metrics.train:
        assert math.isfinite(line.loss)
        assert line.learning_rate is not None
        assert line.samples_per_second > 0
    for line in metrics.watch:
        missing = {field for field, value in vars(line).items() if value is None}
        assert missing == ({"chance"} if method.chance(16) is None else set())
        assert line.chance == method.chance(16)
        assert (line.samples, line.batch_size) == (32, 16)


class StopAt:
    """Sends this process a signal after some updates."""

    def __init__(self, step, number):
        self.step, self.number = step, number

    def start(self, record):
        pass

    def update(self, *, step, **others):
        if step == self.step:
            os.kill(os.getpid(), self.number)

    def finish(self, health):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_how_to_go_on_and_ends_as_if_never_stopped(tmp_path, number):
    whole = weights(fit(tmp_path / "whole", build("byol"), options(checkpoint_every=100)))
    folder = tmp_path / "parts"
    stopped = options(checkpoint_every=100)
    with pytest.raises(Interrupted, match=r"update 5 of 12; .*nearfar\.resume"):
        fit(folder, build("byol"), stopped, progress=StopAt(5, number))
    resumed = weights(fit(folder, build("byol"), stopped))
    assert every(torch.equal(whole[key], resumed[key]) for key in whole)


@each_preset
def test_resuming_between_and_within_epochs_is_exact(tmp_path, name):
    whole = weights(fit(tmp_path / "whole", build(name), options()))
    for stop in random.Random(name).sample(range(1, 12), 2):
        folder = tmp_path / f"stopped-{stop}"
        with pytest.raises(Interrupted, match=rf"update {stop} of 12; .*nearfar\.resume"):
            fit(folder, build(name), options(), progress=StopAt(stop, signal.SIGINT))
        resumed = weights(fit(folder, build(name), options()))
        assert every(torch.equal(whole[key], resumed[key]) for key in whole), stop
    once, again = (measured(tmp_path / p) for p in ("whole", f"stopped-{stop}"))
    assert once == again


def test_a_run_that_accumulates_resumes_between_the_batches_of_its_updates(tmp_path):
    chosen = options(accumulate=2, epochs=1)
    whole = weights(fit(tmp_path / "whole", build("simclr"), chosen))
    with pytest.raises(Interrupted, match=r"update 2 of 3; .*nearfar\.resume"):
        fit(tmp_path / "parts", build("simclr"), chosen, progress=StopAt(2, signal.SIGINT))
    resumed = weights(fit(tmp_path / "parts", build("simclr"), chosen))
    assert every(torch.equal(whole[key], resumed[key]) for key in whole)


@pytest.mark.parametrize(
    ("checkpoint_every", "kept"), [(5, [10, 12]), (4, [8, 12]), (100, [12]), (None, [6, 12])]
)
def test_checkpoints_are_written_when_asked_for_and_at_the_end(tmp_path, checkpoint_every, kept):
    fit(tmp_path, Counting(), options(checkpoint_every=checkpoint_every))
    files = sorted(path.name for path in RunDirectory(tmp_path).checkpoints.iterdir())
    assert files == [f"step-{step:08d}.safetensors" for step in kept]


def measured(folder):
    """The metrics without the speed, which is the computer's."""
    metrics = RunDirectory(folder).read_metrics()
    assert metrics.train
    train = tuple(dataclasses.replace(line, samples_per_second=None) for line in metrics.train)
    return dataclasses.replace(metrics, train=train)


class Poisoned:
    """Views that turn one sample into NaN."""

    size, channels, num_views, notes = 16, 1, 2, ()

    def __init__(self, sample):
        self.views = ImageViews(size=16, channels=1)
        self.sample = sample

    def __call__(self, images, samples, *, seed, epoch):
        first, second = self.views(images, samples, seed=seed, epoch=epoch)
        first[samples == self.sample] = math.nan
        return first, second

    def plain(self, images):
        return self.views.plain(images)


@pytest.mark.parametrize(
    ("checkpoint_every", "kept"),
    [(1, r"the last good checkpoint is .*step-00000001\.safetensors"), (100, "no checkpoint was")],
)
def test_a_loss_that_is_not_finite_names_samples_and_checkpoint_and_spoils_no_weight(
    tmp_path, checkpoint_every, kept
):
    method, chosen = build("simclr"), options(checkpoint_every=checkpoint_every)
    message = rf"the loss became nan at update 2; {kept}.*\. Samples of the batch: row .*, row 40"
    with pytest.raises(NonFiniteLossError, match=message):
        fit(tmp_path, method, chosen, views=Poisoned(40))
    assert every(parameter.isfinite().all() for parameter in method.parameters())


@pytest.mark.parametrize("accumulate", [1, 3])
def test_gradients_are_exchanged_at_the_last_batch_of_each_update(
    tmp_path, monkeypatch, accumulate
):
    seen, backward = [], Engine.backward

    def remember(engine, loss, *, last):
        seen.append(last)
        backward(engine, loss, last=last)

    monkeypatch.setattr(Engine, "backward", remember)
    fit(tmp_path, Counting(), options(accumulate=accumulate, epochs=1))
    assert seen == ([False] * (accumulate - 1) + [True]) * (6 // accumulate)


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="at most the 96 samples to train on, got 64 × 2"):
        plan(96, options(batch_size=64, accumulate=2))


def test_incomplete_batches_are_left_out_and_counted():
    schedule = plan(100, options(batch_size=16, accumulate=2, epochs=5, warmup_epochs=1))
    assert (schedule.batches_per_epoch, schedule.updates_per_epoch) == (6, 3)
    assert (schedule.steps, schedule.warmup) == (15, 3)


@pytest.mark.parametrize(
    ("epochs", "warmup", "watch_every"), [(1, 0, 10), (30, 9, 10), (100, 30, 15), (500, 30, 50)]
)
def test_warm_up_is_a_tenth_of_the_run_and_measurements_a_twentieth(epochs, warmup, watch_every):
    schedule = plan(100, options(batch_size=32, epochs=epochs, watch_every=None))
    assert schedule.updates_per_epoch == 3
    assert (schedule.warmup, schedule.watch_every) == (warmup, watch_every)


def test_measurements_are_taken_at_their_interval_and_at_the_end():
    schedule = plan(100, options(batch_size=32, epochs=3, watch_every=4))
    assert [done for done in range(1, 10) if schedule.watches(done)] == [4, 8, 9]
    only_last = dataclasses.replace(schedule, watch_every=0)
    assert [done for done in range(1, 10) if only_last.watches(done)] == [9]


def test_bfloat16_trains_and_compiling_is_the_users_choice(tmp_path):
    method = fit(tmp_path, build("vicreg"), options(precision="bf16"))
    assert every(parameter.dtype == torch.float32 for parameter in method.parameters())
    assert Engine(precision="bf16").precision == "bf16"


def test_more_devices_than_there_are_is_refused():
    if torch.cuda.is_available():
        with pytest.raises(ValueError, match="`devices` must be at most"):
            Engine(devices=torch.cuda.device_count() + 1)


def test_the_order_of_samples_changes_each_epoch(tmp_path):
    seen = []

    source = Subset(open_source("digits"), range(96))
    read = source.read

    def remember(positions):
        batch = read(positions)
        seen.append(batch.samples.tolist())
        return batch

    source.read = remember
    fit(tmp_path, Counting(), options(epochs=2), source=source)
    first, second = [*chain(*seen[:6])], [*chain(*seen[6:12])]
    assert sorted(first) == sorted(second) == list(range(96))
    assert first != second


class Named(Counting):
    """Its terms are called what lines of metrics call their own values, and each is its batch's."""

    def compare(self, projected):
        ((z1, z2),) = projected
        close, short = (z1 - z2).square().mean(), z1.square().mean()
        terms = {"step": close, "loss": short, "größe ∆": close.new_tensor(2.0), "float": close * 0}
        return Step(close + short, (z1, z2), (z1, z2), terms, carry=z1)


def test_terms_are_means_over_all_batches_of_all_updates_as_the_loss_is(tmp_path):
    torch.manual_seed(0)
    still = {"optimizer": "sgd", "learning_rate": 1e-30, "epochs": 1, "watch_every": 0}
    start = Named()
    read = []
    for name, settings in {
        "every update": {"log_every": 1},
        "every second": {"log_every": 2},
        "pairs of batches": {"accumulate": 2, "log_every": 1},
    }.items():
        method = Named()
        method.load_state_dict(start.state_dict())
        fit(tmp_path / name, method, options(**still, **settings))
        read.append(RunDirectory(tmp_path / name).read_metrics().train)
    single, *pairs = read
    assert [len(lines) for lines in read] == [6, 3, 3]
    for lines in pairs:
        for line, first, second in zip(lines, single[::2], single[1::2], strict=True):
            assert line.loss == pytest.approx((first.loss + second.loss) / 2, rel=1e-6)
            assert line.terms == pytest.approx(
                {name: (first.terms[name] + second.terms[name]) / 2 for name in first.terms},
                rel=1e-6,
            )
            assert line.terms["step"] + line.terms["loss"] == pytest.approx(line.loss, rel=1e-6)


@pytest.mark.parametrize("stop", [3, 5])
def test_terms_of_any_name_resume_to_the_same_metrics(tmp_path, stop):
    torch.manual_seed(0)
    start = Named()

    def fresh():
        method = Named()
        method.load_state_dict(start.state_dict())
        return method

    chosen = options(log_every=4)
    fit(tmp_path / "whole", fresh(), chosen)
    with pytest.raises(Interrupted, match=r"nearfar\.resume"):
        fit(tmp_path / "parts", fresh(), chosen, progress=StopAt(stop, signal.SIGINT))
    fit(tmp_path / "parts", fresh(), chosen)
    assert measured(tmp_path / "parts") == measured(tmp_path / "whole")
    assert RunDirectory(tmp_path / "parts").read_metrics().terms == (
        "step",
        "loss",
        "größe ∆",
        "float",
    )
