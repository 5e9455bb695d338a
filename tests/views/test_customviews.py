"""A user's own transform: pure, checked, and without a trace in the global generators."""

from __future__ import annotations

import random
import warnings

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from nearfar.inputs import Images
from nearfar.views import CustomViews
from nearfar.views._customviews import _seeded

PIPELINE = v2.Compose(
    [
        v2.RandomResizedCrop(8),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
        v2.ToDtype(torch.float32, scale=True),
    ]
)


def images_of(count: int, side: int = 12) -> Tensor:
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8)


def test_torchvision_views_are_the_same_in_any_batch_and_order() -> None:
    images, samples = images_of(9), torch.randperm(100)[:9]
    views = CustomViews(PIPELINE, size=8)
    whole = views(images, samples, seed=0, epoch=0)
    order = torch.randperm(9)
    shuffled = views(images[order], samples[order], seed=0, epoch=0)
    for view in range(2):
        assert torch.equal(shuffled[view], whole[view][order])
        assert whole[view].is_contiguous(memory_format=torch.channels_last)
    assert not torch.equal(whole[0], whole[1])
    assert not torch.equal(views(images, samples, seed=0, epoch=1)[0], whole[0])


def test_pythons_generator_is_put_back_too() -> None:
    ours = random.getstate()
    with _seeded(5, torch.device("cpu")):
        inside = random.random()
    after = random.getstate()
    assert after == ours
    assert inside == random.Random(5).random()


def test_global_generator_goes_on_as_if_nothing_had_happened() -> None:
    def noisy(image: Tensor) -> Tensor:
        return image[:, :8, :8] * torch.rand(1) * random.random()

    images, views = images_of(2), CustomViews(noisy, size=8)
    before = torch.random.get_rng_state()
    first = views(images, torch.arange(2), seed=0, epoch=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(first[0], first[1])


def test_the_generator_is_put_back_when_a_transform_fails() -> None:
    def broken(image: Tensor) -> Tensor:
        raise RuntimeError("this transform is broken")

    images = images_of(1)
    before = torch.random.get_rng_state()
    with pytest.raises(RuntimeError, match=r"^this transform is broken$"):
        CustomViews(broken, size=8)(images, torch.arange(1), seed=0, epoch=0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_kornia_works_as_a_batched_transform() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        augmentation = pytest.importorskip("kornia.augmentation")
        crop = augmentation.AugmentationSequential(
            augmentation.RandomResizedCrop((8, 8)),
            augmentation.RandomHorizontalFlip(),
            same_on_batch=False,
        )
        views = CustomViews(lambda images: crop(images / 255), size=8, batched=True)
        images = images_of(5)
        first = views(images, torch.arange(5), seed=0, epoch=0)
        again = views(images, torch.arange(5), seed=0, epoch=0)
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], first[1])


def test_each_view_may_have_its_own_transform() -> None:
    views = CustomViews(
        (lambda image: image[:, :4, :4] / 255, lambda image: image[:, -4:, -4:] / 255), size=4
    )
    images = images_of(3)
    first, second = views(images, torch.arange(3), seed=0, epoch=0)
    assert torch.equal(first, images[:, :, :4, :4] / 255)
    assert torch.equal(second, images[:, :, -4:, -4:] / 255)


def test_padding_of_mixed_sizes_is_cut_off_first() -> None:
    seen = []

    def note(image: Tensor) -> Tensor:
        seen.append(tuple(image.shape))
        return torch.zeros(3, 4, 4)

    sizes = torch.tensor([[5, 12], [12, 7]])
    padded = Images(images_of(2), sizes)
    CustomViews(note, size=4, num_views=1)(padded, torch.arange(2), seed=0, epoch=0)
    assert seen == [(3, 5, 12), (3, 12, 7)]


def test_mixed_sizes_are_refused_for_a_batched_transform() -> None:
    views = CustomViews(lambda images: images / 255, size=4, batched=True)
    sizes = torch.tensor([[5, 12], [12, 7]])
    with pytest.raises(ValueError, match="`sizes` must be equal for a batched transform"):
        views(Images(images_of(2), sizes), torch.arange(2), seed=0, epoch=0)


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (lambda image: image, "`transform` must return a floating-point tensor, got torch.uint8"),
        (
            lambda image: image.numpy(),
            "must return a floating-point tensor, got ndarray",
        ),
        (
            lambda image: image / 255,
            r"must return shape \(3, 8, 8\), got \(3, 12, 12\)",
        ),
    ],
)
def test_what_is_no_view_is_refused(transform: object, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        CustomViews(transform, size=8)(images_of(1), torch.arange(1), seed=0, epoch=0)


def test_wrong_number_of_transforms_is_refused() -> None:
    with pytest.raises(ValueError, match="`transform` must be one callable or 2"):
        CustomViews((PIPELINE,), size=8)


def test_no_samples_give_empty_views() -> None:
    views = CustomViews(PIPELINE, size=8)
    made = views(images_of(0), torch.arange(0), seed=0, epoch=0)
    assert [view.shape for view in made] == [(0, 3, 8, 8)] * 2


def test_plain_view_is_that_of_image_views() -> None:
    plain = CustomViews(PIPELINE, size=8, mean=(0.0,), std=(1.0,)).plain(images_of(2, side=8))
    assert plain.shape == (2, 3, 8, 8)
    assert bool(((plain >= 0) & (plain <= 1)).all())
