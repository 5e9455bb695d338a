"""Vision transformers in three spellings, and folders with a configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import nearfar
from nearfar.weights import architecture_of, candidates
from nearfar.weights._matched import matched
from nearfar.weights._weight_files import open_weights

IMAGES = torch.linspace(-2, 2, 2 * 3 * 64 * 64).view(2, 3, 64, 64).sin()


def moved(module: nn.Module) -> nn.Module:
    """The module with parameters none of which is as initialised."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    return module.eval()


def small_timm(**options: Any) -> nn.Module:
    kind = timm.models.vision_transformer.VisionTransformer
    sizes = {"img_size": 64, "patch_size": 16, "embed_dim": 64, "depth": 2, "num_heads": 2}
    return kind(**(sizes | options), num_classes=0).eval()


def into(module: nn.Module, state: dict[str, Tensor], folder: Path) -> nn.Module:
    """The module with weights from a file."""
    torch.save({"state_dict": {f"model.{k}": v for k, v in state.items()}}, folder / "w.pth")
    file = open_weights(folder / "w.pth")
    (found,) = candidates(file.shapes)
    result = matched(file, found, module, name="small")
    module.load_state_dict(dict(result.state))
    return module


@torch.no_grad()
def test_torchvision_names(tmp_path: Path) -> None:
    theirs = moved(
        torchvision.models.VisionTransformer(
            image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=64, mlp_dim=256
        )
    )
    ours = into(small_timm(), theirs.state_dict(), tmp_path)
    theirs.heads = nn.Identity()
    assert torch.allclose(ours(IMAGES), theirs(IMAGES), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", ["ViT", "Dinov2"])
def test_transformers_names(name: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"image_size": 64, "patch_size": 16, "hidden_size": 64, "num_hidden_layers": 2}
    configuration = getattr(transformers, f"{name}Config")(
        **sizes,
        num_attention_heads=2,
        intermediate_size=256,
        layer_norm_eps=1e-6,
    )
    theirs = moved(getattr(transformers, f"{name}Model")(configuration))
    scaled = {"init_values": 1.0} if name == "Dinov2" else {}
    expected = theirs(IMAGES).last_hidden_state[:, 0]
    theirs.save_pretrained(tmp_path / "folder")  # with other names than the module has
    saved = load_file(tmp_path / "folder" / "model.safetensors")
    for state in (theirs.state_dict(), saved):
        ours = into(small_timm(**scaled), state, tmp_path)
        assert torch.allclose(ours(IMAGES), expected, atol=1e-5)


@torch.no_grad()
def test_another_size_of_images(tmp_path: Path) -> None:
    theirs = moved(small_timm())
    ours = into(small_timm(img_size=96), theirs.state_dict(), tmp_path)
    assert ours.pos_embed.shape == (1, 37, 64)
    assert torch.equal(ours.pos_embed[:, 0], theirs.pos_embed[:, 0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnet34", {}),
        ("resnet50", {}),
        ("resnet50", {"in_chans": 1}),
        ("resnext50_32x4d", {}),
        ("vit_tiny_patch16_224", {"img_size": 96}),
        ("vit_small_patch16_224", {}),
        ("vit_small_patch8_224", {}),
        ("vit_small_patch14_dinov2", {}),
        ("vit_small_patch14_reg4_dinov2", {}),
    ],
)
def test_architectures_are_found_by_shapes(name: str, options: dict[str, int]) -> None:
    module = timm.create_model(name, num_classes=0, **options)
    found = architecture_of({key: tuple(v.shape) for key, v in module.state_dict().items()})
    assert found is not None
    assert (found.name, found.channels) == (name, options.get("in_chans", 3))
    assert found.image_size in (None, options.get("img_size", module.default_cfg["input_size"][1]))


@pytest.mark.slow
def test_a_folder_of_timm(tmp_path: Path) -> None:
    module = timm.create_model("resnet18", num_classes=0).eval()
    save_file(module.state_dict(), tmp_path / "model.safetensors")
    prepared = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "input_size": [3, 96, 96]}
    text = json.dumps({"architecture": "resnet18", "pretrained_cfg": prepared})
    (tmp_path / "config.json").write_text(text)
    found = nearfar.load_weights(tmp_path)
    form = found.description.form
    assert (form.mean, form.std, form.image_size) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6), 96)
    assert any("config.json says: mean 0.1" in note for note in found.notes)
    asked = nearfar.load_weights(tmp_path, preprocess="half", image_size=64)
    assert (asked.description.form.mean, asked.description.form.image_size) == ((0.5,), 64)
    with pytest.raises(ValueError, match="`preprocess`"):
        nearfar.load_weights(tmp_path, preprocess="imagnet")


@pytest.mark.slow
@torch.no_grad()
def test_a_folder_of_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"image_size": 64, "hidden_size": 192, "num_attention_heads": 3}
    theirs = moved(transformers.ViTModel(transformers.ViTConfig(**sizes, intermediate_size=768)))
    theirs.save_pretrained(tmp_path)
    text = json.dumps({"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 64}})
    (tmp_path / "preprocessor_config.json").write_text(text)
    found = nearfar.load_weights(tmp_path)
    assert found.weights.encoder == "vit_tiny_patch16_224"
    assert found.description.form.image_size == 64
    expected = theirs(IMAGES).last_hidden_state[:, 0]
    assert torch.allclose(found.encoder(IMAGES), expected, atol=1e-5)
