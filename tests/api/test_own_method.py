"""A method of one's own is trained, judged and resumed as those of the library are."""

from __future__ import annotations

import copy
import functools
import json
import os
import signal
from typing import ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import nearfar
from nearfar import api
from nearfar.inputs import View
from nearfar.methods import Method, Projected, RunFacts, Serves, Step, simclr
from nearfar.objectives import NTXentLoss
from nearfar.parallel import gather
from nearfar.training import latest_checkpoint
from nearfar.views import ViewRecipe, simclr_views
from tests.every import every


class Tally(Method):
    """SimCLR that counts how often it saw each sample, and keeps what it projected last."""

    paper, negatives, momentum = "nobody", True, False
    sees = "two views and the index"
    serves: ClassVar = {"images": Serves(views=ViewRecipe(simclr_views))}
    indexed = True
    objective: NTXentLoss

    seen: Tensor
    kept: Tensor

    def __init__(self, encoder: nn.Module, projector: nn.Module, *, samples: int, dim: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = projector
        self.objective = NTXentLoss(temperature=0.5)
        self.register_buffer("seen", torch.zeros(samples, dtype=torch.int64))
        self.register_buffer("kept", torch.zeros(samples, dim))

    def project(self, views: tuple[View, ...]) -> Projected:
        v1, v2, samples = views
        assert isinstance(samples, Tensor)
        h1, h2 = self.encoder(v1), self.encoder(v2)
        return (h1, h2), (self.projector(h1), self.projector(h2)), (samples,)

    def compare(self, projected: Projected) -> Step:
        representations, (z1, z2), (samples,) = projected
        everywhere = gather(z1), gather(z2)
        return Step(
            loss=self.objective(*everywhere),
            representations=representations,
            projections=(z1, z2),
            carry=(gather(samples), everywhere[0].detach()),
        )

    def after_batch(self, step: Step) -> None:
        samples, projections = step.carry
        self.seen[samples] += 1
        self.kept[samples] = projections.to(self.kept.dtype)

    def chance(self, batch_size: int) -> float | None:
        return self.objective.chance(batch_size=batch_size)


def tally(encoder: nn.Module, width: int, *, facts: RunFacts, dim: int = 4) -> Tally:
    assert facts.samples is not None
    return Tally(encoder, nn.Linear(width, dim), samples=facts.samples, dim=dim)


def unannotated(encoder: nn.Module, width: int):
    return simclr(encoder, width)


def wrongly_annotated(encoder: nn.Module, width: int) -> nn.Module:
    return simclr(encoder, width)


class StopAt:
    """Asks for a stop after an update."""

    def __init__(self, step: int) -> None:
        self.step = step

    def start(self, record: object) -> None:
        pass

    def update(self, *, step: int, **others: object) -> None:
        if step == self.step:
            os.kill(os.getpid(), signal.SIGINT)

    def finish(self, health: object) -> None:
        pass


def trained(run: api.Run) -> Tally:
    """The method of a finished run."""
    width = run.description.width
    method = tally(run.encoder, width, facts=RunFacts(samples=60))
    checkpoint = latest_checkpoint(run.directory.checkpoints)
    assert checkpoint is not None
    checkpoint.restore_method(method)
    return method


def test_it_is_trained_judged_and_named(tmp_path, pictures, quick):
    run = nearfar.pretrain(tally, pictures, out=tmp_path / "run", **quick)
    record = run.record
    assert record.finished
    assert (record.method, record.samples, record.watched) == ("tally", 54, 6)
    assert record.chance == pytest.approx(np.log(31))
    assert run.health.samples == 6
    assert (run.path / "report.html").stat().st_size > 10_000
    assert run.embed(pictures).shape == (60, 256)
    assert json.loads((run.path / "encoder.json").read_text())["name"] == "convnet"
    assert nearfar.load(run.path).embed(pictures[:3]).shape == (3, 256)


def test_without_a_directory_the_run_has_the_functions_name(tmp_path, pictures, quick, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = nearfar.pretrain(tally, pictures, **quick)
    assert run.path.name.startswith("tally-")


def test_options_reach_the_function(tmp_path, pictures, quick):
    out = tmp_path / "run"
    run = nearfar.pretrain(tally, pictures, method_options={"dim": 7}, out=out, **quick)
    assert run.directory.read_recipe()["method"] == {"name": "custom", "dim": 7}
    checkpoint = latest_checkpoint(run.directory.checkpoints)
    assert checkpoint is not None
    checkpoint.restore_method(tally(run.encoder, 256, facts=RunFacts(samples=60), dim=7))


def test_a_preset_with_arguments_filled_in_is_a_function_too(tmp_path, pictures, quick):
    method = functools.partial(simclr, dim=5)
    run = nearfar.pretrain(method, pictures, out=tmp_path / "run", **quick)
    assert run.record.projection_dim == 5


def test_each_trained_sample_is_kept_by_its_own_index(tmp_path, pictures, quick):
    options = quick | {"epochs": 3, "batch_size": 18}
    method = trained(nearfar.pretrain(tally, pictures, out=tmp_path / "run", **options))
    source = nearfar.data.open_source(pictures)
    watched = api._division.Division.at_random(source, seed=0).watched.tolist()
    expected = [0 if sample in watched else 3 for sample in range(60)]
    assert method.seen.tolist() == expected
    assert (method.kept.abs().sum(dim=1) > 0).tolist() == [count > 0 for count in expected]


@pytest.mark.slow
@pytest.mark.parametrize("micro_batch", [None, 7])
@pytest.mark.usefixtures("forked_processes")
def test_two_processes_keep_what_one_keeps(tmp_path, pictures, quick, micro_batch):
    options = quick | {"precision": "64", "micro_batch": micro_batch, "optimizer": "sgd"}
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(3 * 20 * 20, 8), nn.Tanh())
    found = []
    for devices in (1, 2):
        out = tmp_path / str(devices)
        run = nearfar.pretrain(
            tally,
            pictures,
            encoder=encoder,
            width=8,
            image_size=20,
            devices=devices,
            out=out,
            **options,
        )
        method = tally(copy.deepcopy(encoder), 8, facts=RunFacts(samples=60)).double()
        checkpoint = latest_checkpoint(run.directory.checkpoints)
        checkpoint.restore_method(method)
        found.append(method)
    one, two = found
    assert torch.equal(one.seen, two.seen)
    assert one.seen.sum() == 48
    torch.testing.assert_close(two.kept, one.kept, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_same_state(tmp_path, pictures, quick):
    options = quick | {"epochs": 2}
    whole = nearfar.pretrain(tally, pictures, out=tmp_path / "whole", **options)
    out = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt, match=r"nearfar\.resume"):
        nearfar.pretrain(tally, pictures, out=out, progress=StopAt(4), **options)
    with pytest.raises(ValueError, match="`method` of this run was a Python object"):
        api.resume(out, pictures)
    run = api.resume(out, pictures, method=tally)
    first, second = (load_file(r.path / "encoder.safetensors") for r in (whole, run))
    assert every(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(trained(whole).seen, trained(run).seen)
    assert torch.equal(trained(whole).kept, trained(run).kept)
    assert run.record.finished


@pytest.mark.parametrize("function", [unannotated, wrongly_annotated, lambda encoder, width: None])
def test_a_function_that_does_not_say_what_it_makes_is_refused(tmp_path, pictures, quick, function):
    out = tmp_path / "run"
    with pytest.raises(
        TypeError,
        match=r"`method` must be a name or a function .* whose return annotation is a subclass",
    ):
        nearfar.pretrain(function, pictures, out=out, **quick)
    assert not out.exists()


def test_a_function_that_misses_an_argument_is_refused_before_anything_is_written(
    tmp_path, pictures, quick
):
    out = tmp_path / "run"
    with pytest.raises(ValueError, match=r"'dimm' is not an option of method .*'dim'"):
        nearfar.pretrain(tally, pictures, method_options={"dimm": 3}, out=out, **quick)
    assert not out.exists()
