"""Ctrl-C within an update: heard at once, undone, and the resumed run is the whole run."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from nearfar.training import Interrupted, Watch, latest_checkpoint
from nearfar.training._stopping import Abandoned, StopRequest
from nearfar.views import ImageViews
from tests.every import every
from tests.slow import mostly_slow
from tests.training.worlds import build, fit, options, weights


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class Once:
    """Sends this process a signal at the n-th call, and at no other."""

    def __init__(self, call: int) -> None:
        self.left = call

    def __call__(self) -> None:
        self.left -= 1
        if not self.left:
            interrupt()


class InterruptedViews(ImageViews):
    """Views that are interrupted while they are made."""

    def __init__(self, call: int) -> None:
        super().__init__(size=16, channels=1, blur=(0.0,), flip=0.0)
        self.once = Once(call)

    def __call__(self, *args, **kwargs):
        shown = super().__call__(*args, **kwargs)
        self.once()
        return shown


class Tripwire(nn.Module):
    """Passes its input on; interrupts the forward or the backward pass through it."""

    def __init__(self, call: int, *, backward: bool) -> None:
        super().__init__()
        self.once, self.backward = Once(call), backward

    def forward(self, x):
        if not torch.is_grad_enabled():
            return x
        if not self.backward:
            self.once()
            return x
        x = x * 1.0
        x.register_hook(lambda gradient: self.once())
        return x


def with_tripwire(name: str, wire: nn.Module):
    method = build(name)
    method.encoder = nn.Sequential(method.encoder, wire)
    return method


def metrics(folder: Path) -> list[str]:
    """The lines without the speed, which no two runs share, and their checksum."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    differing = ("per_second", "crc32")
    return [
        ",".join(p for p in line.split(",") if not any(name in p for name in differing))
        for line in lines
    ]


def silent_wire() -> Tripwire:
    return Tripwire(-1, backward=False)


MADE = {  # method, options, the call that is interrupted
    "byol": ({}, 5),
    "moco_v2": ({"accumulate": 2}, 8),  # the queue already holds the keys of the first batch
    "simclr": ({"micro_batch": 4}, 20),
}


@pytest.mark.parametrize(
    ("name", "where"),
    mostly_slow(
        itertools.product(MADE, ["views", "forward", "backward"]),
        quick=[("byol", "backward"), ("moco_v2", "views")],
    ),
)
def test_a_run_interrupted_within_an_update_ends_as_if_never_stopped(tmp_path, name, where):
    changes, call = MADE[name]
    chosen = options(checkpoint_every=100, epochs=1 + ("accumulate" in changes), **changes)
    whole = fit(tmp_path / "whole", with_tripwire(name, silent_wire()), chosen)
    wire, views = silent_wire(), None
    if where == "views":
        views = InterruptedViews(call)
    else:
        wire = Tripwire(call, backward=where == "backward")
    with pytest.raises(Interrupted, match=r"after update \d of 6; resume with nearfar\.resume"):
        fit(tmp_path / "parts", with_tripwire(name, wire), chosen, views=views)
    stopped = latest_checkpoint(tmp_path / "parts" / "checkpoints")
    assert stopped is not None
    assert 0 < stopped.step < 6
    resumed = fit(tmp_path / "parts", with_tripwire(name, silent_wire()), chosen)
    first, second = weights(whole), weights(resumed)
    assert every(torch.equal(first[key], second[key]) for key in first)
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "parts")


def test_interrupted_in_the_first_update_it_starts_from_the_same_weights(tmp_path):
    wired = with_tripwire("byol", Tripwire(1, backward=True))
    with pytest.raises(Interrupted, match="after update 0 of 6"):
        fit(tmp_path / "parts", wired, options(epochs=1))
    torch.manual_seed(5)  # whatever the new process draws
    resumed = weights(fit(tmp_path / "parts", build_wired(), options(epochs=1)))
    whole = weights(fit(tmp_path / "whole", build_wired(), options(epochs=1)))
    assert every(torch.equal(whole[key], resumed[key]) for key in whole)


def build_wired():
    return with_tripwire("byol", silent_wire())


def test_measurements_that_were_interrupted_are_made_after_the_resume(tmp_path, monkeypatch):
    fit(tmp_path / "whole", build("simclr"), options(epochs=1, watch_every=2))
    project, once = Watch.project, Once(2)

    def interrupted(self, *args):
        once()
        return project(self, *args)

    monkeypatch.setattr(Watch, "project", interrupted)
    with pytest.raises(Interrupted, match="after update 4 of 6"):
        fit(tmp_path / "parts", build("simclr"), options(epochs=1, watch_every=2))
    fit(tmp_path / "parts", build("simclr"), options(epochs=1, watch_every=2))
    assert metrics(tmp_path / "whole") == metrics(tmp_path / "parts")


class Slow(nn.Module):
    """A layer of a large network: a backward pass through ten of them takes three seconds."""

    def forward(self, x):
        return SlowGradient.apply(x) if torch.is_grad_enabled() else x


class SlowGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        time.sleep(0.3)
        return gradient


@pytest.mark.slow
def test_a_long_backward_pass_is_left_within_a_layer(tmp_path):
    method = with_tripwire("byol", nn.Sequential(*(Slow() for _ in range(10))))
    asked = []

    def ask(gradient):
        asked.append(time.perf_counter())
        interrupt()

    def listen(layer, inputs, output):
        if output.requires_grad:
            output.register_hook(ask)

    method.encoder[-1][-1].register_forward_hook(listen)
    with pytest.raises(Interrupted, match="after update 0"):
        fit(tmp_path, method, options(epochs=1))
    assert time.perf_counter() - asked[0] < 2.0


def test_a_request_outside_is_a_flag_and_the_second_interrupts_at_once():
    with StopRequest() as stop:
        interrupt()
        assert stop.asked
        with pytest.raises(Abandoned, match="before it began"), stop.abandons():
            pytest.fail("the block must not begin")
        with stop.abandons(False):
            done = True
        with pytest.raises(KeyboardInterrupt) as error:
            interrupt()
    assert done
    assert not isinstance(error.value, Abandoned)


def test_an_interruption_keeps_its_words_in_another_process():
    stop = Interrupted("stopped after update 5 of 12", Path("runs/a"))
    again = pickle.loads(pickle.dumps(stop))
    assert (again.reason, again.run, str(again)) == (stop.reason, stop.run, str(stop))
