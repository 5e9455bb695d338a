"""Encoders passed as modules: as they are, in wrappers, and after the run."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

import nearfar
from nearfar import api
from nearfar.modules._wrapped_modules import load_weights, plain_names, unwrapped
from tests.every import every


def plain() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 6, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def compiled(module: nn.Module) -> nn.Module:
    made: nn.Module = torch.compile(module, backend="eager")
    return made


class Outer(nn.Module):
    """A wrapper inside a module."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.module = inner  # no wrapper, in spite of its name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.module(x)
        return made


WRAPPERS = {
    "parallel": nn.DataParallel,
    "compiled": compiled,
    "averaged": AveragedModel,
    "twice": lambda module: nn.DataParallel(compiled(module)),
}


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_leaves_no_trace_in_names(wrapper):
    assert plain_names(unwrapped(wrapper(plain()))).keys() == plain().state_dict().keys()
    inside = Outer(nn.Sequential(wrapper(plain())))
    names = plain_names(inside)
    expected = set(Outer(nn.Sequential(plain())).state_dict())
    assert expected <= set(names.values())
    load_weights(inside, _numbered(names, inside), name="w")
    assert every(p.eq(3).all() for p in inside.parameters())


def _numbered(names, module):
    state = module.state_dict()
    return {short: torch.full_like(state[full], 3) for full, short in names.items()}


@pytest.mark.parametrize("wrapper", [nn.DataParallel, compiled])
def test_a_run_of_a_wrapped_encoder_is_that_of_its_module(tmp_path, pictures, quick, wrapper):
    run = nearfar.pretrain(
        "simclr", pictures, encoder=wrapper(plain()), width=6, out=tmp_path / "run", **quick
    )
    assert load_file(run.path / "encoder.safetensors").keys() == plain().state_dict().keys()
    assert any("without its wrapper" in note for note in run.record.notes)
    rows = run.embed(pictures)
    np.testing.assert_array_equal(nearfar.load(run.path, encoder=plain()).embed(pictures), rows)
    again = nearfar.load(run.path, encoder=wrapper(plain()))
    np.testing.assert_array_equal(again.embed(pictures), rows)


def test_the_untrained_encoder_is_the_module_as_given(tmp_path, pictures, quick):
    module = plain()
    run = nearfar.pretrain("simclr", pictures, encoder=module, width=6, out=tmp_path / "r", **quick)
    for found in (run, nearfar.load(run.path, encoder=plain())):
        trained, untrained = found.encoder.state_dict(), found.untrained_encoder().state_dict()
        assert not torch.equal(trained["0.weight"], untrained["0.weight"])
        assert torch.equal(untrained["0.weight"], module[0].weight)
        assert not torch.equal(trained["0.weight"], module[0].weight)


@pytest.mark.slow  # modules, wrapped or not, take the same way
def test_a_function_that_builds_an_encoder_is_not_asked_again(tmp_path, pictures, quick):
    run = nearfar.pretrain(
        "simclr", pictures, encoder=lambda form, options: (plain(), 6), out=tmp_path / "r", **quick
    )
    assert run.embed(pictures).shape == (60, 6)
    assert (
        api.probe(run, pictures, labels=np.arange(60) // 10)
        .rows[1]
        .representation.startswith("untrained")
    )


def test_weights_stored_under_the_names_of_a_wrapper_are_found():
    weights = {f"module.{name}": value + 1 for name, value in plain().state_dict().items()}
    module = plain()
    load_weights(module, weights, name="w")
    assert torch.equal(module[0].weight, plain()[0].weight + 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("0.bias"), "w, which lacks 0.bias"),
        (lambda w: w.update(more=torch.ones(1)), "w, which also has more"),
        (
            lambda w: w.update({"0.bias": torch.ones(9)}),
            r"w, which has 0.bias \(9,\) instead of \(6,\)",
        ),
    ],
)
def test_weights_of_another_architecture_are_named(change, words):
    weights = copy.deepcopy(dict(plain().state_dict()))
    change(weights)
    with pytest.raises(ValueError, match=words):
        load_weights(plain(), weights, name="w")


def test_a_run_refuses_another_architecture_in_one_line(tmp_path, pictures, quick):
    run = nearfar.pretrain(
        "simclr", pictures, encoder=plain(), width=6, out=tmp_path / "r", **quick
    )
    other = nearfar.load(run.path, encoder=nn.Linear(3, 4))
    with pytest.raises(ValueError, match=r"architecture of the weights in .*lacks bias, weight"):
        other.embed(pictures)
    file = run.path / "encoder.safetensors"
    save_file({f"_orig_mod.{name}": value for name, value in load_file(file).items()}, file)
    assert nearfar.load(run.path, encoder=plain()).embed(pictures).shape == (60, 6)
