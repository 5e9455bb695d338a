"""What is drawn has the distribution of torchvision's own transforms."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor
from torchvision.transforms import v2

from nearfar.ops._random import uniform
from nearfar.views import ImageViews, ViewParameters
from nearfar.views._parameters import NUMBERS_FOR_ALL_DRAWS, crop_boxes

DRAWS = 4000


def drawn(views: ImageViews, *, height: int = 32, width: int = 32, view: int = 0) -> ViewParameters:
    sizes = torch.tensor([[height, width]]).expand(DRAWS, 2)
    return views.parameters(torch.arange(DRAWS), sizes, seed=11, epoch=0, view=view)


def shares(least: float, most: float) -> Tensor:
    return torch.tensor([[least, most]], dtype=torch.float64).expand(50, 2)


def same_distribution(ours: Tensor, theirs: np.ndarray) -> bool:
    # some fifty comparisons in this file: one in a thousand each
    return bool(stats.ks_2samp(ours.numpy(), theirs, method="asymp").pvalue > 0.001)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (20, 50), (90, 31), (8, 64)])
@pytest.mark.parametrize("scale", [(0.08, 1.0), (0.5, 1.0)])
def test_crops_are_distributed_as_in_torchvision(
    height: int, width: int, scale: tuple[float, float]
) -> None:
    theirs = v2.RandomResizedCrop(32, scale=scale)
    image = torch.zeros(3, height, width)
    boxes = [theirs.make_params([image]) for _ in range(DRAWS)]
    ours = drawn(ImageViews(size=32, crop_scale=scale), height=height, width=width).boxes
    for column, name in enumerate(("top", "left", "height", "width")):
        assert same_distribution(ours[:, column], np.array([box[name] for box in boxes])), name
    area = np.array([box["height"] * box["width"] for box in boxes])
    assert same_distribution(ours[:, 2] * ours[:, 3], area)


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 80),
    width=st.integers(1, 80),
    least=st.floats(0.01, 1.0),
    ratio=st.floats(0.2, 1.0),
)
def test_crops_lie_inside_images_of_any_shape(
    height: int, width: int, least: float, ratio: float
) -> None:
    numbers = uniform(torch.arange(50), seed=0, epoch=0, count=NUMBERS_FOR_ALL_DRAWS)
    sizes = torch.tensor([[height, width]]).expand(50, 2)
    boxes, _ = crop_boxes(numbers, sizes, scale=shares(least, 1.0), ratio=(ratio, 1 / ratio))
    assert bool((boxes[:, :2] >= 0).all())
    assert bool((boxes[:, 2:] >= 1).all())
    assert bool((boxes[:, :2] + boxes[:, 2:] <= sizes).all())


def test_last_possible_crop_is_reached_but_not_passed() -> None:
    numbers = torch.full((1, 24), 1 - 2**-24)
    sizes = torch.tensor([[4096, 4096]])
    boxes, fits = crop_boxes(numbers, sizes, scale=shares(0.25, 0.25)[:1], ratio=(1.0, 1.0))
    assert fits.all()
    assert boxes[0].tolist() == [2048, 2048, 2048, 2048]


def test_image_no_draw_fits_is_cropped_as_torchvision_does() -> None:
    views = ImageViews(size=8, crop_scale=(1.0, 1.0), crop_ratio=(0.75, 0.8))
    for height, width in ((10, 100), (100, 10), (1, 1), (40, 60)):
        theirs = v2.RandomResizedCrop(8, scale=(1.0, 1.0), ratio=(0.75, 0.8))
        box = theirs.make_params([torch.zeros(3, height, width)])
        ours = drawn(views, height=height, width=width).boxes
        expected = torch.tensor([box[name] for name in ("top", "left", "height", "width")])
        assert torch.equal(ours.unique(dim=0), expected[None])


def test_color_factors_are_distributed_as_in_torchvision() -> None:
    theirs = v2.ColorJitter(0.8, 0.4, 1.5, 0.2)
    params = [theirs.make_params([]) for _ in range(DRAWS)]
    ours = drawn(ImageViews(size=8, brightness=0.8, contrast=0.4, saturation=1.5, hue=0.2))
    names = ("brightness_factor", "contrast_factor", "saturation_factor", "hue_factor")
    for column, name in enumerate(names):
        assert same_distribution(ours.factors[:, column], np.array([p[name] for p in params])), name


def test_the_24_orders_of_color_changes_are_equally_likely() -> None:
    ours = drawn(ImageViews(size=8))
    counts = Counter(zip(ours.order.tolist(), ours.hue_turn.tolist(), strict=True))
    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > 0.005


def test_probabilities_are_met() -> None:
    views = ImageViews(size=8, flip=0.3, jitter=0.8, gray=0.2, blur=(0.5, 0.9), solarize=(0.1, 0.4))
    for view, (blur, solarize) in enumerate(((0.5, 0.1), (0.9, 0.4))):
        ours = drawn(views, view=view)
        for name, expected in (
            ("flip", 0.3),
            ("jitter", 0.8),
            ("gray", 0.2),
            ("blur", blur),
            ("solarize", solarize),
        ):
            hits = int(getattr(ours, name).sum())
            assert stats.binomtest(hits, DRAWS, expected).pvalue > 0.005, name


def test_blur_width_and_rotation_are_uniform_over_their_ranges() -> None:
    ours = drawn(ImageViews(size=8, blur_sigma=(0.1, 2.0), rotation=10.0))
    assert stats.kstest(ours.sigma.numpy(), "uniform", (0.1, 1.9)).pvalue > 0.005
    assert stats.kstest(ours.angle.numpy(), "uniform", (-10, 20)).pvalue > 0.005


def test_probabilities_of_zero_and_one_are_exact() -> None:
    never = drawn(ImageViews(size=8, flip=0.0, jitter=0.0, gray=0.0, blur=(0.0,)))
    always = drawn(ImageViews(size=8, flip=1.0, jitter=1.0, gray=1.0, blur=(1.0,)))
    for name in ("flip", "jitter", "gray", "blur"):
        assert not getattr(never, name).any()
        assert getattr(always, name).all()


def test_draws_of_the_four_color_changes_are_independent() -> None:
    ours = drawn(ImageViews(size=8))
    together = torch.cat((ours.factors, ours.boxes.float(), ours.flip[:, None].float()), dim=1)
    other = drawn(ImageViews(size=8), view=1).factors
    correlation = torch.corrcoef(torch.cat((together[:, :4], other), dim=1).T)
    assert (correlation - torch.eye(8)).abs().max() < 5 / DRAWS**0.5
