"""State dictionaries as each library writes them become the same weights, to the last bit."""

from __future__ import annotations

import copy
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

import nearfar
from nearfar.api import LoadedEncoder
from tests.slow import mostly_slow

State = dict[str, Any]
IMAGES = torch.linspace(-2, 2, 2 * 3 * 64 * 64).view(2, 3, 64, 64).sin()


def resnet(name: str = "resnet18", seed: int = 0) -> nn.Module:
    """torchvision's ResNet with statistics that are not those of a new one."""
    torch.manual_seed(seed)
    module: nn.Module = getattr(torchvision.models, name)()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(std=0.1)
            part.running_var.uniform_(0.5, 2)
    return module.eval()


def features(module: nn.Module, images: Tensor = IMAGES) -> Tensor:
    """What a torchvision model computes before its classifier."""
    with torch.no_grad():
        found: Tensor = headless(module)(images)
    return found


def under(prefix: str, module: nn.Module) -> State:
    return {prefix + name: value for name, value in module.state_dict().items()}


def numbered(module: nn.Module) -> nn.Module:
    return nn.Sequential(*list(module.children())[:-1])


def headless(module: nn.Module) -> nn.Module:
    without = copy.deepcopy(module)
    without.fc = nn.Identity()
    return without


def with_projector(module: nn.Module) -> nn.Module:
    projecting = copy.deepcopy(module)
    projecting.fc = nn.Sequential(nn.Linear(512, 512, bias=False), nn.BatchNorm1d(512))
    return projecting


HEAD = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
SCHEMES: dict[str, Callable[[nn.Module, nn.Module], Any]] = {
    "torchvision": lambda r, _: r.state_dict(),
    "data parallel": lambda r, _: under("module.", r),
    "compiled": lambda r, _: {"model": under("_orig_mod.", r)},
    "compiled and parallel": lambda r, _: {"model": under("module._orig_mod.", r), "epoch": 3},
    "torchvision's references": lambda r, _: {
        "model": r.state_dict(),
        "optimizer": torch.optim.SGD(r.parameters(), lr=0.1).state_dict(),
        "args": Namespace(arch="resnet18"),
    },
    "MoCo": lambda r, other: {
        "arch": "resnet18",
        "state_dict": under("module.encoder_q.", with_projector(r))
        | under("module.encoder_k.", with_projector(other))
        | {"module.queue": torch.zeros(4, 2), "module.queue_ptr": torch.zeros(1)},
    },
    "MoCo v3": lambda r, other: {
        "state_dict": under("module.base_encoder.", with_projector(r))
        | under("module.momentum_encoder.", with_projector(other))
        | under("module.predictor.", HEAD)
    },
    "SimSiam": lambda r, _: {
        "state_dict": under("module.encoder.", with_projector(r)) | under("module.predictor.", HEAD)
    },
    "SwAV": lambda r, _: {
        "state_dict": under("module.", headless(r))
        | under("module.projection_head.", HEAD)
        | {"module.prototypes.weight": torch.zeros(3, 2)}
    },
    "VICReg": lambda r, _: {
        "model": under("module.backbone.", headless(r)) | under("module.projector.", HEAD)
    },
    "Barlow Twins": lambda r, _: {
        "model": under("module.backbone.", headless(r))
        | under("module.projector.", HEAD)
        | under("module.bn.", nn.BatchNorm1d(2, affine=False))
    },
    "DINO": lambda r, other: {
        "student": under("module.backbone.", headless(other)) | under("module.head.mlp.", HEAD),
        "teacher": under("backbone.", headless(r)) | under("head.mlp.", HEAD),
        "args": Namespace(arch="resnet18", momentum=0.9),
        "dino_loss": {"center": torch.zeros(1, 2)},
    },
    "byol-pytorch": lambda r, other: (
        under("online_encoder.net.", r)
        | under("online_encoder.projector.", HEAD)
        | under("target_encoder.net.", other)
    ),
    "BYOL of online networks": lambda r, other: {
        "online_network_state_dict": under("encoder.", numbered(r)),
        "target_network_state_dict": under("encoder.", numbered(other)),
    },
    "lightly's SimCLR": lambda r, _: lightning(
        under("backbone.", numbered(r)) | under("projection_head.layers.", HEAD)
    ),
    "lightly's MoCo": lambda r, other: lightning(
        under("backbone_momentum.", numbered(other)) | under("backbone.", numbered(r))
    ),
    "lightly's DINO": lambda r, other: lightning(
        under("student_backbone.", numbered(other))
        | under("student_head.layers.", HEAD)
        | under("teacher_backbone.", numbered(r))
    ),
    "lightly-train": lambda r, other: lightning(
        under("student_embedding_model.wrapped_model._features.", headless(other))
        | under("teacher_embedding_model.wrapped_model._features.", headless(r))
        | under("student_projection_head.", HEAD)
    ),
    "solo-learn": lambda r, other: lightning(
        under("backbone.", headless(r))
        | under("classifier.", nn.Linear(2, 2))
        | under("momentum_backbone.", headless(other))
        | under("projector.", HEAD)
    ),
    "solo-learn, older": lambda r, _: lightning(
        under("encoder.", headless(r)) | under("projector.", HEAD)
    ),
    "stable-pretraining": lambda r, other: lightning(
        under("backbone.student.", headless(other))
        | under("backbone.teacher.", headless(r))
        | under("projector.student.", HEAD)
    ),
    "timm's training": lambda r, other: {
        "arch": "resnet18",
        "state_dict": other.state_dict(),
        "state_dict_ema": r.state_dict(),
    },
    "MMPreTrain": lambda r, _: {"meta": {}, "state_dict": under("backbone.", headless(r))},
    "a module that was saved whole": lambda r, _: r,
}

