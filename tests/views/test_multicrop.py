"""Small crops come after the large views, with draws of their own; mirroring may be shared."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from tests.every import every
from torch import Tensor

from nearfar.inputs import Images
from nearfar.views import ImageViews, ViewParameters, WithIndex

SAMPLES = torch.arange(100)
SIZES = torch.full((100, 2), 40)


def photos(count: int, height: int = 24, width: int = 30, channels: int = 3) -> Tensor:
    return torch.randint(0, 256, (count, channels, height, width), dtype=torch.uint8)


def parameters(views: ImageViews, view: int) -> ViewParameters:
    return views.parameters(SAMPLES, SIZES, seed=3, epoch=1, view=view)


def test_small_views_come_last_and_are_counted() -> None:
    views = ImageViews(size=21, small_views=3)
    made = views(photos(4), torch.arange(4), seed=0, epoch=0)
    assert [tuple(view.shape) for view in made] == [(4, 3, 21, 21)] * 2 + [(4, 3, 9, 9)] * 3
    assert views.num_views == 5
    assert WithIndex(views).num_views == 6
    assert every(view.is_contiguous(memory_format=torch.channels_last) for view in made)


@pytest.mark.parametrize(("size", "small"), [(224, 96), (32, 14), (2, 1), (1, 1)])
def test_a_small_view_has_three_sevenths_of_the_side(size: int, small: int) -> None:
    assert ImageViews(size=size, small_views=1).small_size == small


def test_large_views_do_not_change_by_small_ones() -> None:
    images, samples = photos(6), torch.arange(6)
    alone = ImageViews(size=16)(images, samples, seed=1, epoch=2)
    beside = ImageViews(size=16, small_views=2)(images, samples, seed=1, epoch=2)
    for view in range(2):
        assert torch.equal(alone[view], beside[view])


def test_a_small_view_is_the_view_of_its_number_at_its_size_and_scale() -> None:
    images, samples = photos(6), torch.arange(6)
    small = ImageViews(size=16, small_views=2, small_size=8, small_scale=(0.1, 0.3))
    large = ImageViews(size=8, num_views=4, crop_scale=(0.1, 0.3))
    made = small(images, samples, seed=1, epoch=2)
    expected = large(images, samples, seed=1, epoch=2)
    for view in (2, 3):
        assert torch.equal(made[view], expected[view])
    assert not torch.equal(made[2], made[3])


def test_small_crops_have_the_share_of_the_area_asked_for() -> None:
    views = ImageViews(size=16, small_views=2, small_scale=(0.1, 0.2), crop_scale=(0.5, 1.0))
    for view, (least, most) in enumerate([(0.5, 1.0)] * 2 + [(0.1, 0.2)] * 2):
        boxes = parameters(views, view).boxes
        share = (boxes[:, 2] * boxes[:, 3]) / 40**2
        assert share.min() > least - 0.04
        assert share.max() < most + 0.04


def test_views_of_both_kinds_may_be_drawn_together() -> None:
    views = ImageViews(size=16, small_views=1, blur=(0.0, 1.0))
    which = torch.arange(100) % 3
    mixed = views.parameters(SAMPLES, SIZES, seed=3, epoch=1, view=which)
    for view in range(3):
        rows = which == view
        alone = parameters(views, view).rows(rows.nonzero()[:, 0])
        for field in fields(ViewParameters):
            assert torch.equal(getattr(mixed, field.name)[rows], getattr(alone, field.name))


def test_small_views_blur_and_solarize_as_the_last_large_one() -> None:
    views = ImageViews(size=16, small_views=2, blur=(0.0, 1.0), solarize=(1.0, 0.0))
    for view in (1, 2, 3):
        assert parameters(views, view).blur.all()
        assert not parameters(views, view).solarize.any()


def test_small_views_have_the_same_bits_in_any_batch() -> None:
    images, samples = photos(30), torch.randperm(500)[:30]
    views = ImageViews(size=16, small_views=2, rotation=10.0, shared_flip=True)
    whole = views(images, samples, seed=1, epoch=2)
    order = torch.randperm(30)
    shuffled = views(images[order], samples[order], seed=1, epoch=2)
    parts = [views(images[i : i + 7], samples[i : i + 7], seed=1, epoch=2) for i in (0, 7, 14, 21)]
    for view in range(4):
        assert torch.equal(shuffled[view], whole[view][order])
        assert torch.equal(torch.cat([part[view] for part in parts]), whole[view][:28])


def test_images_of_mixed_size_have_small_views_too() -> None:
    padded = Images(photos(3, 50, 60), torch.tensor([[50, 60], [20, 30], [7, 5]]))
    made = ImageViews(size=16, small_views=2)(padded, torch.arange(3), seed=0, epoch=0)
    assert [view.shape[2] for view in made] == [16, 16, 7, 7]
    assert every(view.isfinite().all() for view in made)


def test_no_images_make_no_small_views() -> None:
    made = ImageViews(size=16, small_views=2)(photos(0), torch.arange(0), seed=0, epoch=0)
    assert [tuple(view.shape) for view in made] == [(0, 3, 16, 16)] * 2 + [(0, 3, 7, 7)] * 2


def test_a_shared_flip_mirrors_all_views_of_a_sample_as_the_first() -> None:
    shared = ImageViews(size=16, small_views=1, shared_flip=True)
    own = ImageViews(size=16, small_views=1)
    first = parameters(shared, 0).flip
    assert 30 < int(first.sum()) < 70
    assert torch.equal(first, parameters(own, 0).flip)
    for view in (1, 2):
        drawn, free = parameters(shared, view), parameters(own, view)
        assert torch.equal(drawn.flip, first)
        assert not torch.equal(free.flip, first)
        for field in fields(ViewParameters):
            if field.name != "flip":
                assert torch.equal(getattr(drawn, field.name), getattr(free, field.name))


def test_settings_build_the_same_views_again() -> None:
    views = ImageViews(size=28, small_views=3, small_scale=(0.2, 0.3), shared_flip=True)
    again = ImageViews(**views.settings())
    assert repr(again) == repr(views)
    assert again.num_views == views.num_views == 5
    assert views.settings()["num_views"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"small_views": -1}, "`small_views` must be a whole number of 0 or more, got -1"),
        ({"small_size": 0}, "`small_size` must be a whole number of 1 or more, got 0"),
        ({"small_scale": (0.3, 0.1)}, "`small_scale` must be two numbers above 0, the smaller"),
        ({"small_scale": (0.1, 1.1)}, "`small_scale` must lie between 0 and 1, got 1.1"),
        ({"small_views": 3, "blur": (0.1,) * 5}, "`blur` must be one probability or 2"),
    ],
)
def test_small_views_that_make_no_sense_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageViews(**{"size": 8} | change)
