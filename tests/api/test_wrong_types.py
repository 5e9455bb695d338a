"""A value of the wrong type is refused in one line that names the argument."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import nearfar
from nearfar.api import RunKeywords
from nearfar.methods import SimCLR
from nearfar.modules import ConvNet

pytestmark = pytest.mark.usefixtures("as_users_run_it")

IMAGES = ("image_size", "channels", "stem", "norm", "view_style")
TRAINING = sorted(
    set(RunKeywords.__annotations__)
    & set(nearfar.api._recipe.training_options({}).__dataclass_fields__)
)
OBJECTS = ("modality", "setting", "encoder", "out", "views", "progress", "method", "data")
TABLES = ("method_options", "view_options", "options")
FINE = {  # values of the list below that an argument takes
    "data": {"x"},
    "out": {"x"},
}


@pytest.mark.parametrize("value", ["x", [1], -3.5, math.nan, {"a": 1}, object], ids=repr)
@pytest.mark.parametrize("name", [*OBJECTS, *TABLES, *TRAINING, *IMAGES])
def test_the_argument_is_named(
    name: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(value, str) and value in FINE.get(name, ()):
        pytest.skip("a value that it takes")
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {"data": "digits", "epochs": 1, name: value}
    with pytest.raises((TypeError, ValueError)) as caught:
        nearfar.pretrain(**given)
    text = str(caught.value)
    assert "\n" not in text
    if isinstance(value, dict) and name in TABLES:
        assert "'a' is not an option of" in text
    else:
        assert f"`{name}`" in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": SimCLR}, "`method` .* got the class SimCLR, whose second .* `projector`"),
        ({"method": int}, "`method` must be"),
        ({"method": lambda encoder: encoder}, "`method` must be"),
        ({"method": None}, "`method` must be"),
        ({"encoder": None}, "`encoder` must be"),
        ({"encoder": nn.Identity}, r"`encoder` Identity must return a matrix \(samples"),
        ({"encoder": nn.Linear}, r"`encoder` .*:Linear must be a class whose parameters have"),
        ({"encoder": lambda count: (nn.Identity(), 4)}, "`encoder` .* must be a function"),
        ({"encoder": lambda form: (nn.Flatten(), 4)}, "`width` must be 256, .* of Flatten, got 4"),
        ({"encoder": ConvNet(channels=1), "width": 9}, "`width` must be 256, .* of ConvNet, got 9"),
        ({"encoder": "resnet8x"}, "`encoder` must be .*package.module:name"),
        ({"encoder": ConvNet(channels=1), "width": "x"}, "`width` must be"),
        ({"encoder": ConvNet(channels=1), "width": -1}, "`width` must be"),
        ({"epochs": None}, "`epochs` must be"),
        ({"learning_rate": "x"}, "`learning_rate` must be"),
        ({"learning_rate": True}, "`learning_rate` must be"),
        ({"weight_decay": math.inf}, "`weight_decay` must be"),
        ({"compile": 2}, "`compile` must be True or False, got 2"),
        ({"method_options": {1: 2}}, "`method_options` must be"),
        ({"method_options": {"temperature": "hot"}}, "`temperature` must be a number, got 'hot'"),
        ({"view_options": {"crop_scale": 0.5}}, "`crop_scale` must be a tuple of length 2"),
        ({"view_options": {"crop_scale": ("a", "b")}}, "`crop_scale` must be"),
        ({"view_options": {"hue": None}}, "`hue` must be a number, got None"),
        ({"options": {"epochs": 1}}, "`epochs` must be given once"),
        ({"options": {"epoch": 1}}, "did you mean 'epochs'"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_the_error_says_what_was_expected(given: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        nearfar.pretrain(**{"data": "digits", "epochs": 1, **given})


@pytest.mark.parametrize(
    "data", [None, 5, object(), {"a": 1}, [1, "x"]], ids=lambda value: type(value).__name__
)
def test_data_of_no_kind_are_refused(data: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        nearfar.pretrain("simclr", data)
    assert "\n" not in str(caught.value)


def test_views_by_name_are_for_images() -> None:
    with pytest.raises(ValueError, match="`views` of vectors must be views"):
        nearfar.pretrain("simclr", np.zeros((20, 4), np.float32), views="natural")


def test_options_are_keyword_arguments(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (24, 8, 8), dtype=np.uint8)
    run = nearfar.pretrain(
        "simclr", images, epochs=1, options={"image_size": 16}, out=tmp_path / "run"
    )
    assert run.description.form.image_size == 16
