"""Published settings: values a recipe can hold, and what a user says beside them."""

from __future__ import annotations

import dataclasses
import inspect
import math
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

import nearfar
from nearfar.api._method_listing import (
    find_preset,
    kinds_of,
    method_class,
    preset_names,
    preset_options,
)
from nearfar.api._published_settings import SMALL, find_published, published_settings, unpublished
from nearfar.api._recipe import view_recipe
from nearfar.cli import main
from nearfar.methods import RunFacts
from nearfar.methods._preset import facts_parameter
from nearfar.modalities import modality
from nearfar.modules import AMDIM_SIZES, ConvNet
from nearfar.training import TrainingOptions
from tests.cli.test_train import recipe_of

ENTRIES = [(name, method) for name, of in published_settings().items() for method in of]
BASELINES = {"autoencoder", "supervised"}


def for_images() -> set[str]:
    kinds = {name: kinds_of(name) for name in preset_names()}
    return {name for name, of in kinds.items() if not of or "images" in of} - BASELINES


@pytest.mark.parametrize(("setting", "method"), ENTRIES, ids=map("-".join, ENTRIES))
def test_what_is_published_can_be_said_in_a_recipe(setting: str, method: str) -> None:
    entry = published_settings()[setting][method]
    assert method in preset_names()
    assert entry.method.keys() <= preset_options(method).keys()
    views = modality("images").view_settings(view_recipe(method, "images"))
    assert entry.views.keys() <= inspect.signature(views).parameters.keys()
    options = TrainingOptions(**entry.train({}))
    assert options.learning_rate is not None
    assert options.weight_decay is not None
    assert timm.is_model(entry.encoder) or entry.encoder in AMDIM_SIZES
    assert any(character.isdigit() for character in entry.source)
    for note in entry.differs:
        assert not note.endswith(".")


@pytest.mark.parametrize(("setting", "method"), ENTRIES, ids=map("-".join, ENTRIES))
def test_the_method_of_a_setting_can_be_built(setting: str, method: str) -> None:
    entry = published_settings()[setting][method]
    preset = find_preset(method)
    name = facts_parameter(preset)
    filled = {name: RunFacts(samples=64)} if name else {}
    with torch.device("meta"):  # shapes alone: projectors of 8,192 are large
        made = preset(ConvNet(channels=3, width=4), 32, **entry.method, **filled)
    assert type(made) is method_class(method)


def test_every_method_for_images_has_a_setting_or_is_known_to_have_none() -> None:
    published = {method for _, method in ENTRIES}
    assert for_images() <= published | set(unpublished())
    assert not published & set(unpublished())
    assert published | set(unpublished()) <= set(preset_names())


def test_rates_are_those_of_the_papers_batch() -> None:
    rate = {
        method: of.train({})["learning_rate"]
        for method, of in published_settings()["imagenet"].items()
    }
    assert rate["simclr"] == pytest.approx(4.8)
    assert rate["moco_v2"] == pytest.approx(0.03)
    assert rate["byol"] == pytest.approx(3.2)
    assert rate["swav"] == pytest.approx(4.8)
    assert rate["simsiam"] == pytest.approx(0.1)
    assert rate["barlow_twins"] == rate["vicreg"] == pytest.approx(1.6)


def test_what_is_said_wins_and_the_rate_follows_the_batch() -> None:
    entry = find_published("imagenet", "byol")
    assert entry is not None
    chosen = entry.train({"batch_size": 256, "accumulate": 2, "epochs": None})
    assert chosen["learning_rate"] == pytest.approx(0.4)
    assert chosen["epochs"] == 1000
    assert entry.train({"learning_rate": 7.0})["learning_rate"] == 7.0
    assert entry.train({"epochs": 40})["warmup_epochs"] == 4
    assert entry.train({"epochs": 40, "warmup_epochs": 9})["warmup_epochs"] == 9
    changed = entry.train({"optimizer": "adamw"})
    assert "learning_rate" not in changed
    assert "weight_decay" not in changed


@pytest.mark.parametrize(
    ("setting", "method", "kind", "said"),
    [
        ("cifer", "simclr", "images", "did you mean 'cifar'"),
        ("cifar", "byol", "images", "not published for byol: use imagenet"),
        ("imagenet", "curl", "images", "a theoretical method"),
        ("imagenet", "custom", "images", "leave it out"),
        ("imagenet", "simclr", "vectors", "is for images, got vectors"),
    ],
)
def test_a_setting_that_is_not_published_is_refused(
    setting: str, method: str, kind: str, said: str
) -> None:
    with pytest.raises(ValueError, match=f"`setting` .*{said}"):
        find_published(setting, method, modality=kind)


def test_small_is_what_happens_without() -> None:
    assert find_published(SMALL, "curl", modality="graphs") is None


@pytest.mark.slow
def test_a_run_holds_the_setting_resolved_and_repeats_without_it(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    small = ["--batch-size", "16", "--epochs", "1", "--image-size", "8", "--precision", "32"]
    words = ["simclr", "--data", str(tmp_path / "images.npy"), "--setting", "cifar", *small]
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(["train", *words, "--out", str(first), "--encoder", "convnet"]) == 0
    recipe = recipe_of(first)
    assert recipe["encoder"] == {"encoder": "convnet"}
    assert recipe["data"]["image_size"] == 8
    assert recipe["method"] == {"name": "simclr", "temperature": 0.5}
    training = recipe["training"]
    assert training["optimizer"] == "lars"
    assert math.isclose(training["learning_rate"], 1 / 16)
    assert training["weight_decay"] == 1e-4
    assert main(["train", "--recipe", str(first), "--out", str(second)]) == 0
    assert recipe_of(second) == recipe
    notes = nearfar.load(first).record.notes
    assert any(note.startswith("setting of Chen et al. 2020") for note in notes)


def test_what_differs_from_the_paper_is_said() -> None:
    entry = published_settings()["imagenet"]["moco_v1"]
    assert "not as published: cosine learning-rate decay" in "; ".join(entry.notes())
    assert dataclasses.replace(entry, differs=()).notes() == (f"setting of {entry.source}",)
