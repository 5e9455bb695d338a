"""Which device a run uses, and that nothing in an update needs float64 on it."""

from __future__ import annotations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nearfar.training import Engine, Watch, available_devices
from nearfar.training._devices import computes_in_bfloat16, device_name, find_device
from nearfar.training._engine import _processes
from tests.training.worlds import PRESETS, build, fit, options


def computer(monkeypatch, *, gpus=0, mps=False):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("gpus", "mps", "there", "auto"),
    [
        (0, False, ("cpu",), "cpu"),
        (2, False, ("cpu", "cuda:0", "cuda:1"), "cuda"),
        (0, True, ("cpu", "mps"), "cpu"),
    ],
)
def test_the_devices_of_a_computer(monkeypatch, gpus, mps, there, auto):
    computer(monkeypatch, gpus=gpus, mps=mps)
    assert available_devices() == there
    assert find_device("auto").type == auto
    assert [str(find_device(name)) for name in there] == [*there]


@pytest.mark.parametrize("name", ["cuda:7", "cuda", "mps", "gpu", "cuda:-1", "CPU", "", "tpu"])
def test_an_absent_device_is_refused_with_those_that_are_there(monkeypatch, name):
    computer(monkeypatch)
    with pytest.raises(ValueError, match="`device` must be auto or cpu, which this computer has"):
        Engine(devices=1, device=name)
    computer(monkeypatch, gpus=1)
    if name != "cuda":
        with pytest.raises(ValueError, match=rf"auto or cpu or cuda:0, .*, got '{name}'"):
            find_device(name)


def test_a_named_gpu_serves_one_process(monkeypatch):
    computer(monkeypatch, gpus=2)
    assert _processes(0, torch.device("cuda")) == 2
    assert _processes(0, torch.device("cuda:1")) == 1
    assert _processes(3, torch.device("cpu")) == 3
    with pytest.raises(ValueError, match="`devices` must be at most 1, on cuda:1, got 2"):
        _processes(2, torch.device("cuda:1"))
    with pytest.raises(ValueError, match="`devices` must be at most 2, the number of GPUs, got 3"):
        _processes(3, torch.device("cuda"))
    with pytest.raises(ValueError, match="`devices` must be at most 1, on mps, got 2"):
        _processes(2, torch.device("mps"))


def test_precision_follows_the_device(monkeypatch):
    computer(monkeypatch, mps=True)
    assert not computes_in_bfloat16(torch.device("mps"))
    assert device_name(torch.device("mps")) == "Apple GPU"
    with pytest.raises(ValueError, match="`precision` must be auto, bf16, 16 or 32 on mps"):
        Engine(devices=1, precision="64", device="mps")
    assert Engine(devices=1, device="cpu").asked == "cpu"


class NoDouble(TorchDispatchMode):
    """A device without float64, as far as the operations between `on` and `off` are concerned."""

    def __init__(self):
        super().__init__()
        self.on, self.seen = False, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **kwargs or {})
        if self.on:
            self.seen += 1
            kinds = {leaf.dtype for leaf in tree_leaves(made) if isinstance(leaf, torch.Tensor)}
            assert torch.float64 not in kinds, function
        return made


@pytest.mark.parametrize("name", PRESETS)
def test_an_update_and_its_measurements_need_no_float64_on_the_device(tmp_path, monkeypatch, name):
    """Views and measurements may: they are computed on the CPU (`Engine.exact`)."""
    mode = NoDouble()

    def switched(owner, attribute):
        inner = getattr(owner, attribute)

        def counted(self, *args, **kwargs):
            mode.on = True
            try:
                return inner(self, *args, **kwargs)
            finally:
                mode.on = False

        monkeypatch.setattr(owner, attribute, counted)

    for attribute in ("forward", "backward", "update"):
        switched(Engine, attribute)
    for attribute in ("loss", "project"):
        switched(Watch, attribute)
    with mode:
        fit(tmp_path, build(name), options(epochs=1, watch_every=3))
    assert mode.seen > 100


class OnMps:
    """An engine whose device has no float64."""

    device = torch.device("mps")
    exact = Engine.exact


def test_without_float64_views_and_measurements_are_of_the_cpu():
    assert OnMps().exact == torch.device("cpu")
    assert Engine(devices=1, device="cpu").exact == torch.device("cpu")
