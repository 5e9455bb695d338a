"""Feature maps of encoders, and the norms encoders are built with."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

import nearfar
from nearfar.modules import (
    ConvNet,
    MapEncoder,
    build_encoder,
    feature_maps,
    map_channels,
)
from tests.every import every

TIMM = ["resnet18", "convnext_atto", "vit_tiny_patch16_224", "mobilenetv3_small_050"]


def images(count: int = 2, side: int = 32) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_the_convnet_gives_a_map_of_each_stage_finest_first(norm: str) -> None:
    encoder = ConvNet(width=4, norm=norm)
    assert isinstance(encoder, MapEncoder)
    representations, maps = feature_maps(encoder.eval(), images())
    assert torch.equal(representations, encoder(images()))
    assert [tuple(m.shape[1:]) for m in maps] == [(4, 16, 16), (8, 8, 8), (16, 4, 4), (32, 4, 4)]
    assert map_channels(encoder) == (4, 8, 16, 32)
    torch.testing.assert_close(maps[-1].mean(dim=(2, 3)), representations)


def test_maps_in_training_mode_move_the_statistics_once() -> None:
    encoder = ConvNet(width=4)
    feature_maps(encoder, images())
    assert {int(m.num_batches_tracked) for m in encoder.modules() if isinstance(m, _BatchNorm)} == {
        1
    }


@pytest.mark.parametrize("name", TIMM)
def test_models_of_timm_give_what_calling_them_gives_and_their_maps(name: str) -> None:
    encoder, description = build_encoder(name, channels=3, image_size=32)
    representations, maps = feature_maps(encoder.eval(), images())
    torch.testing.assert_close(representations, encoder(images()))
    assert representations.shape == (2, description.width)
    assert tuple(m.shape[1] for m in maps) == map_channels(encoder)
    sides = [m.shape[2] for m in maps]
    assert sides == sorted(sides, reverse=True)
    assert every(m.ndim == 4 and m.shape[2] == m.shape[3] for m in maps)


def test_every_map_carries_a_gradient() -> None:
    encoder, _ = build_encoder("resnet18", channels=3, image_size=32)
    _, maps = feature_maps(encoder, images())
    sum(m.square().mean() for m in maps).backward()
    assert encoder.conv1.weight.grad is not None
    assert encoder.layer4[0].bn2.weight.grad.abs().sum() > 0


def test_an_encoder_without_maps_is_refused() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 4))
    message = "`encoder` must have feature maps, as .* do, got Sequential"
    with pytest.raises(TypeError, match=message):
        feature_maps(flat, images())
    with pytest.raises(TypeError, match=message):
        map_channels(flat)


@pytest.mark.parametrize("name", ["convnet", "resnet18", "densenet121"])
def test_with_layer_norm_no_image_knows_its_batch(name: str) -> None:
    encoder, description = build_encoder(name, channels=3, image_size=32, norm="layer")
    assert description.norm == "layer"
    assert every(not isinstance(module, _BatchNorm) for module in encoder.modules())
    many, norms = images(6), [m for m in encoder.modules() if isinstance(m, nn.GroupNorm)]
    assert norms
    assert every(norm.num_groups == 1 for norm in norms)
    encoder.train()
    torch.testing.assert_close(encoder(many)[:2], encoder(many[:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "convnext_atto"])
def test_a_model_without_batch_norms_keeps_its_own(name: str) -> None:
    plain, _ = build_encoder(name, channels=3, image_size=32)
    encoder, description = build_encoder(name, channels=3, image_size=32, norm="layer")
    assert description.norm == "layer"
    assert list(encoder.state_dict()) == list(plain.state_dict())
    assert repr(encoder) == repr(plain)


@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "levit_128s"])
def test_batch_norms_that_cannot_be_replaced_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"`norm` must be 'batch' for {name}, whose"):
        build_encoder(name, channels=3, image_size=32, norm="layer")


@pytest.mark.usefixtures("as_users_run_it")
def test_a_norm_of_no_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="`norm` must be one of batch, layer, got 'group'"):
        build_encoder("convnet", channels=3, image_size=32, norm="group")
    with pytest.raises(ValueError, match="`norm` must be one of batch, layer, got 'instance'"):
        ConvNet(norm="instance")


@pytest.mark.parametrize("name", ["convnet", "resnet18"])
def test_what_a_description_says_builds_the_encoder(name: str) -> None:
    encoder, description = build_encoder(name, channels=3, image_size=32, norm="layer")
    scope: dict[str, object] = {}
    head, _, last = description.how.rpartition("\n")
    if name == "convnet":
        exec(f"import nearfar.modules\nmodel = {last}", scope)
    else:
        exec(f"import timm\nfrom torch import nn\n{head}\n{last}", scope)
    model = scope["model"]
    assert isinstance(model, nn.Module)
    model.load_state_dict(encoder.state_dict(), strict=True)
    torch.testing.assert_close(model.eval()(images()), encoder.eval()(images()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["convnet", "resnet18"])
def test_a_run_remembers_its_norm(tmp_path, name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
    options = {"epochs": 1, "batch_size": 8, "precision": "32", "out": tmp_path / "run"}
    run = nearfar.pretrain("simclr", pixels, encoder=name, norm="layer", **options)
    assert json.loads((run.path / "encoder.json").read_text())["norm"] == "layer"
    again = nearfar.load(run.path)
    assert every(not isinstance(module, _BatchNorm) for module in again.encoder.modules())
    np.testing.assert_allclose(again.embed(pixels), run.embed(pixels), atol=1e-6)


def test_only_patches_choose_layer_norm_by_themselves(tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), dtype=np.uint8)
    options = {"epochs": 1, "batch_size": 8, "precision": "32"}
    found = {
        (method, norm): nearfar.pretrain(
            method, pixels, norm=norm, out=tmp_path / f"{method}-{norm}", **options
        ).description.norm
        for method, norm in (("simclr", None), ("cpc_v2", None), ("cpc_v2", "batch"))
    }
    assert list(found.values()) == ["batch", "layer", "batch"]
