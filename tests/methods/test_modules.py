"""Encoders, heads, queue, momentum copy."""

from __future__ import annotations

import pytest
import torch

from nearfar.modules import (
    ConvNet,
    KeyQueue,
    MomentumCopy,
    PerceptronHead,
    build_encoder,
    frozen_call,
)


@pytest.mark.parametrize("channels", [1, 3, 32])
@pytest.mark.parametrize("side", [8, 16, 28, 33, 64])
def test_convnet_takes_any_small_image(channels, side):
    out = ConvNet(channels=channels).eval()(torch.zeros(2, channels, side, side))
    assert out.shape == (2, 256)


def test_convnet_has_the_size_it_says():
    assert sum(p.numel() for p in ConvNet(channels=3).parameters()) == pytest.approx(
        0.36e6, rel=0.02
    )


def test_small_stem_is_chosen_for_small_images_and_said():
    encoder, description = build_encoder("resnet18", channels=3, image_size=32)
    assert description.stem == "small"
    assert encoder.conv1.kernel_size == (3, 3)
    assert encoder(torch.zeros(2, 3, 32, 32)).shape == (2, description.width)
    _, large = build_encoder("resnet18", channels=3, image_size=224)
    assert large.stem == "standard"


def test_the_description_builds_a_module_that_takes_the_weights_strictly():
    encoder, description = build_encoder("resnet18", channels=1, image_size=28)
    scope: dict[str, object] = {}
    exec("import timm\nfrom torch import nn\n" + description.how, scope)
    scope["model"].load_state_dict(encoder.state_dict(), strict=True)
    images = torch.rand(2, 1, 28, 28)
    assert torch.equal(scope["model"].eval()(images), encoder.eval()(images))


def test_a_transformer_is_built_for_the_image_size():
    encoder, description = build_encoder("vit_tiny_patch16_224", channels=3, image_size=32)
    assert encoder(torch.zeros(2, 3, 32, 32)).shape == (2, description.width)


def test_an_unknown_encoder_names_the_nearest():
    with pytest.raises(ValueError, match=r"`encoder` must be .* got 'resnet_18' .*'resnet18'"):
        build_encoder("resnet_18", channels=3, image_size=32)
    with pytest.raises(
        ValueError,
        match="`stem` must be 'standard' or 'auto' for vit_tiny_patch16_224, got 'small'",
    ):
        build_encoder("vit_tiny_patch16_224", channels=3, image_size=32, stem="small")
    with pytest.raises(
        ValueError, match="`stem` must be 'standard' or 'auto' for convnet, got 'small'"
    ):
        build_encoder("convnet", channels=3, image_size=32, stem="small")


def test_a_one_layer_head_is_linear():
    head = PerceptronHead(4, hidden=9, outputs=2, layers=1)
    x = torch.randn(5, 4)
    assert torch.allclose(head(2 * x) - head(x), head(x) - head(0 * x), atol=1e-6)


def test_a_momentum_copy_takes_no_gradient_and_starts_equal():
    source = torch.nn.Linear(3, 2)
    target = MomentumCopy(source)
    x = torch.randn(4, 3, requires_grad=True)
    assert torch.equal(target(x), source(x))
    assert not target(x).requires_grad
    with pytest.raises(ValueError, match="`decay` must lie between 0 and 1"):
        target.follow(source, decay=1.5)


def test_a_queue_survives_saving_and_wraps_round():
    queue = KeyQueue(size=6, dim=3)
    for value in range(4):
        queue.push(torch.full((2, 3), value + 1.0))
    assert int(queue.position) == 2
    other = KeyQueue(size=6, dim=3)
    other.load_state_dict(queue.state_dict())
    assert torch.equal(other.keys, queue.keys)
    with pytest.raises(ValueError, match=r"`keys` must have 3 columns .* got shape \(2, 4\)"):
        queue.push(torch.zeros(2, 4))


def test_held_is_the_deprecated_name_of_frozen_call():
    with pytest.warns(DeprecationWarning, match=r"use nearfar\.modules\.frozen_call"):
        from nearfar.modules import held
    assert held is frozen_call
    with pytest.raises(ImportError, match="cannot import name 'hold'"):
        from nearfar.modules import hold  # noqa: F401
