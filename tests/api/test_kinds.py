"""The same verbs for every kind of samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import nearfar
from nearfar import api
from nearfar.cli import main
from nearfar.methods import SimCLR, simclr
from tests.api.kinds import KINDS, SAMPLES
from tests.api.test_pretrain import StopAt
from tests.every import every
from tests.slow import mostly_slow
from tests.thirdparty import POINT_CLOUDS, installed
from tests.training.worlds import normalized_in_parts

every_kind = pytest.mark.parametrize("kind", KINDS)
TWO_VIEWS = ["byol", "moco_v2", "simclr", "vicreg", "multiview"]


@pytest.fixture(scope="module", autouse=True)
def kinds_of_other_packages(tmp_path_factory):
    """Installed as pip would leave them."""
    with installed(POINT_CLOUDS, tmp_path_factory.mktemp("site")):
        yield


def options_of(kind: str) -> dict[str, Any]:
    made = KINDS[kind]
    quick = {"epochs": 2, "batch_size": 8, "precision": "32", "log_every": 1}
    return {"method_options": made.method_options, **made.options, **quick}


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """A finished run of a kind by its own method, and the file it was trained on."""
    made: dict[str, tuple[Any, Path]] = {}

    def find(kind: str) -> tuple[Any, Path]:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            data = KINDS[kind].make(folder)
            out = folder / "run"
            run = nearfar.pretrain(KINDS[kind].method, data, out=out, **options_of(kind))
            made[kind] = run, data
        return made[kind]

    return find


@every_kind
def test_a_run_is_judged_and_shown(run_of, kind):
    run, _ = run_of(kind)
    assert run.record.finished
    assert run.record.modality == kind
    assert run.health.verdict
    gallery = run.directory.read_gallery()
    assert len(gallery.views) == min(8, run.record.watched)
    for row in (*gallery.views, *gallery.neighbors):
        for exhibit in (row.sample, *row.others):
            assert exhibit.caption
            assert exhibit.png or exhibit.wav or exhibit.text
    report = run.directory.report.read_text(encoding="utf-8")
    assert "nothing to show" not in report


@every_kind
def test_embeddings_do_not_depend_on_their_batch(run_of, kind):
    run, data = run_of(kind)
    loaded = nearfar.load(run.path)
    whole = loaded.embed(data)
    assert len(whole) == SAMPLES
    assert np.isfinite(whole).all()
    assert np.ptp(whole, axis=0).max() > 0
    np.testing.assert_allclose(loaded.embed(data, batch_size=7), whole, rtol=1e-3, atol=1e-5)


@every_kind
def test_two_views_have_the_verdict_of_the_run(run_of, kind, tmp_path):
    run, data = run_of(kind)
    views = nearfar.load(run.path).embed_views()
    assert len(views.ids) == len(views["z1"]) == run.record.watched
    found = nearfar.diagnose(api.save_views(tmp_path / "e.npz", views))
    assert found.verdicts == run.health.verdicts
    for name in ("uniformity", "m_o", "alignment"):
        assert found.measurements[name] == pytest.approx(run.health.measurements[name], rel=1e-3)
    others = nearfar.load(run.path).embed_views(data)
    assert len(others["h1"]) == len(others["h2"]) == SAMPLES


@every_kind
def test_a_probe_stands_beside_the_untrained_encoder_and_raw_features(run_of, kind):
    run, data = run_of(kind)
    known = {} if kind != "pairs" else {"labels": np.arange(SAMPLES) // 4 % 4}
    record = api.probe(run, data, **known)
    trained, untrained, raw = record.rows
    assert raw.representation not in ("", trained.representation, untrained.representation)
    assert every(0 <= row.linear <= 1 for row in record.rows)
    assert (trained.representation, untrained.representation) == (
        "trained encoder",
        "untrained encoder",
    )


@every_kind
def test_a_stopped_run_of_any_kind_resumes_to_the_same_encoder(run_of, kind, tmp_path):
    run, data = run_of(kind)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt, match=r"update 3 of .*nearfar\.resume"):
        nearfar.pretrain(KINDS[kind].method, data, out=out, progress=StopAt(3), **options_of(kind))
    again = api.resume(out)
    first, second = (load_file(r.path / "encoder.safetensors") for r in (run, again))
    assert set(first) == set(second)
    for name in first:
        assert torch.equal(first[name], second[name]), name


@every_kind
def test_a_recipe_repeats_the_run(run_of, kind, tmp_path, capsys):
    run, _ = run_of(kind)
    out = str(tmp_path / "again")
    assert main(["train", "--recipe", str(run.path), "--out", out]) == 0
    first, second = (load_file(Path(p) / "encoder.safetensors") for p in (run.path, out))
    assert every(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
@every_kind
@pytest.mark.parametrize("method", mostly_slow(TWO_VIEWS, quick=["byol"]))
def test_every_method_of_two_views_trains_on_every_kind(kind, method, tmp_path):
    data = KINDS[kind].make(tmp_path)
    settings = options_of(kind) | {"epochs": 1, "method_options": {}}
    run = nearfar.pretrain(method, data, out=tmp_path / "run", **settings)
    losses = [line.loss for line in run.metrics.train]
    assert losses
    assert np.isfinite(losses).all()


NORMED = {"images", "text", "vectors"}
"""Kinds whose run has batch-norm, in the encoder or the projector."""


def simclr_in_halves(encoder: nn.Module, width: int) -> SimCLR:
    """SimCLR where batch-norm is its formula, over 4 samples of each batch of 8."""
    method = normalized_in_parts(simclr(encoder, width), batch=8, parts=2)
    assert isinstance(method, SimCLR)
    return method


@pytest.mark.slow
@every_kind
def test_micro_batches_leave_the_loss_as_it_is(kind, tmp_path):
    """Where there is batch-norm, the loss is that of statistics of each micro-batch."""
    data = KINDS[kind].make(tmp_path)
    settings = options_of(kind) | {"epochs": 1, "precision": "64", "optimizer": "sgd"}
    method = KINDS[kind].method
    assert (method == "simclr") == (kind in NORMED)
    by_hand = simclr_in_halves if kind in NORMED else method
    whole = nearfar.pretrain(by_hand, data, out=tmp_path / "whole", **settings)
    parts = nearfar.pretrain(method, data, out=tmp_path / "parts", micro_batch=4, **settings)
    assert "micro-batches of 4 samples" in " ".join(parts.record.notes)
    assert len(losses_of(whole)) == 4
    assert losses_of(parts) == pytest.approx(losses_of(whole), rel=1e-6)
    normed = any(".running_mean" in name for name in load_file(last_checkpoint(parts)))
    assert normed == (kind in NORMED)


def losses_of(run):
    return [line.loss for line in run.metrics.train]


def last_checkpoint(run):
    return max(run.directory.checkpoints.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("forked_processes")
def test_two_processes_train_on_any_kind(kind, tmp_path):
    data = KINDS[kind].make(tmp_path)
    settings = options_of(kind) | {"epochs": 1, "precision": "64"}
    losses = []
    for devices in (1, 2):
        out = tmp_path / str(devices)
        run = nearfar.pretrain(KINDS[kind].method, data, devices=devices, out=out, **settings)
        losses.append(losses_of(run))
    assert losses[0]
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)


@every_kind
def test_the_flags_are_those_of_the_kind(run_of, kind, capsys):
    _, data = run_of(kind)
    told = [f"--{name}={value}" for name, value in KINDS[kind].options.items()]
    assert main(["train", KINDS[kind].method, "--data", str(data), *told, "--help"]) == 0
    shown = capsys.readouterr().out
    assert KINDS[kind].flag in shown
    assert ("--image-size" in shown) == (kind in ("images", "pairs"))


OTHER = {
    "images": "images must be N×H×W.* got shape 40×6",
    "sequences": r"more than half of the rows .* row 0 \(12 steps, too short\)",
    "text": r"images\.npz is not a file of texts",
    "graphs": r"images\.npz must contain the edges as edge_index.* got x",
    "vectors": "vectors must be N×D, got shape 40×12×12",
    "pointclouds": r"images\.npz must hold arrays points and offsets, got .*x.*y",
    "pairs": r"`x` must be an array of images\.npz, got 'english'",
}
"""What is said of images where another kind is asked for, and of a graph where images are."""


@every_kind
def test_data_of_another_kind_are_refused(run_of, kind, tmp_path):
    run, _ = run_of(kind)
    other = "images" if kind != "images" else "graphs"
    with pytest.raises(ValueError, match=OTHER[kind]):
        run.embed(KINDS[other].make(tmp_path))


def test_a_method_for_one_kind_says_so(tmp_path):
    data = KINDS["images"].make(tmp_path)
    with pytest.raises(ValueError, match="`method` deep_graph_infomax is for graphs, got images"):
        nearfar.pretrain("dgi", nearfar.data.open_source(data), out=tmp_path / "run")


def test_an_option_of_another_kind_is_named(tmp_path):
    data = KINDS["text"].make(tmp_path)
    with pytest.raises(ValueError, match="'image_size' is not an option of a run"):
        nearfar.pretrain("simclr", data, image_size=32, out=tmp_path / "run")


def test_time_steps_are_embedded_one_by_one(run_of, tmp_path, capsys):
    run, data = run_of("sequences")
    out = tmp_path / "steps.npz"
    assert main(["embed", str(run.path), "--data", str(data), "--steps", "--out", str(out)]) == 0
    with np.load(out) as held:
        assert len(held["offsets"]) == SAMPLES + 1
        assert held["offsets"][-1] == len(held["embeddings"])
    images, pictures = run_of("images")
    with pytest.raises(ValueError, match="`steps` needs an encoder of sequences"):
        images.embed_steps(pictures)


def test_a_probe_from_the_command_line_takes_the_runs_columns(run_of, tmp_path, capsys):
    run, data = run_of("text")
    renamed = tmp_path / "other.csv"
    renamed.write_text(data.read_text().replace("text,label", "body,topic", 1))
    words = ["probe", str(run.path), "--data", str(renamed), "--column", "body"]
    assert main([*words, "--labels", "topic", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == 2
