"""From unlabelled data to a judged encoder."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torchvision.transforms import v2

import nearfar
from nearfar import api
from nearfar.api._method_listing import preset_names, served
from nearfar.api._recipe import Recipe
from nearfar.data import open_source
from nearfar.methods import Method
from nearfar.modules import ConvNet
from nearfar.records import RunDirectory
from nearfar.views import CustomViews
from tests.every import every
from tests.slow import mostly_slow


def test_three_lines_of_python(tmp_path, pictures, quick):
    run = nearfar.pretrain("simclr", pictures, out=tmp_path / "run", **quick)
    z = run.embed(pictures)
    assert z.shape == (60, 256)
    assert nearfar.diagnose(z).verdict in {"healthy", "complete collapse", "dimensional collapse"}


def test_a_run_is_a_directory_anyone_can_read(digits_run):
    names = {path.name for path in digits_run.path.iterdir()}
    assert names == {
        ".lock", "checkpoints", "encoder.json", "encoder.safetensors", "gallery.json",
        "geometry.json",
        "health.json", "metrics.jsonl", "recipe.toml", "report.html", "run.json",
    }  # fmt: skip
    record = digits_run.record
    assert record.finished
    assert (record.samples, record.watched, record.steps) == (1617, 180, 12)
    assert record.chance == pytest.approx(np.log(511))
    assert record.data == "digits: 1,797 grey images 8×8 shown at 16×16"
    assert digits_run.health.samples == 180
    gallery = RunDirectory(digits_run.path).read_gallery()
    assert len(gallery.views) == len(gallery.neighbors) == 8
    assert {len(row.others) for row in gallery.views} == {2}


def test_the_watched_samples_are_not_trained_on(digits_run):
    trained, watched = digits_run.prepared.train, digits_run.prepared.watched
    assert not set(trained.samples.tolist()) & set(watched.samples.tolist())
    assert len(trained) + len(watched) == 1797


def test_weights_load_strictly_into_the_bare_module_and_embed_the_same(digits_run):
    bare = ConvNet(channels=1).eval()
    bare.load_state_dict(load_file(digits_run.path / "encoder.safetensors"), strict=True)
    source = open_source("digits")
    batch = source.read(range(8))
    with torch.no_grad():
        by_hand = bare(digits_run.views.plain(batch.inputs)).numpy()
    np.testing.assert_allclose(digits_run.embed("digits")[:8], by_hand, atol=1e-5)


@pytest.mark.slow
def test_the_recipe_repeats_the_run(digits_run, tmp_path):
    recipe = Recipe.from_tables(RunDirectory(digits_run.path).read_recipe())
    again = nearfar.pretrain(
        recipe.method,
        recipe.data,
        encoder=recipe.encoder,
        out=tmp_path / "again",
        **{"epochs": recipe.training.epochs, "batch_size": recipe.training.batch_size},
    )
    first, second = (load_file(r.path / "encoder.safetensors") for r in (digits_run, again))
    assert every(torch.equal(first[name], second[name]) for name in first)


OF_IMAGES = [name for name in preset_names() if served(name, "images")]


@pytest.mark.parametrize("method", mostly_slow(OF_IMAGES, quick=["amdim", "swav"]))
def test_every_preset_trains_on_color_images(tmp_path, pictures, quick, method):
    run = nearfar.pretrain(method, pictures, out=tmp_path / "run", **quick)
    assert run.record.finished
    assert run.record.method == method


@pytest.mark.parametrize(
    ("shape", "channels"), [((40, 16, 16), 1), ((40, 16, 16, 4), 4), ((40, 7, 16, 40), 7)]
)
def test_any_number_of_channels(tmp_path, quick, shape, channels):
    images = np.random.default_rng(0).random(shape).astype(np.float32)
    run = nearfar.pretrain("vicreg", images, out=tmp_path / "run", **quick)
    assert run.description.form.channels == channels
    assert run.embed(images).shape == (40, 256)
    assert any("disabled" in note for note in run.record.notes)


@pytest.mark.slow
def test_a_timm_encoder_gets_the_small_stem_and_says_so(tmp_path, pictures, quick):
    run = nearfar.pretrain("simclr", pictures, encoder="resnet18", out=tmp_path / "run", **quick)
    assert run.description.stem == "small"
    assert any("small stem" in note for note in run.record.notes)
    scope = {}
    exec("import timm\nfrom torch import nn\n" + run.description.how, scope)
    scope["model"].load_state_dict(load_file(run.path / "encoder.safetensors"), strict=True)


def test_an_own_module_is_passed_again_if_no_import_finds_it(tmp_path, pictures, quick):
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 20 * 20, 12))
    run = nearfar.pretrain(
        "simclr", pictures, encoder=module, width=12, image_size=20, out=tmp_path / "run", **quick
    )
    path = shutil.copytree(run.path, tmp_path / "copy")
    with pytest.raises(ValueError, match=r"pass the encoder that was trained, as in nearfar\.load"):
        _ = nearfar.load(path).encoder
    again = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 20 * 20, 12))
    assert nearfar.load(path, encoder=again).embed(pictures).shape == (60, 12)


def test_own_transforms_go_in_the_same_slot(tmp_path, pictures, quick):
    transform = v2.Compose(
        [v2.RandomResizedCrop(16, antialias=True), v2.ToDtype(torch.float32, scale=True)]
    )
    views = CustomViews(transform, size=16, channels=3)
    run = nearfar.pretrain(
        "byol", pictures, views=views, image_size=16, out=tmp_path / "run", **quick
    )
    assert run.record.finished


class Pairs(torch.utils.data.Dataset):
    """Images with labels, as torchvision's data sets have them."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return torch.from_numpy(self.images[index]).permute(2, 0, 1), 3


