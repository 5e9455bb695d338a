"""The watched samples: their loss changes nothing and is the same whenever it is measured."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from nearfar.data import Subset, open_source
from nearfar.inputs import _forward_parts
from nearfar.inputs._forward_parts import forward_parts
from nearfar.methods import Method, Step, curl, swav
from nearfar.modules import ConvNet
from nearfar.records import RunDirectory
from nearfar.training import Engine, Watch
from nearfar.views import ImageViews
from tests.every import every
from tests.training.worlds import PRESETS, build, fit, options, weights

BUILDERS = {name: lambda name=name: build(name) for name in PRESETS} | {
    "swav": lambda: swav(ConvNet(channels=1, width=4), 32, dim=8, prototypes=6, queue_size=32),
}
each = pytest.mark.parametrize("name", sorted(BUILDERS))


def views_of(samples: int = 32) -> tuple[torch.Tensor, ...]:
    source = Subset(open_source("digits"), range(samples))
    batch = source.read(range(samples))
    views = ImageViews(size=16, channels=1)
    return views(batch.inputs, batch.samples, seed=0, epoch=0)


def measure(method: Method, *, views=None, batch_size: int = 16):
    shown = views_of() if views is None else views
    engine = Engine(devices=1, precision="32")
    return Watch(shown, seen=shown)(method, engine, step=7, epoch=0.5, batch_size=batch_size)


@each
def test_measuring_moves_no_state_no_mode_and_no_random_generator(name):
    torch.manual_seed(0)
    method = BUILDERS[name]()
    before, draws = weights(method), torch.get_rng_state()
    line = measure(method)
    assert line.loss is not None
    assert (line.step, line.epoch, line.batch_size, line.samples) == (7, 0.5, 16, 32)
    after = method.state_dict()
    changed = [key for key, value in before.items() if not torch.equal(value, after[key])]
    assert changed == []
    assert torch.equal(draws, torch.get_rng_state())
    assert method.training
    assert every(parameter.grad is None for parameter in method.parameters())


@each
def test_large_pictures_have_the_same_loss_in_parts(name, monkeypatch):
    torch.manual_seed(0)
    method = BUILDERS[name]()
    whole = measure(method)
    monkeypatch.setattr(_forward_parts, "_MOST_VALUES", 5 * 2 * 16 * 16)  # five pairs, one channel
    parts = forward_parts(*views_of(), joined=True)
    assert [len(part[0]) for part in parts] == [5] * 6 + [2]
    assert measure(method).loss == pytest.approx(whole.loss, rel=1e-5)


@each
def test_the_same_network_reads_the_same(name):
    torch.manual_seed(0)
    method = BUILDERS[name]()
    first = measure(method)
    torch.manual_seed(5)
    assert measure(method) == first


def test_batches_are_as_large_as_in_training_and_spread_over_the_samples():
    method = build("simclr").eval()
    first, second = views_of()
    by_hand = [method((first[rows::2], second[rows::2])).loss.item() for rows in (0, 1)]
    line = measure(method, batch_size=16)
    assert line.loss == pytest.approx(sum(by_hand) / 2, rel=1e-6)
    assert line.chance == method.chance(16)


def test_fewer_samples_than_a_batch_are_one_batch_with_the_chance_of_its_size():
    method = build("simclr").eval()
    line = measure(method, batch_size=64)
    assert line.loss == pytest.approx(method(views_of()).loss.item(), rel=1e-6)
    assert (line.batch_size, line.chance) == (32, method.chance(32))


def test_a_rest_that_fills_no_batch_is_left_out():
    method = build("vicreg").eval()
    first, second = views_of()
    expected = method((first[:24], second[:24])).loss.item()
    assert measure(method, batch_size=24).loss == pytest.approx(expected, rel=1e-6)


def test_a_queue_keeps_its_own_chance():
    method = build("moco_v2")
    assert measure(method, batch_size=16).chance == method.chance(1_000)


def test_without_what_the_method_is_shown_there_is_no_loss():
    line = Watch(views_of())(build("simclr"), Engine(devices=1, precision="32"))
    assert (line.loss, line.chance, line.batch_size) == (None, None, None)
    assert line.alignment is not None


def test_fewer_samples_than_the_objective_needs_give_no_loss():
    method = curl(ConvNet(channels=1, width=4), 32, num_negatives=20)
    shown = tuple(view[:8] for view in views_of())
    line = measure(method, views=shown, batch_size=32)
    assert line.loss is None
    assert line.samples == 8


def test_a_loss_that_is_not_finite_is_not_written():
    method = build("vicreg")
    with torch.no_grad():
        for parameter in method.projector.parameters():
            parameter.fill_(torch.nan)
    line = measure(method)
    assert line == dataclasses.replace(line, loss=None, alignment=None, dim=None)


class Drawing(Method):
    """Drops features in every mode."""

    paper, negatives, momentum = "none", False, False

    def __init__(self):
        super().__init__()
        self.encoder, self.projector = nn.Flatten(), nn.Linear(256, 4)

    def project(self, views):
        return (tuple(nn.functional.dropout(self.projector(v.flatten(1)), 0.5) for v in views),)

    def compare(self, projected):
        ((z1, z2),) = projected
        return Step((z1 - z2).square().mean(), (z1, z2), (z1, z2))

    def chance(self, batch_size):
        return None


def test_what_a_method_draws_is_drawn_the_same_each_time():
    method = Drawing()
    assert measure(method).loss == measure(method).loss


def test_measuring_more_often_trains_the_same_weights(tmp_path):
    seldom = weights(fit(tmp_path / "a", build("moco_v2"), options(epochs=1, watch_every=0)))
    often = weights(fit(tmp_path / "b", build("moco_v2"), options(epochs=1, watch_every=1)))
    changed = [key for key, value in seldom.items() if not torch.equal(value, often[key])]
    assert changed == []
    counts = [len(RunDirectory(tmp_path / run).read_metrics().watch) for run in "ab"]
    assert counts == [1, 6]
