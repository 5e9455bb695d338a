"""Methods of other packages are trained by name, as the built-in ones are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar import _plugins, api
from nearfar.api._method_listing import canonical_name, find_preset, kinds_of, preset_names
from nearfar.cli import main
from nearfar.data import open_source

MODULE = '''
from typing import ClassVar

from torch import nn

from nearfar.methods import Method, Projected, RunFacts, Serves, SimCLR, Step
from nearfar.modules import PerceptronHead
from nearfar.objectives import NTXentLoss
from nearfar.views import ViewRecipe, moco_v1_views


class Mine(Method):
    """A method of one's own."""

    paper, negatives, momentum = "nobody", True, False
    serves: ClassVar = {"images": Serves(views=ViewRecipe(moco_v1_views))}
    objective: NTXentLoss

    def __init__(self, encoder, projector, *, temperature=0.5):
        super().__init__()
        self.encoder, self.projector = encoder, projector
        self.objective = NTXentLoss(temperature=temperature)

    def project(self, views):
        h = tuple(self.encoder(view) for view in views)
        return h, tuple(self.projector(x) for x in h)

    def compare(self, projected):
        h, z = projected
        loss = self.objective(*z)
        terms = {"step": loss.detach(), "loss": loss.detach()}
        return Step(loss=loss, representations=h, projections=z, terms=terms)

    def chance(self, batch_size):
        return self.objective.chance(batch_size=batch_size)


def mine(
    encoder: nn.Module, width: int, *, length: int = 3, queue_size: int = 5, rows: int = 2
) -> Mine:
    """A preset whose arguments have names that mean something elsewhere.

    Args:
        length: Of nothing.
        queue_size: Of nothing.
        rows: Of nothing.
    """
    assert (queue_size, rows) == (5, 2)
    return Mine(encoder, nn.Linear(width, 4 + length))
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module outside the library, and metadata that declare its preset."""
    (tmp_path / "strangemethods.py").write_text(MODULE)
    info = tmp_path / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nearfar.methods]\nstrange = strangemethods:mine\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    _plugins.reload()
    yield "strangemethods"
    _plugins.reload()


def test_a_method_is_found_by_reference_module_and_entry_point(module: str) -> None:
    by_name = find_preset(f"{module}:mine")
    assert find_preset(f"{module}.mine") is find_preset("strange") is by_name
    assert kinds_of("strange") == ("images",)
    assert "strange" not in preset_names()


def test_it_is_trained_from_the_command_line_and_resumed(
    module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 12, 12, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    words = ["--data", str(tmp_path / "images.npy"), "--batch-size", "16", "--epochs", "1"]
    out = tmp_path / "run"
    command = ["train", f"{module}:mine", *words, "--precision", "32", "--method.length", "6"]
    assert main([*command, "--out", str(out)]) == 0
    run = nearfar.load(out)
    assert run.record.method == f"{module}:mine"
    assert run.record.projection_dim == 256  # a linear layer does not say its outputs
    assert run.directory.read_recipe()["method"] == {"name": f"{module}:mine", "length": 6}
    assert api.resume(out).health == run.health
    assert main(["train", "strange", *words, "--help"]) == 0
    assert "--method.queue-size INT" in capsys.readouterr().out


def test_terms_may_have_any_name(module: str, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 12, 12, 3), dtype=np.uint8)
    run = nearfar.pretrain(
        "strange", images, out=tmp_path / "run", epochs=2, batch_size=16, precision="32"
    )
    lines = run.directory.metrics.read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == sorted(
        json.loads(line)["step"] for line in lines
    )


def test_other_kinds_and_missing_views_are_refused(module: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`method` strange is for images, got vectors"):
        nearfar.pretrain("strange", open_source(np.zeros((60, 5))), out=tmp_path / "run")


def test_unknown_methods_are_named(module: str) -> None:
    with pytest.raises(ValueError, match=r"strange, .*got 'strnge' \(did you mean 'strange'"):
        find_preset("strnge")
    with pytest.raises(ValueError, match=r"`method` refers to 'nowhere\.method'"):
        find_preset("nowhere.method")
    with pytest.raises(TypeError, match=r"`method` math:pi must be a function"):
        find_preset("math:pi")
    with pytest.raises(TypeError, match=r"must be a module with one preset.*got none"):
        find_preset("xml.dom")


def test_short_forms_stand_for_the_full_name() -> None:
    assert canonical_name("dgi") == "deep_graph_infomax"
    assert find_preset("dgi") is find_preset("deep_graph_infomax")
    assert "dgi" not in preset_names()
