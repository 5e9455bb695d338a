"""Views as other training loops call them: lists of any sizes, no indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.every import every

from nearfar.inputs import Images, Nodes, Sequences
from nearfar.views import (
    CustomViews,
    GraphViews,
    ImageViews,
    PatchViews,
    SequenceViews,
    VectorViews,
)

SIZES = ((9, 12), (20, 7), (16, 16))


def pictures(channels: int = 3) -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.integers(0, 256, (*size, channels), dtype=np.uint8) for size in SIZES]


def as_tensors(arrays: list[np.ndarray]) -> list[torch.Tensor]:
    return [torch.from_numpy(array).permute(2, 0, 1) for array in arrays]


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_arrays_and_tensors_of_any_size_give_the_same_views(channels: int) -> None:
    arrays = pictures(channels)
    tensors = as_tensors(arrays)
    views = ImageViews(size=8, channels=channels)
    draw = {"seed": 3, "epoch": 1}
    expected = views(Images.of(tensors), torch.arange(3), **draw)
    flat = [a[..., 0] if channels == 1 else a for a in arrays]
    for given in ([Image.fromarray(a) for a in flat], flat, tensors, tuple(tensors)):
        for got, wanted in zip(views(given, torch.arange(3), **draw), expected, strict=True):
            assert torch.equal(got, wanted)
        assert torch.equal(views.plain(given), views.plain(Images.of(tensors)))


def test_a_picture_is_shown_upright_and_in_the_channels_of_the_views() -> None:
    array = pictures()[0]
    turned = Image.fromarray(np.rot90(array, axes=(0, 1)).copy())
    exif = turned.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    turned.info["exif"] = exif.tobytes()
    views = ImageViews(size=8)
    assert torch.equal(views.plain([turned]), views.plain([array]))
    gray = ImageViews(size=8, channels=1).plain([Image.fromarray(array)])
    assert torch.equal(
        gray, ImageViews(size=8, channels=1).plain([Image.fromarray(array).convert("L")])
    )


ALL: dict[str, tuple[Any, Any]] = {
    "images": (ImageViews(size=8), pictures()),
    "patches": (PatchViews(size=16, patch=8, stride=4), as_tensors(pictures())),
    "custom": (CustomViews(lambda x: torch.rand(3, 8, 8), size=8), pictures()),
    "sequences": (SequenceViews(length=8), [torch.randn(1, n) for n in (20, 31, 12)]),
    "vectors": (
        VectorViews(mean=[0.0] * 4, std=[1.0] * 4, noise=0.5, fill="mean"),
        torch.randn(3, 4),
    ),
    "graphs": (
        GraphViews(feature_mask=(0.5,)),
        Nodes(torch.rand(3, 9), torch.tensor([[0, 1], [1, 2]]), torch.arange(3)),
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_a_plain_call_draws_anew_from_the_global_generator(name: str) -> None:
    views, inputs = ALL[name]

    def numbers() -> list[torch.Tensor]:
        return [v.features if isinstance(v, Nodes) else v for v in views(inputs)]

    torch.manual_seed(5)
    first, second = numbers(), numbers()
    torch.manual_seed(5)
    again = numbers()
    assert every(map(torch.equal, first, again))
    assert not all(map(torch.equal, first, second))


def test_a_plain_call_is_a_call_with_indices_and_a_drawn_seed() -> None:
    views, inputs = ImageViews(size=8), as_tensors(pictures())
    torch.manual_seed(5)
    seed = int(torch.randint(2**31, ()))
    torch.manual_seed(5)
    for got, wanted in zip(
        views(inputs), views(inputs, torch.arange(3), seed=seed, epoch=0), strict=True
    ):
        assert torch.equal(got, wanted)


@pytest.mark.parametrize("given", [{"seed": 0}, {"seed": 0, "epoch": 1}, {"epoch": 1}])
def test_indices_seed_and_epoch_come_together(given: Any) -> None:
    with pytest.raises(ValueError, match="`samples`, `seed` and `epoch` must be given together"):
        ImageViews(size=8)(pictures(), **given)
    with pytest.raises(ValueError, match="got `samples` only"):
        ImageViews(size=8)(pictures(), torch.arange(3))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "at least one picture, got an empty list"),
        (["a.png"], r"`images\[0\]` must be a PIL picture, an array or a tensor, got str"),
        ("photos", "a list of pictures, arrays or tensors, got str"),
        ([np.zeros((4, 4), np.uint8)], "height × width × channels with 3 channels"),
        ([torch.zeros(4, 4, 3)], "channels × height × width with 3 channels"),
        ([Image.new("F", (4, 4))], "PIL picture of mode F"),
        ([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.float32)], "float32 and uint8"),
    ],
)
def test_what_is_no_list_of_pictures_is_refused(given: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        ImageViews(size=8)(given)


def test_clips_of_any_length_give_the_views_of_the_padded_batch() -> None:
    clips = [torch.randn(1, n) for n in (20, 31, 12)]
    views = SequenceViews(length=8)
    expected = views(Sequences.of(clips), torch.arange(3), seed=0, epoch=0)
    for given in (clips, [clip[0] for clip in clips], [clip.numpy() for clip in clips]):
        got = views(given, torch.arange(3), seed=0, epoch=0)
        assert every(map(torch.equal, got, expected))
    with pytest.raises(ValueError, match=r"`sequences\[1\]` must be channels × time"):
        views([torch.randn(1, 9), torch.randn(2, 9)])
    with pytest.raises(TypeError, match=r"`sequences\[0\]` must be an array or a tensor"):
        views([[0.0, 1.0]])
    with pytest.raises(ValueError, match="at least one element"):
        views([])