def test_a_data_set_of_pytorch(tmp_path, pictures, quick):
    run = nearfar.pretrain("moco_v2", Pairs(pictures), out=tmp_path / "run", **quick)
    assert any("queue of 48 keys instead of 65,536" in note for note in run.record.notes)


def test_by_parts_with_a_loop_of_ones_own(pictures):
    from nearfar.methods import SimCLR
    from nearfar.modules import PerceptronHead
    from nearfar.views import simclr_views

    encoder = ConvNet(channels=3)
    method: Method = SimCLR(encoder, PerceptronHead(256, hidden=256, outputs=32), temperature=0.5)
    views = simclr_views(size=16, channels=3)
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1)
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    for epoch in range(2):
        step = method(views(images, torch.arange(60), seed=0, epoch=epoch))
        step.loss.backward()
        method.after_batch(step)
        optimizer.step()
        optimizer.zero_grad()
        method.after_update(epoch / 2)
    assert step.loss.isfinite()


class StopAt:
    def __init__(self, step):
        self.step = step

    def start(self, record):
        pass

    def update(self, *, step, **others):
        if step == self.step:
            os.kill(os.getpid(), signal.SIGINT)

    def finish(self, health):
        pass


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_same_encoder(tmp_path, digits_run):
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt, match=r"nearfar\.resume"):
        nearfar.pretrain("simclr", "digits", epochs=2, out=out, progress=StopAt(5))
    assert nearfar.load(out).health.notes[0].startswith("not finished: measured after update 5")
    run = api.resume(out)
    first, second = (load_file(r.path / "encoder.safetensors") for r in (digits_run, run))
    assert every(torch.equal(first[name], second[name]) for name in first)
    assert run.record.finished


@pytest.mark.slow
def test_two_processes_make_the_run_of_one(tmp_path, pictures, quick):
    runs = [
        nearfar.pretrain(
            "simclr", pictures, devices=devices, out=tmp_path / str(devices), log_every=1, **quick
        )
        for devices in (1, 2)
    ]
    losses = [[line.loss for line in run.metrics.train] for run in runs]
    # were the weights shared between the processes, each update would be applied twice
    assert len(losses[0]) == 3
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_resuming_on_other_data_is_refused(tmp_path, pictures, quick):
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt, match=r"update 1 of .*nearfar\.resume"):
        nearfar.pretrain("simclr", pictures, out=out, progress=StopAt(1), **quick)
    with pytest.raises(ValueError, match="`data` of this run was a Python object"):
        api.resume(out)
    with pytest.raises(ValueError, match=r"must be the data that .* was trained on"):
        api.resume(out, 255 - pictures)
    assert api.resume(out, pictures).record.finished


def test_a_directory_that_exists_is_left_alone(tmp_path, pictures, quick, digits_run):
    with pytest.raises(FileExistsError, match="`out` must be a new directory"):
        nearfar.pretrain("simclr", pictures, out=digits_run.path, **quick)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="`out` must be a new directory"):
        nearfar.pretrain("simclr", pictures, out=tmp_path, **quick)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "simclrr"}, "did you mean 'simclr'"),
        ({"encoder": "resnet_18"}, "did you mean 'resnet18'"),
        ({"method_options": {"temprature": 1.0}}, "did you mean 'temperature'"),
        ({"view_options": {"crop_scal": (0.1, 1.0)}}, "did you mean 'crop_scale'"),
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"epochs": 0}, "`epochs` must be a whole number of 1 or more, got 0"),
        ({"batch_size": 2000}, "at most the 54 samples to train on, got 2000 × 1"),
        ({"method_options": {"temperature": 0.0}}, "`temperature`"),
        ({"stem": "tiny"}, "`stem` must be one of"),
        (
            {"width": 32},
            "`width` must be given only with .* got 32 with 'convnet', of width 256",
        ),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_a_mistake_is_named_and_nothing_is_written(tmp_path, pictures, quick, arguments, message):
    out = tmp_path / "run"
    settings = quick | arguments
    with pytest.raises(ValueError, match=message):
        nearfar.pretrain(settings.pop("method", "simclr"), pictures, out=out, **settings)
    assert not out.exists()


def test_too_few_images_are_refused(tmp_path, quick, pictures):
    with pytest.raises(ValueError, match="at least 6 samples"):
        nearfar.pretrain("simclr", pictures[:5], out=tmp_path / "run", **quick)


def test_constant_images_are_trained_on_and_called_collapsed(tmp_path, quick):
    images = np.full((40, 16, 16, 3), 128, dtype=np.uint8)
    run = nearfar.pretrain(
        "vicreg", images, out=tmp_path / "run", view_options={"jitter": 0.0}, **quick
    )
    assert run.health.verdict != "healthy"


def test_an_output_that_cannot_be_written_is_named(tmp_path, pictures, quick):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match=r"cannot write .*file/run/recipe.toml|file"):
        nearfar.pretrain("simclr", pictures, out=tmp_path / "file" / "run", **quick)


def test_a_run_of_a_newer_version_is_refused(tmp_path, digits_run):
    directory = RunDirectory(tmp_path)
    directory.recipe.write_text(digits_run.directory.recipe.read_text())
    replace(digits_run.record, format=3).save(directory.run)
    with pytest.raises(ValueError, match="made by a newer nearfar"):
        nearfar.load(tmp_path)


def test_a_pickle_is_never_opened(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"x": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="never unpickles"):
        nearfar.load(path)
    with pytest.raises(ValueError, match="contains no recipe"):
        nearfar.load(tmp_path)


def test_metrics_are_json_lines(digits_run):
    lines = (digits_run.path / "metrics.jsonl").read_text().splitlines()
    assert {json.loads(line)["kind"] for line in lines} == {"train", "watch"}
