"""Encoders passed as modules: as they are, in wrappers, and after the run."""

from __future__ import annotations

import copy
import gc
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

import nearfar
from nearfar import api
from nearfar.cli import main
from nearfar.modalities._equal_modules import arguments_of
from nearfar.modalities._own_encoders import construct
from nearfar.modules._wrapped_modules import load_weights, plain_names, unwrapped
from tests.api.test_stopped_runs import StopAt
from tests.every import every
from tests.older_runs import as_older


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
    file = as_older(run.path) / "encoder.safetensors"
    save_file({f"_orig_mod.{name}": value for name, value in load_file(file).items()}, file)
    assert nearfar.load(run.path, encoder=plain()).embed(pictures).shape == (60, 6)


# --- found again ----------------------------------------------------------------------------------

MINE = """
from torch import nn
from nearfar.methods import simclr as own


class Mine(nn.Module):
    def __init__(self, channels, hidden=5, act="relu"):
        super().__init__()
        self.channels, self.hidden, self.act = channels, hidden, act
        self.body = nn.Sequential(nn.Conv2d(channels, hidden, 3, 2), nn.ReLU(), nn.AvgPool2d(7))

    def forward(self, x):
        return self.body(x)[:, :, 0, 0].clamp(min=-1 if self.act == "relu" else 0)


class Hides(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.body = Mine(3, count)

    def forward(self, x):
        return self.body(x)


def make():
    return Mine(3, 4)


def pair(form, options):
    return Mine(form.channels, 6), 6
"""
MODULE = "mine"
AGAIN = """
import importlib
import sys

import numpy as np

import nearfar

for line in sys.argv[2:]:
    name, _, mode = line.partition("=")
    if mode == "import":
        importlib.import_module(name="mine")
    encoder = {"": None, "import": None}.get(mode, mode)
    try:
        rows = nearfar.load(name, encoder=encoder).embed(np.load(sys.argv[1]))
        print(name, rows.shape, f"{float(rows.sum()):.4f}")
    except ValueError as error:
        print(name, error)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The user's module in the current directory, and the encoders in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEARFAR_TRUST", raising=False)
    monkeypatch.setattr("nearfar._plugins._trusted", set())
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "again.py").write_text(AGAIN, encoding="utf-8")
    sys.modules.pop("mine", None)
    yield importlib.import_module(MODULE)
    sys.modules.pop("mine", None)


def in_a_new_process(*runs, trust=""):
    """The line that a new process prints for each ``run``, ``run=import`` or ``run=reference``."""
    environment = {k: v for k, v in os.environ.items() if k != "NEARFAR_TRUST"}
    done = subprocess.run(
        [sys.executable, "again.py", "pictures.npy", *runs],
        env=environment | ({"NEARFAR_TRUST": trust} if trust else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def shown(name, rows):
    return f"{name} {rows.shape} {float(rows.sum()):.4f}"


@pytest.mark.slow
def test_classes_functions_and_modules_are_found_again(mine, pictures, quick):
    np.save("pictures.npy", pictures)
    encoders = {
        "class": (mine.Mine, "mine:Mine", 5),
        "function": (mine.make, "mine:make", 4),
        "factory": (mine.pair, "mine:pair", 6),
        "file": ("mine.py:Mine", "mine.py:Mine", 5),
        "module": (mine.Mine(3, hidden=7, act="none"), "custom", 7),
    }
    lines = {}
    for name, (encoder, stated, width) in encoders.items():
        run = nearfar.pretrain("simclr", pictures, encoder=encoder, out=name, **quick)
        assert run.directory.read_recipe()["encoder"] == {"encoder": stated}
        assert run.description.width == width
        assert run.description.code
        rows = run.embed(pictures)
        lines[name] = shown(name, rows)
        np.testing.assert_array_equal(nearfar.load(name).embed(pictures), rows)
    assert run.description.own_class == "mine:Mine"
    assert run.description.arguments == {"channels": 3, "hidden": 7, "act": "none"}

    names = list(encoders)
    others = ["class=import", "module", "function", "module=mine.py:Mine", "file=mine.py:Mine"]
    found = in_a_new_process(*names, *others)
    for line in found[:5]:
        assert "does not import code that only a file names" in line
        assert "NEARFAR_TRUST=mine" in line
        assert f"pass the encoder that was trained, as in nearfar.load('{line.split()[0]}'" in line
    # what the program has imported is not imported for a file; functions could be anybody's
    assert found[5:7] == [lines["class"], lines["module"]]
    assert "NEARFAR_TRUST=mine" in found[7]
    assert found[8].startswith("module `encoder` must have the architecture of the weights")
    assert found[9] == lines["file"]
    assert in_a_new_process(*names, trust="mine,mine.py") == list(lines.values())

    with Path("mine.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    changed = in_a_new_process("class", "module", "class=mine.py:Mine", trust="mine")
    for name, line in zip(["class", "module"], changed, strict=False):
        assert line.startswith(
            f"{name} `encoder` mine:Mine has changed since training, or its file"
        )
        assert line.endswith(f"as in nearfar.load('{name}', encoder=...)")
    assert changed[2] == lines["class"]


@pytest.mark.slow
def test_what_no_import_finds_is_remembered_while_it_exists(mine, pictures, quick):
    np.save("pictures.npy", pictures)

    class Local(mine.Mine):
        pass

    encoders = {"local": Local, "lambda": lambda: mine.Mine(3, 4), "hides": mine.Hides(4)}
    for name, encoder in encoders.items():
        run = nearfar.pretrain("simclr", pictures, encoder=encoder, out=name, **quick)
        rows = run.embed(pictures)
        assert run.description.own_class == ""
        assert len(nearfar.compare([name])) == 1
        np.testing.assert_array_equal(nearfar.load(name).embed(pictures), rows)
        np.testing.assert_array_equal(nearfar.load(name, encoder=encoder).embed(pictures), rows)
        del run
    for name, line in zip(encoders, in_a_new_process(*encoders, trust="mine"), strict=True):
        assert line.startswith(f"{name} `encoder` of this run was passed as an object that an")
        assert line.endswith(f"as in nearfar.load('{name}', encoder=...)")


def test_a_run_in_the_place_of_another_has_an_encoder_of_its_own(tmp_path, pictures, quick):
    first = nearfar.pretrain("simclr", pictures, encoder=plain(), out=tmp_path / "r", **quick)
    shutil.rmtree(tmp_path / "r")
    nearfar.pretrain("simclr", pictures, out=tmp_path / "r", **quick)
    assert type(nearfar.load(tmp_path / "r").encoder) is not type(first.untrained_encoder())


def test_modules_that_their_class_does_not_build_again_are_not_guessed(mine):
    made = mine.Mine(3, hidden=7)
    assert arguments_of(made) == {"channels": 3, "hidden": 7}
    assert arguments_of(mine.Mine(3)) == {"channels": 3}
    changes = {
        "attribute": lambda m: setattr(m, "hidden", 8),
        "another attribute": lambda m: setattr(m, "scale", 2.0),
        "layer": lambda m: m.body.__setitem__(1, nn.Tanh()),
        "setting of a layer": lambda m: setattr(m.body[0], "padding", (1, 1)),
        "frozen": lambda m: m.body[0].weight.requires_grad_(False),
        "hook": lambda m: m.register_forward_hook(lambda *args: None),
        "buffer": lambda m: m.register_buffer("table", torch.ones(2), persistent=False),
        "type": lambda m: m.double(),
    }
    for name, change in changes.items():
        module = copy.deepcopy(made)
        change(module)
        assert arguments_of(module) is None, name
    assert arguments_of(mine.Hides(4)) is None
    assert arguments_of(plain()) is None


@pytest.mark.usefixtures("mine")
def test_a_command_on_a_run_of_ones_own_code_works_as_printed(pictures, capsys, monkeypatch):
    np.save("pictures.npy", pictures)
    words = ["train", "mine:own", "--data", "pictures.npy", "--encoder", "mine.py:Mine"]
    assert main([*words, "--epochs", "1", "--out", "run"]) == 0
    printed = capsys.readouterr().out
    assert "NEARFAR_TRUST=mine,mine.py nearfar embed run   #" in printed
    assert "NEARFAR_TRUST=mine,mine.py nearfar neighbours run   #" in printed
    monkeypatch.setattr("nearfar._plugins._trusted", set())  # as in a new process
    monkeypatch.delitem(sys.modules, "mine")
    assert main(["embed", "run", "--out", "e.npz"]) == 2
    assert "set NEARFAR_TRUST=mine" in capsys.readouterr().err
    monkeypatch.setenv("NEARFAR_TRUST", "mine,mine.py")
    assert main(["embed", "run", "--out", "e.npz"]) == 0


@pytest.mark.slow
def test_a_stopped_run_of_an_encoder_of_ones_own_is_resumed(mine, pictures, quick):
    options = quick | {"epochs": 2, "log_every": 1, "checkpoint_every": 1}
    for encoder in (mine.Mine, mine.Mine(3, 7), mine.Hides(4)):
        torch.manual_seed(1)
        first = nearfar.pretrain("simclr", pictures, encoder=encoder, out="whole", **options)
        with pytest.raises(KeyboardInterrupt, match=r"nearfar\.resume"):
            nearfar.pretrain(
                "simclr", pictures, encoder=encoder, out="part", progress=StopAt(4), **options
            )
        part = nearfar.load("part")
        assert part.embed(pictures).shape == (60, first.description.width)
        second = nearfar.resume("part", pictures)
        np.testing.assert_array_equal(second.embed(pictures), first.embed(pictures))
        for name in ("whole", "part"):
            shutil.rmtree(name)


def test_a_module_is_copied(mine, pictures, quick):
    module = mine.Mine(3)
    module.body[1].eval()
    before = copy.deepcopy(module.state_dict())
    run = nearfar.pretrain("simclr", pictures, encoder=module, out="run", **quick)
    loaded = nearfar.load("run", encoder=module)
    loaded.embed(pictures)
    assert [part.training for part in (module, module.body, module.body[1])] == [True, True, False]
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
        assert not torch.equal(run.encoder.state_dict()[name], value)


@pytest.mark.slow
def test_the_untrained_encoder_of_a_module_is_noted_if_it_is_not_the_one_given(
    mine, pictures, quick
):
    module = mine.Mine(3)
    run = nearfar.pretrain("simclr", pictures, encoder=module, out="run", **quick)
    labels = np.arange(60) // 10
    said = run.probe(pictures, labels=labels).notes
    assert every("initialised again" not in note for note in (*said, ""))
    del run
    gc.collect()
    (note,) = (
        note
        for note in nearfar.load("run").probe(pictures, labels=labels).notes
        if "initialised again" in note
    )
    assert note.startswith("the untrained encoder is initialised again")


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        (object, "a class of modules or a function"),
        ("Hides", "mine:Hides must be a class whose parameters .* got count; or pass"),
        (lambda one, two, three: plain(), r"\(form, options\), or one whose .*one, two"),
        (lambda: nn.Linear(9, 9), r"Linear fails on samples of shape \(2, 3, 2"),
        (nn.Identity, r"Identity must return a matrix \(samples × width\)"),
        (lambda: 3, "must return a module and its width, got 3"),
    ],
)
def test_what_builds_no_encoder_is_refused(mine, pictures, encoder, words):
    encoder = getattr(mine, encoder) if isinstance(encoder, str) else encoder
    with pytest.raises((TypeError, ValueError), match=words):
        nearfar.pretrain("simclr", pictures, encoder=encoder, out="run", epochs=1)
    assert not Path("run").exists()


def test_two_parameters_of_any_names_are_form_and_options(mine):
    def built(one, two):
        return mine.Mine(one.channels, two.hidden)

    form, options = SimpleNamespace(channels=3), SimpleNamespace(hidden=2)
    module, width = construct(built, form, options, name="built")
    assert (module.hidden, width) == (2, None)
    assert (
        construct(
            lambda *, channels, hidden=4: mine.Mine(channels, hidden), form, options, name="f"
        )[0].hidden
        == 4
    )


def test_a_width_is_measured_or_must_agree(mine, pictures, quick):
    run = nearfar.pretrain("simclr", pictures, encoder=plain(), out="run", **quick)
    assert run.description.width == 6
    with pytest.raises(ValueError, match=r"`width` must be given only .* 7 with .*, of width 6"):
        nearfar.pretrain("simclr", pictures, encoder=mine.pair, width=7, out="other", **quick)
    with pytest.raises(ValueError, match=r"`width` must be given only .* 7 with 'convnet'"):
        nearfar.pretrain("simclr", pictures, encoder="convnet", width=7, out="other", **quick)