TWO = {
    *("MoCo", "MoCo v3", "DINO", "byol-pytorch", "BYOL of online networks", "lightly's MoCo"),
    *("lightly's DINO", "lightly-train", "solo-learn", "stable-pretraining", "timm's training"),
}
"""Schemes of files with two encoders."""


def lightning(state: State) -> State:
    """A checkpoint of Lightning, with hyper-parameters that it pickles as they are."""
    return {
        "epoch": 1,
        "state_dict": state,
        "optimizer_states": [{"state": {0: {"momentum_buffer": torch.zeros(2)}}}],
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_path": Path("/x")}},
        "hparams_name": "kwargs",
        "hyper_parameters": {"backbone": resnet(seed=9), "cfg": SimpleNamespace(lr=0.3)},
    }


def loaded(state: Any, folder: Path, **asked: Any) -> LoadedEncoder:
    file = folder / "checkpoint.ckpt"
    torch.save(state, file)
    return nearfar.load_weights(file, **asked)


def same(found: LoadedEncoder, module: nn.Module) -> None:
    """The weights are those of the module, and so is what it computes."""
    assert found.weights.encoder == "resnet18"
    state = module.state_dict()
    held = found.encoder.state_dict()
    assert sum(torch.equal(held[name], state[name]) for name in held) == len(held) == 120
    with torch.no_grad():
        assert torch.equal(found.encoder(IMAGES), features(module))


@pytest.mark.parametrize("scheme", mostly_slow(SCHEMES, slow=["DINO", "solo-learn"]))
def test_each_spelling(scheme: str, tmp_path: Path) -> None:
    wanted, other = resnet(seed=1), resnet(seed=2)
    found = loaded(SCHEMES[scheme](wanted, other), tmp_path)
    same(found, wanted)
    total = found.loaded.used + len(found.loaded.dropped) + sum(found.loaded.apart.values())
    assert total == len(found.weights.file.shapes)
    several = [note for note in found.notes if " encoders: " in note]
    assert len(several) == (scheme in TWO)


def test_a_choice_is_said_and_can_be_made(tmp_path: Path) -> None:
    teacher, student = resnet(seed=1), resnet(seed=2)
    state = SCHEMES["DINO"](teacher, student)
    found = loaded(state, tmp_path)
    same(found, teacher)
    assert any("weights key student.module.backbone chooses" in note for note in found.notes)
    same(nearfar.load_weights(found.weights.what, weights_key="student"), student)
    with pytest.raises(ValueError, match=r"`weights_key` must be teacher\.backbone or student"):
        nearfar.load_weights(found.weights.what, weights_key="momentum")


@pytest.mark.slow
def test_keys_that_do_not_fit_are_named(tmp_path: Path) -> None:
    state = resnet().state_dict()
    lacking = {name: value for name, value in state.items() if name != "layer3.0.bn1.bias"}
    with pytest.raises(ValueError, match=r"checkpoint\.ckpt has no weights for layer3\.0\.bn1\.bi"):
        loaded(lacking, tmp_path)
    with pytest.raises(ValueError, match=r"ckpt also has layer3\.0\.attention\.weight"):
        loaded(state | {"layer3.0.attention.weight": torch.zeros(2)}, tmp_path)
    wider = state | {"layer3.0.bn1.bias": torch.zeros(300)}
    with pytest.raises(ValueError, match=r"has layer3\.0\.bn1\.bias \(300,\) instead of \(256,\)"):
        loaded(wider, tmp_path)
    with pytest.raises(ValueError, match="`encoder` must be given for the weights in"):
        loaded(HEAD.state_dict(), tmp_path)
    with pytest.raises(ValueError, match="`weights` must be those of resnet34"):
        loaded(state, tmp_path, encoder="resnet34")


@pytest.mark.slow
def test_other_channels_and_stems(tmp_path: Path) -> None:
    module = resnet()
    gray = loaded(module.state_dict(), tmp_path, channels=1)
    assert any("summed over its 3 channels" in note for note in gray.notes)
    one = IMAGES[:, :1]
    with torch.no_grad():
        expected = features(module, one.expand(-1, 3, -1, -1))
        assert torch.allclose(gray.encoder(one), expected, atol=1e-5)
    many = loaded(module.state_dict(), tmp_path, channels=5)
    assert many.encoder.conv1.weight.shape[1] == 5
    small = timm.create_model("resnet18", num_classes=0)
    small.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    small.maxpool = nn.Identity()
    found = loaded(small.state_dict(), tmp_path)
    assert found.description.stem == "small"
    with torch.no_grad():
        assert torch.equal(found.encoder(IMAGES), small.eval()(IMAGES))
    with pytest.raises(ValueError, match="`stem` must be 'small', that of the weights"):
        found.weights.options({"stem": "standard"})
